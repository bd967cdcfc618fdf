//! The server over HTTP, without sockets: every route through the same router that the listeners serve.

mod afterwards;
mod bad_input;
mod crossing;
mod crowds;
mod endings;
mod hosts;
mod house;
mod letters;
mod markup;
mod redirects;
mod sameness;
mod silence;
mod slots;
mod tokens;
mod unguarded_routes;
mod walk;
