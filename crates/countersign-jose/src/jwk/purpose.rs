//! What a JWK says it is for: `use`, `key_ops` and `alg` as one answer, or a contradiction.
//!
//! RFC 7517 4.2 to 4.4. A key that says `enc` never verifies, and one that says `sig` never
//! encrypts (RFC 8725 3.1). Whether the kind of key can serve the algorithm is asked of
//! [`Material`](super::Material).

use super::read::text;
use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::json::Object;
use crate::jwe::{ContentAlgorithm, KeyAlgorithm};

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The document does not say; the application decides.
    Any,
    /// Signatures, perhaps with one algorithm only.
    Signature(Option<Algorithm>),
    /// Encryption, perhaps with one algorithm only.
    Encryption(Option<KeyAlgorithm>),
    /// A secret that encrypts the content itself, with this algorithm (RFC 7520 5.6).
    Content(ContentAlgorithm),
}

/// Which half of a key a document carries; a secret is both halves in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Public,
    Private,
    Both,
}

/// The two things that a key can be for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Signature,
    Encryption,
}

impl Purpose {
    /// The word in `use`.
    pub(crate) const fn word(self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Signature(_) => Some("sig"),
            Self::Encryption(_) | Self::Content(_) => Some("enc"),
        }
    }

    /// The name in `alg`.
    pub(crate) fn algorithm_name(self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Signature(algorithm) => algorithm.map(Algorithm::name),
            Self::Encryption(algorithm) => algorithm.map(KeyAlgorithm::name),
            Self::Content(algorithm) => Some(algorithm.name()),
        }
    }

    /// Reads `use`, `key_ops` and `alg`.
    pub(super) fn read(object: &Object<'_>, half: Half) -> Result<Self, Error> {
        let named = match text(object, "alg")? {
            // Not only unknown: whoever has such a key is told why it does not exist.
            Some(name) if name == "RSA1_5" => return Err(Error::Rsa15),
            Some(name) => Self::of_algorithm(&name).ok_or(Error::Unsupported)?,
            None => Self::Any,
        };
        let word = match text(object, "use")?.as_deref() {
            None => None,
            Some("sig") => Some(Side::Signature),
            Some("enc") => Some(Side::Encryption),
            Some(_) => return Err(Error::Unsupported),
        };
        let said = [word, operations(object, half)?, named.side()];
        let mut sides = said.into_iter().flatten();
        let Some(side) = sides.next() else { return Ok(Self::Any) };
        if sides.any(|other| other != side) {
            return Err(Error::Contradiction);
        }
        Ok(match (named, side) {
            (Self::Any, Side::Signature) => Self::Signature(None),
            (Self::Any, Side::Encryption) => Self::Encryption(None),
            (named, _) => named,
        })
    }

    fn of_algorithm(name: &str) -> Option<Self> {
        let signature = Algorithm::named(name).map(|algorithm| Self::Signature(Some(algorithm)));
        let encryption = || KeyAlgorithm::named(name).map(|algorithm| Self::Encryption(Some(algorithm)));
        signature.or_else(encryption).or_else(|| ContentAlgorithm::named(name).map(Self::Content))
    }

    const fn side(self) -> Option<Side> {
        match self {
            Self::Any => None,
            Self::Signature(_) => Some(Side::Signature),
            Self::Encryption(_) | Self::Content(_) => Some(Side::Encryption),
        }
    }
}

/// The most operations that a key may list; RFC 7517 4.3 names eight. Looking for doubles compares each with
/// all, and proofs and messages bring keys of strangers, with lists as long as they like.
const MAX_OPERATIONS: usize = 32;

/// What `key_ops` allows to the half at hand.
fn operations(object: &Object<'_>, half: Half) -> Result<Option<Side>, Error> {
    const FAULTY: Error = Error::Jwk { member: "key_ops" };
    let Some(value) = object.member("key_ops") else { return Ok(None) };
    let operations = value.texts().filter(|operations| operations.len() <= MAX_OPERATIONS).ok_or(FAULTY)?;
    // RFC 7517 4.3: duplicate operations MUST NOT be present.
    let twice =
        operations.iter().enumerate().any(|(at, one)| operations.iter().skip(at + 1).any(|two| one == two));
    if twice {
        return Err(FAULTY);
    }
    let has = |operation: &str| operations.iter().any(|found| found == operation);
    let signs = match half {
        Half::Public => has("verify"),
        Half::Private => has("sign"),
        Half::Both => has("sign") && has("verify"),
    };
    let wraps = match half {
        Half::Public => has("encrypt") || has("wrapKey"),
        Half::Private => has("decrypt") || has("unwrapKey"),
        Half::Both => (has("encrypt") && has("decrypt")) || (has("wrapKey") && has("unwrapKey")),
    };
    // Browsers write an empty list for the public half of Diffie-Hellman: it does nothing alone.
    let encrypts = wraps || has("deriveKey") || has("deriveBits") || operations.is_empty();
    match (signs, encrypts) {
        (true, false) => Ok(Some(Side::Signature)),
        (false, true) => Ok(Some(Side::Encryption)),
        (true, true) => Err(Error::Contradiction),
        (false, false) => Err(Error::Unsupported),
    }
}
