//! What every route stands on: reading requests strictly, refusing them in words, and the headers of answers.
//! Decides nothing about people or applications.

pub mod face;
pub mod fence;
pub mod form;
pub mod host;
pub(crate) mod parts;
pub mod peer;
pub mod text;
pub mod wrong;

pub use self::face::Face;
pub use self::form::{Form, Query};
pub use self::peer::{Cidr, Guest, Peer};
pub use self::wrong::Wrong;
