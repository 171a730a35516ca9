//! A document as a schema describes it: fields have the example that stands beside them, or one that their type gives.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// The named schemas that others refer to.
#[derive(Clone, Debug, Default)]
pub struct Schemas(BTreeMap<String, RefOr<Schema>>);

/// Schemas may refer to themselves; examples end somewhere.
const DEEPEST: usize = 8;

impl Schemas {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn insert(&mut self, name: String, schema: RefOr<Schema>) {
        self.0.insert(name, schema);
    }

    pub(super) fn extend(&mut self, schemas: impl IntoIterator<Item = (String, RefOr<Schema>)>) {
        self.0.extend(schemas);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &RefOr<Schema>)> {
        self.0.iter()
    }

    /// The schema that a reference names.
    fn find(&self, reference: &str) -> Value {
        let name = reference.rsplit('/').next().unwrap_or_default();
        self.0.get(name).map(|schema| json!(schema)).unwrap_or_default()
    }
}

/// A document of the schema.
pub fn example(schema: &RefOr<Schema>, schemas: &Schemas) -> Value {
    document(&json!(schema), schemas, 0)
}

fn document(schema: &Value, schemas: &Schemas, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return example.clone();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return document(&schemas.find(reference), schemas, depth + 1);
    }
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return together(parts, schemas, depth);
    }
    let is_value = |one: &&Value| one["type"] != "null";
    let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    if let Some(choice) = choices.and_then(|choices| choices.iter().find(is_value)) {
        return document(choice, schemas, depth + 1);
    }
    match kind(schema) {
        Some("object") => fields(schema, schemas, depth),
        Some("array") => Value::Array(vec![document(&schema["items"], schemas, depth + 1)]),
        Some("string") => text(schema["format"].as_str()),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("number") => json!(1.5),
        Some("boolean") => json!(true),
        _ => json!({}),
    }
}

/// The type, or the first of several that is not null.
fn kind(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    }
}

fn fields(schema: &Value, schemas: &Schemas, depth: usize) -> Value {
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields
        .map(|(name, field)| (name.clone(), document(field, schemas, depth + 1)))
        .collect::<Map<_, _>>()
        .into()
}

fn together(parts: &[Value], schemas: &Schemas, depth: usize) -> Value {
    let mut whole = Map::new();
    for part in parts {
        if let Value::Object(fields) = document(part, schemas, depth + 1) {
            whole.extend(fields);
        }
    }
    Value::Object(whole)
}

fn text(format: Option<&str>) -> Value {
    match format {
        Some("uuid") => json!("0197c0de-5a1e-7000-8000-00000000ad17"),
        Some("date-time") => json!("2026-01-15T08:30:00Z"),
        _ => json!("text"),
    }
}

#[cfg(test)]
mod tests {
    use utoipa::{PartialSchema, ToSchema};

    use super::*;

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Person {
        #[schema(example = "Ada")]
        name: String,
        age: Option<u8>,
        knows: Vec<Person>,
    }

    #[test]
    fn an_example_has_every_field_and_ends() {
        let mut schemas = Schemas::new();
        schemas.insert("Person".into(), Person::schema());
        let found = example(&Person::schema(), &schemas);
        assert_eq!(found["name"], "Ada");
        assert!(found["age"].is_number());
        assert_eq!(found["knows"][0]["name"], "Ada");
    }
}
