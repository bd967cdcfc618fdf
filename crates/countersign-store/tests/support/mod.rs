//! What the tests of engines over a network need: servers of their own, and a way to cut them off.

pub(crate) mod certificates;
pub(crate) mod proxy;
pub(crate) mod redis;
