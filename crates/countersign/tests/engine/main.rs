//! The engine from outside, on the embedded store, with a clock of the tests' own.

mod common;
mod data;
mod doors;
mod endings;
mod keys;
mod oauth;
mod races;
