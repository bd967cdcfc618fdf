//! Headers that are signed by the right key and wrong all the same.

use super::{Bad, Class, Dice, Target, honest_claims};
use crate::fixtures::{header, id, logout};
use crate::json::{MAX_DEPTH, MAX_MEMBERS};

pub(super) const CLASSES: &[Class] = &[
    Class { name: "crit, in every form", tokens: 396, codes: &["CS-1006"], forge: crit },
    Class { name: "b64 without crit", tokens: 90, codes: &["CS-1017"], forge: b64 },
    Class { name: "a member of the header twice", tokens: 468, codes: &["CS-1004"], forge: twice },
    Class { name: "a header member of another type", tokens: 540, codes: &["CS-1005"], forge: types },
    Class { name: "a header that is not strict JSON", tokens: 738, codes: &["CS-1004"], forge: not_json },
    Class { name: "the typ of another token, signed", tokens: 306, codes: &["CS-1011"], forge: typs },
    Class { name: "a whole token of another kind", tokens: 36, codes: &["CS-1011"], forge: kinds },
    Class {
        name: "another alg, signed",
        tokens: 126,
        codes: &["CS-1005", "CS-1007", "CS-1041"],
        forge: algs,
    },
];

fn and(target: &Target, all: &[&str]) -> Vec<Bad> {
    all.iter().map(|more| target.sign(&target.header_and(more), &honest_claims())).collect()
}

fn crit(target: &Target, _: &mut Dice) -> Vec<Bad> {
    and(
        target,
        &[
            r#","crit":[]"#,
            r#","crit":null"#,
            r#","crit":false"#,
            r#","crit":"""#,
            r#","crit":"exp""#,
            r#","crit":0"#,
            r#","crit":{}"#,
            r#","crit":["exp"]"#,
            r#","crit":["exp"],"exp":1"#,
            r#","crit":["alg"]"#,
            r#","crit":["typ","kid"]"#,
            r#","crit":["crit"]"#,
            r#","crit":[""]"#,
            r#","crit":["x","x"],"x":1"#,
            r#","crit":[null]"#,
            r#","crit":[["b64"]]"#,
            r#","crit":["b64"]"#,
            r#","crit":["b64"],"b64":true"#,
            r#","crit":["b64"],"b64":false"#,
            r#","b64":false,"crit":["b64"]"#,
            r#","cr\u0069t":["x"],"x":1"#,
            r#","crit":["http://openbanking.org.uk/iat"],"http://openbanking.org.uk/iat":1"#,
        ],
    )
}

fn b64(target: &Target, _: &mut Dice) -> Vec<Bad> {
    and(
        target,
        &[r#","b64":false"#, r#","b64":true"#, r#","b64":null"#, r#","b64":"false""#, r#","b\u00364":false"#],
    )
}

fn twice(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let own = format!(r#","alg":"{}""#, target.key.algorithm());
    let mut bad = and(
        target,
        &[
            &own,
            r#","alg":"none""#,
            r#","\u0061lg":"none""#,
            r#","al\u0067":"HS256""#,
            r#","typ":"at+jwt""#,
            r#","t\u0079p":"JWT""#,
            r#","kid":"house""#,
            r#","ki\u0064":"house""#,
            r#","x":1,"x":1"#,
            r#","x":1,"\u0078":2"#,
            r#","":1,"":2"#,
            r#","😀":1,"\ud83d\ude00":2"#,
        ],
    );
    for depth in 1..MAX_DEPTH {
        for pair in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#] {
            let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
            bad.extend(and(target, &[&format!(r#","x":{open}{pair}{close}"#)]));
        }
    }
    bad
}

fn types(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let alg = target.key.algorithm();
    let kid = target.key.key_id().unwrap();
    let others = ["null", "true", "7", "[]", "{}", r#"["at+jwt"]"#, r#"{"x":1}"#];
    let mut bad = Vec::new();
    for other in others {
        for header in [
            format!(r#"{{"alg":{other},"typ":"at+jwt","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"{alg}","typ":{other},"kid":"{kid}"}}"#),
            format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":{other}}}"#),
            format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}","cty":{other}}}"#),
        ] {
            bad.push(target.sign(&header, &honest_claims()));
        }
    }
    bad.push(target.sign(&format!(r#"{{"typ":"at+jwt","kid":"{kid}"}}"#), &honest_claims()));
    bad.push(target.sign(&format!(r#"{{"Alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#), &honest_claims()));
    bad
}

fn not_json(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let honest = header(&*target.key);
    let members: String = (0..MAX_MEMBERS).map(|n| format!(r#","m{n}":0"#)).collect();
    let mut texts = vec![
        format!("{honest}x"),
        format!("{honest}{honest}"),
        format!("{honest},"),
        format!("{honest}\0"),
        format!("\u{feff}{honest}"),
        format!("[{honest}]"),
        format!("\"{}\"", honest.replace('"', "\\\"")),
        honest.replace('"', "'"),
        honest.replace(':', "="),
        honest.replace("\"alg\"", "alg"),
        honest.replace('}', ",}"),
        honest.replace('}', ""),
        honest.replace('{', ""),
        honest.replace('}', "/**/}"),
        "null".into(),
        "{".into(),
        "[]".into(),
        "\"\"".into(),
        String::new().replace("", " "),
        target.header_and(&members),
        target.header_and(&format!(r#","x":{}{}"#, "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))),
        target.header_and(&format!(r#","x":{}"#, "[".repeat(2000))),
    ];
    for value in [
        "01",
        "+1",
        ".5",
        "1.",
        "NaN",
        "Infinity",
        "-",
        "1e",
        "0x1",
        "18446744073709551616",
        "1e400",
        "TRUE",
        r#""\x41""#,
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\ud800""#,
        r#""\ud800x""#,
        "\"\n\"",
        "\"\u{1}\"",
    ] {
        texts.push(target.header_and(&format!(r#","x":{value}"#)));
    }
    texts.iter().map(|text| target.sign(text, &honest_claims())).collect()
}

fn typs(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let honest = header(&*target.key);
    let typ = |typ: &str| honest.replace(r#","typ":"at+jwt""#, typ);
    [
        "",
        r#","typ":"""#,
        r#","typ":"JWT""#,
        r#","typ":"jwt""#,
        r#","typ":"id+jwt""#,
        r#","typ":"logout+jwt""#,
        r#","typ":"dpop+jwt""#,
        r#","typ":"secevent+jwt""#,
        r#","typ":"AT+JWT""#,
        r#","typ":"at+jwt ""#,
        r#","typ":" at+jwt""#,
        r#","typ":"at+jwt;v=1""#,
        r#","typ":"application/application/at+jwt""#,
        r#","typ":"Application/at+jwt""#,
        r#","typ":"at+jwt\u0000""#,
        r#","Typ":"at+jwt""#,
        r#","typ":"at jwt""#,
    ]
    .into_iter()
    .map(|other| target.sign(&typ(other), &honest_claims()))
    .collect()
}

fn kinds(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let key = &*target.key;
    [crate::jwt::sign(key, &id()), crate::jwt::sign(key, &logout())].map(|token| token.unwrap().into()).into()
}

fn algs(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let kid = target.key.key_id().unwrap();
    let own = target.key.algorithm().name().to_lowercase();
    [r#""none""#, r#""None""#, r#""""#, r#""HS1""#, "null", &format!("\"{own}\""), &format!("\"{own} \"")]
        .into_iter()
        .map(|alg| target.sign(&format!(r#"{{"alg":{alg},"typ":"at+jwt","kid":"{kid}"}}"#), &honest_claims()))
        .collect()
}
