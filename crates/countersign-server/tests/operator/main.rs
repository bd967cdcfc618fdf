//! The operator's pages and the JSON API, from outside: requests in, answers out, on an engine with a store of its own.

#[cfg(test)]
mod api;
#[cfg(test)]
mod attack;
#[cfg(test)]
mod console;
#[cfg(test)]
mod desk;
