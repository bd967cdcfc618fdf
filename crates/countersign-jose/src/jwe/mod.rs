//! Encrypted content: JWE.
//!
//! RFC 7516 and RFC 7518 4 and 5. So far this names the algorithms.

mod algorithm;

pub use algorithm::{ContentAlgorithm, KeyAlgorithm, KeyKind};
