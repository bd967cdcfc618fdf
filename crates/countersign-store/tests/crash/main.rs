//! What is left when a process is killed, or when the disk says no: whatever was acknowledged is there, whatever was ended
//! stays ended, and nothing was acknowledged that is not there.
//!
//! The tests start themselves again as the victim, which says each acknowledged write on its standard output.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod deeds;
mod disk;
mod judge;
mod kill;
mod process;
mod victim;
