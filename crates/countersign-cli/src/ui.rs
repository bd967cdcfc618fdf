//! How the terminal is written: a margin of two spaces, columns, the sixteen colours, at most 80 columns.
//!
//! Decides the looks only. Text that came from outside goes through [`plain`], so that a token cannot move the cursor.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;

/// The widest line.
pub(crate) const WIDTH: usize = 80;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// Not at all.
    Never,
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
}

/// The pen: which symbols and colours this output may carry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    colour: bool,
    unicode: bool,
    /// Machines read the output: one JSON document on stdout, nothing else.
    pub(crate) json: bool,
}

/// What a mark at the start of a line says; the words beside it say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Done,
    Refused,
    Look,
    Live,
    Ended,
    Next,
}

impl Ui {
    /// The pen for this process.
    pub(crate) fn new(color: Color, json: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let colour = match color {
            Color::Never => false,
            Color::Always => true,
            Color::Auto => std::io::stdout().is_terminal() && !set("NO_COLOR"),
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| {
            std::env::var(name).ok().filter(|value| !value.is_empty()).map(|value| value.to_lowercase())
        });
        let unicode = locale.is_some_and(|name| name.contains("utf-8") || name.contains("utf8"));
        Self { colour, unicode, json }
    }

    #[cfg(test)]
    pub(crate) fn bare(unicode: bool) -> Self {
        Self { colour: false, unicode, json: false }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// The answer.
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Units and remarks.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// What one may copy: URLs, ids, commands.
    pub(crate) fn copy(self, text: &str) -> String {
        self.paint("36", text)
    }

    /// A symbol, in its colour, or its letters where the locale has no UTF-8.
    pub(crate) fn mark(self, mark: Mark) -> String {
        let (sign, letters, colour) = match mark {
            Mark::Done => ("✓", "ok", Some("32")),
            Mark::Refused => ("✗", "x", Some("31")),
            Mark::Look => ("!", "!", Some("33")),
            Mark::Live => ("●", "*", None),
            Mark::Ended => ("○", "o", None),
            Mark::Next => ("→", "->", None),
        };
        let text = if self.unicode { sign } else { letters };
        colour.map_or_else(|| text.to_owned(), |code| self.paint(code, text))
    }

    /// The dot between facts of one line.
    pub(crate) const fn dot(self) -> &'static str {
        if self.unicode { "·" } else { "-" }
    }
}

/// A page of output being written; leaves as one write.
#[derive(Debug)]
pub(crate) struct Sheet {
    ui: Ui,
    text: String,
}

impl Sheet {
    /// An empty page.
    pub(crate) const fn new(ui: Ui) -> Self {
        Self { ui, text: String::new() }
    }

    /// One line behind the margin.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        let text = text.as_ref().trim_end();
        if !text.is_empty() {
            self.text.push_str("  ");
            self.text.push_str(text);
        }
        self.text.push('\n');
    }

    /// An empty line between groups; never two.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line with a mark before it; what does not fit goes on below the text.
    pub(crate) fn marked(&mut self, mark: Mark, text: &str) {
        let sign = self.ui.mark(mark);
        let indent = width(&sign) + 1;
        for (place, part) in wrap(text, WIDTH - 2 - indent).into_iter().enumerate() {
            let lead = if place == 0 { format!("{sign} ") } else { " ".repeat(indent) };
            self.line(lead + &part);
        }
    }

    /// Prose, wrapped.
    pub(crate) fn prose(&mut self, text: &str) {
        for part in wrap(text, WIDTH - 2) {
            self.line(part);
        }
    }

    /// Facts: label, value, remark. Labels and values share columns; a remark that does not fit goes below.
    pub(crate) fn facts(&mut self, rows: &[(&str, String, String)]) {
        let label = rows.iter().map(|(label, ..)| width(label)).max().unwrap_or(0);
        let widest = WIDTH.saturating_sub(2 + label + 3);
        let longest = rows
            .iter()
            .map(|(_, _, remark)| width(remark))
            .filter(|columns| *columns <= 40)
            .max()
            .unwrap_or(0);
        let fits = rows
            .iter()
            .filter(|(_, value, remark)| !remark.is_empty() && width(value) + 3 + longest <= widest);
        let column = fits.map(|(_, value, _)| width(value)).max().unwrap_or(0);
        for (name, value, remark) in rows {
            let lead = format!("{}{}   ", name, " ".repeat(label - width(name)));
            let below = " ".repeat(label + 3);
            let beside = column.max(width(value)) + 3 + width(remark) <= widest;
            if remark.is_empty() || !beside {
                // A URL that is broken in two cannot be opened.
                let whole = value.contains("://") && !value.contains(' ') && width(value) <= 160;
                let parts = if whole { vec![value.clone()] } else { wrap(value, widest) };
                let parts = parts.into_iter().chain(
                    wrap(remark, widest)
                        .into_iter()
                        .filter(|part| !part.is_empty())
                        .map(|part| self.ui.dim(&part)),
                );
                for (place, part) in parts.collect::<Vec<_>>().into_iter().enumerate() {
                    self.line(if place == 0 { format!("{lead}{part}") } else { format!("{below}{part}") });
                }
            } else {
                let pad = " ".repeat(column.saturating_sub(width(value)) + 3);
                self.line(format!("{lead}{value}{pad}{}", self.ui.dim(remark)));
            }
        }
    }

    /// A table: headers in capitals, columns two spaces apart. The first column is what one copies and stays whole; of the
    /// others the widest is cut until the row fits.
    pub(crate) fn table(&mut self, headers: &[&str], rows: &[Vec<String>]) {
        let mut columns: Vec<usize> = headers.iter().map(|header| width(header)).collect();
        for row in rows {
            for (column, cell) in columns.iter_mut().zip(row) {
                *column = (*column).max(width(cell));
            }
        }
        while columns.iter().sum::<usize>() + 2 * columns.len() > WIDTH {
            let Some(widest) = columns.iter_mut().skip(1).max() else { break };
            if *widest <= 6 {
                break;
            }
            *widest -= 1;
        }
        let dim = headers.iter().map(|header| self.ui.dim(header)).collect::<Vec<_>>();
        for row in std::iter::once(&dim).chain(rows) {
            let cells = row.iter().zip(&columns).map(|(cell, column)| {
                let cell = cut(cell, *column);
                let pad = " ".repeat(column.saturating_sub(width(&cell)));
                format!("{cell}{pad}")
            });
            self.line(cells.collect::<Vec<_>>().join("  "));
        }
    }

    /// Another page below this one.
    pub(crate) fn append(&mut self, other: &Self) {
        self.gap();
        self.text.push_str(&other.text);
    }

    /// Puts the page on stdout, with an empty line before and after it. A reader who has gone is not an error.
    pub(crate) fn show(self) {
        let mut out = std::io::stdout().lock();
        let _gone = write!(out, "\n{}\n", self.text).and_then(|()| out.flush());
    }

    /// The page as text.
    #[cfg(test)]
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Puts one JSON document on stdout.
pub(crate) fn show_json(value: &serde_json::Value) {
    let mut out = std::io::stdout().lock();
    let _gone = writeln!(out, "{value:#}").and_then(|()| out.flush());
}

/// Text from outside, made harmless: control and bidirectional characters are shown as their numbers.
pub(crate) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        // Turns the direction of writing, breaks the line, or is not seen.
        let odd = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        if c.is_control() || odd {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// The columns a text takes, without its colours.
pub(crate) fn width(text: &str) -> usize {
    let mut columns = 0;
    let mut in_colour = false;
    for c in text.chars() {
        match (in_colour, c) {
            (false, '\u{1b}') => in_colour = true,
            (false, _) => columns += 1,
            (true, 'm') => in_colour = false,
            (true, _) => {}
        }
    }
    columns
}

fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns || text.contains('\u{1b}') {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(2)).collect();
    kept + ".."
}

/// Lines of at most `columns`; a word that is longer is broken, so that nothing is lost.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        if width(word) <= columns || word.contains('\u{1b}') {
            line.push_str(word);
            continue;
        }
        for c in word.chars() {
            if width(&line) == columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_eighty_columns() {
        let mut sheet = Sheet::new(Ui::bare(true));
        let long = "a".repeat(300);
        sheet.facts(&[
            ("short", "one".to_owned(), "a remark".to_owned()),
            ("long", long.clone(), "its remark ".repeat(20)),
        ]);
        sheet.table(&["A", "B"], &[vec!["a".to_owned(), long.clone()]]);
        sheet.marked(Mark::Look, &"word ".repeat(40));
        let text = sheet.into_text();
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        let letters = text.lines().take_while(|line| !line.starts_with("  A ")).collect::<String>();
        assert!(letters.matches('a').count() >= 300, "a fact is wrapped, never cut");
    }

    #[test]
    fn text_from_outside_cannot_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c"), "a\\u{1b}[2Jb\\u{202e}c");
        assert_eq!(plain("a\u{2028}b\u{61c}c\u{e0041}"), "a\\u{2028}b\\u{61c}c\\u{e0041}");
        assert_eq!(plain("Ünï 日本 🙂"), "Ünï 日本 🙂");
    }

    #[test]
    fn without_utf_8_the_signs_are_letters() {
        assert_eq!(Ui::bare(false).mark(Mark::Refused), "x");
        assert_eq!(Ui::bare(true).mark(Mark::Refused), "✗");
    }

    #[test]
    fn colours_take_no_columns() {
        let ui = Ui { colour: true, unicode: true, json: false };
        assert_eq!(width(&ui.copy("abc")), 3);
    }
}
