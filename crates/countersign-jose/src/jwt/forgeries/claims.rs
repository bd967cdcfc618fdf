//! Claims that are signed by the right key and wrong all the same.

use super::{Bad, Class, Dice, Target, honest_claims};
use crate::base64;
use crate::fixtures::{AUDIENCE, ISSUER, NOW, access_with, header};
use crate::json::MAX_DEPTH;

const CLAIM: &[&str] = &["CS-1012"];
const JSON: &[&str] = &["CS-1004"];

pub(super) const CLASSES: &[Class] = &[
    Class { name: "a claim that is missing", tokens: 126, codes: CLAIM, forge: missing },
    Class { name: "a claim of another type", tokens: 1584, codes: CLAIM, forge: types },
    Class { name: "a number in another form", tokens: 1296, codes: &["CS-1004", "CS-1012"], forge: numbers },
    Class { name: "a claim twice", tokens: 468, codes: JSON, forge: twice },
    Class { name: "half of a surrogate pair", tokens: 432, codes: JSON, forge: surrogates },
    Class { name: "bytes that are not UTF-8", tokens: 252, codes: JSON, forge: not_utf8 },
    Class { name: "claims that are not strict JSON", tokens: 666, codes: JSON, forge: not_json },
    Class { name: "beyond its time", tokens: 216, codes: &["CS-1015"], forge: late },
    Class { name: "before its time", tokens: 288, codes: &["CS-1016"], forge: early },
    Class { name: "another audience", tokens: 486, codes: &["CS-1012", "CS-1014"], forge: audiences },
    Class { name: "another issuer", tokens: 342, codes: &["CS-1012", "CS-1013"], forge: issuers },
];

const REQUIRED: [&str; 7] = ["iss", "sub", "aud", "client_id", "iat", "exp", "jti"];

fn with(target: &Target, claim: &str, json: &str) -> Bad {
    target.sign_claims(&access_with(claim, json))
}

fn and(target: &Target, more: &str) -> Bad {
    let honest = honest_claims();
    target.sign_claims(&format!("{}{more}}}", honest.strip_suffix('}').unwrap()))
}

fn missing(target: &Target, _: &mut Dice) -> Vec<Bad> {
    REQUIRED.iter().map(|claim| with(target, claim, "")).collect()
}

fn types(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let mut bad = Vec::new();
    let texts = ["iss", "sub", "client_id", "jti", "scope", "acr"];
    for claim in texts {
        for json in ["null", "true", "7", "[]", "{}", r#"["ana"]"#, r#"{"":1}"#] {
            bad.push(with(target, claim, json));
        }
    }
    for claim in REQUIRED.into_iter().filter(|claim| texts.contains(claim)) {
        bad.push(with(target, claim, r#""""#));
    }
    for claim in ["iat", "exp", "auth_time", "nbf"] {
        for json in ["null", "false", "[]", "{}", r#""1800000000""#, "[1800000000]", r#""""#] {
            bad.push(with(target, claim, json));
        }
    }
    for json in ["null", "true", "7", r#""pwd""#, r#"[7]"#, r#"[["pwd"]]"#, "{}"] {
        bad.push(with(target, "amr", json));
    }
    for json in ["null", "true", "7", r#""jkt""#, "[]", r#"{"jkt":7}"#, r#"{"jkt":null}"#] {
        bad.push(with(target, "cnf", json));
    }
    bad
}

fn numbers(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let forms = [
        "1800000300.0",
        "1800000300.5",
        "18e8",
        "1.8e9",
        "-1",
        "-0",
        "0.0",
        "01800000300",
        "+1800000300",
        "0x6b49d200",
        "1_800_000_300",
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "18446744073709551616",
        "-9223372036854775809",
        "99999999999999999999999999",
        "1800000300n",
        "1,8",
    ];
    let mut bad: Vec<Bad> = Vec::new();
    for claim in ["exp", "iat", "nbf"] {
        bad.extend(forms.iter().map(|form| with(target, claim, form)));
        // Beyond the year 9999, and beyond what a signed number holds.
        for beyond in ["253402300800", "9223372036854775807", "9223372036854775808", "18446744073709551615"] {
            bad.push(with(target, claim, beyond));
        }
    }
    bad
}

fn twice(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let mut bad: Vec<Bad> = [
        r#","sub":"root""#,
        r#","s\u0075b":"root""#,
        r#","\u0073\u0075\u0062":"root""#,
        r#","exp":9999999999"#,
        r#","e\u0078p":9999999999"#,
        r#","iss":"https://evil.example""#,
        r#","aud":"evil""#,
        r#","scope":"admin""#,
        r#","x":1,"x":1"#,
        r#","":1,"":1"#,
        r#","😀":1,"\ud83d\ude00":2"#,
        r#","/":1,"\/":2"#,
    ]
    .into_iter()
    .map(|more| and(target, more))
    .collect();
    for depth in 1..MAX_DEPTH {
        for pair in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#] {
            let (open, close) = (r#"{"x":"#.repeat(depth - 1), "}".repeat(depth - 1));
            bad.push(and(target, &format!(r#","x":{open}{pair}{close}"#)));
        }
    }
    bad
}

fn surrogates(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let mut bad = Vec::new();
    for half in [
        r"\ud800",
        r"\udbff",
        r"\udc00",
        r"\udfff",
        r"\ud800\ud800",
        r"\ud800x",
        r"\udc00\ud800",
        r"\uD83D\n",
    ] {
        bad.push(with(target, "sub", &format!("\"{half}\"")));
        bad.push(and(target, &format!(r#","{half}":1"#)));
        bad.push(and(target, &format!(r#","x":[{{"y":"a{half}"}}]"#)));
    }
    bad
}

fn not_utf8(target: &Target, dice: &mut Dice) -> Vec<Bad> {
    let key = &*target.key;
    let mut bad = Vec::new();
    for damage in
        [&b"\xff"[..], b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xfe\xff"]
    {
        for part in 0..2 {
            let mut texts = [header(key).into_bytes(), honest_claims().into_bytes()];
            let at = 2 + dice.below(texts[part].len() - 4);
            texts[part].splice(at..at, damage.iter().copied());
            let signed = format!("{}.{}", base64::encode(&texts[0]), base64::encode(&texts[1]));
            let signature = key.sign(signed.as_bytes()).unwrap();
            bad.push(format!("{signed}.{}", base64::encode(signature)).into());
        }
    }
    bad
}

fn not_json(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let honest = honest_claims();
    let mut bad: Vec<Bad> = [
        String::new(),
        " ".into(),
        "null".into(),
        "true".into(),
        "7".into(),
        "\"x\"".into(),
        "[]".into(),
        "{".into(),
        format!("[{honest}]"),
        format!("{honest}x"),
        format!("{honest}{honest}"),
        format!("{honest}]"),
        format!("{honest}\0"),
        format!("\u{feff}{honest}"),
        honest.replace('"', "'"),
        honest.replace('}', ",}"),
        honest.replace('{', "{,"),
        honest.replace(',', ",,"),
        honest.replace(',', ";"),
        honest.replace("\"sub\"", "sub"),
        honest.replace('}', "/**/}"),
        honest.replace('}', "//\n}"),
        honest.replace(':', " "),
        honest.replace("ana", "a\na"),
        honest.replace("ana", "a\\'a"),
        honest.replace("ana", "a\ta"),
        honest.replace('}', ""),
        honest.replace('{', "({"),
    ]
    .iter()
    .map(|claims| target.sign_claims(claims))
    .collect();
    for depth in [MAX_DEPTH, MAX_DEPTH + 1, 100, 1000] {
        bad.push(and(target, &format!(r#","x":{}{}"#, "[".repeat(depth), "]".repeat(depth))));
        bad.push(and(target, &format!(r#","x":{}1{}"#, r#"{"x":"#.repeat(depth), "}".repeat(depth))));
    }
    let members: String = (0..crate::json::MAX_MEMBERS).map(|n| format!(r#","m{n}":0"#)).collect();
    bad.push(and(target, &members));
    bad
}

/// The verifiers allow five seconds; `exp` is 300 after `NOW`.
fn late(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let honest = |now: u64| Bad { token: target.token.clone(), now };
    let mut bad: Vec<Bad> =
        [305, 306, 365, 3_600, 86_400, 31_536_000].into_iter().map(|later| honest(NOW + later)).collect();
    bad.push(honest(u64::MAX));
    for exp in [0, 1, NOW - 86_400, NOW - 6, NOW - 5] {
        bad.push(with(target, "exp", &exp.to_string()));
    }
    bad
}

fn early(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let honest = |now: u64| Bad { token: target.token.clone(), now };
    let mut bad: Vec<Bad> =
        [NOW - 6, NOW - 7, NOW - 60, NOW - 86_400, 1, 0].into_iter().map(honest).collect();
    for claim in ["iat", "nbf"] {
        for from in [NOW + 6, NOW + 60, NOW + 299, NOW + 86_400, 253_402_300_799] {
            bad.push(with(target, claim, &from.to_string()));
        }
    }
    bad
}

fn audiences(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let upper = AUDIENCE.to_uppercase();
    let half = AUDIENCE.split_at(AUDIENCE.len() / 2).0;
    [
        "null",
        "7",
        "true",
        "{}",
        "[]",
        r#""""#,
        r#"[""]"#,
        "[7]",
        "[null]",
        r#"{"aud":"shop-api"}"#,
        r#"[["shop-api"]]"#,
        r#"["shop-api",7]"#,
        r#"["shop-api",""]"#,
        r#"["shop-api",null]"#,
        r#""*""#,
        r#"["other","another"]"#,
        r#""shop-api/""#,
        r#"" shop-api""#,
        r#""shop-api ""#,
        r#""shop-api,other""#,
        r#""shop-api\u0000""#,
        r#""shop-ap\u0456""#,
        r#""other shop-api""#,
        r#"["SHOP-API","shop_api"]"#,
        &format!("\"{upper}\""),
        &format!("\"{half}\""),
        &format!("[\"{half}\"]"),
    ]
    .into_iter()
    .map(|json| with(target, "aud", json))
    .collect()
}

fn issuers(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let text = |text: String| format!("\"{text}\"");
    [
        text(format!("{ISSUER}/")),
        text(ISSUER.to_uppercase()),
        text(ISSUER.replace("https", "http")),
        text(format!("{ISSUER}:443")),
        text(format!(" {ISSUER}")),
        text(format!("{ISSUER} ")),
        text(format!("{ISSUER}.evil.example")),
        text(format!("{ISSUER}@evil.example")),
        text(format!("{ISSUER}?a=b")),
        text(format!("{ISSUER}#")),
        text(format!("{ISSUER}\\u0000")),
        text(ISSUER.replace("id.", "")),
        text(ISSUER.split_at(10).0.into()),
        text("https://evil.example".into()),
        text("*".into()),
        format!("[\"{ISSUER}\"]"),
        format!("[\"{ISSUER}\",\"https://evil.example\"]"),
        format!("{{\"iss\":\"{ISSUER}\"}}"),
        text(ISSUER.replace("shop", "sh\\u043ep")),
    ]
    .iter()
    .map(|json| with(target, "iss", json))
    .collect()
}
