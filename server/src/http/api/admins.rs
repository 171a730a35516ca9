//! `/admins`: who may sign in, and their sessions. For owners.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::Duration;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Body, Id, page};
use super::roles::Asked;
use crate::actions::admins::{self, Invitation, shown};
use crate::actions::sign_in::IDLE_MINUTES;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;
use crate::store::admins::{AdminRow, Role, Roles};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    email: String,
    role: Option<Role>,
    organizations: Option<Roles>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    role: Option<Role>,
    organizations: Option<Roles>,
    disabled: Option<bool>,
}

pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Failure> {
    caller.owning()?;
    let rows = store::admins::list(&app.db).await?;
    Ok(page(rows.iter().map(view).collect(), None))
}

pub async fn find(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<Json<Value>, Failure> {
    caller.owning()?;
    Ok(Json(view(&found(&app, id).await?)))
}

/// The link with which the administrator chooses a password is in this answer, and nowhere else afterwards.
pub async fn invite(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<Invite>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let by = caller.owning()?;
    let access = Asked { role: body.role, organizations: body.organizations }.access()?;
    let invitation = admins::invite(&app, by, &body.email, &access).await?;
    Ok((StatusCode::CREATED, Json(invited(&app, &invitation).await?)))
}

pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
    Body(body): Body<Change>,
) -> Result<Json<Value>, Failure> {
    let by = caller.owning()?;
    if body.role.is_some() || body.organizations.is_some() {
        let access = Asked { role: body.role, organizations: body.organizations }.access()?;
        admins::change_access(&app, by, id, &access).await?;
    }
    match body.disabled {
        Some(true) => admins::disable(&app, by, id).await?,
        Some(false) => admins::enable(&app, by, id).await?,
        None => {}
    }
    Ok(Json(view(&found(&app, id).await?)))
}

/// Ends the password and every session; the answer holds the link with which a new one is chosen.
pub async fn reset(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<Json<Value>, Failure> {
    let invitation = admins::reset_password(&app, caller.owning()?, id).await?;
    Ok(Json(invited(&app, &invitation).await?))
}

pub async fn sessions(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
) -> Result<Json<Value>, Failure> {
    caller.owning()?;
    found(&app, id).await?;
    let now = app.clock.now();
    let rows = store::sessions::list(&app.db, id, now, now - Duration::minutes(IDLE_MINUTES)).await?;
    let view = |row: &store::sessions::Listed| {
        json!({
            "id": row.id, "created_at": row.created_at, "last_seen_at": row.last_seen_at, "expires_at": row.expires_at,
            "address": row.address, "browser": row.browser,
        })
    };
    Ok(page(rows.iter().map(view).collect(), None))
}

pub async fn end_session(
    State(app): State<App>,
    caller: Caller,
    Id((id, session)): Id<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    admins::end_session(&app, caller.owning()?, id, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn found(app: &App, id: Uuid) -> Result<AdminRow, Error> {
    store::admins::find(&app.db, id).await?.ok_or(Error::NotFound("administrator"))
}

async fn invited(app: &App, invitation: &Invitation) -> Result<Value, Error> {
    let mut view = view(&found(app, invitation.admin).await?);
    view["invitation"] = json!({"url": invitation.url.expose(), "expires_at": invitation.expires_at});
    Ok(view)
}

fn view(row: &AdminRow) -> Value {
    let mut view = shown(&row.access());
    view["id"] = json!(row.id);
    view["email"] = json!(row.email);
    view["disabled"] = json!(row.disabled_at.is_some());
    view["password"] = json!({"set": row.password_hash.is_some()});
    view["second_factor"] = json!(row.totp_secret.is_some());
    view["created_at"] = json!(row.created_at);
    view["last_seen_at"] = json!(row.last_seen_at);
    view
}
