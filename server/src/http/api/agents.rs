//! `/agents` and enrollment tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{AgentId, DomainId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Id, page};
use super::views;
use crate::actions::{agents, enrollment};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueToken {
    #[serde(default = "an_hour")]
    expires_in_seconds: i64,
    #[serde(default = "once")]
    max_uses: i32,
}

fn an_hour() -> i64 {
    3600
}

fn once() -> i32 {
    1
}

pub async fn issue_token(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<IssueToken>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let issued =
        enrollment::issue_token(&app, caller.changing()?, id, body.expires_in_seconds, body.max_uses).await?;
    let token = issued.token.expose();
    let answer = json!({
        "id": issued.id, "token": token, "expires_at": issued.expires_at, "max_uses": body.max_uses,
        "install": {
            "linux": enrollment::install_command(&app, "adit-agent", token),
            "windows": enrollment::install_command(&app, "adit-agent.exe", token),
        },
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Failure> {
    let agents = store::agents::list(&app.db, &caller.reach()).await?;
    let domains = store::domains::list(&app.db, &caller.reach()).await?;
    let now = app.clock.now();
    let watches = |id: AgentId| domains.iter().any(|domain| domain.watcher == Some(id));
    Ok(page(agents.iter().map(|row| views::agent(row, watches(row.id), now)).collect(), None))
}

pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<StatusCode, Failure> {
    agents::revoke(&app, caller.changing()?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
