//! Request objects: an authorization request that nobody on its way can change.
//!
//! RFC 9101 4 and 10.8. The parameters in the object are the request; whoever verifies it takes
//! none from beside it (RFC 9101 6.3).

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Profile, Registered, Sealed};
use crate::error::{ClaimFlaw, Error, Fault, defined};
use crate::jwt::Audience;
use crate::jwt::reader::Claims;

/// What is not a parameter of OAuth (RFC 7519 4.1).
const REGISTERED: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

/// The claims of a request object, `typ` `oauth-authz-req+jwt` (RFC 9101 4).
///
/// It lasts [`RequestClaims::LONGEST`] at most, unless
/// [`Verifier::lasting_at_most`](crate::jwt::Verifier::lasting_at_most) says otherwise.
///
/// ```
/// use countersign_jose::jwt::{self, RequestClaims};
/// use countersign_jose::{Algorithm, SigningKey};
/// # use serde_json::json;
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let parameters = json!({ "client_id": "shop-web", "response_type": "code", "scope": "openid" });
/// let claims = RequestClaims {
///     iss: "shop-web".into(),
///     aud: "https://id.example".into(),
///     exp: 1_800_000_060,
///     iat: Some(1_800_000_000),
///     jti: None,
///     parameters: parameters.as_object().unwrap().clone(),
/// };
/// let request = jwt::sign(&key, &claims)?;
///
/// let server = jwt::verifier::<RequestClaims>(key.verifying_key()).issuer("shop-web").audience("https://id.example");
/// assert_eq!(server.verify(&request, 1_800_000_010).unwrap().parameters["scope"], "openid");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestClaims {
    /// The client.
    pub iss: String,
    /// The issuer of the authorization server.
    pub aud: Audience,
    /// From when it is refused. The RFC leaves it open; here it is required, or the request
    /// could be sent again for ever.
    pub exp: u64,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// The object's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The parameters of the request; `client_id` among them is the issuer.
    #[serde(flatten)]
    pub parameters: Map<String, Value>,
}

impl RequestClaims {
    /// How long a request may last, in seconds: an hour (FAPI 1.0 Advanced 5.2.2, item 13).
    pub const LONGEST: u64 = 3600;
}

impl Sealed for RequestClaims {}

impl Profile for RequestClaims {
    const TYP: &'static str = "oauth-authz-req+jwt";
    const IS_OPEN: bool = true;
    const LONGEST: Option<u64> = Some(Self::LONGEST);

    fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
        match (claim, flaw) {
            ("exp", ClaimFlaw::Missing | ClaimFlaw::Other) => "FAPI 1.0 Advanced 5.2.2",
            ("client_id", ClaimFlaw::Other) => "OpenID Connect Core 6.1",
            ("sub", ClaimFlaw::Other) => "RFC 9101 10.8",
            (_, ClaimFlaw::Missing | ClaimFlaw::Forbidden) | ("client_id", _) => "RFC 9101 4",
            _ => defined(claim),
        }
    }

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        // RFC 9101 4: an object in an object is not allowed.
        claims.without("request")?;
        claims.without("request_uri")?;
        let mut parameters: Map<String, Value> = claims.own()?;
        for name in REGISTERED {
            parameters.remove(name);
        }
        let iss = claims.text("iss")?;
        // OpenID Connect Core 6.1: whoever signs the request is the client itself.
        if claims.text("client_id")? != iss {
            return Err(claims.refused("client_id", ClaimFlaw::Other));
        }
        // RFC 9101 10.8: with its client as the subject it would pass for a client assertion
        // wherever types are not told apart.
        if claims.maybe_text("sub")?.is_some_and(|sub| sub == iss) {
            return Err(claims.refused("sub", ClaimFlaw::Other));
        }
        Ok(Self {
            iss,
            aud: claims.audience()?,
            exp: claims.time("exp")?,
            iat: claims.maybe_time("iat")?,
            jti: claims.maybe_text("jti")?,
            parameters,
        })
    }

    fn write(&self, json: &mut Vec<u8>) -> Result<(), Fault> {
        super::own::strictly(self, json)
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: Some(self.exp), iat: self.iat }
    }
}
