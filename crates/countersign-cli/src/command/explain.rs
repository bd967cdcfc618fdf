//! `countersign explain`: the story behind an error code, from pages that are part of the binary.

use clap::Args;
use serde_json::json;

use crate::problem::{Problem, Result, code};
use crate::ui::{Sheet, Ui, show_json};

/// Explain an error code: what happened, the likely cause, what to do
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, such as CS-2101 or 2101; without one, all are listed
    code: Option<String>,
}

/// Code and page, sorted by code; written by `build.rs` from `docs/errors`.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

impl Explain {
    /// Prints the page, or the list of codes.
    pub(crate) fn run(&self, ui: Ui) -> Result {
        let Some(asked) = &self.code else {
            list(ui);
            return Ok(());
        };
        let (code, page) = find(asked)?;
        if ui.json {
            show_json(&json!({ "code": code, "title": title(page), "page": page }));
        } else {
            sheet(ui, page).show();
        }
        Ok(())
    }
}

fn find(asked: &str) -> Result<(&'static str, &'static str)> {
    let wanted = asked.to_ascii_uppercase();
    let digits = wanted.strip_prefix("CS-").unwrap_or(&wanted);
    PAGES.iter().find(|(code, _)| code.strip_prefix("CS-") == Some(digits)).copied().ok_or_else(|| {
        Problem::usage(code::UNKNOWN_CODE, format!("there is no code `{asked}`"))
            .hint("countersign explain, without a code, lists all of them")
    })
}

/// The first line of a page is `# CS-nnnn: title`.
fn title(page: &str) -> &str {
    let line = page.lines().next().unwrap_or_default();
    line.split_once(": ").map_or(line, |(_, title)| title)
}

fn list(ui: Ui) {
    if ui.json {
        let all = PAGES.iter().map(|(code, page)| json!({ "code": code, "title": title(page) }));
        show_json(&all.collect());
        return;
    }
    let mut sheet = Sheet::new(ui);
    let mut thousand = None;
    for (code, page) in PAGES {
        let family = code.as_bytes().get(3).copied();
        if family != thousand {
            sheet.gap();
            sheet.line(ui.dim(match family {
                Some(b'1') => "tokens and keys",
                Some(b'2') => "sessions, signing in, passwords",
                Some(b'3') => "grants",
                Some(b'4') => "applications and requests",
                Some(b'5') => "what we could not do",
                _ => "the command line and settings",
            }));
            thousand = family;
        }
        sheet.line(format!("{}   {}", ui.copy(code), plain_words(title(page))));
    }
    sheet.show();
}

/// Markdown of the pages for the terminal: headings and lead words bold, code cyan, prose wrapped.
fn sheet(ui: Ui, page: &str) -> Sheet {
    let mut sheet = Sheet::new(ui);
    let mut fenced = false;
    for paragraph in page.trim().split("\n\n") {
        sheet.gap();
        if paragraph.starts_with("```") || fenced {
            fenced =
                !paragraph.trim_end().ends_with("```") || paragraph.matches("```").count() == 1 && !fenced;
            for line in paragraph.lines().filter(|line| !line.starts_with("```")) {
                sheet.line(format!("  {}", ui.copy(line)));
            }
        } else if let Some(heading) = paragraph.strip_prefix('#') {
            sheet.line(ui.bold(heading.trim_start_matches('#').trim()));
        } else {
            for item in paragraph.split("\n- ") {
                sheet.prose(&dressed(ui, &item.replace('\n', " ")));
            }
        }
    }
    sheet
}

/// `**bold**` is painted, backticks stay: in the terminal they mark what was or is to be typed.
fn dressed(ui: Ui, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (place, part) in text.split("**").enumerate() {
        if place % 2 == 1 {
            let words: Vec<String> = part.split(' ').map(|word| ui.bold(word)).collect();
            out.push_str(&words.join(" "));
        } else {
            out.push_str(part);
        }
    }
    out
}

fn plain_words(text: &str) -> String {
    text.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_in_eighty_columns() {
        let (_, page) = find("cs-2102").unwrap();
        insta::assert_snapshot!("explain", sheet(Ui::bare(true), page).into_text());
    }

    #[test]
    fn every_page_fits_and_says_what_to_do() {
        for (code, page) in PAGES {
            let text = sheet(Ui::bare(true), page).into_text();
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{code}: {text}");
            assert!(page.starts_with(&format!("# {code}: ")), "{code} does not begin with its title");
        }
        assert_eq!(find("9999").unwrap_err().code, "CS-6012");
    }
}
