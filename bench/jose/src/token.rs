//! The keys and the token that everybody gets.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use countersign_jose::{Algorithm, KeyId, SharedKey, Signer, SigningKey};
use serde_json::json;

use crate::ALGORITHMS;

pub const ISSUER: &str = "https://id.shop.example";
pub const AUDIENCE: &str = "https://api.shop.example";
pub const KEY_ID: &str = "2026-07-key-1";
/// A time between [`ISSUED`] and [`EXPIRES`], for the library that is told the time.
pub const NOW: u64 = 1_790_000_100;
pub const ISSUED: u64 = 1_790_000_000;
/// Far enough for the libraries that look at the clock themselves.
pub const EXPIRES: u64 = 3_790_000_000;

/// An access token's claims as text: nine of them, 281 bytes.
pub fn claims() -> String {
    let claims = json!({
        "iss": ISSUER,
        "sub": "usr_019ab3c2d4e5f60718293a4b",
        "aud": AUDIENCE,
        "client_id": "shop-web",
        "iat": ISSUED,
        "exp": EXPIRES,
        "jti": "q3W9xT0mVbYk2RzLh8uNcA",
        "scope": "orders:read orders:write profile email account:write_all",
        "auth_time": ISSUED - 60,
    });
    // In the order in which our own type writes them.
    let order = ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope", "auth_time"];
    let members: Vec<String> = order.iter().map(|name| format!("\"{name}\":{}", claims[*name])).collect();
    format!("{{{}}}", members.join(","))
}

/// One key of each algorithm, in the forms in which the libraries take them.
pub struct Keys {
    pub secret: [u8; 32],
    pub es256: EcdsaKeyPair,
    pub eddsa: Ed25519KeyPair,
    pub rs256: RsaKeyPair,
    /// One token for each of [`ALGORITHMS`].
    tokens: [OnceLock<String>; ALGORITHMS.len()],
}

/// A fixed key of 2048 bits, for nothing but this: to make one takes callgrind minutes, and how many instructions a
/// signature takes depends on its numbers.
const RS256: &str = include_str!("rs256.pem");

impl Keys {
    pub fn new() -> Self {
        let rs256 = SigningKey::from_pkcs8_pem(Algorithm::Rs256, RS256).expect("a key");
        let rs256 = rs256.to_pkcs8().expect("a document");
        Self {
            secret: std::array::from_fn(|place| u8::try_from(place * 7 + 131).unwrap_or_default()),
            es256: EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"),
            eddsa: Ed25519KeyPair::generate().expect("a key"),
            rs256: RsaKeyPair::from_pkcs8(&rs256).expect("a key"),
            tokens: [const { OnceLock::new() }; ALGORITHMS.len()],
        }
    }

    /// The private key as PKCS#8.
    pub fn pkcs8(&self, algorithm: &str) -> Vec<u8> {
        match algorithm {
            "ES256" => self.es256.to_pkcs8v1().expect("a document").as_ref().to_vec(),
            "EdDSA" => self.eddsa.to_pkcs8v1().expect("a document").as_ref().to_vec(),
            _ => AsDer::<Pkcs8V1Der<'_>>::as_der(&self.rs256).expect("a document").as_ref().to_vec(),
        }
    }

    /// The public key as SPKI.
    pub fn spki(&self, algorithm: &str) -> Vec<u8> {
        let spki = match algorithm {
            "ES256" => AsDer::<PublicKeyX509Der<'_>>::as_der(self.es256.public_key()),
            "EdDSA" => AsDer::<PublicKeyX509Der<'_>>::as_der(self.eddsa.public_key()),
            _ => AsDer::<PublicKeyX509Der<'_>>::as_der(self.rs256.public_key()),
        };
        spki.expect("a document").as_ref().to_vec()
    }

    /// Our key that signs.
    pub fn signer(&self, algorithm: &str) -> Box<dyn Signer> {
        let id = KeyId::new(KEY_ID).expect("a name");
        let named = Algorithm::named(algorithm).expect("an algorithm");
        if algorithm == "HS256" {
            Box::new(self.shared())
        } else {
            Box::new(SigningKey::from_pkcs8(named, &self.pkcs8(algorithm)).expect("a key").with_id(id))
        }
    }

    /// Our shared secret.
    pub fn shared(&self) -> SharedKey {
        let id = KeyId::new(KEY_ID).expect("a name");
        SharedKey::new(Algorithm::Hs256, &self.secret).expect("a secret").with_id(id)
    }

    /// A token with [`claims`], the same for everybody: how long an ECDSA signature takes to check depends on its numbers.
    pub fn token(&self, algorithm: &str) -> String {
        let place = ALGORITHMS.iter().position(|known| *known == algorithm).expect("an algorithm");
        let made = self.tokens[place].get_or_init(|| {
            let signer = self.signer(algorithm);
            countersign_jose::jws::sign(&*signer, Some("at+jwt"), claims().as_bytes()).expect("a token")
        });
        made.clone()
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self::new()
    }
}
