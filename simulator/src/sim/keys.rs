//! `/sim/keys` and `/sim/tokens`: credentials come and go.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;

use crate::{
    access::{Holder, Role},
    reply::Refusal,
    sim::input::Input,
    world::{Shared, World},
};

/// `{"key": "..", "role": "admin" | "read_only", "multi_tenant": false}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    key: String,
    #[serde(default)]
    role: Role,
    #[serde(default)]
    multi_tenant: bool,
}

/// `POST /sim/keys`
pub(crate) async fn create(State(shared): State<Shared>, Input(new): Input<NewKey>) -> StatusCode {
    add(&mut shared.world(), &new.key, new.role == Role::ReadOnly, new.multi_tenant);
    StatusCode::NO_CONTENT
}

pub(crate) fn add(world: &mut World, key: &str, read_only: bool, multi_tenant: bool) {
    let role = if read_only { Role::ReadOnly } else { Role::Admin };
    world.access.add_key(key, Holder { role, multi_tenant });
}

/// `DELETE /sim/keys/{key}`
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    Path(key): Path<String>,
) -> Result<StatusCode, Refusal> {
    if shared.world().access.revoke_key(&key) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::not_found())
    }
}

/// `DELETE /sim/tokens`
pub(crate) async fn revoke_tokens(State(shared): State<Shared>) -> StatusCode {
    shared.world().access.revoke_tokens();
    StatusCode::NO_CONTENT
}
