//! A JSON document laid out for people while it passes by, however long it is. Knows where strings and brackets begin and end, and
//! takes it for JSON.
//!
//! RFC 8259 section 2: white space between tokens says nothing.

use std::io::{Result, Write};

/// Writes what is written to it with a line for each value, two spaces further in for each level.
pub(crate) struct Indented<W> {
    to: W,
    depth: usize,
    at: At,
}

/// Where in the document the next byte is.
#[derive(Clone, Copy)]
enum At {
    /// Between tokens, or in a number or a word.
    Outside,
    /// Just behind an opening bracket.
    Opened,
    String,
    /// In a string, behind a backslash.
    Escape,
}

impl<W: Write> Indented<W> {
    pub(crate) fn new(to: W) -> Self {
        Self { to, depth: 0, at: At::Outside }
    }

    fn put(&mut self, byte: u8) -> Result<()> {
        match (self.at, byte) {
            (At::String | At::Escape, _) => {}
            // What stands around the document stays, such as the end of its last line.
            (_, b' ' | b'\t' | b'\r' | b'\n') if self.depth > 0 => return Ok(()),
            (At::Opened, b'}' | b']') => self.depth = self.depth.saturating_sub(1),
            (At::Opened, _) => self.line()?,
            (At::Outside, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                self.line()?;
            }
            (At::Outside, _) => {}
        }
        self.to.write_all(&[byte])?;
        self.at = match (self.at, byte) {
            (At::String, b'\\') => At::Escape,
            (At::String, b'"') => At::Outside,
            (At::String | At::Escape, _) | (_, b'"') => At::String,
            (_, b'{' | b'[') => {
                self.depth += 1;
                At::Opened
            }
            (_, b',') => {
                self.line()?;
                At::Outside
            }
            (_, b':') => {
                self.to.write_all(b" ")?;
                At::Outside
            }
            _ => At::Outside,
        };
        Ok(())
    }

    fn line(&mut self) -> Result<()> {
        self.to.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| self.to.write_all(b"  "))
    }
}

impl<W: Write> Write for Indented<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        bytes.iter().try_for_each(|byte| self.put(*byte))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn laid_out(text: &str, part: usize) -> String {
        let mut out = Indented::new(Vec::new());
        for bytes in text.as_bytes().chunks(part) {
            out.write_all(bytes).unwrap();
        }
        String::from_utf8(out.to).unwrap()
    }

    #[test]
    fn what_looks_like_a_bracket_in_a_string_is_text() {
        let text = r#"{"a{":["\"]",{},[],[[]],"\\"],"b,c:":{"d":-1.5},"e":null}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(laid_out(text, 1), format!("{value:#}"));
        assert_eq!(laid_out(&format!("{value:#}\n"), 7), format!("{value:#}\n"), "laid out before");
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,9}".prop_map(Value::from),
            r#"[\\"{}\[\],: \n]{0,9}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            let members = proptest::collection::btree_map(r#"[a"\\{]{0,4}"#, inner.clone(), 0..6);
            prop_oneof![
                proptest::collection::vec(inner, 0..6).prop_map(Value::from),
                members.prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_document_is_laid_out_as_other_answers_are(value in documents(), part in 1..40_usize) {
            prop_assert_eq!(laid_out(&value.to_string(), part), format!("{value:#}"));
        }
    }
}
