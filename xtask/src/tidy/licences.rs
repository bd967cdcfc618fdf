//! What may be linked: licences that let anyone ship the binary, and one crypto library only. `deny.toml` says the same.

use std::collections::BTreeSet;

use super::Finding;
use super::packages::Package;

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// A second crypto or TLS library is a second thing to audit. A star stands for any text.
const BANNED: &[&str] = &[
    "boring*",
    "*-dalek",
    "ecdsa",
    "ed25519*",
    "k256",
    "mbedtls*",
    "native-tls",
    "openssl*",
    "p256",
    "p384",
    "p521",
    "ring",
    "rsa",
    "schannel",
    "security-framework*",
];

pub(super) fn check(packages: &BTreeSet<Package>) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in packages {
        let (name, version) = (&package.name, &package.version);
        if !package.ours && !allowed(&package.licence) {
            let what = format!("`{name} {version}` has the licence `{}`", package.licence);
            found.push(Finding::new(
                "Cargo.toml",
                1,
                what,
                "take another crate, or argue for the licence in docs/adr/",
            ));
        }
        if BANNED.iter().any(|pattern| matches(pattern, name)) {
            let mend = format!("`cargo tree -e normal -i {name}` says who brings it; turn that feature off");
            found.push(Finding::new("Cargo.toml", 1, format!("`{name} {version}` is banned"), mend));
        }
    }
    found
}

fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(start)) => name.starts_with(start),
        _ => name == pattern,
    }
}

/// Whether an SPDX expression can be met with allowed licences alone.
fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest) == Some(true) && rest.is_empty()
}

/// `all (OR all)*`
fn any(words: &mut &[&str]) -> Option<bool> {
    let mut met = all(words)?;
    while let Some(rest) = after(words, "OR") {
        *words = rest;
        met |= all(words)?;
    }
    Some(met)
}

/// `one (AND one)*`
fn all(words: &mut &[&str]) -> Option<bool> {
    let mut met = one(words)?;
    while let Some(rest) = after(words, "AND") {
        *words = rest;
        met &= one(words)?;
    }
    Some(met)
}

/// A licence, or an expression in parentheses. An exception (`WITH …`) only widens a licence.
fn one(words: &mut &[&str]) -> Option<bool> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    if *first == "(" {
        let met = any(words)?;
        *words = after(words, ")")?;
        return Some(met);
    }
    if let Some(rest) = after(words, "WITH") {
        *words = rest.split_first()?.1;
    }
    Some(ALLOWED.contains(first))
}

/// What follows if the next word is this one.
fn after<'w, 't>(words: &'w [&'t str], word: &str) -> Option<&'w [&'t str]> {
    let (first, rest) = words.split_first()?;
    (*first == word).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, licence: &str) -> usize {
        let package = Package {
            name: name.to_owned(),
            version: "v1.0.0".to_owned(),
            licence: licence.to_owned(),
            ours: false,
        };
        check(&BTreeSet::from([package])).len()
    }

    #[test]
    fn licences_outside_the_list_are_found() {
        for licence in ["GPL-3.0", "MIT AND GPL-3.0", "AGPL-3.0 OR SSPL-1.0", "", "(MIT", "MIT OR"] {
            assert_eq!(found("x", licence), 1, "{licence}");
        }
    }

    #[test]
    fn licences_in_the_list_pass() {
        for licence in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "ISC AND (Apache-2.0 OR ISC OR MIT-0)",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert_eq!(found("x", licence), 0, "{licence}");
        }
    }

    #[test]
    fn a_second_crypto_library_is_found() {
        for name in ["openssl-sys", "native-tls", "ring", "rsa", "p256", "ed25519-dalek", "boring-sys"] {
            assert_eq!(found(name, "MIT"), 1, "{name}");
        }
        for name in ["string", "boxring", "parsa", "sha2"] {
            assert_eq!(found(name, "MIT"), 0, "{name}");
        }
    }
}
