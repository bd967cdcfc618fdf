//! Reading the admin API's answers: fields by name, made harmless for the terminal.

use serde_json::Value;

use crate::ui::plain;

/// A text; empty when there is none.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).map(plain).unwrap_or_default()
}

/// A number; 0 when there is none.
pub(crate) fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// Whether a flag is set.
pub(crate) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// A point in time, `{"unix": …}`.
pub(crate) fn moment(value: &Value, name: &str) -> Option<u64> {
    value.get(name)?.get("unix")?.as_u64()
}

/// A list; empty when there is none.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list of texts.
pub(crate) fn texts(value: &Value, name: &str) -> Vec<String> {
    list(value, name).iter().filter_map(Value::as_str).map(plain).collect()
}

/// Who did something: `ada`, `the command line`.
pub(crate) fn actor(value: &Value) -> String {
    let name = text(value, "name");
    if !name.is_empty() {
        return name.split('@').next().unwrap_or_default().to_owned();
    }
    match text(value, "kind").as_str() {
        "command-line" => "operator".to_owned(),
        other => other.to_owned(),
    }
}
