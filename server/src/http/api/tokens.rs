//! `/api-tokens`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Body, Id, page};
use crate::actions::admins;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;
use crate::store::admins::Role;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    name: String,
    role: Role,
}

pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Failure> {
    caller.owning()?;
    let rows = store::admins::list_api_tokens(&app.db).await?;
    let items = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.id, "name": row.name, "role": row.role, "created_at": row.created_at,
                "last_used_at": row.last_used_at,
            })
        })
        .collect();
    Ok(page(items, None))
}

/// The token is in this answer, and nowhere else afterwards.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<CreateToken>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let (id, token) = admins::create_api_token(&app, caller.owning()?, &body.name, body.role).await?;
    let answer = json!({"id": id, "name": body.name.trim(), "role": body.role, "token": token.expose()});
    Ok((StatusCode::CREATED, Json(answer)))
}

pub async fn remove(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<StatusCode, Failure> {
    admins::delete_api_token(&app, caller.owning()?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
