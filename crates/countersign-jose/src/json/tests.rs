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
fn names_that_serde_json_keeps_for_itself_are_refused_at_every_depth() {
    for name in ["Number", "RawValue", ""] {
        let name = format!("$serde_json::private::{name}");
        for (text, refused) in [
            (format!(r#"{{"{name}":"1"}}"#), true),
            (format!(r#"{{"a":1,"{name}":"1"}}"#), true),
            (format!(r#"{{"a":{{"{name}":"1"}}}}"#), true),
            (format!(r#"{{"a":[{{"b":{{"c":1,"{name}":"1"}}}}]}}"#), true),
            (format!(r#"{{"a":{{"{}":"1"}}}}"#, name.replace('$', r"\u0024")), true),
            (format!(r#"{{"a":{{"{}":"1"}}}}"#, name.replace('_', r"\u005F")), true),
            // As a value it is a text like any other, and so is a name that only contains it.
            (format!(r#"{{"a":"{name}"}}"#), false),
            (format!(r#"{{"a":1,"x{name}":"1"}}"#), false),
            (format!(r#"{{"{}":"1"}}"#, name.to_uppercase()), false),
        ] {
            let found = Object::parse(text.as_bytes()).err();
            assert_eq!(found, refused.then_some(Flaw::Private), "{text}");
            assert_ne!(quick_agrees(&text), Some(false), "{text}");
        }
    }
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

/// An object with `inner` as the members of the object at this depth, in objects or in arrays.
fn at_depth(depth: usize, inner: &str) -> [String; 2] {
    let around = |open: &str, close: &str| {
        let (open, close) = (open.repeat(depth - 1), close.repeat(depth - 1));
        if depth == 1 { format!("{{{inner}}}") } else { format!("{open}{{{inner}}}{close}") }
    };
    let arrays = if depth < 2 {
        format!("{{{inner}}}")
    } else {
        format!(r#"{{"x":{}{{{inner}}}{}}}"#, "[".repeat(depth - 2), "]".repeat(depth - 2))
    };
    [around(r#"{"x":"#, "}"), arrays]
}

#[test]
fn a_name_twice_is_refused_at_each_depth_in_each_spelling() {
    let spellings = [
        ("a", "a"),
        ("a", r"\u0061"),
        (r"\u0061", "a"),
        (r"\u0061", r"\u0061"),
        ("/", r"\/"),
        (r"\/", r"\u002f"),
        (r"\u002F", r"\u002f"),
        (r#"\""#, r"\u0022"),
        (r"\\", r"\u005c"),
        (r"\n", r"\u000a"),
        (r"\t", r"\u0009"),
        (r"\b", r"\u0008"),
        (r"\f", r"\u000C"),
        (r"\r", r"\u000d"),
        ("", ""),
        ("\u{e9}", r"\u00e9"),
        ("\u{1f600}", r"\ud83d\ude00"),
        (r"\uD83D\uDE00", r"\ud83d\ude00"),
        ("alg", r"\u0061\u006c\u0067"),
    ];
    for depth in 1..=MAX_DEPTH {
        for (one, two) in spellings {
            for between in [",", r#","y":0,"#, " , \"z\":1 ,\n"] {
                for text in at_depth(depth, &format!(r#""{one}":1{between}"{two}":1"#)) {
                    assert_eq!(flaw(&text), Flaw::Duplicate, "{text}");
                }
            }
        }
        // Not the same name: case, composition, a space.
        for (one, two) in [("a", "A"), ("\u{e9}", "e\u{301}"), ("a", "a "), ("a", r"a\u0000"), ("ß", "ss")] {
            for text in at_depth(depth, &format!(r#""{one}":1,"{two}":1"#)) {
                assert!(Object::parse(text.as_bytes()).is_ok(), "{text}");
            }
        }
    }
    for text in at_depth(MAX_DEPTH + 1, r#""a":1"#) {
        assert_eq!(flaw(&text), Flaw::TooDeep, "{text}");
    }
}

#[test]
fn half_a_pair_is_refused_wherever_a_text_can_stand() {
    for half in [r"\ud800", r"\uDBFF", r"\udc00", r"\uDFFF"] {
        for text in [
            half.to_owned(),
            format!("x{half}"),
            format!("{half}y"),
            format!("{half}\\n"),
            format!(r"\ud83d\ude00{half}"),
        ] {
            for depth in [1, 2, MAX_DEPTH - 1] {
                for inner in
                    [format!(r#""a":"{text}""#), format!(r#""{text}":1"#), format!(r#""a":["{text}"]"#)]
                {
                    for document in at_depth(depth, &inner) {
                        assert_eq!(flaw(&document), Flaw::LoneSurrogate, "{document}");
                    }
                }
            }
        }
    }
    // A high half followed by an escape that is no low half.
    for text in [r"\ud800\u0041", r"\ud800\ud800\udc00", r"\udc00\ud800", r"\ud800\\udc00"] {
        assert_eq!(flaw(&format!(r#"{{"a":"{text}"}}"#)), Flaw::LoneSurrogate, "{text}");
    }
    assert!(Object::parse(br#"{"a":"\ud800\udc00\udbff\udfff"}"#).is_ok());
}

#[test]
fn numbers_at_the_edge_of_what_fits() {
    let long = |digits: usize| "9".repeat(digits);
    for text in [
        "18446744073709551616",
        "-9223372036854775809",
        "184467440737095516150",
        &long(20),
        &long(400),
        "1e309",
        "-1e309",
        "1.8e308",
        "179769313486231580793e289",
        &format!("1{}.0", "0".repeat(400)),
        "1E+400",
        "9e999999999999999999999",
    ] {
        for depth in [1, MAX_DEPTH - 1] {
            for document in at_depth(depth, &format!(r#""a":[{text}]"#)) {
                assert_eq!(flaw(&document), Flaw::Number, "{document}");
            }
        }
    }
    for text in [
        "18446744073709551615",
        "-9223372036854775808",
        "1.7976931348623157e308",
        "1e308",
        "0e0",
        "-0.0",
        "1e-5",
        "0.1e1",
    ] {
        assert!(Object::parse(format!(r#"{{"a":{text}}}"#).as_bytes()).is_ok(), "{text}");
    }
    for text in [
        "00",
        "-01",
        "01.5",
        "1.",
        ".1",
        "-.1",
        "1e",
        "1e+",
        "1.e1",
        "1e1.5",
        "--1",
        "+0",
        "1_0",
        "0x10",
        "0b1",
        "1f",
        "1n",
        "1,0",
        "\u{664}",
        "NaN",
        "-NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "- 1",
        "1 2",
        "e1",
        "-e1",
    ] {
        let refused = flaw(&format!(r#"{{"a":{text}}}"#));
        assert!(matches!(refused, Flaw::Unexpected | Flaw::Trailing), "{text}: {refused}");
    }
}

#[test]
fn what_follows_or_goes_before_is_refused_byte_for_byte() {
    // Every byte but white space, behind and in front of a good document.
    for byte in 0..=u8::MAX {
        let white = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        for document in [[&b"{\"a\":1}"[..], &[byte]].concat(), [&[byte], &b"{\"a\":1}"[..]].concat()] {
            assert_eq!(Object::parse(&document).is_ok(), white, "{document:?}");
        }
        // And inside a text: control characters must be escaped, and bytes must be UTF-8.
        let inside = [&b"{\"a\":\"x"[..], &[byte], b"y\"}"].concat();
        let plain = matches!(byte, 0x20..=0x7f) && byte != b'"' && byte != b'\\';
        assert_eq!(Object::parse(&inside).is_ok(), plain, "{byte:#x}");
    }
}

#[test]
fn every_escape_there_is_and_no_other() {
    for byte in 0x20..0x7f_u8 {
        let text = format!(r#"{{"a":"\{}"}}"#, char::from(byte));
        let known = matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't');
        let read = Object::parse(text.as_bytes()).is_ok();
        assert_eq!(read, known, "{text}");
    }
    for digits in ["", "0", "00", "000", "00g0", "+041", "-041", " 041", "0x41", "{41}", "\u{ff10}041"] {
        assert!(Object::parse(format!(r#"{{"a":"\u{digits}"}}"#).as_bytes()).is_err(), "{digits}");
    }
    let object = Object::parse(br#"{"a":"\u0000\u001f\u007f\uffff\/"}"#).unwrap();
    assert_eq!(object.member("a").unwrap().text().unwrap(), "\u{0}\u{1f}\u{7f}\u{ffff}/");
}

#[test]
fn a_document_cut_anywhere_is_refused() {
    let whole = r#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00\n",{"b":true,"c":false,"d":null,"":{}}],"é":"😀"}"#;
    Object::parse(whole.as_bytes()).unwrap();
    for cut in 0..whole.len() {
        assert!(Object::parse(&whole.as_bytes()[..cut]).is_err(), "{cut}");
        // And without one byte: whatever is still read is what another strict reader reads.
        let mut bent = whole.as_bytes().to_vec();
        bent.remove(cut);
        if Object::parse(&bent).is_ok() {
            serde_json::from_slice::<serde_json::Value>(&bent).unwrap();
        }
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
    fn a_number_is_what_the_standard_library_reads(text in "[0-9]{0,21}|[0-9]{0,9}[-/:.e\\x00a\u{ff}][0-9]{0,9}") {
        proptest::prop_assert_eq!(super::whole(&text), text.parse().ok());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let accepted = Object::parse(&bytes).is_ok();
        proptest::prop_assert!(!accepted || serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
    }
}
