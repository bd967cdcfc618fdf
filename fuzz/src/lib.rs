//! What the fuzz targets share: keys they know, tokens they may sign, and a second opinion on JSON.
//!
//! A target puts its input behind a good signature, so that the code that only signed tokens reach is under attack as
//! well; then it asks an oracle that shares no line with the library. Nothing here decides what a token means.

pub mod oracle;
pub mod token;
