//! One file per command; the doc comment of its arguments is its manual.

pub(crate) mod app;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod config;
pub(crate) mod explain;
pub(crate) mod jwe;
pub(crate) mod key;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod setup_link;
pub(crate) mod store;
pub(crate) mod token;
pub(crate) mod user;
