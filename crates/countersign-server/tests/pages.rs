//! Every page in every state: it draws, it escapes, and it can be used. Decides nothing about looks, which are
//! judged by eye from `cargo run --example gallery`.

#[path = "../examples/gallery/samples/mod.rs"]
mod samples;

use countersign_server::pages::{Page, Pages};
use samples::Sample;
use serde_json::Value;

const HOSTILE: &str = "\"'><script>alert(1)</script><u>&";

fn drawn() -> Vec<(&'static str, String)> {
    let pages = Pages::new();
    samples::all().iter().map(|sample| (sample.file, pages.render(sample).0)).collect()
}

/// The start tags of an element, without their brackets and their name.
fn tags<'a>(html: &'a str, element: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for piece in html.split('<').skip(1) {
        let Some(rest) = piece.strip_prefix(element) else { continue };
        if rest.starts_with([' ', '>', '\n']) {
            found.push(rest.split('>').next().unwrap_or_default());
        }
    }
    found
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// Puts hostile text into every string of a model.
fn poison(values: &mut Value) {
    match values {
        Value::String(text) => *text = HOSTILE.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(poison),
        Value::Object(fields) => fields.values_mut().for_each(poison),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_page_is_whole() {
    for (file, html) in drawn() {
        assert!(
            html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"),
            "{file}: {html}"
        );
        assert_eq!(tags(&html, "h1").len(), 1, "{file}: one h1");
        assert_eq!(tags(&html, "main").len(), 1, "{file}: one main");
        assert!(
            html.contains("<main id=\"main\"") && html.contains("<a class=\"skip\" href=\"#main\">"),
            "{file}"
        );
        assert!(html.contains("You are on <b>"), "{file}: the foot names the host");
        let (_, title) = html.split_once("<title>").unwrap();
        assert!(!title.split_once("</title>").unwrap().0.trim().is_empty(), "{file}: title");
        assert!(!html.contains(">none<") && !html.contains("undefined"), "{file}: an absent value shows");
    }
}

#[test]
fn no_page_needs_more_than_its_policy_gives() {
    for (file, html) in drawn() {
        assert!(!html.contains(" style=\""), "{file}: inline style");
        assert!(!html.contains("<style"), "{file}: inline style sheet");
        for script in tags(&html, "script") {
            assert!(attribute(script, "src").is_some_and(|src| src.contains("assets")), "{file}: {script}");
        }
        let handlers = ["onclick", "onload", "onerror", "onsubmit", "onfocus"];
        assert!(handlers.iter().all(|handler| !html.contains(&format!(" {handler}="))), "{file}: handler");
        for image in tags(&html, "img") {
            assert!(!image.contains("http"), "{file}: {image}");
        }
    }
}

#[test]
fn hostile_text_stays_text_everywhere() {
    let pages = Pages::new();
    for mut sample in samples::all() {
        poison(&mut sample.values);
        let html = pages.render(&sample).0;
        let file = sample.file;
        assert!(!html.contains("<script>"), "{file}: a script got through");
        assert!(!html.contains("<u>"), "{file}: markup got through");
        assert_eq!(tags(&html, "h1").len(), 1, "{file}: drawn whole");
        let scripts = tags(&html, "script").len();
        assert_eq!(scripts, 1, "{file}: {scripts} scripts");
    }
}

#[test]
fn a_stored_address_never_becomes_a_script_link() {
    let pages = Pages::new();
    let mut checked = 0;
    for mut sample in samples::all() {
        swap_addresses(&mut sample.values);
        let html = pages.render(&sample).0;
        for tag in tags(&html, "a").into_iter().chain(tags(&html, "meta")).chain(tags(&html, "form")) {
            assert!(!tag.contains("javascript:"), "{}: {tag}", sample.file);
        }
        checked += usize::from(html.contains("javascript:") || html.contains("href=\"#\""));
    }
    assert!(checked > 5, "the swap must reach pages: {checked}");
}

fn swap_addresses(values: &mut Value) {
    match values {
        Value::String(text) if text.starts_with("http") || text.starts_with('/') => {
            *text = "javascript:alert(1)".to_owned();
        }
        Value::Array(items) => items.iter_mut().for_each(swap_addresses),
        Value::Object(fields) => fields.values_mut().for_each(swap_addresses),
        _ => {}
    }
}

#[test]
fn every_field_has_its_label_and_its_name_for_the_browser() {
    for (file, html) in drawn() {
        let labels: Vec<_> = tags(&html, "label").iter().filter_map(|tag| attribute(tag, "for")).collect();
        for element in ["input", "select", "textarea"] {
            for tag in tags(&html, element) {
                let kind = attribute(tag, "type").unwrap_or(element);
                let hidden = kind == "hidden" || tag.contains("aria-hidden=\"true\"");
                if hidden || matches!(kind, "checkbox" | "radio") {
                    continue;
                }
                let id = attribute(tag, "id").unwrap_or_else(|| panic!("{file}: {tag}"));
                assert!(labels.contains(&id), "{file}: no label for {id}");
                if kind == "password" {
                    let complete = attribute(tag, "autocomplete").unwrap();
                    assert!(["current-password", "new-password"].contains(&complete), "{file}: {tag}");
                    assert!(attribute(tag, "value").is_none(), "{file}: a password in a page");
                }
                assert!(
                    kind != "email" || attribute(tag, "autocomplete") == Some("username"),
                    "{file}: {tag}"
                );
            }
        }
    }
}

#[test]
fn what_describes_a_field_is_on_the_page_and_no_id_is_there_twice() {
    for (file, html) in drawn() {
        let ids: Vec<_> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{file}: {id} twice");
        }
        for name in ["aria-describedby", "aria-labelledby", "for"] {
            for value in
                html.split(&format!(" {name}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap())
            {
                for id in value.split_whitespace() {
                    assert!(ids.contains(&id), "{file}: {name} names {id}");
                }
            }
        }
    }
}

#[test]
fn each_form_goes_where_the_routes_expect_it() {
    let mut posts: Vec<String> = Vec::new();
    for (_, html) in drawn() {
        for form in tags(&html, "form").into_iter().filter(|form| form.contains("method=\"post\"")) {
            posts.push(attribute(form, "action").unwrap().replace("&#x2f;", "/"));
        }
    }
    posts.sort();
    posts.dedup();
    let expected = [
        "/account/apps/withdraw",
        "/account/erase",
        "/account/password",
        "/account/sessions/end",
        "/account/sessions/end-others",
        "/admin/apps",
        "/admin/apps/end",
        "/admin/apps/rotate-secret",
        "/admin/keys/rotate",
        "/admin/sessions/end",
        "/admin/setup",
        "/admin/signin",
        "/admin/signout",
        "/admin/users/end-all",
        "/admin/users/erase",
        "/cart/add",
        "/cart/remove",
        "/consent",
        "/recover",
        "/reset",
        "/signin",
        "/signout",
        "/signup",
        "/signup/confirm",
    ];
    assert_eq!(posts, expected);
}

#[test]
fn an_error_is_announced_and_tied_to_its_fields() {
    let pages = Pages::new();
    let sample = |file: &str| samples::all().into_iter().find(|sample: &Sample| sample.file == file).unwrap();
    let html = pages.render(&sample("signin-refused")).0;
    assert!(html.contains("<title>Refused · Sign in to Corner Shop</title>"), "{html}");
    assert!(html.contains("role=\"alert\" id=\"form-error\""), "{html}");
    assert_eq!(html.matches("aria-describedby=\"form-error").count(), 2);
    let html = pages.render(&sample("signup-refused")).0;
    assert!(html.contains("aria-describedby=\"password-error password-hint\""), "{html}");
}

#[test]
fn going_on_works_without_script_and_without_waiting() {
    let pages = Pages::new();
    let sample = samples::all().into_iter().find(|sample| sample.file == "continue").unwrap();
    assert_eq!(sample.template(), "door/continue.html");
    let html = pages.render(&sample).0.replace("&#x2f;", "/");
    assert!(html.contains("http-equiv=\"refresh\" content=\"0; url=https://shop.example/\""), "{html}");
    assert!(html.contains("<a class=\"btn primary full\" href=\"https://shop.example/\">"), "{html}");
}
