//! What went wrong, for a person in a terminal: a message, a stable code, what to do, and the exit code.
//!
//! Exit codes: 1 refused (they may not), 2 usage (asked wrongly), 3 unreachable (we could not).

use std::io::Write;
use std::process::ExitCode;

use countersign_core::error::{Fault, Refusal};
use serde_json::json;

use crate::ui::{Mark, Ui, WIDTH, plain, wrap};

/// How a command ends when it does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// They may not.
    Refused = 1,
    /// The command, a setting or a file is not as it must be.
    Usage = 2,
    /// We could not.
    Unreachable = 3,
}

/// One failure, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) exit: Exit,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// The outcome of a command.
pub(crate) type Result<T = ()> = core::result::Result<T, Problem>;

/// Codes of the command line and of settings.
pub(crate) mod code {
    pub(crate) const UNKNOWN_KEY: &str = "CS-6001";
    pub(crate) const BAD_VALUE: &str = "CS-6002";
    pub(crate) const BAD_FILE: &str = "CS-6003";
    pub(crate) const PUBLIC_URL: &str = "CS-6004";
    pub(crate) const MASTER_KEY: &str = "CS-6005";
    pub(crate) const DEV_DATA: &str = "CS-6006";
    pub(crate) const ADDRESS: &str = "CS-6007";
    pub(crate) const SILENT: &str = "CS-6008";
    pub(crate) const NO_DATA: &str = "CS-6009";
    pub(crate) const SECRET_IN_ARGV: &str = "CS-6010";
    pub(crate) const UNREADABLE: &str = "CS-6011";
    pub(crate) const UNKNOWN_CODE: &str = "CS-6012";
    pub(crate) const ODD_ANSWER: &str = "CS-6014";
    pub(crate) const ON_SCREEN: &str = "CS-6015";
    pub(crate) const UNSOUND: &str = "CS-6016";
    pub(crate) const IN_POSTGRES: &str = "CS-6017";
    pub(crate) const UNWRITTEN: &str = "CS-6018";
}

impl Problem {
    /// Asked wrongly.
    pub(crate) fn usage(code: &str, message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, code: code.to_owned(), message: message.into(), hint: None }
    }

    /// They may not.
    pub(crate) fn refused(code: &str, message: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, code: code.to_owned(), message: message.into(), hint: None }
    }

    /// We could not.
    pub(crate) fn unreachable(code: &str, message: impl Into<String>) -> Self {
        Self { exit: Exit::Unreachable, code: code.to_owned(), message: message.into(), hint: None }
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Tells it on stderr and gives the exit code.
    pub(crate) fn tell(&self, ui: Ui) -> ExitCode {
        let mut err = std::io::stderr().lock();
        let text = if ui.json { format!("{}\n", self.to_json()) } else { self.to_text(ui) };
        let _gone = err.write_all(text.as_bytes());
        ExitCode::from(match self.exit {
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
        })
    }

    fn to_json(&self) -> serde_json::Value {
        json!({ "error": self.message, "code": self.code, "hint": self.next() })
    }

    /// What to do: the hint, or the page of the code. The pages of this command's own codes say no more than the messages.
    fn next(&self) -> Option<String> {
        let page = || format!("countersign explain {}", self.code);
        self.hint.clone().or_else(|| (!self.code.starts_with("CS-6")).then(page))
    }

    fn to_text(&self, ui: Ui) -> String {
        let mut text = String::from("\n");
        let mut put = |mark: Mark, words: &str| {
            let sign = ui.mark(mark);
            let indent = crate::ui::width(&sign) + 1;
            for (place, part) in wrap(words, WIDTH - 2 - indent).into_iter().enumerate() {
                let lead = if place == 0 { format!("{sign} ") } else { " ".repeat(indent) };
                text.push_str(&format!("  {lead}{part}\n"));
            }
        };
        put(Mark::Refused, &format!("{} ({})", plain(&self.message), self.code));
        if let Some(hint) = self.next() {
            put(Mark::Next, &plain(&hint));
        }
        text.push('\n');
        text
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.code(), refusal.to_string())
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::unreachable(fault.code(), fault.to_string())
    }
}

impl From<countersign_jose::Error> for Problem {
    fn from(error: countersign_jose::Error) -> Self {
        Self::refused(error.code(), error.to_string())
    }
}

impl From<countersign_jose::Fault> for Problem {
    fn from(fault: countersign_jose::Fault) -> Self {
        Self::unreachable(fault.code(), fault.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_message_code_and_what_to_do() {
        let problem = Problem::usage(code::UNKNOWN_KEY, "unknown key `sesion` in `countersign.toml:12`")
            .hint("did you mean `session`?");
        assert_eq!(
            problem.to_text(Ui::bare(true)),
            "\n  ✗ unknown key `sesion` in `countersign.toml:12` (CS-6001)\n  → did you mean `session`?\n\n"
        );
    }

    #[test]
    fn a_problem_without_a_hint_leads_to_its_page() {
        let problem = Problem::from(countersign_jose::Error::Roca);
        assert!(problem.to_text(Ui::bare(true)).contains("→ countersign explain CS-1038\n"));
        assert_eq!(problem.to_json()["hint"], "countersign explain CS-1038");
        let own = Problem::usage(code::BAD_VALUE, "`x` is no number");
        assert!(own.to_json()["hint"].is_null());
    }
}
