//! `/sim/faults`: the script of what goes wrong.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::json;

use crate::{
    faults::Fault,
    reply::{Answer, Refusal, Reply},
    sim::input::Input,
    world::Shared,
};

/// `POST /sim/faults`: 201 `{"id"}`
pub(crate) async fn add(State(shared): State<Shared>, Input(fault): Input<Fault>) -> Answer {
    Ok(Reply::created(json!({ "id": shared.world().faults.add(fault) })))
}

/// `GET /sim/faults`: `{"faults": [{"id", "seen", "struck", "fault"}]}`
pub(crate) async fn list(State(shared): State<Shared>) -> Answer {
    Ok(Reply::ok(json!({ "faults": shared.world().faults.list() })))
}

/// `DELETE /sim/faults`
pub(crate) async fn clear(State(shared): State<Shared>) -> StatusCode {
    shared.world().faults.clear();
    StatusCode::NO_CONTENT
}

/// `DELETE /sim/faults/{id}`
pub(crate) async fn remove(State(shared): State<Shared>, Path(id): Path<u64>) -> Result<StatusCode, Refusal> {
    if shared.world().faults.remove(id) { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::not_found()) }
}
