//! What the tokens of a key look like, learned from the first that was good.
//!
//! RFC 7515 7.1. The tokens of one issuer have one header and signatures of one length. Whoever
//! knows both can cut a token without reading it: by comparing its beginning and one dot.

use std::sync::OnceLock;

use super::compact::Compact;
use crate::error::Error;
use crate::jws::MaxLength;

/// For each key the form of its tokens, once one was seen.
#[derive(Debug, Clone)]
pub(crate) struct Forms(Box<[OnceLock<Form>]>);

/// The header of a key's tokens as it was sent, with the dot behind it, and how long a signature is.
#[derive(Debug, Clone)]
struct Form {
    header: Box<str>,
    signature: usize,
}

impl Forms {
    /// Room for the forms of so many keys.
    pub(crate) fn of(keys: usize) -> Self {
        Self((0..keys).map(|_| OnceLock::new()).collect())
    }

    /// Cuts a token that has a known form; says the place of the key whose form it is.
    ///
    /// INVARIANT: no dots are looked for, so that payload and signature may have some, and then it is no token. Base64url
    /// has none: such a token is never good. But whoever says what is wrong with one asks [`why`] first.
    #[inline]
    pub(crate) fn cut<'a>(&self, token: &'a str) -> Option<(Compact<'a>, usize)> {
        let known = |(place, form): (usize, &OnceLock<Form>)| Some((form.get()?.cut(token)?, place));
        self.0.iter().enumerate().find_map(known)
    }

    /// Learns the form of a token whose header and signature were found good.
    pub(crate) fn learn(&self, place: usize, token: &Compact<'_>) {
        if let Some(form) = self.0.get(place) {
            let header = || [token.header, "."].concat().into_boxed_str();
            form.get_or_init(|| Form { header: header(), signature: token.signature.len() });
        }
    }
}

impl Form {
    #[inline]
    fn cut<'a>(&self, token: &'a str) -> Option<Compact<'a>> {
        let rest = token.strip_prefix(&*self.header)?;
        let (payload, signature) = rest.split_at_checked(rest.len().checked_sub(self.signature)?)?;
        let payload = payload.strip_suffix('.')?;
        let (header, _) = token.split_at_checked(self.header.len().checked_sub(1)?)?;
        let (signed, _) = token.split_at_checked(self.header.len() + payload.len())?;
        Some(Compact { header, payload, signature, signed })
    }
}

/// Why a token that was cut by its form is refused: for a dot too many, or else for this.
#[cold]
pub(crate) fn why(token: &str, limit: MaxLength, error: Error) -> Error {
    Compact::split_within(token, limit).err().unwrap_or(error)
}
