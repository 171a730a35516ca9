//! `/admins`: who may sign in, and their sessions. For owners.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::describe::{Created, List, NoContent, delete, get, post};
use super::extract::{Body, Id, Paging, Query};
use super::roles::{Asked, RolesShown};
use super::views::Set;
use crate::actions::sign_in::IDLE_MINUTES;
use crate::actions::{admins, second_factor, single_sign_on};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;
use crate::store::admins::{AdminRow, Role, Roles};

pub(super) fn routes() -> Routes {
    let last = ("last_owner", "nobody would be left who can let others in");
    Routes::new()
        .route(
            "/admins",
            get(list).says("List the administrators", "").post(invite).says(
                "Invite an administrator",
                "The link with which a password is chosen is in this answer, and nowhere else afterwards.",
            ),
        )
        .route(
            "/admins/{id}",
            get(find)
                .says("Show an administrator", "")
                .patch(change)
                .says("Change an administrator", "Holds from the next request on.")
                .conflicts(last.0, last.1),
        )
        .route(
            "/admins/{id}/reset",
            post(reset)
                .says(
                    "Reset an administrator's password",
                    "Ends the password and every session; the answer holds the link with which a new one is chosen.",
                )
                .conflicts(last.0, last.1)
                .conflicts("admin_disabled", "the administrator is disabled: enable them first"),
        )
        .route(
            "/admins/{id}/second-factor",
            delete(second_factor_off)
                .says("Switch an administrator's second factor off", "For whoever has lost the device."),
        )
        .route(
            "/admins/{id}/sign-on",
            delete(unlink).says(
                "Unlink an administrator's account at the single sign-on provider",
                "Whoever comes from there next with their mail address is taken for them.",
            ),
        )
        .route("/admins/{id}/sessions", get(sessions).says("List an administrator's sessions", ""))
        .route(
            "/admins/{id}/sessions/{session}",
            delete(end_session).says("End a session", "It is refused from the next request on."),
        )
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.com", "role": "operator"}))]
pub struct Invite {
    email: String,
    /// For every organization.
    role: Option<Role>,
    /// Instead: a role for each of some organizations, by their ids.
    #[schema(value_type = Option<std::collections::BTreeMap<String, Role>>)]
    organizations: Option<Roles>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeAdmin, example = json!({"role": "helpdesk"}))]
pub struct Change {
    role: Option<Role>,
    #[schema(value_type = Option<std::collections::BTreeMap<String, Role>>)]
    organizations: Option<Roles>,
    disabled: Option<bool>,
}

/// Who may sign in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Admin {
    id: Uuid,
    email: String,
    #[serde(flatten)]
    roles: RolesShown,
    disabled: bool,
    password: Set,
    /// Whether a code is asked for besides the password.
    second_factor: bool,
    /// Whether they have come from the single sign-on provider.
    sign_on: bool,
    created_at: DateTime<Utc>,
    last_seen_at: Option<DateTime<Utc>>,
}

impl From<AdminRow> for Admin {
    fn from(row: AdminRow) -> Self {
        Self {
            roles: row.access().into(),
            id: row.id,
            disabled: row.disabled_at.is_some(),
            password: Set { set: row.password_hash.is_some() },
            second_factor: row.totp_secret.is_some(),
            sign_on: row.sign_on_subject.is_some(),
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            email: row.email,
        }
    }
}

/// An administrator who has a password to choose.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invited {
    #[serde(flatten)]
    admin: Admin,
    invitation: Invitation,
}

/// Where the password is chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invitation {
    url: String,
    expires_at: DateTime<Utc>,
}

/// Where somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    id: Uuid,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    address: Option<String>,
    browser: Option<String>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Admin>>, Failure> {
    caller.owning()?;
    let rows = store::admins::list(&app.db).await?;
    paging.cut(rows.into_iter().map(Into::into).collect(), |admin: &Admin| admin.id)
}

async fn find(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<Json<Admin>, Failure> {
    caller.owning()?;
    Ok(Json(found(&app, id).await?.into()))
}

async fn invite(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<Invite>,
) -> Result<Created<Invited>, Failure> {
    let by = caller.owning()?;
    let access = Asked { role: body.role, organizations: body.organizations }.access()?;
    let invitation = admins::invite(&app, by, &body.email, &access).await?;
    Ok(Created(invited(&app, &invitation).await?))
}

async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
    Body(body): Body<Change>,
) -> Result<Json<Admin>, Failure> {
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
    Ok(Json(found(&app, id).await?.into()))
}

async fn reset(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<Json<Invited>, Failure> {
    let invitation = admins::reset_password(&app, caller.owning()?, id).await?;
    Ok(Json(invited(&app, &invitation).await?))
}

async fn second_factor_off(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
) -> Result<NoContent, Failure> {
    second_factor::turn_off(&app, caller.owning()?, id).await?;
    Ok(NoContent)
}

async fn sessions(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Session>>, Failure> {
    caller.owning()?;
    found(&app, id).await?;
    let now = app.clock.now();
    let rows = store::sessions::list(&app.db, id, now, now - Duration::minutes(IDLE_MINUTES)).await?;
    let view = |row: store::sessions::Listed| Session {
        id: row.id,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        address: row.address,
        browser: row.browser,
    };
    paging.cut(rows.into_iter().map(view).collect(), |session: &Session| session.id)
}

async fn unlink(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<NoContent, Failure> {
    single_sign_on::unlink(&app, caller.owning()?, id).await?;
    Ok(NoContent)
}

async fn end_session(
    State(app): State<App>,
    caller: Caller,
    Id((id, session)): Id<(Uuid, Uuid)>,
) -> Result<NoContent, Failure> {
    admins::end_session(&app, caller.owning()?, id, session).await?;
    Ok(NoContent)
}

async fn found(app: &App, id: Uuid) -> Result<AdminRow, Error> {
    store::admins::find(&app.db, id).await?.ok_or(Error::NotFound("administrator"))
}

async fn invited(app: &App, invitation: &admins::Invitation) -> Result<Invited, Error> {
    let admin = found(app, invitation.admin).await?.into();
    let url = invitation.url.expose().to_owned();
    Ok(Invited { admin, invitation: Invitation { url, expires_at: invitation.expires_at } })
}
