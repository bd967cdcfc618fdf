//! Endings: how they are written down in order, and what a node knows of them.

pub mod epoch;
pub mod log;
pub mod view;

pub use view::View;
