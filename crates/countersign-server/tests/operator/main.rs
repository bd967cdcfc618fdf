//! The operator's pages and the JSON API, from outside: requests in, answers out, on an engine with a store of its own.

mod api;
mod attack;
mod console;
mod desk;
