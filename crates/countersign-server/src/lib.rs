//! The Countersign server: OAuth 2.1 and OpenID Connect, sessions, pages and console.

pub mod mail;
pub mod pages;
