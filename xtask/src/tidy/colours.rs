//! Colours live in the token block of `countersign.css` and nowhere else; no page carries a `style=` of its own.

use super::Finding;
use super::tree::Tree;

const SHEET: &str = "countersign.css";
const KINDS: &[&str] = &[".css", ".html", ".jinja", ".j2"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (source, text) in tree.texts() {
        if !source.path.starts_with("crates/") || !KINDS.iter().any(|kind| source.path.ends_with(kind)) {
            continue;
        }
        let sheet = source.path.rsplit('/').next() == Some(SHEET);
        let mut in_tokens = false;
        for (line, number) in text.lines().zip(1..) {
            if sheet && line.starts_with("/* ──") {
                in_tokens = line.contains(" tokens ");
            }
            if line.contains(" style=") {
                found.push(Finding::new(
                    &source.path,
                    number,
                    "a `style=` attribute",
                    "the page's policy refuses it; use a class of countersign.css",
                ));
            }
            if let Some(colour) = colour(line).filter(|_| !in_tokens) {
                let what = format!("the colour `{colour}` outside the token block");
                found.push(Finding::new(&source.path, number, what, "use a token such as `var(--ink)`"));
            }
        }
    }
    found
}

/// The first colour written as `#rgb`, `#rgba`, `#rrggbb` or `#rrggbbaa`; links and entities are none.
fn colour(line: &str) -> Option<&str> {
    line.match_indices('#').find_map(|(at, _)| {
        let (before, rest) = (line.get(..at)?, line.get(at + 1..)?);
        if before.ends_with(['"', '\'', '&', '/', '{']) {
            return None;
        }
        let digits = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        let ends = !rest.get(digits..)?.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_'));
        (matches!(digits, 3 | 4 | 6 | 8) && ends).then(|| line.get(at..=at + digits))?
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    const CSS: &str = "crates/server/assets/countersign.css";

    fn found(path: &str, text: &str) -> Vec<usize> {
        check(&tree(&[(path, text)])).into_iter().map(|f| f.line).collect()
    }

    #[test]
    fn a_colour_below_the_token_block_is_found() {
        let text = "/* ── tokens ── */\n:root { --ink: #152128; }\n/* ── base ── */\na { color: #fff; }\n";
        assert_eq!(found(CSS, text), [4]);
        assert_eq!(found("crates/server/assets/other.css", text), [2, 4]);
    }

    #[test]
    fn a_style_attribute_is_found_and_links_and_entities_pass() {
        assert_eq!(
            found("crates/server/a.html", "<p style=\"x\">\n<a href=\"#add\">\n&#123;\n<b id=x>#tag</b>\n"),
            [1]
        );
    }
}
