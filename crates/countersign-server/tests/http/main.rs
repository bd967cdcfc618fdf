//! The server over HTTP, without sockets: every route through the same router that the listeners serve.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail by panicking, as the tests do"
)]

mod bad_input;
mod demo;
mod endings;
mod hosts;
mod house;
mod redirects;
mod sameness;
mod slots;
mod unguarded_routes;
mod walk;
