//! The user groups, by id and by name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::settings::Settings;

/// All user groups. Names are unique regardless of case (that they are unique is from clients, the case is
/// assumed).
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_id: BTreeMap<String, Map<String, Value>>,
    by_name: BTreeMap<String, String>,
}

/// What a client may write: the tables `UserGroupPost` and `UserGroupPut`.
const WRITABLE: [&str; 8] = [
    "attributes",
    "description",
    "email",
    "memberQuery",
    "memberQueryExemptions",
    "memberSuggestionsNotify",
    "membershipMethod",
    "name",
];

impl Groups {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.by_id.values()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Map<String, Value>> {
        self.by_id.get(id)
    }

    pub(crate) fn find_by_name(&self, name: &str) -> Option<&Map<String, Value>> {
        self.by_id.get(self.by_name.get(&name.to_lowercase())?)
    }

    /// Adds the group, or replaces the one with the same id.
    pub(crate) fn put(&mut self, id: &str, group: Map<String, Value>) {
        self.remove(id);
        self.by_name.insert(text(&group, "name").to_lowercase(), id.to_owned());
        self.by_id.insert(id.to_owned(), group);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Map<String, Value>> {
        let group = self.by_id.remove(id)?;
        self.by_name.remove(&text(&group, "name").to_lowercase());
        Some(group)
    }
}

/// A group as `body` describes it; what `body` leaves out is at its default, also on PUT, which replaces
/// (recorded).
pub(crate) fn described(id: &str, organization: &str, body: &Map<String, Value>) -> Map<String, Value> {
    let mut group = Map::new();
    let defaults = [
        ("id", json!(id)),
        ("type", json!("user_group")),
        ("organizationObjectId", json!(organization)),
        ("description", json!("")),
        ("email", json!("")),
        ("attributes", Value::Null),
        ("membershipMethod", json!("NOTSET")),
        ("memberSuggestionsNotify", json!(false)),
        ("memberQueryExemptions", json!([])),
        ("suggestionCounts", json!({ "add": 0, "remove": 0, "total": 0 })),
    ];
    group.extend(defaults.map(|(field, value)| (field.to_owned(), value)));
    let written = body.iter().filter(|(field, value)| WRITABLE.contains(&field.as_str()) && !value.is_null());
    group.extend(written.map(|(field, value)| (field.clone(), value.clone())));
    group
}

/// The group as JumpCloud answers it.
pub(crate) fn shown(group: &Map<String, Value>, settings: &Settings) -> Map<String, Value> {
    let mut shown = group.clone();
    if let Some(attributes) = shown.get_mut("attributes") {
        *attributes = settings.object_or_unset(attributes);
    }
    shown
}

pub(crate) fn text<'a>(group: &'a Map<String, Value>, field: &str) -> &'a str {
    group.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Whether JumpCloud computes the members itself.
pub(crate) fn is_dynamic(group: &Map<String, Value>) -> bool {
    text(group, "membershipMethod").starts_with("DYNAMIC_")
}
