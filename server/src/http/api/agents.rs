//! `/agents` and enrollment tokens.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{AgentId, DomainId, TokenId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::describe::{Created, List, NoContent, delete, get, post};
use super::extract::{Body, Id, Paging, Query};
use super::views::Agent;
use crate::actions::{agents, enrollment};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/domains/{id}/enrollment-tokens",
            post(issue_token)
                .says(
                    "Issue an enrollment token",
                    "With it an agent on a domain controller joins the domain. The token is in this answer, and nowhere else afterwards.",
                ),
        )
        .route("/agents", get(list).says("List the agents", ""))
        .route(
            "/agents/{id}",
            delete(revoke).says("Remove an agent", "Its key is refused from its next request on."),
        )
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueToken {
    /// Up to a week.
    #[serde(default = "an_hour")]
    #[schema(example = 3600)]
    expires_in_seconds: i64,
    #[serde(default = "once")]
    #[schema(example = 1)]
    max_uses: i32,
}

fn an_hour() -> i64 {
    3600
}

fn once() -> i32 {
    1
}

/// A token, and what is to be run with it on a domain controller.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedToken {
    id: TokenId,
    #[schema(example = "adit_….…")]
    token: String,
    expires_at: DateTime<Utc>,
    max_uses: i32,
    install: Install,
}

/// The command for each system.
#[derive(Debug, Serialize, ToSchema)]
pub struct Install {
    #[schema(example = "adit-agent enroll --server https://adit.example.com --token adit_….…")]
    linux: String,
    #[schema(example = "adit-agent.exe enroll --server https://adit.example.com --token adit_….…")]
    windows: String,
}

async fn issue_token(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<IssueToken>,
) -> Result<Created<IssuedToken>, Failure> {
    let issued =
        enrollment::issue_token(&app, caller.changing()?, id, body.expires_in_seconds, body.max_uses).await?;
    let token = issued.token.expose();
    Ok(Created(IssuedToken {
        id: issued.id,
        token: token.to_owned(),
        expires_at: issued.expires_at,
        max_uses: body.max_uses,
        install: Install {
            linux: enrollment::install_command(&app, "adit-agent", token),
            windows: enrollment::install_command(&app, "adit-agent.exe", token),
        },
    }))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Agent>>, Failure> {
    let agents = store::agents::list(&app.db, &caller.reach()).await?;
    let domains = store::domains::list(&app.db, &caller.reach()).await?;
    let now = app.clock.now();
    let watches = |id: AgentId| domains.iter().any(|domain| domain.watcher == Some(id));
    let agents = agents.iter().map(|row| Agent::of(row, watches(row.id), now)).collect();
    paging.cut(agents, |agent: &Agent| agent.id.0)
}

async fn revoke(State(app): State<App>, caller: Caller, Id(id): Id<AgentId>) -> Result<NoContent, Failure> {
    agents::revoke(&app, caller.changing()?, id).await?;
    Ok(NoContent)
}
