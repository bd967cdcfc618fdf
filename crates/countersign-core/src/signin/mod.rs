//! Signing in and up: how fast attempts may come, which passwords are taken, and the links that letters carry.

pub mod account;
pub mod link;
pub mod password;
pub mod throttle;
