//! The Active Directory instances and their agents, as kept; and `/api/v2/directories`.

use std::collections::BTreeMap;

use axum::extract::State;
use serde_json::{Value, json};

use crate::{
    filter::Row,
    listing::{page_of, project, sort_keys},
    paging::Page,
    reply::{Answer, Reply},
    request::Params,
    world::Shared,
};

/// One Active Directory instance.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) id: String,
    /// Its fields as answered.
    pub(crate) fields: serde_json::Map<String, Value>,
    pub(crate) agents: BTreeMap<String, Value>,
}

impl Directory {
    pub(crate) fn domain(&self) -> &str {
        self.fields.get("domain").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Row for Directory {
    fn column(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }
}

/// All instances in id order.
#[derive(Debug, Default)]
pub(crate) struct Directories {
    by_id: BTreeMap<String, Directory>,
}

impl Directories {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Directory> {
        self.by_id.values()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Directory> {
        self.by_id.get(id)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut Directory> {
        self.by_id.get_mut(id)
    }

    /// The instance, where there is exactly one.
    pub(crate) fn only(&self) -> Option<&Directory> {
        let mut all = self.iter();
        all.next().filter(|_| all.next().is_none())
    }

    pub(crate) fn put(&mut self, directory: Directory) {
        self.by_id.insert(directory.id.clone(), directory);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Directory> {
        self.by_id.remove(id)
    }
}

/// `GET /api/v2/directories`
pub(crate) async fn list(State(shared): State<Shared>, params: Params) -> Answer {
    let page = Page::from_params(&params)?;
    let keys = sort_keys(params.get("sort").unwrap_or_default());
    let fields = params.get("fields").unwrap_or_default();
    let world = shared.world();
    let rows: Vec<_> = world
        .directories
        .iter()
        .filter_map(|directory| {
            let row = json!({ "id": directory.id, "name": directory.domain(), "type": "active_directory" });
            row.as_object().cloned()
        })
        .collect();
    let page = page_of(rows.iter().collect(), &keys, page);
    Ok(Reply::list(rows.len(), page.into_iter().map(|row| project(row.clone(), fields)).collect()))
}
