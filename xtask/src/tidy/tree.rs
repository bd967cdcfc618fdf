//! The repository's files, read once. Decides which lines are test code; knows no rule.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Finding;

/// Folders that are made, not written.
const SKIPPED: &[&str] = &[".git", ".countersign", "node_modules", "target"];

/// Every file of the repository by its path from the root.
pub(super) struct Tree {
    files: BTreeMap<String, Source>,
}

/// One file; binary files have no text.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: Option<String>,
    rust: Option<Result<syn::File, (usize, String)>>,
    tests: Vec<RangeInclusive<usize>>,
}

impl Tree {
    /// Reads the files below `root`.
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let mut files = Vec::new();
        walk(root, "", &mut files)?;
        Ok(Self::of(files))
    }

    /// A tree of given files, so that a rule can be tested without a disk.
    pub(super) fn of(files: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.clone(), Source::new(path, text)));
        let mut tree = Self { files: files.collect() };
        let whole: Vec<String> = tree.files.values().flat_map(Source::test_modules).collect();
        for (path, source) in &mut tree.files {
            let inside =
                |module: &String| *path == format!("{module}.rs") || path.starts_with(&format!("{module}/"));
            if lies_in_test_folder(path) || whole.iter().any(inside) {
                source.tests = vec![1..=usize::MAX];
            }
        }
        tree
    }

    /// All text files.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&Source, &str)> {
        self.files.values().filter_map(|source| source.text.as_deref().map(|text| (source, text)))
    }

    /// All files of Rust that parse.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&Source, &str, &syn::File)> {
        self.texts().filter_map(|(source, text)| match &source.rust {
            Some(Ok(syntax)) => Some((source, text, syntax)),
            _ => None,
        })
    }

    /// The file at this path.
    pub(super) fn file(&self, path: &str) -> Option<&Source> {
        self.files.get(path)
    }

    /// Whether a file or a folder of this path exists.
    pub(super) fn holds(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty() || self.files.contains_key(path) || self.files.keys().any(|k| k.starts_with(&folder))
    }

    /// Files of Rust that no rule could read.
    pub(super) fn unread(&self) -> Vec<Finding> {
        let broken = self.files.values().filter_map(|source| match &source.rust {
            Some(Err((line, error))) => {
                Some(Finding::new(&source.path, *line, format!("not Rust: {error}"), "mend the syntax"))
            }
            _ => None,
        });
        broken.collect()
    }
}

impl Source {
    fn new(path: String, text: Option<String>) -> Self {
        let rust = match &text {
            Some(text) if path.ends_with(".rs") => {
                Some(syn::parse_file(text).map_err(|e| (line_of(e.span()), e.to_string())))
            }
            _ => None,
        };
        let mut found = Regions::default();
        if let Some(Ok(syntax)) = &rust {
            if is_test_only(&syntax.attrs) {
                found.lines.push(1..=usize::MAX);
            }
            found.visit_file(syntax);
        }
        Self { path, text, rust, tests: found.lines }
    }

    /// Whether this line (from 1) is compiled for tests only.
    pub(super) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&line))
    }

    /// Paths without `.rs` of modules in files of their own that are compiled for tests only.
    fn test_modules(&self) -> Vec<String> {
        let Some(Ok(syntax)) = &self.rust else { return Vec::new() };
        let stem = self.path.trim_end_matches(".rs");
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let base = if matches!(name, "lib" | "main" | "mod") { folder } else { stem };
        let modules = syntax.items.iter().filter_map(|item| match item {
            syn::Item::Mod(module) if module.content.is_none() && is_test_only(&module.attrs) => {
                Some(format!("{base}/{}", module.ident))
            }
            _ => None,
        });
        modules.collect()
    }
}

/// The line, from 1, on which something begins.
pub(super) fn line_of(span: Span) -> usize {
    span.start().line
}

/// Whether an attribute list holds `#[test]`, `#[tokio::test]` or the like.
pub(super) fn is_test_fn(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|a| a.path().segments.last().is_some_and(|s| s.ident == "test"))
}

fn is_test_only(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().filter(|a| a.path().is_ident("cfg")).any(|a| match &a.meta {
        syn::Meta::List(list) => {
            let words = list.tokens.to_string().replace(' ', "");
            words == "test" || words.starts_with("all(test,")
        }
        _ => false,
    })
}

fn lies_in_test_folder(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|folder| matches!(folder, "tests" | "benches" | "fuzz"))
}

fn walk(root: &Path, prefix: &str, files: &mut Vec<(String, Option<String>)>) -> Result<(), String> {
    let folder = root.join(prefix);
    let entries =
        std::fs::read_dir(&folder).map_err(|e| format!("cannot read `{}`: {e}", folder.display()))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("cannot read `{}`: {e}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let kind = entry.file_type().map_err(|e| format!("cannot read `{path}`: {e}"))?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            walk(root, &path, files)?;
        } else if kind.is_file() && name != ".git" {
            let bytes = std::fs::read(entry.path()).map_err(|e| format!("cannot read `{path}`: {e}"))?;
            files.push((path, String::from_utf8(bytes).ok()));
        }
    }
    Ok(())
}

/// Collects the line ranges of items that exist in tests only.
#[derive(Default)]
struct Regions {
    lines: Vec<RangeInclusive<usize>>,
}

impl Regions {
    fn add(&mut self, attrs: &[syn::Attribute], span: Span) {
        if is_test_only(attrs) || is_test_fn(attrs) {
            self.lines.push(span.start().line..=span.end().line);
        }
    }
}

impl<'ast> Visit<'ast> for Regions {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attrs: &[syn::Attribute] = match item {
            syn::Item::Const(i) => &i.attrs,
            syn::Item::Enum(i) => &i.attrs,
            syn::Item::Fn(i) => &i.attrs,
            syn::Item::Impl(i) => &i.attrs,
            syn::Item::Macro(i) => &i.attrs,
            syn::Item::Mod(i) => &i.attrs,
            syn::Item::Static(i) => &i.attrs,
            syn::Item::Struct(i) => &i.attrs,
            syn::Item::Trait(i) => &i.attrs,
            syn::Item::Type(i) => &i.attrs,
            syn::Item::Use(i) => &i.attrs,
            _ => &[],
        };
        self.add(attrs, item.span());
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.attrs, item.span());
        visit::visit_impl_item_fn(self, item);
    }
}

#[cfg(test)]
pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::of(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_below_cfg_test_are_test_code_and_others_are_not() {
        let tree = tree(&[("a.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n")]);
        let source = tree.file("a.rs").unwrap();
        let lines: Vec<bool> = (1..=6).map(|line| source.is_test(line)).collect();
        assert_eq!(lines, [false, true, true, true, true, false]);
    }

    #[test]
    fn a_test_module_in_its_own_file_is_test_code() {
        let tree = tree(&[
            ("c/src/lib.rs", "#[cfg(test)]\nmod probe;\nmod real;\n"),
            ("c/src/probe.rs", "fn a() {}\n"),
            ("c/src/real.rs", "fn a() {}\n"),
            ("c/src/code.rs", "#[cfg(test)] mod tests;"),
            ("c/src/code/tests.rs", "fn a() {}\n"),
        ]);
        assert!(tree.file("c/src/probe.rs").unwrap().is_test(1));
        assert!(tree.file("c/src/code/tests.rs").unwrap().is_test(1));
        assert!(!tree.file("c/src/real.rs").unwrap().is_test(1));
    }

    #[test]
    fn a_file_that_is_not_rust_is_named() {
        let found = tree(&[("a.rs", "//! x\nfn a( {\n")]).unread();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "a.rs");
    }
}
