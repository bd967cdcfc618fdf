//! What one token costs: ours, the bare primitive of the same library over the same bytes, and other libraries.
//!
//! Every [`Case`] does the same work as its neighbours of the same [`Case::what`]: check the signature, read the
//! claims into a struct, check `iss`, `aud` and `exp`; or write the claims and sign them. How long that takes is
//! measured by `time`, how often it allocates by `count`.

mod ours;
#[cfg(feature = "peers")]
mod peers;
mod primitive;
pub mod remembered;
pub mod token;

#[cfg(feature = "peers")]
pub use peers::{Backend, choose};

/// The algorithms that are compared.
pub const ALGORITHMS: [&str; 4] = ["HS256", "ES256", "EdDSA", "RS256"];

/// One thing to measure.
pub struct Case {
    /// The work: `verify HS256`. Cases of one name are compared with one another.
    pub what: String,
    /// Who does it.
    pub who: &'static str,
    /// Does it once.
    pub run: Box<dyn FnMut()>,
}

impl Case {
    fn new(what: String, who: &'static str, run: impl FnMut() + 'static) -> Self {
        Self { what, who, run: Box::new(run) }
    }
}

/// The bare primitive.
pub const PRIMITIVE: &str = "primitive";
/// This library.
pub const OURS: &str = "countersign";

/// What callgrind looks at: our hot paths, each behind the primitive that is subtracted.
pub fn hot_paths() -> Vec<Case> {
    let keys = token::Keys::new();
    let mut cases = Vec::new();
    for algorithm in ALGORITHMS {
        cases.push(primitive::verify(&keys, algorithm));
        cases.extend(ours::verify(&keys, algorithm));
        // An RSA signature takes callgrind half a minute, and what is ours of it is what is ours of the others.
        if algorithm != "RS256" {
            cases.push(primitive::sign(&keys, algorithm, "issue"));
            cases.push(ours::issue(&keys, algorithm));
        }
    }
    cases.extend(remembered::cases(100));
    cases
}

/// Every case, those of one name behind one another, the primitive first.
#[cfg(feature = "peers")]
pub fn cases() -> Vec<Case> {
    let keys = token::Keys::new();
    let mut cases = Vec::new();
    for algorithm in ALGORITHMS {
        cases.push(primitive::verify(&keys, algorithm));
        cases.extend(ours::verify(&keys, algorithm));
        cases.extend(peers::verify(&keys, algorithm));
    }
    for algorithm in ALGORITHMS {
        cases.push(primitive::sign(&keys, algorithm, "sign"));
        cases.push(ours::sign(&keys, algorithm));
    }
    for algorithm in ALGORITHMS {
        cases.push(primitive::sign(&keys, algorithm, "issue"));
        cases.push(ours::issue(&keys, algorithm));
        cases.extend(peers::issue(&keys, algorithm));
    }
    cases
}
