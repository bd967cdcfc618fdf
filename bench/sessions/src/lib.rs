//! What a session costs: ours, a bare handler on the same HTTP stack, and other libraries.
//!
//! A [`House`] holds as many live sessions as it is told to, with the cookies that open them. Who is measured by what is
//! said in `bin`: `check` the time of one request, `memory` the bytes of one session, `durable` commits to disk, `serve` a
//! server for wrk.

pub mod apps;
pub mod house;
pub mod spread;

pub use house::House;
pub use spread::Spread;
