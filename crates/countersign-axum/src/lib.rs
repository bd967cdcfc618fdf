//! Who is asking: one guard in front of an axum application, one extractor behind it, for all three styles.
//!
//! [`Guard`] is one type whatever the style, so that moving from JWT to sessions to hybrid changes one line and no handler.
//! A route under it answers 401 without a credential even if its handler forgets to ask; [`Guard::optional`] opens it
//! visibly. The crate decides nothing about credentials: the engine does, and this says what HTTP says about it
//! (RFC 6750 section 3, RFC 9110 section 11.6.1).
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use countersign_axum::{Auth, Guard};
//! # async fn run(engine: std::sync::Arc<countersign::Engine>) -> countersign::Result<()> {
//! let guard = Guard::hybrid(engine, "shop-api");
//! let app: Router = Router::new().route("/me", get(me)).layer(guard);
//! # Ok(()) }
//! async fn me(auth: Auth) -> String { format!("hello, {}", auth.subject()) }
//! ```

mod auth;
mod fence;
mod guard;
mod guest;
mod hop;
mod layer;
mod local;
mod look;
mod part;
mod peer;
mod person;
mod rejection;
mod seat;
mod session;
mod sessions;
pub mod testing;
mod visit;

pub use auth::Auth;
pub use countersign::{Authorities, Beyond, Preset, Reach, Stay, trust};
pub use countersign::{Bytes, Expect, Slot, Version, Writes};
pub use fence::{Fence, Fenced};
pub use guard::Guard;
pub use hop::{Hop, land, leave};
pub use layer::{Guarded, Passing};
pub use peer::{Peer, visitor};
pub use person::SessionFact;
pub use rejection::Rejection;
pub use session::Session;
pub use sessions::Sessions;
