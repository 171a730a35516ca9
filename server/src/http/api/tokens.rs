//! `/api-tokens`.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::describe::{Created, List, NoContent, delete, get};
use super::extract::{Body, Id, Paging, Query};
use crate::actions::admins;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;
use crate::store::admins::Role;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/api-tokens",
            get(list)
                .says("List the API tokens", "")
                .owns()
                .post(create)
                .says("Make an API token", "The token is in this answer, and nowhere else afterwards.")
                .owns(),
        )
        .route(
            "/api-tokens/{id}",
            delete(remove).says("Remove an API token", "It is refused from the next request on.").owns(),
        )
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    #[schema(example = "automation")]
    name: String,
    role: Role,
}

/// A token, without itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiToken {
    id: Uuid,
    name: String,
    role: Role,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeToken {
    id: Uuid,
    name: String,
    role: Role,
    #[schema(example = "adit_api_…")]
    token: String,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<List<ApiToken>>, Failure> {
    caller.owning()?;
    let rows = store::admins::list_api_tokens(&app.db).await?;
    let view = |row: store::admins::ApiTokenRow| ApiToken {
        id: row.id,
        name: row.name,
        role: row.role,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    };
    paging.cut(rows.into_iter().map(view).collect(), |row: &ApiToken| row.id)
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<CreateToken>,
) -> Result<Created<MadeToken>, Failure> {
    let (id, token) = admins::create_api_token(&app, caller.owning()?, &body.name, body.role).await?;
    let name = body.name.trim().to_owned();
    Ok(Created(MadeToken { id, name, role: body.role, token: token.expose().to_owned() }))
}

async fn remove(State(app): State<App>, caller: Caller, Id(id): Id<Uuid>) -> Result<NoContent, Failure> {
    admins::delete_api_token(&app, caller.owning()?, id).await?;
    Ok(NoContent)
}
