//! The server over HTTP, without sockets: every route through the same router that the listeners serve.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail by panicking, as the tests do"
)]

mod afterwards;
mod bad_input;
mod crossing;
mod crowds;
mod demo;
mod endings;
mod hosts;
mod house;
mod letters;
mod markup;
mod production;
mod redirects;
mod sameness;
mod silence;
mod slots;
mod strict;
mod tokens;
mod unguarded_routes;
mod walk;
