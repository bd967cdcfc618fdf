//! The guides and the page of the tokens' crate, so that what they show in Rust is compiled. The programs are in `src/bin`.

#[doc = include_str!("../../docs/guides/from-tower-sessions.md")]
pub mod from_tower_sessions {}

#[doc = include_str!("../../docs/guides/from-express-session.md")]
pub mod from_express_session {}

#[doc = include_str!("../../crates/countersign-jose/README.md")]
pub mod tokens_alone {}
