//! Which passwords are taken. Guessability beyond the list is scored in the facade, hashing is done there too.
//!
//! NIST SP 800-63B-4 section 3.1.1.2 and OWASP ASVS 5.0 V6.2: length and a blocklist, no rules of composition, any
//! Unicode, never trimmed, never cut.

use std::fmt;
use std::sync::LazyLock;

use zeroize::Zeroizing;

use crate::error::Refusal;
use crate::policy;
use crate::record::Email;

/// Sorted, in lower case, one a line; see `data/README.md` for where it is from.
static COMMON: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../data/common-passwords.txt").lines().collect());

/// A password as it was typed.
pub struct Password(Zeroizing<String>);

impl Password {
    /// The password `text`, as it is.
    #[must_use]
    pub fn typed(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, to be hashed and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it may be tried at sign-in: hashing must not become a weapon.
    #[must_use]
    pub fn is_tryable(&self) -> bool {
        (1..=policy::PASSWORD_MAX_BYTES).contains(&self.0.len())
    }

    /// Whether it may become the password of an account; `about` are words that an attacker knows: the address, the name of
    /// the service.
    ///
    /// # Errors
    /// [`Refusal::PasswordShort`], [`Refusal::PasswordLong`], [`Refusal::PasswordCommon`], or [`Refusal::PasswordWeak`]
    /// when it is little more than one of `about`.
    pub fn acceptable(&self, email: &Email, about: &[&str]) -> Result<(), Refusal> {
        if self.0.len() < policy::PASSWORD_MIN_BYTES {
            return Err(Refusal::PasswordShort);
        }
        if self.0.len() > policy::PASSWORD_MAX_BYTES {
            return Err(Refusal::PasswordLong);
        }
        let lower = Zeroizing::new(self.0.to_lowercase());
        if COMMON.binary_search(&lower.as_str()).is_ok() {
            return Err(Refusal::PasswordCommon);
        }
        let mut characters = lower.chars();
        let first = characters.next();
        if characters.all(|c| Some(c) == first) {
            return Err(Refusal::PasswordWeak);
        }
        let local = email.as_str().rsplit_once('@').map_or("", |(local, _)| local);
        let known = [email.as_str(), local].into_iter().chain(about.iter().copied());
        if known.into_iter().any(|word| little_more_than(&lower, &word.to_lowercase())) {
            return Err(Refusal::PasswordWeak);
        }
        Ok(())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Whether `password` is `word` with fewer than four more characters around it.
fn little_more_than(password: &str, word: &str) -> bool {
    word.len() >= 4 && password.contains(word) && password.len() < word.len() + 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<(), Refusal> {
        let email = "ada.lovelace@example.com".parse().unwrap();
        Password::typed(text.to_owned()).acceptable(&email, &["Countersign"])
    }

    #[test]
    fn the_list_is_long_sorted_and_in_lower_case() {
        assert!(COMMON.len() >= 10_000, "{}", COMMON.len());
        assert!(COMMON.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(COMMON.iter().all(|word| *word == word.to_lowercase()));
        assert!(COMMON.iter().filter(|word| word.len() >= policy::PASSWORD_MIN_BYTES).count() >= 5_000);
    }

    #[test]
    fn length_is_counted_in_bytes() {
        assert_eq!(answer("xK9#mq2"), Err(Refusal::PasswordShort));
        assert_eq!(answer("xK9#mq2v"), Ok(()));
        assert_eq!(answer("žluťák"), Ok(()));
        assert_eq!(answer(&"xy".repeat(512)), Ok(()));
        assert_eq!(answer(&format!("{}z", "xy".repeat(512))), Err(Refusal::PasswordLong));
    }

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        for word in ["password", "PassWord", "12345678", "qwertyuiop", "iloveyou1"] {
            assert_eq!(answer(word), Err(Refusal::PasswordCommon), "{word}");
        }
    }

    #[test]
    fn nothing_is_trimmed() {
        assert_eq!(answer("password "), Ok(()));
        assert_eq!(Password::typed(" x ".to_owned()).reveal(), " x ");
        assert_eq!(answer("correct horse battery staple"), Ok(()));
    }

    #[test]
    fn what_an_attacker_knows_is_weak() {
        for text in ["ada.lovelace", "Ada.Lovelace1", "ada.lovelace@example.com", "countersign!", "жжжжжжжж"]
        {
            assert_eq!(answer(text), Err(Refusal::PasswordWeak), "{text}");
        }
        assert_eq!(answer("countersign at the harbour"), Ok(()));
    }

    #[test]
    fn a_password_prints_its_name_only() {
        assert_eq!(format!("{:?}", Password::typed("secret".to_owned())), "Password(..)");
        assert!(!Password::typed(String::new()).is_tryable());
        assert!(!Password::typed("x".repeat(1025)).is_tryable());
    }
}
