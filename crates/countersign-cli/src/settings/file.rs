//! Reading `countersign.toml`: every key is known or refused, with its line and the nearest key that exists.

use std::path::Path;

use countersign_core::near;
use toml::de::{DeTable, DeValue};

use super::{Found, KNOWN, Origin};
use crate::problem::{Problem, Result, code};

/// Keys and values as they stand in the file.
pub(super) fn read(path: &Path) -> Result<Vec<(&'static str, Found)>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Problem::usage(
            code::BAD_FILE,
            format!("could not read the configuration `{}`: {error}", path.display()),
        )
    })?;
    parse(&text, &path.display().to_string())
}

/// A text with the name of its file.
pub(super) fn parse(text: &str, path: &str) -> Result<Vec<(&'static str, Found)>> {
    let file = File { text, path };
    let table = DeTable::parse(text).map_err(|error| {
        let line = file.line(error.span().map_or(0, |span| span.start));
        Problem::usage(
            code::BAD_FILE,
            format!("`{path}:{line}` is not TOML: {}", error.message().replace('\n', ", ")),
        )
    })?;
    let mut found = Vec::new();
    file.walk(table.get_ref(), "", &mut found)?;
    Ok(found)
}

struct File<'a> {
    text: &'a str,
    path: &'a str,
}

impl File<'_> {
    fn walk(&self, table: &DeTable<'_>, section: &str, found: &mut Vec<(&'static str, Found)>) -> Result {
        // In the order of the file, so that the first thing told is the first thing wrong.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let key = if section.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{section}.{}", name.get_ref())
            };
            let line = self.line(name.span().start);
            if let DeValue::Table(inner) = value.get_ref()
                && KNOWN.iter().any(|known| known.key.split_once('.').is_some_and(|(head, _)| head == key))
            {
                self.walk(inner, &key, found)?;
                continue;
            }
            let Some(known) = KNOWN.iter().find(|known| known.key == key) else {
                return Err(self.unknown(&key, line));
            };
            let text = words(value.get_ref()).ok_or_else(|| {
                let kind = value.get_ref().type_str();
                let message = format!("`{key}` in `{}:{line}` is a {kind}, not a text", self.path);
                Problem::usage(code::BAD_VALUE, message).hint(format!("write it in quotes: {key} = \"…\""))
            })?;
            let origin = Origin::File { path: self.path.to_owned(), line };
            found.push((known.key, Found { text, origin }));
        }
        Ok(())
    }

    fn unknown(&self, key: &str, line: usize) -> Problem {
        let problem =
            Problem::usage(code::UNKNOWN_KEY, format!("unknown key `{key}` in `{}:{line}`", self.path));
        let as_file = format!("{key}_file");
        if KNOWN.iter().any(|known| known.key == as_file) {
            return problem.hint(format!(
                "a secret does not stand in this file: name a file of its own with `{as_file}`"
            ));
        }
        match nearest(key) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint("countersign config check lists every key"),
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// A text, or a list of texts joined by commas.
fn words(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(|item| item.get_ref().as_str()).collect();
            texts.map(|texts| texts.join(", "))
        }
        _ => None,
    }
}

/// The known key, or section, that was probably meant.
fn nearest(key: &str) -> Option<&'static str> {
    let sections = KNOWN.iter().filter_map(|known| known.key.split_once('.').map(|(section, _)| section));
    near::word(key, KNOWN.iter().map(|known| known.key).chain(sections))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_told_with_its_line_and_the_nearest() {
        let problem = parse("# a comment\n\nlisten = \"8321\"\n[smpt]\nfrom = \"a\"\n", "countersign.toml")
            .unwrap_err();
        assert_eq!(problem.message, "unknown key `smpt` in `countersign.toml:4`");
        assert_eq!(problem.hint.as_deref(), Some("did you mean `smtp`?"));
        let problem = parse("[smtp]\nform = \"a\"\n", "c").unwrap_err();
        assert_eq!(problem.hint.as_deref(), Some("did you mean `smtp.from`?"));
    }

    #[test]
    fn a_secret_in_the_file_is_refused() {
        let problem = parse("[smtp]\nurl = \"smtps://u:p@mail\"\n", "c").unwrap_err();
        assert_eq!(problem.code, "CS-6001");
        assert!(problem.hint.unwrap().contains("smtp.url_file"));
        assert!(!problem.message.contains("u:p"));
    }

    #[test]
    fn what_is_no_toml_or_no_text_is_told_with_its_line() {
        assert_eq!(parse("listen = \n", "c").unwrap_err().code, "CS-6003");
        let problem = parse("\nlisten = 8321\n", "c").unwrap_err();
        assert_eq!(problem.message, "`listen` in `c:2` is a integer, not a text");
    }
}
