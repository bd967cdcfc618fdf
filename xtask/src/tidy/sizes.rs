//! A file tells one story: at most 500 lines, and at most 70 in a function, comments counted.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Finding;
use super::tree::Tree;

const FILE: usize = 500;
const FUNCTION: usize = 70;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (source, text) in tree.texts() {
        let lines = text.lines().count();
        if (source.path.ends_with(".rs") || source.path.ends_with(".mjs")) && lines > FILE {
            let what = format!("{lines} lines, the limit is {FILE}");
            found.push(Finding::new(&source.path, FILE + 1, what, "give its second story a file of its own"));
        }
    }
    for (source, _, syntax) in tree.rust() {
        let mut functions = Functions { path: &source.path, found: &mut found };
        functions.visit_file(syntax);
    }
    found
}

struct Functions<'a> {
    path: &'a str,
    found: &'a mut Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let begin = signature.span().start().line;
        let lines = block.span().end().line - begin + 1;
        if lines > FUNCTION {
            let what = format!("`{}` has {lines} lines, the limit is {FUNCTION}", signature.ident);
            self.found.push(Finding::new(self.path, begin, what, "name a part of it and move that out"));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_of_seventy_lines_passes_and_one_more_is_found() {
        assert_eq!(check(&tree(&[("a.rs", &function_of(70))])), []);
        let found = check(&tree(&[("a.rs", &function_of(71))]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, "`long` has 71 lines, the limit is 70");
    }

    #[test]
    fn methods_and_default_methods_are_measured_too() {
        let method = format!("impl A {{\n{}}}\ntrait B {{\n{}}}\n", function_of(80), function_of(90));
        assert_eq!(check(&tree(&[("a.rs", &method)])).len(), 2);
    }

    #[test]
    fn a_file_of_five_hundred_lines_passes_and_one_more_is_found() {
        assert_eq!(check(&tree(&[("a.rs", &"// x\n".repeat(500))])), []);
        assert_eq!(check(&tree(&[("a.rs", &"// x\n".repeat(501)), ("b.mjs", &"//\n".repeat(501))])).len(), 2);
    }
}
