//! The engine from outside, on the embedded store, with a clock of the tests' own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod clock;
mod common;
mod data;
mod doors;
mod effort;
mod endings;
mod guests;
mod held;
mod keys;
mod left;
mod life;
mod master;
mod oauth;
mod own;
mod races;
mod slots;
mod traces;
