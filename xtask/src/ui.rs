//! How a step and its result look in a terminal: 80 columns, a word beside each symbol, colour only for a person.

use std::io::IsTerminal;
use std::time::Duration;

const WIDTH: usize = 80;
const LABEL: usize = 13;

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Failed,
    /// It could not be done here, and nothing is said of what it would have found.
    Left,
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    colour: bool,
    utf8: bool,
}

impl Screen {
    /// What this process's stdout can show.
    pub(crate) fn of_stdout() -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty())
            .unwrap_or_default()
            .to_lowercase();
        Self {
            colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            utf8: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    /// One finished step: symbol, label, what it did, how long it took.
    pub(crate) fn step(self, outcome: Outcome, label: &str, detail: &str, took: Duration) -> String {
        let (symbol, code) = match (outcome, self.utf8) {
            (Outcome::Done, true) => ("✓", "32"),
            (Outcome::Done, false) => ("ok", "32"),
            (Outcome::Failed, true) => ("✗", "31"),
            (Outcome::Failed, false) => ("x", "31"),
            (Outcome::Left, true) => ("–", "33"),
            (Outcome::Left, false) => ("--", "33"),
        };
        let gap = 3usize.saturating_sub(symbol.chars().count());
        let time = seconds(took);
        let room = WIDTH - 2 - 3 - LABEL - time.len() - 1;
        let detail: String = detail.chars().take(room).collect();
        let symbol = if self.colour { format!("\x1b[{code}m{symbol}\x1b[0m") } else { symbol.to_owned() };
        format!("  {symbol}{:gap$}{label:<LABEL$}{detail:<room$} {time}", "")
    }
}

/// A duration with three digits and its unit.
fn seconds(took: Duration) -> String {
    let s = took.as_secs_f64();
    if s < 60.0 {
        format!("{s:.1} s")
    } else {
        format!("{} min {:02} s", took.as_secs() / 60, took.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_never_wider_than_eighty_columns() {
        let long = "x".repeat(200);
        for utf8 in [true, false] {
            for took in [Duration::from_millis(40), Duration::from_secs(754)] {
                let line = Screen { colour: false, utf8 }.step(Outcome::Done, "label", &long, took);
                assert_eq!(line.chars().count(), WIDTH, "{line}");
            }
        }
    }

    #[test]
    fn a_symbol_never_stands_for_the_word_without_utf8() {
        let line = |outcome| Screen { colour: false, utf8: false }.step(outcome, "tidy", "", Duration::ZERO);
        let (failed, left) = (line(Outcome::Failed), line(Outcome::Left));
        assert!(failed.starts_with("  x  tidy"), "{failed}");
        assert!(left.starts_with("  -- tidy"), "{left}");
    }
}
