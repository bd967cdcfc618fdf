//! What strict JSON refuses, each with its reason, and what it reads.

use super::*;

fn flaw(text: &str) -> Flaw {
    Object::parse(text.as_bytes()).unwrap_err()
}

#[test]
fn members_are_read_in_order_and_by_type() {
    let text =
        br#" { "a" : "x\n\u00e9\ud83d\ude00" , "b":[1,"two",[]], "c":{"d":true} ,"e":-1.5e3, "f":null } "#;
    let object = Object::parse(text).unwrap();
    let names: Vec<&str> = object.members().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b", "c", "e", "f"]);
    assert_eq!(object.member("a").unwrap().text().unwrap(), "x\n\u{e9}\u{1f600}");
    let items = object.member("b").unwrap().items().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items[1].text().unwrap(), "two");
    assert_eq!(object.member("b").unwrap().texts(), None);
    assert_eq!(object.member("c").unwrap().object().unwrap().member("d").unwrap().boolean(), Some(true));
    assert_eq!(object.member("e").unwrap().raw(), "-1.5e3");
    assert_eq!(object.member("g"), None);
}

#[test]
fn members_that_occur_twice_are_refused_at_every_depth() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"b":{"a":1,"a":2}}"#,
        r#"{"b":[[{"x":{"a":1,"c":2,"\u0061":3}}]]}"#,
        r#"{"":1,"":2}"#,
        r#"{"😀":1,"\ud83d\ude00":2}"#,
    ] {
        assert_eq!(flaw(text), Flaw::Duplicate, "{text}");
    }
    // The same name at another depth, or in another object, is another member.
    assert!(Object::parse(br#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#).is_ok());
}

#[test]
fn lone_surrogates_are_refused() {
    for text in [
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00"}"#,
        r#"{"a":"\ud800\ud800"}"#,
        r#"{"a":"\ud800x"}"#,
        r#"{"\ud83d":1}"#,
        r#"{"a":"\ud800\n"}"#,
    ] {
        assert_eq!(flaw(text), Flaw::LoneSurrogate, "{text}");
    }
}

#[test]
fn what_follows_the_value_is_refused() {
    for text in [r#"{"a":1}x"#, "{} {}", "{},", "{}\0", "{}}"] {
        assert_eq!(flaw(text), Flaw::Trailing, "{text}");
    }
    assert!(Object::parse(b"{} \n\t\r").is_ok());
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    for text in
        ["18446744073709551616", "-9223372036854775809", "1e400", "-1e999", "99999999999999999999999999"]
    {
        assert_eq!(flaw(&format!(r#"{{"a":{text}}}"#)), Flaw::Number, "{text}");
    }
    for text in ["18446744073709551615", "-9223372036854775808", "0", "-0", "1e300", "0.1", "1E+2", "1e-2"] {
        assert!(Object::parse(format!(r#"{{"a":{text}}}"#).as_bytes()).is_ok(), "{text}");
    }
}

#[test]
fn only_plain_digits_are_an_integer() {
    let integer = |text: &str| {
        Object::parse(format!(r#"{{"a":{text}}}"#).as_bytes()).unwrap().member("a").unwrap().integer()
    };
    assert_eq!(integer("12"), Some(12));
    for text in ["-12", "12.0", "1e1", "\"12\"", "-0", "true", "[12]", "null"] {
        assert_eq!(integer(text), None, "{text}");
    }
}

#[test]
fn nesting_beyond_the_limit_is_refused_without_recursion() {
    let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(Object::parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(flaw(&nested(MAX_DEPTH + 1)), Flaw::TooDeep);
    assert_eq!(flaw(&nested(1_000_000)), Flaw::TooDeep);
    let objects = format!("{}1{}", r#"{"a":"#.repeat(MAX_DEPTH + 1), "}".repeat(MAX_DEPTH + 1));
    assert_eq!(flaw(&objects), Flaw::TooDeep);
}

#[test]
fn an_object_with_too_many_members_is_refused() {
    let object = |count: usize| {
        let members: Vec<String> = (0..count).map(|n| format!(r#""m{n}":0"#)).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(Object::parse(object(MAX_MEMBERS).as_bytes()).is_ok());
    assert_eq!(flaw(&object(MAX_MEMBERS + 1)), Flaw::TooMany);
    assert_eq!(flaw(&format!(r#"{{"a":{}}}"#, object(MAX_MEMBERS + 1))), Flaw::TooMany);
}

#[test]
fn bytes_that_are_not_utf8_and_byte_order_marks_are_refused() {
    assert_eq!(Object::parse(b"{\"a\":\"\xff\"}").unwrap_err(), Flaw::NotUtf8);
    assert_eq!(Object::parse(b"{\"a\":\"\xc0\xaf\"}").unwrap_err(), Flaw::NotUtf8);
    assert_eq!(Object::parse(b"\xed\xa0\x80{}").unwrap_err(), Flaw::NotUtf8);
    assert_eq!(Object::parse(b"\xef\xbb\xbf{}").unwrap_err(), Flaw::ByteOrderMark);
}

#[test]
fn texts_outside_the_grammar_are_refused() {
    for text in [
        "{a:1}",
        "{'a':1}",
        r#"{"a":1,}"#,
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
        r#"{"a":.5}"#,
        r#"{"a":1.}"#,
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":TRUE}"#,
        r#"{"a" 1}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[1 2]}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":"\x41"}"#,
        r#"{"a":"\u00g1"}"#,
        r#"{"a":1 "b":2}"#,
        "{\"a\":1/**/}",
        r#"{"a":[}"#,
        r#"{"a":{]}"#,
        r#"{"a":truefalse}"#,
        "{\u{a0}}",
        r#"{,"a":1}"#,
        r#"{"a":-}"#,
        r#"{"a":1e}"#,
    ] {
        assert_eq!(flaw(text), Flaw::Unexpected, "{text}");
    }
    for text in ["", " ", "{", r#"{"a"#, r#"{"a":"#, r#"{"a":1"#, r#"{"a":[1"#, r#"{"a":"\"#, r#"{"a":"\u00"#]
    {
        assert!(matches!(flaw(text), Flaw::Ends | Flaw::Unexpected), "{text}");
    }
    for text in ["[]", "1", "null", r#""{}""#] {
        assert_eq!(flaw(text), Flaw::NotAnObject, "{text}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(1500))]

    #[test]
    fn what_is_read_is_what_serde_reads(text in r#"\{("(a|b|\\u0061)":(0|-1|1e2|"x"|\[1,\{\}\]|null|true) ?,? ?){0,4}\}"#) {
        // Whatever the strict parser accepts, serde_json accepts with the same members.
        if let Ok(object) = Object::parse(text.as_bytes()) {
            let serde: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
            proptest::prop_assert_eq!(object.members().count(), serde.len());
            for (name, value) in object.members() {
                let same: serde_json::Value = serde_json::from_str(value.raw()).unwrap();
                proptest::prop_assert_eq!(&same, &serde[name]);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let accepted = Object::parse(&bytes).is_ok();
        proptest::prop_assert!(!accepted || serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
    }
}
