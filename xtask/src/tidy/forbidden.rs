//! No `unsafe`, no `allow`, and outside tests no call that panics. Reads tokens, so macros hide nothing.
//!
//! Indexing, slicing and narrowing `as` need types to be judged: those are clippy's.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Finding;
use super::tree::{Tree, line_of};

const MACROS: &[&str] = &["panic", "todo", "unimplemented", "unreachable"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (source, text, _) in tree.rust() {
        let Ok(tokens) = text.parse::<TokenStream>() else { continue };
        let mut hits = Vec::new();
        scan(tokens, &mut hits);
        for hit in hits {
            let (what, mend) = match &hit.kind {
                Kind::Unsafe => {
                    ("`unsafe` is forbidden".to_owned(), "write it without; no measured path needs it")
                }
                Kind::Allow => (
                    "`allow` silences a lint for ever".to_owned(),
                    "write `#[expect(lint, reason = \"…\")]`, or mend what it says",
                ),
                // A measurement that fails must stop: a benchmark may panic.
                Kind::Panics(_) if source.path.starts_with("bench/") => continue,
                Kind::Panics(call) if !source.is_test(hit.line) => (
                    format!("`{call}` can panic outside a test"),
                    "return a `Refusal` or a `Fault`, or make the state impossible",
                ),
                Kind::Panics(_) => continue,
            };
            found.push(Finding::new(&source.path, hit.line, what, mend));
        }
    }
    found
}

enum Kind {
    Unsafe,
    Allow,
    Panics(String),
}

struct Hit {
    line: usize,
    kind: Kind,
}

fn scan(tokens: TokenStream, hits: &mut Vec<Hit>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|i| tokens.get(i));
        let (next, second) = (tokens.get(at + 1), tokens.get(at + 2));
        let kind = match token {
            TokenTree::Ident(word) if word == "unsafe" => Some(Kind::Unsafe),
            TokenTree::Ident(word)
                if MACROS.iter().any(|m| word == m) && is(next, '!') && group(second).is_some() =>
            {
                Some(Kind::Panics(format!("{word}!")))
            }
            TokenTree::Ident(word) if is(before, '.') || is(before, ':') => {
                panicking_call(&word.to_string(), next)
            }
            TokenTree::Punct(p) if p.as_char() == '#' => {
                let attribute = if is(next, '!') { second } else { next };
                group(attribute).filter(|g| names_allow(g.clone())).map(|_| Kind::Allow)
            }
            _ => None,
        };
        hits.extend(kind.map(|kind| Hit { line: line_of(token.span()), kind }));
        if let TokenTree::Group(inner) = token {
            scan(inner.stream(), hits);
        }
    }
}

/// `.unwrap()`, `Result::unwrap` and their kin. A method named `expect` that takes no text is somebody's own.
fn panicking_call(word: &str, next: Option<&TokenTree>) -> Option<Kind> {
    let arguments = group(next).map(|stream| stream.into_iter().next());
    let panics = match (word, arguments) {
        ("unwrap" | "unwrap_err", None | Some(None)) => true,
        ("expect" | "expect_err", Some(Some(TokenTree::Literal(text)))) => text.to_string().contains('"'),
        ("expect" | "expect_err", Some(Some(TokenTree::Punct(p)))) => p.as_char() == '&',
        _ => false,
    };
    panics.then(|| Kind::Panics(format!("{word}()")))
}

fn is(token: Option<&TokenTree>, c: char) -> bool {
    matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == c)
}

fn group(token: Option<&TokenTree>) -> Option<TokenStream> {
    match token {
        Some(TokenTree::Group(g)) if g.delimiter() != Delimiter::None => Some(g.stream()),
        _ => None,
    }
}

/// Whether an attribute's tokens hold `allow(…)`, also inside `cfg_attr(…)`.
fn names_allow(stream: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(word) => word == "allow" && group(tokens.get(at + 1)).is_some(),
        TokenTree::Group(inner) => names_allow(inner.stream()),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        check(&tree(&[("a.rs", text)])).into_iter().map(|f| (f.line, f.what)).collect()
    }

    #[test]
    fn every_panicking_call_is_found() {
        for call in [
            "x.unwrap();",
            "x.unwrap_err();",
            "x.expect(\"y\");",
            "x.expect(&format!(\"y\"));",
            "x.map(Option::unwrap);",
            "panic!(\"y\");",
            "todo!();",
            "unreachable!();",
            "unimplemented!();",
            "format!(\"{}\", x.unwrap());",
        ] {
            assert_eq!(found(&format!("fn a() {{ {call} }}")).len(), 1, "{call}");
        }
    }

    #[test]
    fn what_only_looks_like_a_panic_passes() {
        for call in [
            "x.unwrap_or(y);",
            "p.expect(b':');",
            "\"x.unwrap()\";",
            "// x.unwrap()",
            "std::panic::catch_unwind(f);",
        ] {
            assert_eq!(found(&format!("fn a() {{ {call}\n }}")), [], "{call}");
        }
    }

    #[test]
    fn a_panic_in_a_test_passes_but_unsafe_and_allow_do_not() {
        let text = "#[cfg(test)]\nmod tests {\n fn a() { x.unwrap(); }\n #[allow(dead_code)]\n fn b() { unsafe { c() } }\n}\n";
        let lines: Vec<usize> = found(text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [4, 5]);
    }

    #[test]
    fn allow_is_found_inside_and_outside_and_behind_a_condition() {
        assert_eq!(found("#![allow(dead_code)]\nfn a() {}").len(), 1);
        assert_eq!(found("#[cfg_attr(x, allow(dead_code))]\nfn a() {}").len(), 1);
        assert_eq!(found("#[expect(dead_code, reason = \"allow(x)\")]\nfn allow() {}"), []);
    }
}
