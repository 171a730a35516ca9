//! `/api/systemusers`: list, create, read, change, delete.

use axum::extract::{Path, State};
use serde_json::Value;

use crate::{
    filter_v1,
    graph::{Kind, Node},
    listing::{page_of, sort_keys},
    paging::Page,
    reply::{Answer, Refusal, Reply},
    request::{Object, Params},
    user_view::UserView,
    user_writes,
    world::{Shared, World},
};

/// `GET /api/systemusers`
pub(crate) async fn list(State(shared): State<Shared>, params: Params) -> Answer {
    let page = Page::from_params(&params)?;
    let filter = filter_v1::parse(&params)?;
    let keys = sort_keys(params.get("sort").unwrap_or_default());
    let fields = params.get("fields").unwrap_or_default();

    let world = shared.world();
    let selected = world.users.select(&filter);
    let total = selected.len();
    let rows = page_of(selected, &keys, page);
    let rows: Vec<_> = rows.into_iter().map(|user| UserView::new(&world, user, fields)).collect();
    Ok(Reply::envelope(total, &rows))
}

/// `POST /api/systemusers`. The description answers 200, not 201.
pub(crate) async fn create(State(shared): State<Shared>, params: Params, Object(body): Object) -> Answer {
    let mut world = shared.world();
    let id = user_writes::create(&mut world, &body, wants_details(&params))?;
    shown(&world, &id, "")
}

/// `GET /api/systemusers/{id}`
pub(crate) async fn read(State(shared): State<Shared>, Path(id): Path<String>, params: Params) -> Answer {
    shown(&shared.world(), &id, params.get("fields").unwrap_or_default())
}

/// `PUT /api/systemusers/{id}`
pub(crate) async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    params: Params,
    Object(body): Object,
) -> Answer {
    let mut world = shared.world();
    user_writes::update(&mut world, &id, &body, wants_details(&params))?;
    shown(&world, &id, "")
}

/// `DELETE /api/systemusers/{id}[?cascade_manager=null|<id>]`. Answers the deleted user.
pub(crate) async fn delete(State(shared): State<Shared>, Path(id): Path<String>, params: Params) -> Answer {
    let mut world = shared.world();
    let answer = shown(&world, &id, "")?;
    hand_over_reports(&mut world, &id, params.get("cascade_manager"))?;
    world.users.remove(&id);
    world.graph.remove(&Node::new(Kind::User, &id));
    Ok(answer)
}

/// The people whose manager is being deleted get the manager that `cascade` names, or none for `null`.
/// That leaving it out answers the listed 409 is assumed.
fn hand_over_reports(world: &mut World, id: &str, cascade: Option<&str>) -> Result<(), Refusal> {
    let reports: Vec<_> = world.users.with("manager", id).cloned().collect();
    let successor = match cascade {
        Some("null") => Value::Null,
        Some(successor) if successor != id && world.users.find(successor).is_some() => Value::from(successor),
        Some(_) => return Err(Refusal::bad("Bad Request: cascade_manager is not another user's id")),
        None if reports.is_empty() || !world.settings.manager_delete_conflict => Value::Null,
        None => {
            let message = "User is the manager of other users; cascade_manager is required";
            return Err(Refusal::new(axum::http::StatusCode::CONFLICT, message));
        }
    };
    for mut report in reports {
        // The successor may have reported to the deleted manager, and is nobody's own manager.
        let own = successor == report.id();
        report.set("manager", if own { Value::Null } else { successor.clone() });
        world.users.put(report);
    }
    Ok(())
}

fn wants_details(params: &Params) -> bool {
    params.get("fullValidationDetails") == Some("password")
}

fn shown(world: &World, id: &str, fields: &str) -> Answer {
    let user = world.users.find(id).ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(UserView::new(world, user, fields)))
}
