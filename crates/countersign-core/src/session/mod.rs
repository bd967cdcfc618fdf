//! Sessions: how one starts, what its cookie carries, whether it may go on.

pub mod admit;
pub mod brief;
pub mod cookie;
pub mod guest;
pub mod start;

pub use admit::{Live, Standing, Touch};
pub use brief::{Admitted, Brief};
pub use cookie::{Cookie, Presented, Surface, Transport};
pub use guest::{Arrived, NewGuest, Visiting};
pub use start::{NewSession, Started};
