//! Sessions: how one starts, what its cookie carries, whether it may go on.

pub mod admit;
pub mod cookie;
pub mod guest;
pub mod start;

pub use admit::Live;
pub use cookie::{Cookie, Surface, Transport};
pub use guest::{Arrived, NewGuest, Visiting};
pub use start::{NewSession, Started};
