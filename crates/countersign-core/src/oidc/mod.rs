//! OpenID Connect as decisions: what an ID token and userinfo say, and how an application signs a person out.

pub mod claims;
pub mod logout;
