//! Sessions: how one starts, what its cookie carries, whether it may go on.

pub mod admit;
pub mod cookie;
pub mod start;

pub use admit::Live;
pub use cookie::{Cookie, Surface, Transport};
pub use start::{NewSession, Started};
