//! What is remembered. Records are made by a pure step of the core or read back by a store's codec, nowhere else:
//! every type here is `#[non_exhaustive]`, so a driver cannot build one from a request and compare it with itself.

pub mod client;
pub mod device;
pub mod grant;
pub mod guest;
pub mod key;
pub mod login;
pub mod onetime;
pub mod session;
pub mod user;

pub use client::{Client, Style};
pub use device::{Device, Network};
pub use grant::{Family, Grant, Scope};
pub use guest::Guest;
pub use key::{KeyPurpose, KeyRecord};
pub use login::Login;
pub use onetime::{OneTime, Purpose, SpendKey};
pub use session::{Audience, SecretHash, Session};
pub use user::{Email, Role, User};
