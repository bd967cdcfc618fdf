//! The quick reader: what it reads, and that it says yes only where the strict one does.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::json::{Object, quick_agrees};

fn read(text: &str) -> Option<Flat<'_>> {
    let mut flat = Flat::unread();
    flat.read(text).map(|()| flat)
}

/// How many members the quick reader finds, after the strict one was asked to agree.
fn quick(text: &str) -> Option<usize> {
    assert_ne!(quick_agrees(text), Some(false), "{text}");
    read(text).map(|flat| flat.members().count())
}

#[test]
fn the_usual_claims_are_read_quickly() {
    let text = r#"{"iss":"https://id.example","sub":"ana","aud":"shop","exp":1800000300,"n":0,"é":"ü","seven77":"7","eight888":"8","eight889":"9","sixteen letters!":"16","sixteen letters?":"17","a":true,"b":false,"c":null,"":""}"#;
    assert_eq!(quick(text), Some(15));
    let flat = read(text).unwrap();
    assert_eq!(flat.member("sub").unwrap().text().unwrap(), "ana");
    assert_eq!(flat.member("exp").unwrap().integer(), Some(1_800_000_300));
    assert_eq!(flat.member("").unwrap().text().unwrap(), "");
    assert_eq!(flat.member("seven77").unwrap().text().unwrap(), "7");
    assert_eq!(flat.member("eight888").unwrap().text().unwrap(), "8");
    assert_eq!(flat.member("eight889").unwrap().text().unwrap(), "9");
    assert_eq!(flat.member("sixteen letters!").unwrap().text().unwrap(), "16");
    assert_eq!(flat.member("sixteen letters?").unwrap().text().unwrap(), "17");
    assert_eq!(flat.member("sixteen letters."), None);
    assert_eq!(flat.member("eight880"), None);
    assert_eq!(flat.member("shop"), None);
    assert_eq!(flat.member("sux"), None);
}

#[test]
fn whatever_is_unusual_is_left_to_the_strict_reader() {
    for text in [
        "",
        "{",
        "{}",
        "[]",
        r#"{"a":1"#,
        r#"{"a":1}}"#,
        r#"{"a":1},"#,
        r#"{"a":1} "#,
        r#" {"a":1}"#,
        r#"{ "a":1}"#,
        r#"{"a" :1}"#,
        r#"{"a":1,}"#,
        r#"{"a":1.0}"#,
        r#"{"a":1e3}"#,
        r#"{"a":-1}"#,
        r#"{"a":01}"#,
        r#"{"a":00}"#,
        r#"{"a":10000000000000000000}"#,
        r#"{"a":[]}"#,
        r#"{"a":{}}"#,
        r#"{"a":"\n"}"#,
        r#"{"\u0061":1}"#,
        "{\"a\":\"\n\"}",
        "{\"a\u{0}\":1}",
        r#"{"a":1,"a":1}"#,
        r#"{"abca":1,"acba":2,"abca":3}"#,
        r#"{"a long name":1,"a long nama":2,"a long name":3}"#,
        r#"{"a name of many letters":1,"a name of many lettera":2,"a name of many letters":3}"#,
        r#"{"a":tru}"#,
        r#"{"a":truee}"#,
        r#"{"a":nul"#,
        r#"{"a":"x}"#,
        r#"{"a"}"#,
        r#"{"a":}"#,
        "{\u{feff}\"a\":1}",
        r#"{"$":1}"#,
        r#"{"a":1,"$serde_json::private::RawValue":"{}"}"#,
    ] {
        assert_eq!(quick(text), None, "{text}");
    }
}

#[test]
fn more_members_than_there_is_room_for_are_left_to_the_strict_reader() {
    let object = |members: usize| {
        let members: Vec<String> = (0..members).map(|n| format!("\"n{n}\":{n}")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(quick(&object(MOST)), Some(MOST));
    assert_eq!(quick(&object(MOST + 1)), None);
    assert!(Object::parse_text(&object(MOST + 1)).is_ok());
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST));
    assert_eq!(quick(&long), None);
}

#[test]
fn a_quote_is_found_at_every_place_behind_every_byte() {
    for length in 0..40 {
        for byte in (0..=0xff_u8).filter(|byte| *byte != b'"') {
            let mut bytes = vec![byte; length];
            bytes.extend(b"\"tail beyond it \x00");
            assert_eq!(quote(&bytes, 0), Some(length), "{byte:#x}");
            assert_eq!(quote(&vec![byte; length], 0), None, "{byte:#x}");
        }
    }
}

#[test]
fn digits_are_read_up_to_every_other_byte() {
    for length in 0..=DIGITS {
        for byte in (0..=0xff_u8).filter(|byte| !byte.is_ascii_digit()) {
            for text in ["0000000000000000000", "9999999999999999999", "1234567890123456789"] {
                let (text, _) = text.split_at(length);
                let mut bytes = text.as_bytes().to_vec();
                let read = Some((length, text.parse().unwrap_or_default()));
                assert_eq!(number(&bytes), read);
                bytes.extend([byte; 9]);
                assert_eq!(number(&bytes), read, "{byte:#x}");
            }
        }
    }
    for length in DIGITS + 1..99 {
        assert_eq!(number(&vec![b'7'; length]), None);
        assert_eq!(number(&[&vec![b'7'; length], &b",\"exp\":7"[..]].concat()), None);
    }
}

#[test]
fn an_unusual_byte_is_seen_at_every_place() {
    for length in 0..100 {
        let usual = vec![b' '; length];
        assert!(!has_unusual(&usual));
        for at in 0..length {
            for bad in (0..0x20).chain([b'\\']) {
                let mut bytes = usual.clone();
                bytes[at] = bad;
                assert!(has_unusual(&bytes), "{bad:#x} at {at} of {length}");
            }
        }
    }
}

#[test]
fn a_name_has_one_number_wherever_it_stands() {
    for length in 0..300 {
        let text = vec![b'n'; length];
        for tail in 1..20 {
            let document = [b"{\"", &*text, &vec![b'"'; tail]].concat();
            assert_eq!(name(&document, 2), Some((Key::of(&text), 2 + length)), "{length} {tail}");
            assert_eq!(name(&document[..2 + length], 2), None, "{length}");
        }
    }
}

#[test]
fn short_names_that_differ_have_numbers_that_differ() {
    for length in 1..=WHOLE {
        let name = vec![b'n'; length];
        assert_ne!(Key::of(&name), Key::of(&name[1..]));
        for at in 0..length {
            for byte in (0..=0xff_u8).filter(|byte| *byte != b'n') {
                let mut other = name.clone();
                other[at] = byte;
                assert_ne!(Key::of(&name), Key::of(&other), "{byte:#x} at {at}");
            }
        }
    }
    assert_ne!(Key::of(b""), Member::NONE.key);
    assert!(Key::of(&[b'n'; WHOLE]).is_whole() && !Key::of(&[b'n'; WHOLE + 1]).is_whole());
}

#[test]
fn the_usual_claims_need_no_search() {
    let usual = "iss sub aud exp nbf iat jti client_id scope auth_time acr amr cnf nonce sid azp at_hash";
    let usual: Vec<Key> = usual.split(' ').map(|name| Key::of(name.as_bytes())).collect();
    let places: HashSet<usize> = usual.iter().map(|name| name.place()).collect();
    assert_eq!(places.len(), usual.len());
    assert!(places.iter().all(|place| *place < PLACES));
}

/// Texts that are almost flat objects.
fn almost() -> impl Strategy<Value = String> {
    let name = "[a-c]{0,3}|long names [ab]|a name of many letters [ab]|iss|sub|aud|exp|\\PC{0,9}";
    let value = prop_oneof![
        4 => "\"[a-z:/. ]{0,20}\"",
        3 => "[0-9]{1,21}",
        2 => "true|false|null",
        1 => "\"\\PC{0,12}\"",
        1 => "-?[0-9]{1,3}(\\.[0-9])?(e[0-9])?|\\[\\]|\\{\\}|\\[\"a\"\\]|\"\\\\n\"|\"\\\\u00[0-9a-f]{2}\"| 1|nul|\"",
    ];
    let members = prop::collection::vec((name, value), 0..9);
    let bent = (
        members,
        any::<prop::sample::Index>(),
        prop_oneof![5 => Just(None), 1 => any::<Option<char>>().prop_map(Some)],
    );
    bent.prop_map(|(members, at, bend)| {
        let members: Vec<String> =
            members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let mut text: Vec<char> = format!("{{{}}}", members.join(",")).chars().collect();
        let at = at.index(text.len());
        match bend {
            None => {}
            Some(None) => {
                text.remove(at);
            }
            Some(Some(new)) => text[at] = new,
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_quick_reader_says_yes_only_where_the_strict_one_does(text in almost()) {
        quick(&text);
    }

    #[test]
    fn the_quick_reader_agrees_on_any_text(text in "[\\{\\}\\[\\]\":,0-9tfnru\\\\ .eE+-]{0,40}") {
        quick(&text);
    }
}
