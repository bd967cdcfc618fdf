//! Markup inside plain text: which addresses a page may link to, how addresses in a letter become links, and
//! how values in backticks become code. Whether an address is registered is decided long before, by the routes.

use minijinja::value::Value;
use minijinja::{Environment, HtmlEscape};

/// Adds the filters `address`, `linked` and `ticked` to the templates.
pub(super) fn install(environment: &mut Environment<'_>) {
    environment.add_filter("address", |text: String| address(&text).to_owned());
    environment.add_filter("linked", |text: String| Value::from_safe_string(linked(&text)));
    environment.add_filter("ticked", |text: String| Value::from_safe_string(ticked(&text)));
}

/// The address itself if a link may lead there, else `#`.
///
/// Paths on this host, `http`, `https`, and private schemes that hold a dot, which native applications register
/// (RFC 8252 7.1). So `javascript:` and `data:` never become links, whatever was stored.
fn address(text: &str) -> &str {
    if text.chars().any(char::is_control) {
        return "#";
    }
    let local = text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\");
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let plain = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'));
    let web = text.starts_with("https://") || text.starts_with("http://");
    if local || web || (plain && scheme.contains('.')) { text } else { "#" }
}

/// Plain text as HTML, its `http` and `https` addresses as links.
fn linked(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    for piece in text.split_inclusive(char::is_whitespace) {
        // A full stop or a comma behind an address belongs to the sentence.
        let word = piece.trim_end().trim_end_matches(['.', ',', ';', ')']);
        let space = piece.strip_prefix(word).unwrap_or_default();
        let escaped = HtmlEscape(word).to_string();
        if word.starts_with("https://") || word.starts_with("http://") {
            html.push_str(&format!("<a href=\"{escaped}\">{escaped}</a>"));
        } else {
            html.push_str(&escaped);
        }
        html.push_str(&HtmlEscape(space).to_string());
    }
    html
}

/// A message as HTML: what stands between two backticks is code.
fn ticked(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, value, after)) = quoted(rest) {
        html.push_str(&format!("{}<code>{}</code>", HtmlEscape(before), HtmlEscape(value)));
        rest = after;
    }
    html.push_str(&HtmlEscape(rest).to_string());
    html
}

/// The text before the first pair of backticks, between them, and after them.
fn quoted(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (value, after) = rest.split_once('`')?;
    Some((before, value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_stop_behind_an_address_is_not_part_of_it() {
        let html = linked("Go to https://id.example. Then rest.");
        assert!(html.ends_with("</a>. Then rest."), "{html}");
    }

    #[test]
    fn a_link_leads_only_where_a_link_may() {
        for good in ["/account", "https://shop.example/cb?a=b", "http://localhost:1/", "com.example.app:/cb"]
        {
            assert_eq!(address(good), good);
        }
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,hi",
            "//evil.example",
            "/\\evil.example",
            "java\nscript:alert(1)",
            "",
            "vbscript:x",
            "javascript:a.b",
            " javascript:x",
            "x y.z:1",
        ] {
            assert_eq!(address(bad), "#", "{bad:?}");
        }
    }

    #[test]
    fn an_address_in_a_letter_becomes_a_link_and_all_else_stays_text() {
        let html = linked("Open\nhttps://id.example/x?code=a&b=\"<i>\n  and <b>smile</b>\n");
        assert_eq!(html.matches("<a ").count(), 1);
        assert!(
            html.contains("<a href=\"https:&#x2f;&#x2f;id.example")
                || html.contains("<a href=\"https://id.example")
        );
        assert!(!html.contains("<b>") && !html.contains("<i>") && !html.contains("b=\"<"));
        assert!(html.ends_with("\n") && html.contains("\n  and"));
    }

    #[test]
    fn a_value_in_backticks_becomes_code_and_stays_escaped() {
        assert_eq!(
            ticked("register `<b>` for `shop`"),
            "register <code>&lt;b&gt;</code> for <code>shop</code>"
        );
        assert_eq!(ticked("one ` alone & odd"), "one ` alone &amp; odd");
    }
}
