//! The house rules, each a check of its own. Decides nothing about style that rustfmt or clippy already decide.
//!
//! A rule reads a [`Tree`] (or what cargo says) and answers with findings; none of them writes.

mod backend;
mod budget;
mod codes;
mod colours;
mod features;
mod forbidden;
mod layers;
mod licences;
mod links;
mod manifests;
mod names;
mod opening;
mod packages;
mod paths;
mod sizes;
mod threats;
mod tree;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use tree::Tree;

/// Something that breaks a rule, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    what: String,
    mend: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}  {}\n    {}", self.path, self.line, self.what, self.mend)
    }
}

/// The rules that need only the files.
const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    Tree::unread,
    opening::check,
    sizes::check,
    forbidden::check,
    names::check,
    backend::check,
    codes::check,
    threats::check,
    links::check,
    colours::check,
    paths::check,
];

/// Prints what breaks a rule, and fails if anything does.
pub(crate) fn command(root: &Path) -> ExitCode {
    match findings(root) {
        Ok(found) if found.is_empty() => {
            println!("  tidy");
            ExitCode::SUCCESS
        }
        Ok(found) => {
            for finding in &found {
                println!("{finding}");
            }
            println!("\n  {} to mend", found.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn findings(root: &Path) -> Result<Vec<Finding>, String> {
    let tree = Tree::read(root)?;
    let mut found: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    found.extend(layers::check(root)?);
    found.extend(licences::check(&packages::linked(root, None, packages::Macros::With)?));
    found.extend(budget::check(root)?);
    found.extend(features::check(root)?);
    found.sort();
    found.dedup();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        let found = findings(&crate::root()).unwrap();
        let text: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "\n{}\n", text.join("\n"));
    }

    #[test]
    fn a_finding_says_where_what_and_how_to_mend_it() {
        let finding = Finding::new("a.rs", 3, "`unsafe` is forbidden", "write it without");
        assert_eq!(finding.to_string(), "a.rs:3  `unsafe` is forbidden\n    write it without");
    }
}
