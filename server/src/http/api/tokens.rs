//! `/api-tokens`, for owners.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::describe::{Created, List, NoContent, delete, get};
use super::extract::{Body, Id, Paging, Query, limit, next, page};
use super::roles::{Asked, RolesShown};
use crate::actions::api_tokens::{self, New};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;
use crate::store::admins::{Role, Roles};
use crate::store::api_tokens::ApiTokenRow;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/api-tokens",
            get(list)
                .says("List the API tokens", "")
                .post(create)
                .says("Make an API token", "The token is in this answer, and nowhere else afterwards."),
        )
        .route(
            "/api-tokens/{id}",
            delete(remove).says("Remove an API token", "It is refused from the next request on."),
        )
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "automation", "role": "operator", "expires_at": "2030-01-01T00:00:00Z"}))]
pub struct CreateToken {
    name: String,
    /// For every organization.
    role: Option<Role>,
    /// Instead: a role for each of some organizations, by their ids.
    #[schema(value_type = Option<std::collections::BTreeMap<String, Role>>)]
    organizations: Option<Roles>,
    /// None: it serves until it is removed.
    expires_at: Option<DateTime<Utc>>,
}

/// A token, without itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiToken {
    id: Uuid,
    name: String,
    #[serde(flatten)]
    roles: RolesShown,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
}

impl From<ApiTokenRow> for ApiToken {
    fn from(row: ApiTokenRow) -> Self {
        Self {
            roles: row.access().into(),
            id: row.id,
            name: row.name,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeToken {
    id: Uuid,
    name: String,
    #[serde(flatten)]
    roles: RolesShown,
    expires_at: Option<DateTime<Utc>>,
    #[schema(example = "adit_api_…")]
    token: String,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<List<ApiToken>>, Failure> {
    caller.owning()?;
    let limit = limit(paging.limit)?;
    let rows = store::api_tokens::list(&app.db, paging.after, limit).await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    Ok(page(rows.into_iter().map(Into::into).collect(), next))
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<CreateToken>,
) -> Result<Created<MadeToken>, Failure> {
    let by = caller.owning()?;
    let access = Asked { role: body.role, organizations: body.organizations }.access()?;
    let (name, expires_at) = (body.name.trim().to_owned(), body.expires_at);
    let new = New { name: body.name, access: access.clone(), expires_at };
    let (id, token) = api_tokens::create(&app, by, new).await?;
    let roles = access.into();
    Ok(Created(MadeToken { id, name, roles, expires_at, token: token.expose().to_owned() }))
}

async fn remove(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<NoContent, Failure> {
    api_tokens::delete(&app, caller.owning()?, id).await?;
    Ok(NoContent)
}
