//! `/api/v2/activedirectories`.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Map, Value, json};

use crate::{
    clock,
    directories::Directory,
    filter_v2,
    graph::{Kind, Node},
    listing::{page_of, project, sort_keys},
    paging::Page,
    reply::{Answer, Refusal, Reply},
    request::{Object, Params},
    shape::{
        LONG_TEXT, Shape,
        Shape::{Flag, OneOf},
    },
    world::{Shared, World},
};

const WRITABLE: [(&str, Shape); 4] = [
    ("domain", LONG_TEXT),
    ("useCase", OneOf(&["UNSET", "TWOWAYSYNC", "JCASAUTHORITY", "ADASAUTHORITY"])),
    ("groupsEnabled", Flag),
    ("delegationState", OneOf(&["ENABLED", "PENDING", "DISABLED"])),
];

/// `GET /api/v2/activedirectories`
pub(crate) async fn list(State(shared): State<Shared>, params: Params) -> Answer {
    let page = Page::from_params(&params)?;
    let filter = filter_v2::parse(&params)?;
    let keys = sort_keys(params.get("sort").unwrap_or_default());
    let fields = params.get("fields").unwrap_or_default();

    let world = shared.world();
    let selected: Vec<_> = world.directories.iter().filter(|row| filter.accepts(*row)).collect();
    let total = selected.len();
    let rows = page_of(selected, &keys, page).into_iter().map(|row| project(row.fields.clone(), fields));
    Ok(Reply::list(total, rows.collect()))
}

/// `POST /api/v2/activedirectories {"domain": "DC=corp;DC=example"}`
pub(crate) async fn create(State(shared): State<Shared>, Object(body): Object) -> Answer {
    let mut world = shared.world();
    let id = insert(&mut world, &body)?;
    Ok(Reply::created(find(&world, &id)?.fields.clone()))
}

/// Creates an instance. Returns its id.
pub(crate) fn insert(world: &mut World, body: &Map<String, Value>) -> Result<String, Refusal> {
    let written = writable(body)?;
    let domain = written.get("domain").and_then(Value::as_str).unwrap_or_default();
    if !is_domain(domain) {
        // The documentation writes DC=AD_domain_name;DC=com; commas are seen in clients.
        return Err(Refusal::bad("Validation failed: domain must look like DC=example;DC=com"));
    }
    let same = |directory: &Directory| canonical(directory.domain()) == canonical(domain);
    if world.directories.iter().any(same) {
        return Err(Refusal::new(StatusCode::CONFLICT, "Already Exists").bare());
    }
    let now = world.now();
    let id = world.ids.next(now);
    let mut fields = Map::new();
    let defaults = [
        ("id", json!(id)),
        ("useCase", json!("UNSET")),
        ("groupsEnabled", json!(false)),
        ("delegationState", json!("DISABLED")),
        ("permission", json!("PERMISSION_OWNER")),
        ("updatedAt", json!(clock::text(now))),
    ];
    fields.extend(defaults.map(|(field, value)| (field.to_owned(), value)));
    fields.extend(written);
    world.directories.put(Directory { id: id.clone(), fields, agents: BTreeMap::new() });
    Ok(id)
}

/// `GET /api/v2/activedirectories/{id}`
pub(crate) async fn read(State(shared): State<Shared>, Path(id): Path<String>) -> Answer {
    Ok(Reply::ok(find(&shared.world(), &id)?.fields.clone()))
}

/// `PUT /api/v2/activedirectories/{id} {"useCase": .., "groupsEnabled": ..}`. In no description; a client
/// calls it. That it merges is assumed.
pub(crate) async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Object(body): Object,
) -> Answer {
    let mut written = writable(&body)?;
    written.remove("domain");
    let mut world = shared.world();
    let now = clock::text(world.now());
    let directory = world.directories.find_mut(&id).ok_or_else(Refusal::not_found)?;
    directory.fields.extend(written);
    directory.fields.insert("updatedAt".to_owned(), now.into());
    Ok(Reply::ok(directory.fields.clone()))
}

/// `DELETE /api/v2/activedirectories/{id}`. Answers the deleted instance.
pub(crate) async fn delete(State(shared): State<Shared>, Path(id): Path<String>) -> Answer {
    let mut world = shared.world();
    let directory = world.directories.remove(&id).ok_or_else(Refusal::not_found)?;
    world.graph.remove(&Node { kind: Kind::ActiveDirectory, id });
    Ok(Reply::ok(directory.fields))
}

pub(crate) fn find<'a>(world: &'a World, id: &str) -> Result<&'a Directory, Refusal> {
    world.directories.find(id).ok_or_else(Refusal::not_found)
}

fn writable(body: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let mut written = Map::new();
    for (field, shape) in WRITABLE {
        if let Some(value) = body.get(field) {
            shape.check(field, value)?;
            written.insert(field.to_owned(), value.clone());
        }
    }
    Ok(written)
}

fn canonical(domain: &str) -> String {
    domain.to_lowercase().replace(';', ",").replace(' ', "")
}

fn is_domain(domain: &str) -> bool {
    canonical(domain).split(',').all(|part| part.strip_prefix("dc=").is_some_and(|name| !name.is_empty()))
}
