//! Which types of tokens mean something already, so that nobody takes one of them for a kind of their own.
//!
//! RFC 8725 3.11, and IANA's registry of media types: all of it up to March 2025, and what RFCs and the OpenID
//! Foundation have added up to February 2026. Drafts are not looked at, nor is what companies use among themselves.

/// Lets a `typ` through that is somebody's own; evaluated when the program is compiled.
pub(super) const fn own_typ(typ: &'static str) -> &'static str {
    assert!(is_token(typ.as_bytes()), "`TYP` is made of lower-case letters, digits, `.`, `-` and `+`");
    let mut taken: &[&str] = &TAKEN;
    while let Some((first, rest)) = taken.split_first() {
        assert!(!same(first.as_bytes(), typ.as_bytes()), "this `TYP` means another kind of token already");
        taken = rest;
    }
    assert!(!ends_in_sd_jwt(typ.as_bytes()), "`TYP` of an SD-JWT: see `countersign_jose::sd_jwt`");
    typ
}

/// What is taken: of IANA's registry whatever is a JWS, a JWT or a key; and last, what OpenID for Verifiable Credentials
/// writes without having registered it.
const TAKEN: [&str; 40] = [
    "jwt",
    "jose",
    "jose+json",
    "jwk+json",
    "jwk-set+json",
    // OAuth and what is built on it: RFC 8417, 9068, 9101, 9449, 9701, 10070 and that on status lists.
    "secevent+jwt",
    "at+jwt",
    "oauth-authz-req+jwt",
    "dpop+jwt",
    "token-introspection+jwt",
    "client-authentication+jwt",
    "statuslist+jwt",
    // RFC 9901; what ends in `+sd-jwt` is refused as a whole.
    "sd-jwt",
    "sd-jwt+json",
    "kb+jwt",
    // RFC 8225 (calls), 9635 (GNAP), 9782 (attestation), and vouchers for devices.
    "passport",
    "gnap-binding-jws",
    "gnap-binding-jwsd",
    "gnap-binding-rotation-jws",
    "gnap-binding-rotation-jwsd",
    "eat+jwt",
    "voucher-jws+json",
    // OpenID: sign-out, Federation, Identity Assurance.
    "logout+jwt",
    "entity-statement+jwt",
    "explicit-registration-response+jwt",
    "jwk-set+jwt",
    "resolve-response+jwt",
    "trust-mark+jwt",
    "trust-mark-delegation+jwt",
    "trust-mark-status-response+jwt",
    "provided-claims+jwt",
    // W3C, and two in the vendors' tree.
    "vc+jwt",
    "vp+jwt",
    "vnd.ga4gh.passport+jwt",
    "vnd.verifier-attestation+jwt",
    // OpenID for Verifiable Presentations and for Credential Issuance 1.0.
    "verifier-attestation+jwt",
    "openid4vci-proof+jwt",
    "openidvci-issuer-metadata+jwt",
    "key-attestation+jwt",
    "keyattestation+jwt",
];

const fn is_token(mut text: &[u8]) -> bool {
    if text.is_empty() {
        return false;
    }
    while let Some((byte, rest)) = text.split_first() {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'+') {
            return false;
        }
        text = rest;
    }
    true
}

const fn same(mut one: &[u8], mut two: &[u8]) -> bool {
    while let (Some((a, more)), Some((b, rest))) = (one.split_first(), two.split_first()) {
        if *a != *b {
            return false;
        }
        (one, two) = (more, rest);
    }
    one.is_empty() && two.is_empty()
}

const fn ends_in_sd_jwt(text: &[u8]) -> bool {
    match text.split_last_chunk::<7>() {
        Some((_, end)) => same(end, b"+sd-jwt"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_mean_something_are_nobodys_own() {
        let not_names = ["", "JWT", "a b", "application/jwt"];
        let of_others = ["vc+jwt", "entity-statement+jwt", "eat+jwt", "sd-jwt", "dc+sd-jwt", "jwk-set+jwt"];
        for taken in TAKEN.into_iter().chain(not_names).chain(of_others) {
            assert!(std::panic::catch_unwind(|| own_typ(taken)).is_err(), "{taken}");
        }
        assert_eq!(own_typ("opera-ticket+jwt"), "opera-ticket+jwt");
        assert_eq!(own_typ("ticket+jwt"), "ticket+jwt");
    }
}
