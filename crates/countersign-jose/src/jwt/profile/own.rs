//! Claims of one's own: beside those of a profile, or as a kind of token of one's own.
//!
//! RFC 7519 4.2 and 4.3, RFC 8725 3.11. The document is read strictly first and by serde second,
//! so that both see the same members; and it is read strictly before it is signed, because a
//! token that repeats a member would be refused by everybody who gets it.

use core::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::taken::own_typ;
use super::{Profile, Registered, Sealed};
use crate::error::{ClaimFlaw, Error, Fault};
use crate::json::{Flaw, Object};
use crate::jwt::reader::Claims;
use crate::jwt::{Audience, Confirmation};

/// The claims of profile `C`, and beside them the members of `T`.
///
/// `T` is a struct with named fields, or a map. It must not repeat a claim of the profile, not
/// even one that is left out: that is found when it is signed. Everybody who holds the token can
/// read it.
///
/// ```
/// use countersign_jose::jwt::{self, AccessClaims, Extended};
/// use countersign_jose::{Algorithm, SigningKey};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Shopper { tier: String }
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let claims = AccessClaims {
///     iss: "https://id.shop.example".into(),
///     sub: "ana".into(),
///     aud: "shop-api".into(),
///     client_id: "shop-web".into(),
///     iat: 1_800_000_000,
///     exp: 1_800_000_300,
///     jti: "7f2c".into(),
///     ..AccessClaims::default()
/// };
/// let token = jwt::sign(&key, &Extended::new(claims, Shopper { tier: "gold".into() }))?;
///
/// let api = jwt::verifier::<Extended<AccessClaims, Shopper>>(key.verifying_key())
///     .issuer("https://id.shop.example")
///     .audience("shop-api");
/// let ana = api.verify(&token, 1_800_000_010).unwrap();
/// assert_eq!((ana.sub.as_str(), ana.own.tier.as_str()), ("ana", "gold"));
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Extended<C, T> {
    #[serde(flatten)]
    claims: C,
    /// The claims of one's own.
    #[serde(flatten)]
    pub own: T,
}

impl<C, T> Extended<C, T> {
    /// Puts `own` beside the claims of a profile.
    pub const fn new(claims: C, own: T) -> Self {
        Self { claims, own }
    }
}

impl<C, T> Deref for Extended<C, T> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.claims
    }
}

impl<C, T> Sealed for Extended<C, T> {}

impl<C: Profile, T: Serialize + DeserializeOwned> Profile for Extended<C, T> {
    const TYP: &'static str = C::TYP;
    const IS_OPEN: bool = C::IS_OPEN;
    const LONGEST: Option<u64> = C::LONGEST;

    fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
        C::rule(claim, flaw)
    }

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        Ok(Self { claims: C::read(claims)?, own: claims.own()? })
    }

    fn write(&self, json: &mut Vec<u8>) -> Result<(), Fault> {
        let start = json.len();
        strictly(self, json)?;
        if C::IS_OPEN {
            return Ok(());
        }
        // As the profile writes them: what it refuses to sign alone it refuses beside others.
        let mut alone = Vec::new();
        self.claims.write(&mut alone)?;
        let alone = as_read::<C>(&alone).ok_or(Fault::Claims)?;
        // A `scope` among the own claims would be the scope of a token that has none.
        let whole = as_read::<C>(json.get(start..).unwrap_or_default());
        if whole == Some(alone) { Ok(()) } else { Err(REPEATED) }
    }

    fn bound(claims: &Claims<'_>) -> Result<Option<Confirmation>, Error> {
        C::bound(claims)
    }

    fn registered(&self) -> Registered<'_> {
        self.claims.registered()
    }

    fn ends(&self, longest: Option<u64>) -> Option<u64> {
        self.claims.ends(longest)
    }

    fn ended_by(&self, at: u64, longest: Option<u64>) -> &'static str {
        self.claims.ended_by(at, longest)
    }

    fn check(&self, audience: &str) -> Result<(), Error> {
        self.claims.check(audience)
    }
}

/// A kind of token that somebody thought of: the claims that only it has, and its `typ`.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Ticket { seat: String }
///
/// impl countersign_jose::jwt::Own for Ticket {
///     const TYP: &'static str = "ticket+jwt";
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which kind of token it is",
    note = "implement `countersign_jose::jwt::Own` for it, with a `TYP` such as \"ticket+jwt\""
)]
pub trait Own: Serialize + DeserializeOwned {
    /// The `typ` of such tokens, of lower-case letters, digits, `.`, `-` and `+`.
    ///
    /// A type that is taken does not compile: those of this crate; those that IANA's registry of
    /// media types has for JOSE, such as `vc+jwt` and `entity-statement+jwt` (all of it up to
    /// March 2025, and what RFCs and the OpenID Foundation have added up to February 2026); those of
    /// OpenID for Verifiable Credentials; and all that end in `+sd-jwt`. What drafts and other
    /// companies use is not known here: a name with something of your own in it, such as
    /// `opera-ticket+jwt`, is nobody else's.
    const TYP: &'static str;
}

/// The claims of a token of one's own kind: the registered ones, and the members of `T`.
///
/// ```
/// use countersign_jose::jwt::{self, Own, OwnClaims};
/// use countersign_jose::{Algorithm, SigningKey};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Ticket { seat: String }
///
/// impl Own for Ticket {
///     const TYP: &'static str = "ticket+jwt";
/// }
///
/// let key = SigningKey::generate(Algorithm::Ed25519)?;
/// let claims = OwnClaims {
///     iss: "https://opera.example".into(),
///     sub: "ana".into(),
///     aud: "door".into(),
///     iat: 1_800_000_000,
///     exp: 1_800_010_000,
///     jti: None,
///     own: Ticket { seat: "B7".into() },
/// };
/// let token = jwt::sign(&key, &claims)?;
///
/// let door = jwt::verifier::<OwnClaims<Ticket>>(key.verifying_key()).issuer("https://opera.example").audience("door");
/// assert_eq!(door.verify(&token, 1_800_000_010).unwrap().own.seat, "B7");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnClaims<T> {
    /// The issuer.
    pub iss: String,
    /// Whom it is about.
    pub sub: String,
    /// Whom it is for.
    pub aud: Audience,
    /// When it was issued.
    pub iat: u64,
    /// From when it is refused.
    pub exp: u64,
    /// The token's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The claims of one's own.
    #[serde(flatten)]
    pub own: T,
}

impl<T> Sealed for OwnClaims<T> {}

impl<T: Own> Profile for OwnClaims<T> {
    const TYP: &'static str = own_typ(T::TYP);

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        Ok(Self {
            iss: claims.text("iss")?,
            sub: claims.text("sub")?,
            aud: claims.audience()?,
            iat: claims.time("iat")?,
            exp: claims.time("exp")?,
            jti: claims.maybe_text("jti")?,
            own: claims.own()?,
        })
    }

    fn write(&self, json: &mut Vec<u8>) -> Result<(), Fault> {
        let start = json.len();
        strictly(self, json)?;
        let whole = Claims::parse(json.get(start..).unwrap_or_default());
        match whole.and_then(|claims| claims.maybe_text("jti")) {
            Ok(jti) if jti == self.jti => Ok(()),
            _ => Err(REPEATED),
        }
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: Some(self.exp), iat: Some(self.iat) }
    }
}

const REPEATED: Fault = Fault::NotStrict { flaw: Flaw::Duplicate };

/// What a verifier of `C` reads in these claims; `None` when it refuses them.
fn as_read<C: Profile>(json: &[u8]) -> Option<Vec<u8>> {
    let claims = Claims::parse(json).and_then(|claims| C::read(&claims)).ok()?;
    serde_json::to_vec(&claims).ok()
}

/// Writes claims, and reads them back as every verifier will.
pub(super) fn strictly(claims: &impl Serialize, json: &mut Vec<u8>) -> Result<(), Fault> {
    let start = json.len();
    serde_json::to_writer(&mut *json, claims).map_err(|_| Fault::Claims)?;
    let written = json.get(start..).unwrap_or_default();
    Object::parse(written).map(|_| ()).map_err(|flaw| Fault::NotStrict { flaw })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::fixtures::{AUDIENCE, ISSUER, NOW, access, es256, forge};
    use crate::jwt::{self, AccessClaims, EventClaims, LogoutClaims};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Shopper {
        tier: String,
    }

    impl Own for Shopper {
        const TYP: &'static str = "shopper+jwt";
    }

    type Both = Extended<AccessClaims, Shopper>;

    fn gold() -> Shopper {
        Shopper { tier: "gold".into() }
    }

    fn read<C: Profile + Clone>(token: &str) -> Result<C, Error> {
        let verifier = jwt::verifier::<C>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
        verifier.verify(token, NOW).map(jwt::Verified::into_claims)
    }

    #[test]
    fn own_claims_stand_beside_those_of_a_profile() {
        let token = jwt::sign(es256(), &Extended::new(access(), gold())).unwrap();
        assert_eq!(read::<Both>(&token).unwrap(), Extended::new(access(), gold()));
        // Whoever does not know them ignores them; whoever needs them refuses without.
        assert_eq!(read::<AccessClaims>(&token).unwrap(), access());
        assert_eq!(read::<Both>(&jwt::sign(es256(), &access()).unwrap()).unwrap_err(), Error::OwnClaims);
    }

    #[test]
    fn own_claims_of_the_wrong_type_refuse() {
        let typ = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, es256().key_id());
        let json = serde_json::to_string(&access()).unwrap();
        let with = |own: &str| forge(es256(), &typ, &json.replacen('{', &format!("{{{own},"), 1));
        assert!(read::<Both>(&with(r#""tier":"gold""#)).is_ok());
        for own in [r#""tier":7"#, r#""tier":null"#, r#""Tier":"gold""#] {
            assert_eq!(read::<Both>(&with(own)).unwrap_err(), Error::OwnClaims, "{own}");
        }
        let twice = read::<Both>(&with(r#""tier":"gold","t\u0069er":"lead""#)).unwrap_err();
        assert_eq!(twice, Error::Json { part: "claims", flaw: Flaw::Duplicate });
    }

    #[test]
    fn claims_smuggled_past_the_reader_in_serde_jsons_own_words_are_refused() {
        type Any = Extended<AccessClaims, serde_json::Value>;
        let typ = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, es256().key_id());
        let json = serde_json::to_string(&access()).unwrap();
        for (own, flaw) in [
            (r#""$serde_json::private::RawValue":"{\"sub\":\"root\"}""#, Flaw::Private),
            (r#""a":{"$serde_json::private::Number":"1e999"}"#, Flaw::Private),
            (r#""a":[{"\u0024serde_json::private::RawValue":"{}"}]"#, Flaw::Private),
        ] {
            let token = forge(es256(), &typ, &json.replacen('{', &format!("{{{own},"), 1));
            let refused = Error::Json { part: "claims", flaw };
            assert_eq!(read::<Any>(&token).unwrap_err(), refused, "{own}");
            assert_eq!(read::<AccessClaims>(&token).unwrap_err(), refused, "{own}");
        }
        let own = serde_json::json!({ "$serde_json::private::RawValue": "{}" });
        let refused = jwt::sign(es256(), &Extended::new(access(), own)).unwrap_err();
        assert_eq!(refused, Fault::NotStrict { flaw: Flaw::Private });
    }

    #[test]
    fn own_claims_that_repeat_a_registered_one_are_not_signed() {
        #[derive(Serialize, Deserialize)]
        struct Root {
            sub: String,
        }
        let claims = Extended::new(access(), Root { sub: "root".into() });
        assert_eq!(jwt::sign(es256(), &claims).unwrap_err(), Fault::NotStrict { flaw: Flaw::Duplicate });
        assert_eq!(
            jwt::prepare(&es256().verifying_key(), &claims).unwrap_err(),
            Fault::NotStrict { flaw: Flaw::Duplicate }
        );
        assert_eq!(jwt::sign(es256(), &Extended::new(access(), 7)).unwrap_err(), Fault::Claims);
        let deep = serde_json::from_str::<serde_json::Value>(&format!(
            r#"{{"a":{}{}}}"#,
            "[".repeat(9),
            "]".repeat(9)
        ));
        let claims = Extended::new(access(), deep.unwrap());
        assert_eq!(jwt::sign(es256(), &claims).unwrap_err(), Fault::NotStrict { flaw: Flaw::TooDeep });
    }

    #[test]
    fn own_claims_that_would_be_read_as_those_of_the_profile_are_not_signed() {
        let plain = AccessClaims { scope: None, auth_time: None, amr: Vec::new(), ..access() };
        for own in [
            r#"{"scope":"admin"}"#,
            r#"{"acr":"high"}"#,
            r#"{"amr":["hwk"]}"#,
            r#"{"auth_time":1}"#,
            r#"{"auth_time":"today"}"#,
            r#"{"cnf":{"jkt":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}}"#,
        ] {
            let own: serde_json::Value = serde_json::from_str(own).unwrap();
            let refused = jwt::sign(es256(), &Extended::new(plain.clone(), own.clone())).unwrap_err();
            assert_eq!(refused, Fault::NotStrict { flaw: Flaw::Duplicate }, "{own}");
        }
        // Their names are free where the profile does not have them.
        let own = serde_json::json!({ "nonce": "n", "nbf": NOW });
        let token = jwt::sign(es256(), &Extended::new(plain.clone(), own)).unwrap();
        assert_eq!(read::<AccessClaims>(&token).unwrap(), plain);
        let nested = Extended::new(Extended::new(plain.clone(), gold()), serde_json::json!({ "a": 1 }));
        assert!(jwt::sign(es256(), &nested).is_ok());
        let nested = Extended::new(Extended::new(plain, gold()), serde_json::json!({ "acr": "high" }));
        assert_eq!(jwt::sign(es256(), &nested).unwrap_err(), Fault::NotStrict { flaw: Flaw::Duplicate });
    }

    #[test]
    fn what_a_profile_refuses_to_sign_it_refuses_with_own_claims_too() {
        let logout = crate::fixtures::logout();
        assert!(jwt::sign(es256(), &Extended::new(logout.clone(), gold())).is_ok());
        let nobody = LogoutClaims { sub: None, sid: None, ..logout };
        assert_eq!(jwt::sign(es256(), &Extended::new(nobody.clone(), gold())).unwrap_err(), Fault::Claims);
        let nested = Extended::new(Extended::new(nobody, gold()), serde_json::json!({ "a": 1 }));
        assert_eq!(jwt::sign(es256(), &nested).unwrap_err(), Fault::Claims);
        let silent = EventClaims::new(ISSUER, AUDIENCE, "e1", NOW);
        assert_eq!(jwt::sign(es256(), &Extended::new(silent, gold())).unwrap_err(), Fault::Claims);
        // Nor is what every verifier refuses.
        let nameless = AccessClaims { sub: String::new(), ..access() };
        assert_eq!(jwt::sign(es256(), &Extended::new(nameless, gold())).unwrap_err(), Fault::Claims);
    }

    #[test]
    fn a_kind_of_ones_own_has_its_own_type() {
        let claims = OwnClaims {
            iss: ISSUER.into(),
            sub: "ana".into(),
            aud: AUDIENCE.into(),
            iat: NOW,
            exp: NOW + 60,
            jti: None,
            own: gold(),
        };
        let token = jwt::sign(es256(), &claims).unwrap();
        assert_eq!(read::<OwnClaims<Shopper>>(&token).unwrap(), claims);
        let named = OwnClaims { jti: Some("t1".into()), ..claims };
        assert!(jwt::sign(es256(), &named).is_ok());
        assert_eq!(read::<AccessClaims>(&token).unwrap_err(), Error::Type { expected: "at+jwt" });
        let token = jwt::sign(es256(), &Extended::new(access(), gold())).unwrap();
        let refused = read::<OwnClaims<Shopper>>(&token).unwrap_err();
        assert_eq!(refused, Error::Type { expected: "shopper+jwt" });
    }
}
