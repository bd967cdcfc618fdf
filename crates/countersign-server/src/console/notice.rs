//! What is now true after a POST, as one word in the address and a sentence from a fixed table. Nothing from the address is
//! ever shown.

use serde::Deserialize;

/// What is now true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Notice {
    /// A session or grant was ended.
    Ended,
    /// All of a person was ended.
    PersonEnded,
    /// A person was erased.
    Erased,
    /// All of an application was ended.
    AppEnded,
    /// The keys were rotated.
    Rotated,
    /// The first operator was set up.
    SetUp,
    /// The operator signed out.
    SignedOut,
}

impl Notice {
    /// The sentence.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::Ended => "The session has ended. Nothing here accepts it any more.",
            Self::PersonEnded => "The person is signed out everywhere. Nothing stored is lost.",
            Self::Erased => "The person is erased: account, sessions, and what apps stored in them.",
            Self::AppEnded => "Everybody is signed out of the app. Nothing stored is lost.",
            Self::Rotated => "The next keys are published. Tokens already signed stay good.",
            Self::SetUp => "You are the operator. The set-up link is used up.",
            Self::SignedOut => "You are signed out of the console.",
        }
    }

    /// The word, as the query's `done`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::PersonEnded => "person-ended",
            Self::Erased => "erased",
            Self::AppEnded => "app-ended",
            Self::Rotated => "rotated",
            Self::SetUp => "set-up",
            Self::SignedOut => "signed-out",
        }
    }

    /// The page `path` with this notice.
    pub(super) fn on(self, path: &str) -> String {
        format!("{path}?done={}", self.word())
    }
}

/// The query of a page that may carry nothing but a notice.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    pub(super) done: Option<Notice>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_reads_back_as_its_notice_and_other_words_as_none() {
        use Notice::{AppEnded, Ended, Erased, PersonEnded, Rotated, SetUp, SignedOut};
        for notice in [Ended, PersonEnded, Erased, AppEnded, Rotated, SetUp, SignedOut] {
            let word = serde_json::Value::String(notice.word().to_owned());
            assert_eq!(serde_json::from_value::<Notice>(word).unwrap(), notice);
            assert!(notice.sentence().ends_with('.'));
        }
        assert!(serde_json::from_str::<Notice>("\"<script>\"").is_err());
    }
}
