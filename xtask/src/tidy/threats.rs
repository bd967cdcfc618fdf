//! A row of THREATS.md names the tests that stop the attack, and those tests exist.
//!
//! Knows that a test is there, not that it is a good one.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::Finding;
use super::tree::{Tree, is_test_fn};

const TABLE: &str = "THREATS.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.file(TABLE).and_then(|source| source.text.as_deref()) else { return Vec::new() };
    let tests = tests(tree);
    let mut found = Vec::new();
    let mut in_table = false;
    for (line, number) in text.lines().zip(1..) {
        let Some(row) = line.strip_prefix('|') else {
            in_table = false;
            continue;
        };
        if row.trim_start().starts_with('-') {
            in_table = true;
            continue;
        }
        if !in_table {
            continue;
        }
        let names: Vec<&str> =
            ticked(row.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default());
        if names.is_empty() {
            found.push(Finding::new(
                TABLE,
                number,
                "a threat without a test",
                "name the test in backticks in the last column",
            ));
        }
        for name in names.into_iter().filter(|name| !tests.contains(*name)) {
            found.push(Finding::new(
                TABLE,
                number,
                format!("no test is called `{name}`"),
                "write it, or name the one that stops this",
            ));
        }
    }
    found
}

/// The parts of a text between backticks.
fn ticked(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn tests(tree: &Tree) -> BTreeSet<String> {
    let mut names = Tests::default();
    for (_, _, syntax) in tree.rust() {
        names.visit_file(syntax);
    }
    for (source, text) in tree.texts() {
        if source.path.starts_with("tests/") && source.path.ends_with(".mjs") {
            names.0.extend(text.lines().filter_map(title).map(str::to_owned));
        }
    }
    names.0
}

/// The title in `test('title', …)` or `it("title", …)`.
fn title(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("await ").unwrap_or(line);
    let line = line.strip_prefix("t.").unwrap_or(line);
    let rest = line.strip_prefix("test(").or_else(|| line.strip_prefix("it("))?;
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
    rest.split(quote).nth(1)
}

#[derive(Default)]
struct Tests(BTreeSet<String>);

impl<'ast> Visit<'ast> for Tests {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if is_test_fn(&item.attrs) {
            self.0.insert(item.sig.ident.to_string());
        }
        visit::visit_item_fn(self, item);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        if item.path.segments.last().is_some_and(|segment| segment.ident == "proptest") {
            self.functions_in(item.tokens.clone());
        }
        visit::visit_macro(self, item);
    }
}

impl Tests {
    /// The functions inside `proptest! { … }`, which are tokens to a parser.
    fn functions_in(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for pair in tokens.windows(2) {
            if let [TokenTree::Ident(word), TokenTree::Ident(name)] = pair
                && word == "fn"
            {
                self.0.insert(name.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    const HEAD: &str = "| attack | answer | test |\n|---|---|---|\n";

    fn found(row: &str) -> Vec<String> {
        let table = format!("{HEAD}{row}\n");
        let files = [
            ("THREATS.md", table.as_str()),
            (
                "crates/a/src/lib.rs",
                "#[test]\nfn a_real_test() {}\nfn not_a_test() {}\nproptest! { #[test] fn any_input(x in 0..9) {} }",
            ),
            ("tests/browser/a.test.mjs", "test('signs in with script off', async () => {});\n"),
        ];
        check(&tree(&files)).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn a_row_whose_test_is_missing_is_found() {
        assert_eq!(found("| replay | once | `a_test_of_dreams` |"), ["no test is called `a_test_of_dreams`"]);
        assert_eq!(found("| replay | once | `not_a_test` |"), ["no test is called `not_a_test`"]);
        assert_eq!(found("| replay | once | soon |"), ["a threat without a test"]);
    }

    #[test]
    fn tests_in_rust_in_macros_and_in_browsers_count() {
        for name in ["a_real_test", "any_input", "signs in with script off"] {
            assert_eq!(found(&format!("| x | y | `{name}` |")), Vec::<String>::new(), "{name}");
        }
    }
}
