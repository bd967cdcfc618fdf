//! What a forger without the key can do: bend, cut, mix and pack honest tokens.

use super::{Bad, Class, Dice, Target, honest_claims, parts};
use crate::algorithm::{Algorithm, Family};
use crate::backend::secret::MacKey;
use crate::base64;
use crate::fixtures::{NOW, access, header};
use crate::jwe;
use crate::jws::MAX_TOKEN;
use crate::key::{Signer, SigningKey};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ODD: [char; 12] = [' ', '\t', '\n', '\r', '\0', '\u{a0}', '+', '/', '!', '?', '%', '\u{e9}'];
/// Every way in which a header can be wrong.
const HEADER: &[&str] = &[
    "CS-1001", "CS-1003", "CS-1004", "CS-1005", "CS-1006", "CS-1007", "CS-1008", "CS-1009", "CS-1010",
    "CS-1011", "CS-1017",
];

pub(super) const CLASSES: &[Class] = &[
    Class { name: "a bit of the header", tokens: 288, codes: HEADER, forge: |t, d| bits(t, d, 0) },
    Class { name: "a bit of the payload", tokens: 288, codes: &["CS-1010"], forge: |t, d| bits(t, d, 1) },
    Class { name: "a bit of the signature", tokens: 288, codes: &["CS-1010"], forge: |t, d| bits(t, d, 2) },
    Class { name: "a character of the text", tokens: 288, codes: HEADER, forge: characters },
    Class {
        name: "bits left over in base64url",
        tokens: 249,
        codes: &["CS-1003", "CS-1010"],
        forge: left_over,
    },
    Class { name: "padding", tokens: 216, codes: &["CS-1003", "CS-1010"], forge: padding },
    Class {
        name: "white space and foreign characters",
        tokens: 1944,
        codes: &["CS-1003", "CS-1010"],
        forge: odd,
    },
    Class { name: "another alg", tokens: 1044, codes: &["CS-1007", "CS-1010", "CS-1041"], forge: algs },
    Class { name: "another typ", tokens: 288, codes: &["CS-1011", "CS-1010"], forge: typs },
    Class {
        name: "another kid",
        tokens: 540,
        codes: &["CS-1005", "CS-1007", "CS-1008", "CS-1009", "CS-1010"],
        forge: kids,
    },
    Class { name: "a signature cut or grown", tokens: 216, codes: &["CS-1010"], forge: lengths },
    Class { name: "a signature in DER", tokens: 54, codes: &["CS-1010"], forge: der },
    Class { name: "a blank signature", tokens: 108, codes: &["CS-1010"], forge: blank },
    Class { name: "parts in another order", tokens: 468, codes: HEADER, forge: order },
    Class {
        name: "the header of another key",
        tokens: 306,
        codes: &["CS-1007", "CS-1008", "CS-1010"],
        forge: |t, _| mixed(t, 0),
    },
    Class { name: "the payload of another token", tokens: 288, codes: &["CS-1010"], forge: payloads },
    Class {
        name: "the signature of another key",
        tokens: 306,
        codes: &["CS-1010"],
        forge: |t, _| mixed(t, 2),
    },
    Class {
        name: "dots",
        tokens: 540,
        codes: &["CS-1002", "CS-1003", "CS-1004", "CS-1010", "CS-1058"],
        forge: dots,
    },
    Class {
        name: "a signed document as a token",
        tokens: 180,
        codes: &["CS-1001", "CS-1002", "CS-1003", "CS-1058"],
        forge: documents,
    },
    Class {
        name: "an encrypted token as a signed one",
        tokens: 216,
        codes: &["CS-1002", "CS-1005", "CS-1007", "CS-1009", "CS-1011", "CS-1058"],
        forge: encrypted,
    },
    Class { name: "too long", tokens: 90, codes: &["CS-1001"], forge: oversize },
    Class { name: "a key that the token brings", tokens: 90, codes: &["CS-1010"], forge: brought },
    Class {
        name: "a public key as an HMAC secret",
        tokens: 396,
        codes: &["CS-1007", "CS-1010"],
        forge: confused,
    },
];

fn joined(parts: &[String; 3]) -> Bad {
    parts.join(".").into()
}

fn with_header(target: &Target, header: &str) -> Bad {
    let [_, payload, signature] = target.parts();
    joined(&[base64::encode(header), payload, signature])
}

fn with_signature(target: &Target, signature: &[u8]) -> Bad {
    let [header, payload, _] = target.parts();
    joined(&[header, payload, base64::encode(signature)])
}

fn signature(target: &Target) -> Vec<u8> {
    base64::decode(&target.parts()[2]).unwrap()
}

fn bits(target: &Target, dice: &mut Dice, part: usize) -> Vec<Bad> {
    (0..16)
        .map(|_| {
            let mut parts = target.parts();
            let mut bytes = base64::decode(&parts[part]).unwrap();
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
            parts[part] = base64::encode(bytes);
            joined(&parts)
        })
        .collect()
}

fn characters(target: &Target, dice: &mut Dice) -> Vec<Bad> {
    (0..16)
        .map(|_| {
            let mut token = target.token.clone().into_bytes();
            let places: Vec<usize> = (0..token.len()).filter(|at| token[*at] != b'.').collect();
            let at = *dice.pick(&places);
            let others: Vec<u8> = ALPHABET.iter().copied().filter(|new| *new != token[at]).collect();
            token[at] = *dice.pick(&others);
            String::from_utf8(token).unwrap().into()
        })
        .collect()
}

/// All other spellings of the last character of each part.
fn left_over(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let mut bad = Vec::new();
    for part in 0..3 {
        let parts = target.parts();
        let spare = match parts[part].len() % 4 {
            2 => 16,
            3 => 4,
            _ => 1,
        };
        let last = parts[part].bytes().last().unwrap();
        let value = ALPHABET.iter().position(|character| *character == last).unwrap();
        for other in (value..value + spare).skip(1) {
            let mut bent = parts.clone();
            bent[part].pop();
            bent[part].push(char::from(ALPHABET[other]));
            bad.push(joined(&bent));
        }
    }
    bad
}

fn padding(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let each = |part: usize| {
        ["=", "==", "===", "%3D"].into_iter().map(move |pad| {
            let mut parts = target.parts();
            parts[part].push_str(pad);
            joined(&parts)
        })
    };
    (0..3).flat_map(each).collect()
}

fn odd(target: &Target, dice: &mut Dice) -> Vec<Bad> {
    let mut bad = Vec::new();
    for part in 0..3 {
        for character in ODD {
            let length = target.parts()[part].len();
            for at in [0, 1 + dice.below(length - 1), length] {
                let mut parts = target.parts();
                parts[part].insert(at, character);
                bad.push(joined(&parts));
            }
        }
    }
    bad
}

fn algs(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let own = target.key.algorithm().name();
    let honest = header(&*target.key);
    let none =
        ["none", "None", "NONE", "nOnE", "", "\\u006eone", "none ", "HS1", "RS1", "ES256 ", "A128KW", "dir"];
    let names = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).chain(none);
    names
        .filter(|name| *name != own)
        .flat_map(|name| {
            let bent = honest.replace(&format!(r#""alg":"{own}""#), &format!(r#""alg":"{name}""#));
            let unsigned = format!("{}.{}.", base64::encode(&bent), target.parts()[1]);
            [with_header(target, &bent), unsigned.into()]
        })
        .collect()
}

fn typs(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let honest = header(&*target.key);
    [
        "JWT",
        "jwt",
        "id+jwt",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "AT+JWT",
        "at+jwt ",
        "at%2Bjwt",
        "",
        "application/at+jwt",
        "application/JWT",
        "text/at+jwt",
        "at+jwt;v=2",
        "kb+jwt",
        "dc+sd-jwt",
    ]
    .into_iter()
    .map(|typ| with_header(target, &honest.replace(r#""typ":"at+jwt""#, &format!(r#""typ":"{typ}""#))))
    .collect()
}

fn kids(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let (alg, long) = (target.key.algorithm(), format!("\"{}\"", "k".repeat(257)));
    let named = |kid: &str| with_header(target, &format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":{kid}}}"#));
    let mut bad: Vec<Bad> = [
        r#""../../dev/null""#,
        r#""' OR 1=1 --""#,
        r#""https://evil.example/jwks""#,
        r#""*""#,
        r#""""#,
        "7",
        "null",
        "true",
        r#"["a"]"#,
        r#"{"kid":"a"}"#,
        r#""a\u0000""#,
        &long,
    ]
    .into_iter()
    .map(named)
    .collect();
    for other in &target.others {
        let header = base64::decode(&parts(other)[0]).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        bad.push(named(&header["kid"].to_string()));
    }
    bad.push(with_header(target, &format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#)));
    bad
}

fn lengths(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let honest = signature(target);
    let size = honest.len();
    let mut bad: Vec<Bad> = [0, 1, size / 2, size - 2, size - 1]
        .into_iter()
        .map(|length| with_signature(target, &honest[..length]))
        .collect();
    for more in [vec![0], vec![0xff], vec![0; 32], honest.clone()] {
        bad.push(with_signature(target, &[&honest[..], &more].concat()));
        bad.push(with_signature(target, &[&more, &honest[..]].concat()));
    }
    bad.pop();
    bad
}

/// The signature as other protocols write it: SEQUENCE of INTEGERs, OCTET STRING, BIT STRING.
fn der(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let honest = signature(target);
    let element = |tag: u8, body: &[u8]| {
        let length = body.len();
        let mut der = vec![tag];
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => der.push(short),
            _ => der.extend([&[0x82], &u16::try_from(length).unwrap().to_be_bytes()[..]].concat()),
        }
        der.extend_from_slice(body);
        der
    };
    let integer = |bytes: &[u8]| {
        let mut body: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        if body.first().is_none_or(|first| first & 0x80 != 0) {
            body.insert(0, 0);
        }
        element(2, &body)
    };
    let (r, s) = honest.split_at(honest.len() / 2);
    [
        element(0x30, &[integer(r), integer(s)].concat()),
        element(4, &honest),
        element(3, &[&[0], &honest[..]].concat()),
    ]
    .into_iter()
    .map(|der| with_signature(target, &der))
    .collect()
}

fn blank(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let size = signature(target).len();
    let half = size / 2;
    let (zero, full) = (vec![0; half], vec![0xff; size - half]);
    let mut one = zero.clone();
    one[half - 1] = 1;
    [
        [zero.clone(), zero.clone()].concat(),
        [full.clone(), full.clone()].concat(),
        [one.clone(), one.clone()].concat(),
        [zero.clone(), one.clone()].concat(),
        [one, zero.clone()].concat(),
        [full, zero].concat(),
    ]
    .into_iter()
    .map(|blank| with_signature(target, &blank))
    .collect()
}

fn order(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let parts = target.parts();
    let orders =
        (0..27).map(|order| [order / 9, order / 3 % 3, order % 3]).filter(|order| *order != [0, 1, 2]);
    orders.map(|order| joined(&order.map(|part: usize| parts[part].clone()))).collect()
}

fn mixed(target: &Target, part: usize) -> Vec<Bad> {
    let swap = |other: &String| {
        let mut mixed = target.parts();
        mixed[part] = parts(other)[part].clone();
        joined(&mixed)
    };
    target.others.iter().map(swap).collect()
}

fn payloads(target: &Target, dice: &mut Dice) -> Vec<Bad> {
    let [header, _, signature] = target.parts();
    (0..16_u64)
        .map(|at| {
            let mut claims = access();
            match at % 4 {
                0 => claims.sub = format!("root-{}", dice.below(1000)),
                1 => claims.exp += 1 + at,
                2 => claims.scope = Some(format!("read write admin-{}", dice.below(1000))),
                _ => claims.jti = format!("t{}", 2 + dice.below(1000)),
            }
            let claims = serde_json::to_vec(&claims).unwrap();
            joined(&[header.clone(), base64::encode(claims), signature.clone()])
        })
        .collect()
}

fn dots(target: &Target, dice: &mut Dice) -> Vec<Bad> {
    let token = &target.token;
    let [header, payload, signature] = target.parts();
    let mut bad: Vec<String> = vec![
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        "....".into(),
        ".".repeat(1000),
        header.clone(),
        format!("{header}.{payload}"),
        format!("{payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!(".{token}"),
        format!("{token}."),
        format!("{token}.."),
        format!("{token}.{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{token}"),
        token.replace('.', ".."),
        token.replace('.', ""),
        token.replace('.', "%2E"),
        token.replace('.', "\u{2e32}"),
    ];
    for _ in 0..8 {
        let mut nested = token.clone();
        nested.insert(1 + dice.below(token.len() - 1), '.');
        bad.push(nested);
    }
    bad.into_iter().map(Into::into).collect()
}

fn documents(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let (token, [header, payload, signature]) = (&target.token, target.parts());
    let one = format!(r#""protected":"{header}","signature":"{signature}""#);
    [
        format!(r#"{{"payload":"{payload}",{one}}}"#),
        format!(r#"{{"payload":"{payload}","signatures":[{{{one}}}]}}"#),
        format!("{{{one}}}"),
        format!("\"{token}\""),
        format!("[\"{token}\"]"),
        format!(r#"{{"token":"{token}"}}"#),
        format!("Bearer {token}"),
        format!("{token}~"),
        format!("{token},{token}"),
        format!("<{token}>"),
    ]
    .into_iter()
    .map(Into::into)
    .collect()
}

fn encrypted(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let mut bad = Vec::new();
    let key = jwe::SymmetricKey::generate(jwe::KeyAlgorithm::A256Kw).unwrap();
    for plain in [target.token.as_bytes(), honest_claims().as_bytes()] {
        // With the `kid` and `typ` of the honest token, as a confused sender would write it.
        for message in [jwe::Message::new(plain), jwe::Message::new(plain).typ("at+jwt").cty("JWT")] {
            let token = message.encrypt(&key).unwrap();
            let parts: Vec<&str> = token.split('.').collect();
            bad.push([parts[0], parts[3], parts[4]].join("."));
            bad.push([parts[0], &target.parts()[1], &target.parts()[2]].join("."));
            bad.push(token);
        }
    }
    bad.into_iter().map(Into::into).collect()
}

fn oversize(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let [header, payload, signature] = target.parts();
    let long = "A".repeat(MAX_TOKEN);
    [
        format!("{header}{long}.{payload}.{signature}"),
        format!("{header}.{payload}{long}.{signature}"),
        format!("{header}.{payload}.{signature}{long}"),
        ".".repeat(MAX_TOKEN + 1),
        long.repeat(8),
    ]
    .into_iter()
    .map(Into::into)
    .collect()
}

/// The forger's own key in the header, and its signature.
fn brought(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let evil = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = serde_json::to_string(&evil.verifying_key().to_jwk()).unwrap();
    [
        format!(r#","jwk":{jwk}"#),
        r#","jku":"https://evil.example/jwks.json""#.into(),
        r#","x5u":"https://evil.example/cert.pem""#.into(),
        r#","x5c":["MIIB"]"#.into(),
        format!(r#","jwk":{jwk},"jku":"https://evil.example/jwks.json""#),
    ]
    .into_iter()
    .map(|more| {
        let signed = format!("{}.{}", base64::encode(target.header_and(&more)), target.parts()[1]);
        let signature = evil.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", base64::encode(signature)).into()
    })
    .collect()
}

/// HMAC under every document that a forger can know.
fn confused(target: &Target, _: &mut Dice) -> Vec<Bad> {
    let key = target.key.key_id().unwrap().to_string();
    let mut secrets =
        vec![Vec::new(), key.into_bytes(), target.token.clone().into_bytes(), b"secret".to_vec()];
    if let Some(jwk) = &target.published {
        let key = crate::jwk::Jwk::parse(jwk.as_bytes()).unwrap();
        secrets.push(jwk.clone().into_bytes());
        secrets.push(key.thumbprint().into_bytes());
        let value: serde_json::Value = serde_json::from_str(jwk).unwrap();
        for member in ["n", "x", "pub"] {
            if let Some(text) = value[member].as_str() {
                secrets.push(text.as_bytes().to_vec());
                secrets.push(base64::decode(text).unwrap());
            }
        }
    }
    let hmacs = Algorithm::ALL.into_iter().filter(|algorithm| algorithm.family() == Family::Secret);
    let own = target.key.algorithm().name();
    hmacs
        .flat_map(|hmac| {
            let header =
                header(&*target.key).replace(&format!(r#""alg":"{own}""#), &format!(r#""alg":"{hmac}""#));
            let signed = format!("{}.{}", base64::encode(header), target.parts()[1]);
            let tag = |secret: &Vec<u8>| {
                let tag = MacKey::new(hmac.mac_hash().unwrap(), secret).sign(signed.as_bytes());
                Bad { token: format!("{signed}.{}", base64::encode(tag)), now: NOW }
            };
            secrets.iter().map(tag).collect::<Vec<_>>()
        })
        .collect()
}
