//! The revisions of a domain's settings, each with what it changed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::http::ui::steps::Difference;
use crate::http::ui::words;
use crate::store;

/// One revision.
#[derive(Debug)]
pub(super) struct Revision {
    pub(super) number: i64,
    pub(super) author: String,
    pub(super) at: DateTime<Utc>,
    pub(super) changes: Vec<Difference>,
    pub(super) is_current: bool,
}

/// Newest first, as they come.
pub(super) fn list(rows: &[store::domains::Revision]) -> Vec<Revision> {
    let revision = |(at, row): (usize, &store::domains::Revision)| {
        let changes = rows.get(at + 1).map(|before| {
            let mut changes = changes(&json!(before.settings.0), &json!(row.settings.0));
            if before.bind_password != row.bind_password {
                changes.push(Difference {
                    field: "ldap.bind_password".into(),
                    before: None,
                    after: "another one".into(),
                });
            }
            changes
        });
        Revision {
            number: row.revision,
            author: row.author.clone(),
            at: row.created_at,
            changes: changes.unwrap_or_default(),
            is_current: at == 0,
        }
    };
    rows.iter().enumerate().map(revision).collect()
}

pub(super) fn changes(before: &Value, after: &Value) -> Vec<Difference> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    leaves(before, String::new(), &mut old);
    leaves(after, String::new(), &mut new);
    let names: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    let text =
        |leaves: &BTreeMap<String, Value>, name: &str| leaves.get(name).map(words::value).unwrap_or_default();
    names
        .into_iter()
        .filter(|name| old.get(name) != new.get(name))
        .map(|name| Difference { before: Some(text(&old, &name)), after: text(&new, &name), field: name })
        .collect()
}

fn leaves(value: &Value, path: String, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(inner, path, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            found.insert(path, value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_listed() {
        let found =
            changes(&json!({"a": 1, "b": {"c": true}}), &json!({"a": 1, "b": {"c": false, "d": "x"}}));
        let found: Vec<_> = found.iter().map(|row| (row.field.as_str(), row.after.as_str())).collect();
        assert_eq!(found, [("b.c", "no"), ("b.d", "x")]);
    }
}
