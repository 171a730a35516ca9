//! What JSON a field takes. JumpCloud's description gives types and lengths; the words of the refusal are
//! assumed.

use serde_json::Value;

use crate::reply::Refusal;

/// The longest text of most fields, by the description.
pub(crate) const TEXT: Shape = Shape::Text(1024);
/// Text whose length the description leaves open.
pub(crate) const LONG_TEXT: Shape = Shape::Text(usize::MAX);

/// The JSON that a field takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text(usize),
    Flag,
    /// A whole number from 1.
    Count,
    OneOf(&'static [&'static str]),
    Object(&'static [(&'static str, Shape)]),
    List(&'static [(&'static str, Shape)]),
}

impl Shape {
    /// Checks `value`, which was sent for `field`.
    pub(crate) fn check(self, field: &str, value: &Value) -> Result<(), Refusal> {
        match (self, value) {
            (Self::Text(longest), Value::String(text)) if text.chars().count() > longest => {
                Err(refusal(field, &format!("is longer than the maximum of {longest} characters")))
            }
            (Self::OneOf(words), Value::String(text)) if !words.contains(&text.as_str()) => {
                Err(refusal(field, &format!("must be one of {}", words.join(", "))))
            }
            (Self::Text(_) | Self::OneOf(_), Value::String(_)) | (Self::Flag, Value::Bool(_)) => Ok(()),
            (Self::Count, Value::Number(number)) if number.as_u64().is_some_and(|number| number > 0) => {
                Ok(())
            }
            (Self::Object(inner), Value::Object(_)) => check_inner(field, inner, value),
            (Self::List(inner), Value::Array(rows)) => {
                rows.iter().try_for_each(|row| check_inner(field, inner, row))
            }
            (Self::Text(_) | Self::OneOf(_), _) => Err(refusal(field, "must be a string")),
            (Self::Flag, _) => Err(refusal(field, "must be a boolean")),
            (Self::Count, _) => Err(refusal(field, "must be an integer greater than 0")),
            (Self::Object(_), _) => Err(refusal(field, "must be an object")),
            (Self::List(_), _) => Err(refusal(field, "must be an array")),
        }
    }
}

fn check_inner(field: &str, inner: &[(&str, Shape)], value: &Value) -> Result<(), Refusal> {
    let Some(object) = value.as_object() else {
        return Err(refusal(field, "must hold objects"));
    };
    inner.iter().try_for_each(|(name, shape)| match object.get(*name) {
        Some(value) if !value.is_null() => shape.check(&format!("{field}.{name}"), value),
        _ => Ok(()),
    })
}

fn refusal(field: &str, why: &str) -> Refusal {
    Refusal::bad(format!("Validation failed: {field} {why}"))
}
