//! The vectors of RFC 7515 A, RFC 7520 4, RFC 7797 4 and RFC 8037 A.

use crate::algorithm::Algorithm;
use crate::base64;
use crate::error::Error;
use crate::jwk::{Jwk, PrivateJwk};
use crate::jws::{self, AllOf, AnyOf, Content, Trusted};
use crate::key::{KeyId, KeySet, SharedKey, SigningKey, VerifyingKey};

const PAYLOAD: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn public(jwk: &str) -> Trusted {
    VerifyingKey::from_jwk(&Jwk::parse(jwk.as_bytes()).unwrap()).unwrap().into()
}

fn accepts(token: &str, trusted: &Trusted) {
    let signed = jws::verify(token, trusted).unwrap();
    let payload = token.split('.').nth(1).unwrap();
    assert_eq!(base64::encode(signed.payload()), payload);
}

fn rfc_7515_a1() -> SharedKey {
    let secret = base64::decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    )
    .unwrap();
    SharedKey::new(Algorithm::Hs256, &secret).unwrap()
}

#[test]
fn rfc_7515_a1_hs256() {
    let key = rfc_7515_a1();
    let token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let signed = jws::verify(&token, &Trusted::from(key)).unwrap();
    assert_eq!(signed.typ(), Some("JWT"));
    assert!(signed.payload().starts_with(b"{\"iss\":\"joe\",\r\n"));
}

const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const RS256: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const ES256: &str = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

#[test]
fn rfc_7515_a2_rs256() {
    accepts(&format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.{RS256}"), &public(RSA));
}

#[test]
fn rfc_7515_a3_es256() {
    accepts(&format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.{ES256}"), &public(EC));
}

#[test]
fn rfc_7515_a4_es512() {
    let key = public(
        r#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#,
    );
    let signature = "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    accepts(&format!("eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.{signature}"), &key);
}

#[test]
fn rfc_7515_a5_unsecured_is_refused() {
    let token = format!("eyJhbGciOiJub25lIn0.{PAYLOAD}.");
    for trusted in [public(RSA), public(EC), Trusted::from(rfc_7515_a1())] {
        assert_eq!(jws::verify(&token, &trusted).unwrap_err(), Error::AlgorithmNone);
    }
}

/// The signatures of appendix A.6 as a document says them.
fn rfc_7515_a6() -> [String; 2] {
    [
        format!(
            r#""protected":"eyJhbGciOiJSUzI1NiJ9","header":{{"kid":"2010-12-29"}},"signature":"{RS256}""#
        ),
        format!(
            r#""protected":"eyJhbGciOiJFUzI1NiJ9","header":{{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"}},"signature":"{ES256}""#
        ),
    ]
}

fn named(jwk: &str, kid: &str) -> VerifyingKey {
    let key = VerifyingKey::from_jwk(&Jwk::parse(jwk.as_bytes()).unwrap()).unwrap();
    key.with_id(KeyId::new(kid).unwrap())
}

#[test]
fn rfc_7515_a6_two_signatures_in_general_json() {
    let [rs, es] = rfc_7515_a6();
    let document = format!(r#"{{"payload":"{PAYLOAD}","signatures":[{{{rs}}},{{{es}}}]}}"#);
    let (rsa, ec) = (named(RSA, "2010-12-29"), named(EC, "e9bc097a-ce51-4036-9562-d2ade882db0d"));

    let both = jws::verify_json(&document, &AllOf::new(rsa.clone()).and(ec.clone())).unwrap();
    assert!(both.payload().starts_with(b"{\"iss\":\"joe\",\r\n"));
    let algorithms: Vec<Algorithm> = both.signatures().iter().map(jws::Signature::algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Rs256, Algorithm::Es256]);

    for mine in [rsa.clone(), ec.clone()] {
        let signed = jws::verify_json(&document, &AnyOf::new(mine.clone())).unwrap();
        let names: Vec<_> = signed.signatures().iter().map(jws::Signature::key_id).collect();
        assert_eq!(names, [Some(mine.key_id())]);
    }
    let set = KeySet::new([rsa, ec]).unwrap();
    assert_eq!(jws::verify_json(&document, &AnyOf::new(set)).unwrap().signatures().len(), 2);
}

#[test]
fn rfc_7515_a7_flattened_json() {
    let [_, es] = rfc_7515_a6();
    let document = format!(r#"{{"payload":"{PAYLOAD}",{es}}}"#);
    let ec = named(EC, "e9bc097a-ce51-4036-9562-d2ade882db0d");
    assert_eq!(jws::verify_json(&document, &AnyOf::new(ec)).unwrap().signatures().len(), 1);
}

#[test]
fn rfc_7515_f_the_same_tokens_with_their_payload_apart() {
    let payload = base64::decode(PAYLOAD).unwrap();
    let token = format!("eyJhbGciOiJFUzI1NiJ9..{ES256}");
    assert_eq!(jws::verify_detached(&token, &payload, &public(EC)).unwrap().payload(), payload);
    let [rs, es] = rfc_7515_a6();
    let document = format!(r#"{{"signatures":[{{{rs}}},{{{es}}}]}}"#);
    let rsa = named(RSA, "2010-12-29");
    assert!(jws::verify_json_detached(&document, &payload, &AnyOf::new(rsa)).is_ok());
}

#[test]
fn rfc_8037_a4_ed25519() {
    let key = public(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let token = format!("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.{signature}");
    assert_eq!(jws::verify(&token, &key).unwrap().payload(), b"Example of Ed25519 signing");
}

#[test]
fn rfc_8037_a5_the_same_key_signs_the_same_bytes_again() {
    // The private key of A.1 in PKCS#8 (RFC 8410 7).
    let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let seed = base64::decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let key = SigningKey::from_pkcs8(Algorithm::EdDsa, &[&prefix[..], &seed].concat()).unwrap();
    let token = crate::fixtures::forge(&key, r#"{"alg":"EdDSA"}"#, "Example of Ed25519 signing");
    assert_eq!(
        token,
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

/// The payload of RFC 7520, and its keys.
const BILBO: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";
const BILBO_RSA: &str = r#"{"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig","n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw","e":"AQAB"}"#;
const BILBO_EC: &str = r#"{"kty":"EC","kid":"bilbo.baggins@hobbiton.example","use":"sig","crv":"P-521","x":"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt","y":"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"}"#;
const BILBO_PRIVATE: &str = r#"{"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig","n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw","e":"AQAB","d":"bWUC9B-EFRIo8kpGfh0ZuyGPvMNKvYWNtB_ikiH9k20eT-O1q_I78eiZkpXxXQ0UTEs2LsNRS-8uJbvQ-A1irkwMSMkK1J3XTGgdrhCku9gRldY7sNA_AKZGh-Q661_42rINLRCe8W-nZ34ui_qOfkLnK9QWDDqpaIsA-bMwWWSDFu2MUBYwkHTMEzLYGqOe04noqeq1hExBTHBOBdkMXiuFhUq1BU6l-DqEiWxqg82sXt2h-LMnT3046AOYJoRioz75tSUQfGCshWTBnP5uDjd18kKhyv07lhfSJdrPdM5Plyl21hsFf4L_mHCuoFau7gdsPfHPxxjVOcOpBrQzwQ","p":"3Slxg_DwTXJcb6095RoXygQCAZ5RnAvZlno1yhHtnUex_fp7AZ_9nRaO7HX_-SFfGQeutao2TDjDAWU4Vupk8rw9JR0AzZ0N2fvuIAmr_WCsmGpeNqQnev1T7IyEsnh8UMt-n5CafhkikzhEsrmndH6LxOrvRJlsPp6Zv8bUq0k","q":"uKE2dh-cTf6ERF4k4e_jy78GfPYUIaUyoSSJuBzp3Cubk3OCqs6grT8bR_cu0Dm1MZwWmtdqDyI95HrUeq3MP15vMMON8lHTeZu2lmKvwqW7anV5UzhM1iZ7z4yMkuUwFWoBvyY898EXvRD-hdqRxHlSqAZ192zB3pVFJ0s7pFc","dp":"B8PVvXkvJrj2L-GYQ7v3y9r6Kw5g9SahXBwsWUzp19TVlgI-YV85q1NIb1rxQtD-IsXXR3-TanevuRPRt5OBOdiMGQp8pbt26gljYfKU_E9xn-RULHz0-ed9E9gXLKD4VGngpz-PfQ_q29pk5xWHoJp009Qf1HvChixRX59ehik","dq":"CLDmDGduhylc9o7r84rEUVn7pzQ6PF83Y-iBZx5NT-TpnOZKF1pErAMVeKzFEl41DlHHqqBLSM0W1sOFbwTxYWZDm6sI6og5iTbwQGIC3gnJKbi_7k_vJgGHwHxgPaX2PnvP-zyEkDERuf-ry4c_Z11Cq9AqC2yeL6kdKT1cYF8","qi":"3PiqvXQN0zwMeE-sBvZgi289XP9XCQF3VWqPzMKnIgQp7_Tugo6-NZBKCQsMf3HaEGBjTVJs_jcK8-TRXvaKe-7ZMaQj8VfBdYkssbu0NKDDhjJ-GtiseaDVWt7dcH0cfwxgFUHpQh7FoCrjFJ6h6ZEpMF6xmujs4qMpPz8aaI4"}"#;
const BILBO_RS256_HEADER: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
const BILBO_RS256: &str = "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";
const OCT_ID: &str = "018c0ae5-4d9b-471b-bfd6-eef314bc7037";
const HS256: &str = r#""protected":"eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9","signature":"s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0""#;

fn oct() -> Trusted {
    let secret = base64::decode("hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg").unwrap();
    SharedKey::new(Algorithm::Hs256, &secret).unwrap().with_id(KeyId::new(OCT_ID).unwrap()).into()
}

#[test]
fn rfc_7520_4_1_to_4_4_in_all_three_forms() {
    let rsa = Jwk::parse(BILBO_RSA.as_bytes()).unwrap();
    let pss: Trusted = VerifyingKey::from_jwk_as(&rsa, Algorithm::Ps384).unwrap().into();
    let rows = [
        (public(BILBO_RSA), BILBO_RS256_HEADER, BILBO_RS256),
        (
            pss,
            "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
            "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw",
        ),
        (
            public(BILBO_EC),
            "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
            "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
        ),
        (
            oct(),
            "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9",
            "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
        ),
    ];
    for (trusted, header, signature) in rows {
        accepts(&format!("{header}.{BILBO}.{signature}"), &trusted);
        let one = format!(r#""protected":"{header}","signature":"{signature}""#);
        let policy = AnyOf::new(trusted);
        for document in [
            format!(r#"{{"payload":"{BILBO}",{one}}}"#),
            format!(r#"{{"payload":"{BILBO}","signatures":[{{{one}}}]}}"#),
        ] {
            let signed = jws::verify_json(&document, &policy).unwrap();
            assert_eq!(base64::encode(signed.payload()), BILBO);
        }
    }
}

#[test]
fn rfc_7520_4_1_and_4_4_are_what_we_sign() {
    // RSA PKCS#1 and HMAC are deterministic, and our header is written as the RFC writes it.
    let payload = base64::decode(BILBO).unwrap();
    let rsa = PrivateJwk::parse(BILBO_PRIVATE.as_bytes()).unwrap();
    let rsa = SigningKey::from_jwk_as(&rsa, Algorithm::Rs256).unwrap();
    let token = jws::sign(&rsa, None, &payload).unwrap();
    assert_eq!(token, format!("{BILBO_RS256_HEADER}.{BILBO}.{BILBO_RS256}"));
    let flat = Content::new(&payload).flattened(&rsa).unwrap();
    assert_eq!(
        flat,
        format!(r#"{{"payload":"{BILBO}","protected":"{BILBO_RS256_HEADER}","signature":"{BILBO_RS256}"}}"#)
    );
    let secret = base64::decode("hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg").unwrap();
    let hmac = SharedKey::new(Algorithm::Hs256, &secret).unwrap().with_id(KeyId::new(OCT_ID).unwrap());
    assert_eq!(Content::new(&payload).detached().flattened(&hmac).unwrap(), format!("{{{HS256}}}"));
}

#[test]
fn rfc_7520_4_5_detached() {
    let payload = base64::decode(BILBO).unwrap();
    let token = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9..s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0";
    jws::verify_detached(token, &payload, &oct()).unwrap();
    for document in [format!("{{{HS256}}}"), format!(r#"{{"signatures":[{{{HS256}}}]}}"#)] {
        jws::verify_json_detached(&document, &payload, &AnyOf::new(oct())).unwrap();
    }
}

#[test]
fn rfc_7520_4_6_kid_may_be_unprotected() {
    let one = format!(
        r#""protected":"eyJhbGciOiJIUzI1NiJ9","header":{{"kid":"{OCT_ID}"}},"signature":"bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20""#
    );
    let signed = jws::verify_json(&format!(r#"{{"payload":"{BILBO}",{one}}}"#), &AnyOf::new(oct())).unwrap();
    assert_eq!(signed.signatures()[0].key_id().unwrap().as_str(), OCT_ID);
}

#[test]
fn rfc_7520_4_7_alg_may_not_be_unprotected() {
    // Good by RFC 7515, refused by RFC 8725 3.1 as this crate reads it.
    let document = format!(
        r#"{{"payload":"{BILBO}","header":{{"alg":"HS256","kid":"{OCT_ID}"}},"signature":"xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk"}}"#
    );
    assert_eq!(
        jws::verify_json(&document, &AnyOf::new(oct())).unwrap_err(),
        Error::Unprotected { member: "alg" }
    );
}

#[test]
fn rfc_7520_4_8_several_signatures() {
    let rs = r#"{"protected":"eyJhbGciOiJSUzI1NiJ9","header":{"kid":"bilbo.baggins@hobbiton.example"},"signature":"MIsjqtVlOpa71KE-Mss8_Nq2YH4FGhiocsqrgi5NvyG53uoimic1tcMdSg-qptrzZc7CG6Svw2Y13TDIqHzTUrL_lR2ZFcryNFiHkSw129EghGpwkpxaTn_THJTCglNbADko1MZBCdwzJxwqZc-1RlpO2HibUYyXSwO97BSe0_evZKdjvvKSgsIqjytKSeAMbhMBdMma622_BG5t4sdbuCHtFjp9iJmkio47AIwqkZV1aIZsv33uPUqBBCXbYoQJwt7mxPftHmNlGoOSMxR_3thmXTCm4US-xiNOyhbm8afKK64jU6_TPtQHiJeQJxz9G3Tx-083B745_AfYOnlC9w"}"#;
    let es = r#"{"header":{"alg":"ES512","kid":"bilbo.baggins@hobbiton.example"},"signature":"ARcVLnaJJaUWG8fG-8t5BREVAuTY8n8YHjwDO1muhcdCoFZFFjfISu0Cdkn9Ybdlmi54ho0x924DUz8sK7ZXkhc7AFM8ObLfTvNCrqcI3Jkl2U5IX3utNhODH6v7xgy1Qahsn0fyb4zSAkje8bAWz4vIfj5pCMYxxm4fgV3q7ZYhm5eD"}"#;
    let both = AllOf::new(public(BILBO_RSA)).and(oct());
    let document = |signatures: &str| format!(r#"{{"payload":"{BILBO}","signatures":[{signatures}]}}"#);
    // The second signature has its `alg` unprotected; without it the other two are good.
    let whole = document(&format!("{rs},{es},{{{HS256}}}"));
    assert_eq!(jws::verify_json(&whole, &both).unwrap_err(), Error::Unprotected { member: "alg" });
    let without = document(&format!("{rs},{{{HS256}}}"));
    assert_eq!(jws::verify_json(&without, &both).unwrap().signatures().len(), 2);
}

#[test]
fn rfc_7797_4_encoded_and_unencoded() {
    let trusted = Trusted::from(rfc_7515_a1());
    let encoded = "eyJhbGciOiJIUzI1NiJ9.JC4wMg.5mvfOroL-g7HyqJoozehmsaqmvTYGEq5jTI1gVvoEoQ";
    let plain = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
    assert_eq!(jws::verify(encoded, &trusted).unwrap().payload(), b"$.02");
    assert_eq!(jws::verify_detached(plain, b"$.02", &trusted).unwrap().payload(), b"$.02");
    let document = r#"{"protected":"eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19","payload":"$.02","signature":"A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY"}"#;
    assert_eq!(jws::verify_json(document, &AnyOf::new(trusted)).unwrap().payload(), b"$.02");

    // HMAC is deterministic, and the header is written as the RFC writes it.
    let content = Content::new(b"$.02").unencoded();
    assert_eq!(content.detached().compact(&rfc_7515_a1()).unwrap(), plain);
    let written: serde_json::Value =
        serde_json::from_str(&content.flattened(&rfc_7515_a1()).unwrap()).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(document).unwrap());
}
