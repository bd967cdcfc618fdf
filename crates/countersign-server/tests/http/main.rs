//! The server over HTTP, without sockets: every route through the same router that the listeners serve.

mod bad_input;
mod endings;
mod house;
mod hosts;
mod redirects;
mod sameness;
mod slots;
mod unguarded_routes;
mod walk;
