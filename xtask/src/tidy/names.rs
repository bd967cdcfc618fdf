//! Words that say nothing are not names: managers, helpers, utilities, `get_`, `handle_`, `process_`.
//!
//! Looks at what we define, not at what others make us call; a test's name is a sentence and may hold any word.

use proc_macro2::Ident;
use syn::visit::{self, Visit};

use super::Finding;
use super::tree::{Tree, line_of};

const NOWHERE: &[&str] = &["manager", "managers", "helper", "helpers", "util", "utils"];
const VERBS: &[&str] = &["get_", "handle_", "process_"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (source, _, syntax) in tree.rust() {
        let mut names = Names { defined: Vec::new() };
        names.visit_file(syntax);
        let file = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        if words(file).any(|word| NOWHERE.contains(&word.as_str())) {
            found.push(Finding::new(
                &source.path,
                1,
                format!("a file named `{file}`"),
                "name it after the noun inside",
            ));
        }
        for (name, line, kind) in names.defined.into_iter().filter(|(_, line, _)| !source.is_test(*line)) {
            if let Some(mend) = fault(&name, kind) {
                found.push(Finding::new(&source.path, line, format!("`{name}` is a banned name"), mend));
            }
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Function,
    Other,
}

fn fault(name: &str, kind: Sort) -> Option<&'static str> {
    if name == "SessionId" {
        return Some("say which: `Serial`, `Handle`, `SessionKey` or `sid` (GLOSSARY.md)");
    }
    if words(name).any(|word| NOWHERE.contains(&word.as_str())) {
        return Some("name it after what it is, or give the function to the type it works on");
    }
    if kind == Sort::Function && VERBS.iter().any(|verb| name.starts_with(verb)) {
        return Some("name a reader after what it returns, a doer after what it does");
    }
    None
}

/// The words of a name in snake or camel case, in lower case.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            spaced.push('_');
        }
        spaced.extend(c.to_lowercase());
    }
    spaced
        .split(['_', '-'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

struct Names {
    defined: Vec<(String, usize, Sort)>,
}

impl Names {
    fn add(&mut self, name: &Ident, kind: Sort) {
        self.defined.push((name.to_string(), line_of(name.span()), kind));
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig.ident, Sort::Function);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if item.trait_.is_none() {
            for inner in &item.items {
                if let syn::ImplItem::Fn(function) = inner {
                    self.add(&function.sig.ident, Sort::Function);
                }
            }
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.add(&item.sig.ident, Sort::Function);
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add(&item.ident, Sort::Other);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add(&item.ident, Sort::Other);
        visit::visit_item_enum(self, item);
    }

    fn visit_variant(&mut self, item: &'ast syn::Variant) {
        self.add(&item.ident, Sort::Other);
        visit::visit_variant(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add(&item.ident, Sort::Other);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.add(&item.ident, Sort::Other);
        visit::visit_item_type(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.add(&item.ident, Sort::Other);
        visit::visit_item_mod(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        let name = Ident::new(&item.ident.to_string().to_lowercase(), item.ident.span());
        self.add(&name, Sort::Other);
        visit::visit_item_const(self, item);
    }

    fn visit_field(&mut self, item: &'ast syn::Field) {
        if let Some(name) = &item.ident {
            self.add(name, Sort::Other);
        }
        visit::visit_field(self, item);
    }

    fn visit_pat_ident(&mut self, item: &'ast syn::PatIdent) {
        self.add(&item.ident, Sort::Other);
        visit::visit_pat_ident(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    #[test]
    fn banned_names_are_found() {
        for text in [
            "struct SessionManager;",
            "struct SessionId(u64);",
            "enum A { TokenHelper }",
            "mod utils {}",
            "fn get_token() {}",
            "impl A { fn handle_request(&self) {} }",
            "trait A { fn process_batch(&self); }",
            "struct A { helper: u8 }",
            "fn a() { let util = 1; }",
            "const KEY_MANAGER: u8 = 1;",
        ] {
            assert_eq!(check(&tree(&[("a.rs", text)])).len(), 1, "{text}");
        }
        assert_eq!(check(&tree(&[("string_utils.rs", "fn a() {}")])).len(), 1);
    }

    #[test]
    fn names_that_others_impose_and_nouns_that_are_ours_pass() {
        for text in [
            "impl Handler for A { fn handle_request(&self) {} }",
            "struct A { handle_key: u8 }",
            "fn a() { map.get_or_init(b); c.get_mut(); }",
            "fn target() {} fn utility() {}",
            "#[cfg(test)] mod tests { fn get_answers_405() {} }",
        ] {
            assert_eq!(check(&tree(&[("a.rs", text)])), [], "{text}");
        }
    }
}
