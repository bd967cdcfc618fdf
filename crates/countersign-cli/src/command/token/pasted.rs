//! What somebody pastes when they are asked for a token: found out by its shape, and said when it was cut short.
//!
//! RFC 7515 7, RFC 7516 7, RFC 9901 4. Takes away what surrounds a token in a request; changes nothing of the token.

use countersign_jose::{Error, base64};
use serde_json::{Map, Value};

use crate::given;
use crate::problem::{Problem, Result, code};

/// The shapes of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pasted {
    /// Three parts: a JWS.
    Compact,
    /// Five parts: a JWE.
    Encrypted,
    /// A JWS as JSON.
    SignedJson,
    /// A JWE as JSON.
    EncryptedJson,
    /// A JWS with disclosures behind it.
    SdJwt,
}

/// A token as it was pasted.
pub(super) struct Token {
    /// The token alone.
    pub(super) text: String,
    pub(super) what: Pasted,
    /// What was taken away.
    pub(super) trimmed: Option<&'static str>,
}

/// Reads a token from `@file` or `-`.
pub(super) fn read(argument: &str) -> Result<Token> {
    let given = given::secret(argument, "token")?;
    of(given.reveal())
}

/// Finds out what was pasted.
pub(super) fn of(given: &str) -> Result<Token> {
    let (text, trimmed) = bare(given);
    if text.is_empty() {
        return Err(Problem::usage(code::BAD_VALUE, "there is no token: the input is empty"));
    }
    let what = if text.starts_with('{') {
        let json: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            let problem = Problem::refused(Error::Shape.code(), format!("the document is not JSON: {error}"));
            if error.is_eof() { problem.hint("it is cut short: paste all of it") } else { problem }
        })?;
        if json.contains_key("ciphertext") {
            Pasted::EncryptedJson
        } else if json.contains_key("payload")
            || json.contains_key("signature")
            || json.contains_key("signatures")
        {
            Pasted::SignedJson
        } else if json.contains_key("kty") || json.contains_key("keys") {
            return Err(Problem::usage(code::BAD_VALUE, "this is a key, not a token")
                .hint("countersign key public FILE shows its public half"));
        } else {
            return Err(Problem::refused(
                Error::Shape.code(),
                "the document is neither a signed nor an encrypted token",
            )
            .hint("a signed one has `payload`, an encrypted one `ciphertext`; bare claims are no token"));
        }
    } else if text.starts_with("-----BEGIN") {
        return Err(Problem::usage(code::BAD_VALUE, "this is a key or a certificate, not a token"));
    } else if text.contains('~') {
        Pasted::SdJwt
    } else {
        match text.split('.').count() {
            3 => Pasted::Compact,
            5 => Pasted::Encrypted,
            parts => return Err(odd(text, parts)),
        }
    };
    Ok(Token { text: text.to_owned(), what, trimmed })
}

/// A token without what stands around it in a request, a file or a program.
fn bare(given: &str) -> (&str, Option<&'static str>) {
    let text = given.trim().trim_start_matches('\u{feff}');
    let space = if text.len() == given.trim_end_matches(['\r', '\n']).len() {
        None
    } else {
        Some("white space around it")
    };
    let after = |text: &'_ str, word: &str| {
        text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)).then_some(word.len())
    };
    let mut rest = text;
    for word in ["authorization:", "bearer ", "dpop "] {
        if let Some(length) = after(rest, word) {
            rest = rest.get(length..).unwrap_or_default().trim_start();
        }
    }
    if rest.len() != text.len() {
        return (rest, Some("the word before it"));
    }
    let quoted = ['"', '\''].into_iter().find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark));
    quoted.map_or((text, space), |inner| (inner.trim(), Some("quotation marks around it")))
}

fn odd(text: &str, parts: usize) -> Problem {
    let dots = parts.saturating_sub(1);
    let problem = Problem::refused(
        Error::Shape.code(),
        format!("a token has two dots, an encrypted one four; this has {dots}, {}", Error::Shape.rule()),
    );
    // `{"` in base64url: every header begins so.
    if header(text).is_some() || text.starts_with("eyJ") {
        problem.hint("it begins like a token and is cut short: paste all of it")
    } else if dots == 0 {
        problem.hint("if it is an opaque token, only its issuer can read it: ask /introspect")
    } else {
        problem
    }
}

/// The header of a compact token, if it begins with one.
pub(super) fn header(text: &str) -> Option<Map<String, Value>> {
    let first = text.split('.').next()?;
    serde_json::from_slice(&base64::decode(first).ok()?).ok()
}

/// Adds to a refusal that the token was cut, or broken over lines.
pub(super) fn explained(text: &str, error: &Error, problem: Problem) -> Problem {
    if text.contains(char::is_whitespace) {
        return problem.hint("there is white space inside it: was it broken over lines?");
    }
    if text.contains(['+', '/', '=']) {
        return problem.hint("it has `+`, `/` or `=`: a token is base64url, without padding");
    }
    let cut = header(text).is_some() && matches!(error, Error::Base64 { .. } | Error::Json { .. });
    if cut { problem.hint("one of its parts is cut short or was changed: paste all of it") } else { problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.AAAA";

    #[test]
    fn what_stands_around_a_token_is_taken_away_and_said() {
        for (given, said) in [
            (TOKEN.to_owned(), None),
            (format!("{TOKEN}\r\n"), None),
            (format!("  {TOKEN} \n"), Some("white space around it")),
            (format!("Bearer {TOKEN}"), Some("the word before it")),
            (format!("authorization: bearer  {TOKEN}\n"), Some("the word before it")),
            (format!("DPoP {TOKEN}"), Some("the word before it")),
            (format!("\"{TOKEN}\""), Some("quotation marks around it")),
        ] {
            let token = of(&given).unwrap();
            assert_eq!((token.text.as_str(), token.trimmed), (TOKEN, said), "{given:?}");
            assert_eq!(token.what, Pasted::Compact);
        }
    }

    #[test]
    fn a_token_that_was_cut_is_said_to_be() {
        let problem = of("eyJhbGciOiJub25lIn0.eyJzdWIi").err().unwrap();
        assert!(problem.hint.unwrap().contains("cut short"));
        let problem = of("{\"payload\":\"e30\",\"sig").err().unwrap();
        assert!(problem.hint.unwrap().contains("cut short"));
        let problem = of("7f3kq2opaque").err().unwrap();
        assert!(problem.hint.unwrap().contains("/introspect"));
    }

    #[test]
    fn the_shape_says_what_it_is() {
        let what = |text: &str| of(text).map(|token| token.what).map_err(|problem| problem.code);
        assert_eq!(what("a.b.c.d.e"), Ok(Pasted::Encrypted));
        assert_eq!(what("a.b.c~d~"), Ok(Pasted::SdJwt));
        assert_eq!(what("{\"payload\":\"\",\"signatures\":[]}"), Ok(Pasted::SignedJson));
        assert_eq!(what("{\"ciphertext\":\"\"}"), Ok(Pasted::EncryptedJson));
        assert_eq!(what("{\"kty\":\"EC\"}"), Err("CS-6002".to_owned()));
        assert_eq!(what("  "), Err("CS-6002".to_owned()));
        assert_eq!(what("{\"sub\":\"ana\"}"), Err("CS-1002".to_owned()));
    }
}
