//! The crypto library is named in one folder, so that one folder is what an auditor reads.

use proc_macro2::{TokenStream, TokenTree};

use super::Finding;
use super::tree::{Tree, line_of};

const FOLDER: &str = "crates/countersign-jose/src/backend";
const MANIFESTS: &[&str] = &["Cargo.toml", "crates/countersign-jose/Cargo.toml"];
const BENCH: &str = "bench/";
const MEND: &str = "go through `countersign_jose::primitive`";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (source, text, _) in tree.rust() {
        // What is measured beside the library is outside the workspace and reaches nobody.
        if source.path.starts_with(BENCH)
            || source.path == format!("{FOLDER}.rs")
            || source.path.starts_with(&format!("{FOLDER}/"))
        {
            continue;
        }
        let mut lines = Vec::new();
        named(text.parse().unwrap_or_default(), &mut lines);
        found.extend(lines.into_iter().map(|line| {
            Finding::new(&source.path, line, format!("`aws_lc_rs` is named outside {FOLDER}"), MEND)
        }));
    }
    for (source, text) in tree.texts() {
        if source.path.ends_with("Cargo.toml")
            && !source.path.starts_with(BENCH)
            && !MANIFESTS.contains(&source.path.as_str())
        {
            let lines = text.lines().zip(1..).filter(|(line, _)| line.starts_with("aws-lc"));
            found.extend(lines.map(|(_, line)| {
                Finding::new(&source.path, line, "a second crate depends on the crypto library", MEND)
            }));
        }
    }
    found
}

fn named(stream: TokenStream, lines: &mut Vec<usize>) {
    let mut path = String::new();
    for token in stream {
        match &token {
            // `rustls::crypto::aws_lc_rs` is how TLS names its provider, not the library itself.
            TokenTree::Ident(word) if word == "aws_lc_rs" && path == "crypto::" => {}
            TokenTree::Ident(word) if word == "aws_lc_rs" || word == "aws_lc_sys" => {
                lines.push(line_of(word.span()));
            }
            TokenTree::Group(inner) => named(inner.stream(), lines),
            _ => {}
        }
        match token {
            TokenTree::Ident(word) => path = word.to_string(),
            TokenTree::Punct(mark) if mark.as_char() == ':' => path.push(':'),
            _ => path.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    #[test]
    fn the_library_is_found_outside_its_folder_and_passes_inside() {
        let text = "fn a() { aws_lc_rs::digest::digest() }";
        assert_eq!(check(&tree(&[("crates/countersign-jose/src/backend/sign.rs", text)])), []);
        assert_eq!(check(&tree(&[("bench/jose/src/primitive.rs", text)])), []);
        assert_eq!(check(&tree(&[("crates/countersign-core/src/lib.rs", text)])).len(), 1);
        let tls = "fn a() { rustls::crypto::aws_lc_rs::default_provider() }";
        assert_eq!(check(&tree(&[("crates/countersign/src/lib.rs", tls)])), []);
        assert_eq!(
            check(&tree(&[("crates/countersign-jose/src/lib.rs", "// aws_lc_rs\nuse aws_lc_rs::rand;")]))
                .len(),
            1
        );
    }

    #[test]
    fn a_second_dependent_is_found() {
        let text = "[dependencies]\naws-lc-rs.workspace = true\n";
        assert_eq!(check(&tree(&[("crates/countersign-jose/Cargo.toml", text)])), []);
        assert_eq!(check(&tree(&[("crates/countersign-server/Cargo.toml", text)]))[0].line, 2);
    }
}
