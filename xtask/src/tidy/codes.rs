//! Every error code has a page, and every page a code: an operator who looks one up must find the truth.

use std::collections::BTreeMap;

use super::Finding;
use super::tree::Tree;

const PAGES: &str = "docs/errors/";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut named: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for (source, text, _) in tree.rust().filter(|(source, _, _)| is_product(&source.path)) {
        for (line, number) in text.lines().zip(1..).filter(|(_, number)| !source.is_test(*number)) {
            for code in codes(line) {
                named.entry(code).or_insert((&source.path, number));
            }
        }
    }
    let mut found = Vec::new();
    for (code, (path, line)) in &named {
        let page = format!("{PAGES}{code}.md");
        if !tree.holds(&page) {
            found.push(Finding::new(
                path,
                *line,
                format!("{code} has no page"),
                format!("write `{page}`: what happened, the likely cause, the fix"),
            ));
        }
    }
    for (source, _) in tree.texts() {
        let Some(code) = source.path.strip_prefix(PAGES).and_then(|name| name.strip_suffix(".md")) else {
            continue;
        };
        if !codes(code).any(|c| c == code) {
            found.push(Finding::new(
                &source.path,
                1,
                "a page that is not named after a code",
                "name it `CS-nnnn.md`",
            ));
        } else if !named.contains_key(code) {
            found.push(Finding::new(
                &source.path,
                1,
                format!("no code names {code}"),
                "delete the page, or raise the code",
            ));
        }
    }
    found
}

fn is_product(path: &str) -> bool {
    path.strip_prefix("crates/").and_then(|rest| rest.split('/').nth(1)) == Some("src")
}

/// The codes named in a line, such as `CS-1004`.
fn codes(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("CS-").filter_map(|(at, _)| {
        let code = line.get(at..at + 7)?;
        let digits = code.bytes().skip(3).all(|b| b.is_ascii_digit());
        let ends = !line.as_bytes().get(at + 7).is_some_and(u8::is_ascii_digit);
        (digits && ends).then_some(code)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    #[test]
    fn a_code_without_a_page_and_a_page_without_a_code_are_found() {
        let code = ("crates/a/src/error.rs", "const A: &str = \"CS-1004\";");
        let page = ("docs/errors/CS-1004.md", "# CS-1004");
        assert_eq!(check(&tree(&[code, page])), []);
        assert_eq!(check(&tree(&[code]))[0].what, "CS-1004 has no page");
        assert_eq!(check(&tree(&[page]))[0].what, "no code names CS-1004");
    }

    #[test]
    fn codes_in_tests_do_not_count_and_odd_page_names_do() {
        let test =
            ("crates/a/src/error.rs", "#[cfg(test)]\nmod tests {\n    const A: &str = \"CS-9999\";\n}\n");
        assert_eq!(check(&tree(&[test])), []);
        assert_eq!(check(&tree(&[("docs/errors/other.md", "x")])).len(), 1);
        assert_eq!(codes("CS-12345 CS-12 CS-0042.").collect::<Vec<_>>(), ["CS-0042"]);
    }
}
