//! `/api-tokens`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Body, Id, Query, limit, next, page};
use super::roles::Asked;
use crate::actions::admins::shown;
use crate::actions::api_tokens::{self, New};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;
use crate::store::admins::{Role, Roles};
use crate::store::api_tokens::ApiTokenRow;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    name: String,
    role: Option<Role>,
    organizations: Option<Roles>,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub struct Wanted {
    after: Option<Uuid>,
    limit: Option<i64>,
}

pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Failure> {
    caller.owning()?;
    let limit = limit(wanted.limit)?;
    let rows = store::api_tokens::list(&app.db, wanted.after, limit).await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    Ok(page(rows.iter().map(view).collect(), next))
}

fn view(row: &ApiTokenRow) -> Value {
    let mut view = shown(&row.access());
    view["id"] = json!(row.id);
    view["name"] = json!(row.name);
    view["created_at"] = json!(row.created_at);
    view["last_used_at"] = json!(row.last_used_at);
    view["expires_at"] = json!(row.expires_at);
    view
}

/// The token is in this answer, and nowhere else afterwards.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<CreateToken>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let by = caller.owning()?;
    let access = Asked { role: body.role, organizations: body.organizations }.access()?;
    let mut answer = shown(&access);
    answer["name"] = json!(body.name.trim());
    answer["expires_at"] = json!(body.expires_at);
    let new = New { name: body.name, access, expires_at: body.expires_at };
    let (id, token) = api_tokens::create(&app, by, new).await?;
    answer["id"] = json!(id);
    answer["token"] = json!(token.expose());
    Ok((StatusCode::CREATED, Json(answer)))
}

pub async fn remove(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<StatusCode, Failure> {
    api_tokens::delete(&app, caller.owning()?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
