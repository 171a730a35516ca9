//! `/api/v2/usergroups` and `/api/v2/groups`: list, create, read, replace, delete.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Map, Value};

use crate::{
    filter_v2,
    graph::{Kind, Node},
    groups::{described, shown, text},
    listing::{page_of, project, sort_keys},
    paging::Page,
    reply::{Answer, Refusal, Reply},
    request::{Object, Params},
    shape::{
        Shape::{Flag, List, Object as Inner, OneOf},
        TEXT,
    },
    world::{Shared, World},
};

/// What the group collections sort by. That `id` is refused is recorded; the full list is assumed.
const SORTABLE: [&str; 5] = ["description", "email", "membershipMethod", "name", "type"];
const METHODS: &[&str] = &["NOTSET", "STATIC", "DYNAMIC_REVIEW_REQUIRED", "DYNAMIC_AUTOMATED"];

/// `GET /api/v2/usergroups`
pub(crate) async fn list(State(shared): State<Shared>, params: Params) -> Answer {
    listed(&shared, &params, |group| group)
}

/// `GET /api/v2/groups`: every group, with fewer fields. User groups are all that is simulated.
pub(crate) async fn list_all(State(shared): State<Shared>, params: Params) -> Answer {
    let known = ["attributes", "description", "email", "id", "name", "organizationObjectId", "type"];
    listed(&shared, &params, |mut group| {
        group.retain(|field, _| known.contains(&field.as_str()));
        group
    })
}

fn listed(
    shared: &Shared,
    params: &Params,
    narrow: impl Fn(Map<String, Value>) -> Map<String, Value>,
) -> Answer {
    let page = Page::from_params(params)?;
    let filter = filter_v2::parse(params)?;
    let keys = sort_keys(params.get("sort").unwrap_or_default());
    if let Some(key) = keys.iter().find(|key| !SORTABLE.contains(&key.field.as_str())) {
        return Err(Refusal::bad(format!("invalid sort field: {}", key.field)).bare());
    }
    let fields = params.get("fields").unwrap_or_default();

    let world = shared.world();
    let selected: Vec<_> = world.groups.iter().filter(|group| filter.accepts(*group)).collect();
    let total = selected.len();
    let rows = page_of(selected, &keys, page);
    let rows = rows.into_iter().map(|group| project(narrow(shown(group, &world.settings)), fields));
    Ok(Reply::list(total, rows.collect()))
}

/// `POST /api/v2/usergroups`
pub(crate) async fn create(State(shared): State<Shared>, Object(body): Object) -> Answer {
    let mut world = shared.world();
    let id = insert(&mut world, &body)?;
    Ok(Reply::created(find(&world, &id)?))
}

/// Creates a group. Returns its id.
pub(crate) fn insert(world: &mut World, body: &Map<String, Value>) -> Result<String, Refusal> {
    check(world, None, body)?;
    let now = world.now();
    let id = world.ids.next(now);
    let group = described(&id, &world.organization.id, body);
    world.groups.put(&id, group);
    Ok(id)
}

/// `GET /api/v2/usergroups/{id}`
pub(crate) async fn read(State(shared): State<Shared>, Path(id): Path<String>) -> Answer {
    Ok(Reply::ok(find(&shared.world(), &id)?))
}

/// `PUT /api/v2/usergroups/{id}`: replaces the whole group (recorded).
pub(crate) async fn replace(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Object(body): Object,
) -> Answer {
    let mut world = shared.world();
    find(&world, &id)?;
    check(&world, Some(&id), &body)?;
    let group = described(&id, &world.organization.id, &body);
    world.groups.put(&id, group);
    Ok(Reply::ok(find(&world, &id)?))
}

/// `DELETE /api/v2/usergroups/{id}`: the description lists 200 with the group and 204.
pub(crate) async fn delete(State(shared): State<Shared>, Path(id): Path<String>) -> Answer {
    let mut world = shared.world();
    let group = find(&world, &id)?;
    world.groups.remove(&id);
    world.graph.remove(&Node::new(Kind::UserGroup, &id));
    Ok(if world.settings.group_delete_status == 200 { Reply::ok(group) } else { Reply::nothing() })
}

fn find(world: &World, id: &str) -> Result<Map<String, Value>, Refusal> {
    let group = world.groups.find(id).ok_or_else(Refusal::not_found)?;
    Ok(shown(group, &world.settings))
}

fn check(world: &World, id: Option<&str>, body: &Map<String, Value>) -> Result<(), Refusal> {
    let shapes = [
        ("name", TEXT),
        ("description", TEXT),
        ("email", TEXT),
        ("attributes", Inner(&[])),
        ("memberQuery", Inner(&[])),
        ("memberQueryExemptions", List(&[])),
        ("memberSuggestionsNotify", Flag),
        ("membershipMethod", OneOf(METHODS)),
    ];
    for (field, shape) in shapes {
        if let Some(value) = body.get(field).filter(|value| !value.is_null()) {
            shape.check(field, value)?;
        }
    }
    let name = text(body, "name");
    if name.trim().is_empty() {
        return Err(Refusal::bad("Validation failed: name is required"));
    }
    let holder = world.groups.find_by_name(name).map(|group| text(group, "id"));
    if holder.is_some_and(|holder| Some(holder) != id) {
        return Err(Refusal::new(StatusCode::CONFLICT, "Already Exists").bare());
    }
    Ok(())
}
