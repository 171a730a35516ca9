//! `/api/organizations`.

use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use crate::{
    listing::project,
    organization::Organization,
    paging::Page,
    reply::{Answer, Refusal, Reply},
    request::{Object, Params},
    world::Shared,
};

/// `GET /api/organizations`: the one organization that a credential can see.
pub(crate) async fn list(State(shared): State<Shared>, params: Params) -> Answer {
    let page = Page::from_params(&params)?;
    let world = shared.world();
    let row = project(summary(&world.organization, world.settings.recorded_nulls), "");
    let rows = if page.skip == 0 && page.limit > 0 { vec![row] } else { Vec::new() };
    Ok(Reply::envelope(1, &rows))
}

/// `GET /api/organizations/{id}`
pub(crate) async fn read(State(shared): State<Shared>, Path(id): Path<String>, params: Params) -> Answer {
    let world = shared.world();
    if id != world.organization.id {
        return Err(Refusal::not_found());
    }
    let row = full(&world.organization, world.settings.recorded_nulls);
    Ok(Reply::ok(project(row, params.get("fields").unwrap_or_default())))
}

/// `PUT /api/organizations/{id} {"settings": {..}}`
pub(crate) async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Object(body): Object,
) -> Answer {
    let mut world = shared.world();
    if id != world.organization.id {
        return Err(Refusal::not_found());
    }
    match body.get("settings") {
        Some(Value::Object(settings)) => world.organization.merge_settings(settings),
        Some(_) => return Err(Refusal::bad("Validation failed: settings must be an object")),
        None => {}
    }
    Ok(Reply::ok(full(&world.organization, world.settings.recorded_nulls)))
}

/// Recorded: both ids, and null for a name and a logo that are not set. The description says text.
fn summary(organization: &Organization, recorded_nulls: bool) -> Map<String, Value> {
    let mut row = Map::new();
    let fields = [
        ("_id", json!(organization.id)),
        ("id", json!(organization.id)),
        ("created", json!(organization.created)),
        ("displayName", if recorded_nulls { Value::Null } else { json!(organization.display_name) }),
        ("logoUrl", if recorded_nulls { Value::Null } else { json!("") }),
    ];
    row.extend(fields.map(|(field, value)| (field.to_owned(), value)));
    row
}

fn full(organization: &Organization, recorded_nulls: bool) -> Map<String, Value> {
    let mut row = summary(organization, recorded_nulls);
    row.insert("settings".to_owned(), organization.settings.clone().into());
    row
}
