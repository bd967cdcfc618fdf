//! The Countersign server: OAuth 2.1 and OpenID Connect, sessions, pages and console.

pub mod api;
pub mod app;
pub mod console;
pub mod demo;
pub mod mail;
pub mod pages;
pub mod routes;
pub mod serve;
pub mod web;

pub use app::{App, DemoShop, Server, ServerSettings, main_router};
pub use serve::Serving;
pub use web::Cidr;
