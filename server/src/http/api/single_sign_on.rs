//! `/single-sign-on`: the OpenID Connect provider through which administrators may sign in. For owners.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use protocol::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::describe::{NoContent, Tagged, get};
use super::extract::{Body, IfMatch};
use super::views::Set;
use crate::actions::single_sign_on::{self, Draft};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;
use crate::store::single_sign_on::Provider as Row;

pub(super) fn routes() -> Routes {
    Routes::new().route(
        "/single-sign-on",
        get(find)
            .says("Show the single sign-on provider", "`provider` is null where there is none.")
            .put(save)
            .says(
                "Set the single sign-on provider",
                "It is asked for its description first. A secret that is left out stays, if issuer and client are the same.",
            )
            .delete(remove)
            .says("Remove single sign-on", "Sessions that began there go on.")
            .refuses(StatusCode::NOT_FOUND, "not_found", "there is no provider"),
    )
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetProvider, example = json!({"name": "JumpCloud", "issuer": "https://oauth.id.jumpcloud.com/", "client_id": "0f6d4b1c-5c0e-4a52-9d0f-3d4c8f6f1f43", "client_secret": "…"}))]
pub struct Document {
    /// As the button of the log-in calls it.
    name: String,
    issuer: String,
    client_id: String,
    /// Left out: as it was, if issuer and client are the same; a public client otherwise.
    client_secret: Option<Secret>,
    /// Whether mail addresses count that the provider does not say to have verified.
    #[serde(default)]
    trusts_email: bool,
}

/// How administrators sign in elsewhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct SingleSignOn {
    /// To be registered at the provider.
    #[schema(example = "https://adit.example.com:8443/sign-on/callback")]
    redirect_uri: String,
    provider: Option<Provider>,
}

/// An OpenID Connect provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct Provider {
    #[schema(example = "JumpCloud")]
    name: String,
    #[schema(example = "https://oauth.id.jumpcloud.com/")]
    issuer: String,
    client_id: String,
    client_secret: Set,
    trusts_email: bool,
    changed_at: DateTime<Utc>,
}

impl From<Row> for Provider {
    fn from(row: Row) -> Self {
        Self {
            client_secret: Set { set: row.client_secret.is_some() },
            name: row.name,
            issuer: row.issuer,
            client_id: row.client_id,
            trusts_email: row.trusts_email,
            changed_at: row.changed_at,
        }
    }
}

async fn find(State(app): State<App>, caller: Caller) -> Result<Tagged<SingleSignOn>, Failure> {
    caller.owning()?;
    found(&app).await
}

async fn save(
    State(app): State<App>,
    caller: Caller,
    if_match: IfMatch,
    Body(body): Body<Document>,
) -> Result<Tagged<SingleSignOn>, Failure> {
    let draft = Draft {
        name: body.name,
        issuer: body.issuer,
        client_id: body.client_id,
        client_secret: body.client_secret,
        trusts_email: body.trusts_email,
    };
    single_sign_on::save(&app, caller.owning()?, draft, if_match.tag()).await?;
    found(&app).await
}

async fn remove(State(app): State<App>, caller: Caller) -> Result<NoContent, Failure> {
    single_sign_on::remove(&app, caller.owning()?).await?;
    Ok(NoContent)
}

async fn found(app: &App) -> Result<Tagged<SingleSignOn>, Failure> {
    let row = store::single_sign_on::find(&app.db).await?;
    let tag = single_sign_on::tag(row.as_ref());
    let redirect_uri = single_sign_on::redirect_uri(app);
    Ok(Tagged { tag, view: SingleSignOn { redirect_uri, provider: row.map(Into::into) } })
}
