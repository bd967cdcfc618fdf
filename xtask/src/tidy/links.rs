//! Links between our documents lead somewhere: the file exists, and so does the heading. Other sites are not asked.

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (source, text) in tree.texts().filter(|(source, _)| source.path.ends_with(".md")) {
        for (line, number) in prose(text) {
            for target in targets(&line) {
                if let Some(what) = broken(tree, &source.path, &target) {
                    found.push(Finding::new(&source.path, number, what, "mend the link, or write the page"));
                }
            }
        }
    }
    found
}

/// The lines outside fenced code, without their inline code.
fn prose(text: &str) -> Vec<(String, usize)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((line.split('`').step_by(2).collect(), number));
        }
    }
    lines
}

/// What the links and pictures of a line point at.
fn targets(line: &str) -> Vec<String> {
    let until = |open: &str, close: char| -> Vec<String> {
        line.split(open)
            .skip(1)
            .filter_map(|rest| rest.split_once(close))
            .map(|(target, _)| target.to_owned())
            .collect()
    };
    let mut all = until("](", ')');
    all.extend(until("src=\"", '"'));
    all.extend(until("srcset=\"", '"'));
    all.extend(until("href=\"", '"'));
    all
}

fn broken(tree: &Tree, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let target = target.split_whitespace().next().unwrap_or_default();
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let Some(path) = resolve(from, path) else { return Some(format!("`{target}` leaves the repository")) };
    if !tree.holds(&path) {
        return Some(format!("`{target}` does not exist"));
    }
    let anchor = anchor?;
    let page = tree.file(&path)?.text.as_deref()?;
    let known = prose_headings(page).any(|heading| slug(&heading) == anchor);
    (!known).then(|| format!("`{path}` has no heading for `#{anchor}`"))
}

/// The path of a link, from the root; `None` if it climbs out.
fn resolve(from: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn prose_headings(text: &str) -> impl Iterator<Item = String> {
    let mut fenced = false;
    let lines = text.lines().filter(move |line| {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        !fenced && line.starts_with('#')
    });
    lines.map(|line| line.trim_start_matches('#').trim().to_owned())
}

/// A heading's anchor as GitHub makes it.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree;
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let files = [
            ("docs/a.md", text),
            ("docs/b.md", "# The *big* Heading\n"),
            ("README.md", "# x\n"),
            ("docs/p.png", ""),
        ];
        check(&tree(&files)).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn broken_links_are_found() {
        assert_eq!(found("[x](c.md)"), ["`c.md` does not exist"]);
        assert_eq!(found("![x](q.png)").len(), 1);
        assert_eq!(found("<img src=\"q.png\">").len(), 1);
        assert_eq!(found("[x](../../c.md)"), ["`../../c.md` leaves the repository"]);
        assert_eq!(found("[x](b.md#small)"), ["`docs/b.md` has no heading for `#small`"]);
    }

    #[test]
    fn good_links_other_sites_and_code_pass() {
        let text = "# Here\n[x](b.md) [y](../README.md) ![z](p.png) [h](b.md#the-big-heading) [me](#here) [d](../docs/)\n\
                    [web](https://example.org/c.md) `[x](c.md)`\n```\n[x](c.md)\n```\n";
        assert_eq!(found(text), Vec::<String>::new());
    }
}
