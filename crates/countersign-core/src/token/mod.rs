//! Grants and their refresh families: how one begins, whether it is alive, how its tokens rotate.

pub mod family;
pub mod grant;
pub mod refresh;

pub use grant::NewGrant;
pub use refresh::Decision;
