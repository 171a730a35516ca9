//! Reading JSON that may lack anything.

use serde_json::Value;

use super::{JumpCloudError, Result};

/// A text, empty if there is none. Numbers and flags become text: custom attributes hold them.
pub(super) fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}

/// A flag, false if there is none.
pub(super) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// A list, empty if there is none.
pub(super) fn rows<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The id of an object: v1 has `_id` and mostly `id`, v2 `id` alone.
pub(super) fn id(value: &Value) -> Result<String> {
    let found = ["_id", "id", "_oid"].into_iter().map(|name| text(value, name)).find(|id| !id.is_empty());
    found.ok_or(JumpCloudError::Malformed("an object without an id"))
}
