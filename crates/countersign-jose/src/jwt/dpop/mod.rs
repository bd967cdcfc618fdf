//! Proof of possession: that whoever sends a token has the key it was issued to.
//!
//! RFC 9449. [`Request::prove`] makes a proof for one request, [`Request::check`] checks one,
//! and [`Verifier::verify_bound`](super::Verifier::verify_bound) takes the access token beside
//! it. This is the only place where a key that comes with a token is read, because here the key
//! vouches for nothing but itself: what counts is its thumbprint in the token.
//!
//! A proof is good once. Remember [`Proven::jti`] for as long as proofs are accepted
//! ([`Request::MAX_AGE`]), and refuse the second one; this crate stores nothing.

mod uri;

use core::fmt;

use serde::Serialize;

use crate::algorithm::{Algorithm, Family};
use crate::backend;
use crate::base64;
use crate::error::{Error, Fault};
use crate::header::{Header, media_type};
use crate::jwk::{Jwk, Material};
use crate::jws::compact::Compact;
use crate::jws::{self, MaxLength, TrustedKey, Unsigned};
use crate::jwt::reader::Claims;
use crate::key::{SigningKey, VerifyingKey};
use uri::Target;

const TYP: &str = "dpop+jwt";

/// The longest `jti` in bytes: it is kept for a while, and chosen by strangers.
const JTI: usize = 256;

/// The longest RSA modulus that a proof may bring, in bytes: what strangers make us compute grows with
/// its square, and 8192 bits would be milliseconds.
const RSA_MOST: usize = 4096 / 8;

/// How far ahead of ours the client's clock may be, in seconds.
const AHEAD: u64 = 5;

/// The request that a proof is for.
///
/// ```
/// use countersign_jose::jwt::dpop::Request;
/// use countersign_jose::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?; // the client's own
/// let now = 1_800_000_000;
/// let proof = Request::new("POST", "https://id.example/token").prove(&key, "p1", now)?;
///
/// let seen = Request::new("POST", "https://ID.example:443/token?x=1").check(&proof, now + 2).unwrap();
/// assert_eq!(seen.thumbprint(), key.verifying_key().thumbprint());
/// assert!(Request::new("GET", "https://id.example/token").check(&proof, now + 2).is_err());
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Clone)]
pub struct Request<'a> {
    method: &'a str,
    uri: &'a str,
    token: Option<&'a str>,
    nonce: Option<&'a str>,
}

#[derive(Serialize)]
struct Written<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: String,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// How old a proof may be, in seconds.
    pub const MAX_AGE: u64 = 60;

    /// A request by its method, letter by letter, and its address; query and fragment do not
    /// count (RFC 9449 4.2).
    #[must_use]
    pub const fn new(method: &'a str, uri: &'a str) -> Self {
        Self { method, uri, token: None, nonce: None }
    }

    /// The access token that is sent with it: the proof must name it in `ath`.
    #[must_use]
    pub const fn with_token(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The nonce that the server has given out: the proof must repeat it (RFC 9449 8).
    #[must_use]
    pub const fn with_nonce(self, nonce: &'a str) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// Makes the proof. `jti` must be a new one each time, of 96 random bits or more
    /// (RFC 9449 4.2).
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library fails, [`Fault::Claims`] for an address that is none.
    pub fn prove(&self, key: &SigningKey, jti: &str, now: u64) -> Result<String, Fault> {
        let (header, claims) = self.written(&key.verifying_key(), jti, now)?;
        jws::sign_under(key, header.as_bytes(), &claims)
    }

    /// Writes the proof up to its signature, which the private half of `key` must make elsewhere: in a
    /// secure element that never lets it out.
    ///
    /// # Errors
    /// [`Fault::Claims`] for an address that is none, [`Fault::TooLong`] for one that is endless.
    ///
    /// ```
    /// use countersign_jose::jwt::dpop::Request;
    /// # use countersign_jose::{Algorithm, Signer, SigningKey};
    /// # let chip = SigningKey::generate(Algorithm::Es256)?;
    /// let public = chip.verifying_key(); // all that the program knows of the key
    /// let request = Request::new("POST", "https://id.example/token");
    /// let unsigned = request.prepare(&public, "p1", 1_800_000_000)?;
    /// let signature = chip.sign(unsigned.input())?;
    /// let proof = unsigned.signed(&signature).unwrap();
    /// assert_eq!(request.check(&proof, 1_800_000_001).unwrap().thumbprint(), public.thumbprint());
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    pub fn prepare(&self, key: &VerifyingKey, jti: &str, now: u64) -> Result<Unsigned, Fault> {
        let (header, claims) = self.written(key, jti, now)?;
        jws::prepare_under(key, header.as_bytes(), &claims).within(MaxLength::DEFAULT)
    }

    /// The header and the claims of the proof.
    fn written(&self, key: &VerifyingKey, jti: &str, now: u64) -> Result<(String, Vec<u8>), Fault> {
        let jwk = serde_json::to_string(&key.to_bare_jwk()).map_err(|_| Fault::Claims)?;
        let header = format!(r#"{{"alg":"{}","typ":"{TYP}","jwk":{jwk}}}"#, key.algorithm());
        let claims = Written {
            jti,
            htm: self.method,
            htu: Target::parse(self.uri).ok_or(Fault::Claims)?.to_string(),
            iat: now,
            ath: self.token.map(|token| base64::encode(backend::sha256(token.as_bytes()))),
            nonce: self.nonce,
        };
        Ok((header, serde_json::to_vec(&claims).map_err(|_| Fault::Claims)?))
    }

    /// Checks a proof at `now`, in unix seconds.
    ///
    /// # Errors
    /// Those of the compact form, [`Error::Type`], [`Error::Critical`], [`Error::Signature`];
    /// [`Error::Proof`] naming what does not belong to this request, or `jwk` for a key that cannot
    /// be used, such as RSA beyond 4096 bits.
    pub fn check(&self, proof: &str, now: u64) -> Result<Proven, Error> {
        let compact = Compact::split(proof)?;
        let header = compact.header()?;
        let (header, jwk) = bring(&header)?;
        let payload = compact.payload()?;
        // Before the signature, because the key is a stranger's, and to load one costs as much as
        // a check. Nothing that is read here is believed before the end.
        let (jti, iat) = self.claims(&Claims::parse(&payload)?, now)?;
        let key = load(&header, &jwk)?;
        compact.check(TrustedKey::Public(&key))?;
        let token = self.token.map(|token| backend::sha256(token.as_bytes()));
        Ok(Proven { thumbprint: key.thumbprint(), jti, iat, token })
    }

    /// Whether the claims are about this request and this moment; its `jti` and `iat`.
    fn claims(&self, claims: &Claims<'_>, now: u64) -> Result<(String, u64), Error> {
        let faulty = |member| Error::Proof { member };
        let text = |member| claims.text(member).map_err(|_| faulty(member));
        let jti = text("jti")?;
        if jti.len() > JTI {
            return Err(faulty("jti"));
        }
        if text("htm")? != self.method {
            return Err(faulty("htm"));
        }
        let (here, there) = (Target::parse(self.uri), text("htu")?);
        if here.is_none() || here != Target::parse(&there) {
            return Err(faulty("htu"));
        }
        let iat = claims.time("iat").map_err(|_| faulty("iat"))?;
        if iat > now.saturating_add(AHEAD) || now > iat.saturating_add(Self::MAX_AGE) {
            return Err(faulty("iat"));
        }
        // Not asked for (RFC 9449 4.2), but whoever says so means it (RFC 7519 4.1.4 and 4.1.5).
        if claims.maybe_time("exp").map_err(|_| faulty("exp"))?.is_some_and(|at| now >= at) {
            return Err(faulty("exp"));
        }
        let from = claims.maybe_time("nbf").map_err(|_| faulty("nbf"))?;
        if from.is_some_and(|from| from > now.saturating_add(AHEAD)) {
            return Err(faulty("nbf"));
        }
        let ath = claims.maybe_text("ath").map_err(|_| faulty("ath"))?;
        // A proof for a request with a token is none for one without.
        if ath != self.token.map(|token| base64::encode(backend::sha256(token.as_bytes()))) {
            return Err(faulty("ath"));
        }
        if let Some(nonce) = self.nonce
            && text("nonce")? != nonce
        {
            return Err(faulty("nonce"));
        }
        Ok((jti, iat))
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({:?}, {:?}, ..)", self.method, self.uri)
    }
}

const FAULTY_KEY: Error = Error::Proof { member: "jwk" };

/// The key that the proof brings, not yet looked at: public, and not too large.
fn bring(json: &[u8]) -> Result<(Header<'_>, Jwk), Error> {
    let header = Header::parse(json)?;
    if header.typ.as_deref().map(media_type) != Some(TYP) {
        return Err(Error::Type { expected: TYP });
    }
    let object = Header::object(json)?;
    let jwk = object.member("jwk").ok_or(FAULTY_KEY)?;
    // `Jwk` refuses private members and secrets.
    let jwk = Jwk::parse(jwk.raw().as_bytes()).map_err(|_| FAULTY_KEY)?;
    match &jwk.material {
        Material::Rsa { n, .. } if n.len() > RSA_MOST => Err(FAULTY_KEY),
        _ => Ok((header, jwk)),
    }
}

/// The key, fit to check the proof by the proof's own algorithm.
fn load(header: &Header<'_>, jwk: &Jwk) -> Result<VerifyingKey, Error> {
    let algorithm = Algorithm::named(&header.alg).filter(|algorithm| algorithm.family() != Family::Secret);
    let algorithm = algorithm.ok_or(Error::Proof { member: "alg" })?;
    VerifyingKey::from_jwk_as(jwk, algorithm).map_err(|_| FAULTY_KEY)
}

/// A proof that was checked. Only [`Request::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a proof that is not compared with a token proves nothing"]
pub struct Proven {
    thumbprint: String,
    jti: String,
    iat: u64,
    token: Option<[u8; 32]>,
}

impl Proven {
    /// The SHA-256 thumbprint of the key: `jkt` of a token that is bound to it, `dpop_jkt` of
    /// an authorization request.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The proof's own name. One that was seen with this key before is a replay.
    #[must_use]
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// When it was made, in unix seconds.
    #[must_use]
    pub const fn iat(&self) -> u64 {
        self.iat
    }

    /// Whether the proof was made for a request with this token.
    pub(crate) fn is_for(&self, token: &str) -> bool {
        self.token == Some(backend::sha256(token.as_bytes()))
    }
}

#[cfg(test)]
mod tests;
