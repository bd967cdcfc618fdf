//! Sample values for every page: full, empty, refused, and with names as long as names get. All persons and
//! figures are invented.

mod account;
mod console;
mod console_more;
mod demo;
mod door;

use countersign_server::pages::{Frame, Page};
use serde::{Serialize, Serializer};

/// 23 Nov 2026, 09:14:00 UTC.
pub(crate) const NOW: i64 = 1_795_425_240;
pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;
pub(crate) const LONG: &str = "The Honourable Bartholomew Featherstonehaugh-Cholmondeley IV";
pub(crate) const LONG_MAIL: &str = "bartholomew.featherstonehaugh-cholmondeley.iv@mail.marsh.example";

/// One page with its values.
pub(crate) struct Sample {
    pub(crate) file: &'static str,
    pub(crate) values: serde_json::Value,
    template: &'static str,
}

impl Sample {
    pub(crate) fn new(file: &'static str, page: &impl Page) -> Self {
        Self { file, values: serde_json::to_value(page).unwrap_or_default(), template: page.template() }
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values.serialize(serializer)
    }
}

impl Page for Sample {
    fn template(&self) -> &'static str {
        self.template
    }
}

/// Every page in every state.
pub(crate) fn all() -> Vec<Sample> {
    [door::all(), account::all(), demo::all(), console::all(), console_more::all()]
        .into_iter()
        .flatten()
        .collect()
}

pub(crate) fn frame(host: &str) -> Frame {
    Frame { host: text(host), now: NOW }
}

pub(crate) fn text(words: &str) -> String {
    words.to_owned()
}

pub(crate) fn some(words: &str) -> Option<String> {
    Some(words.to_owned())
}
