//! The agents' interface. Every request but the first is signed by the agent's own key.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use protocol::captures::{Captures, CapturesAnswer};
use protocol::checks::{ChecksAnswer, ChecksRequest};
use protocol::enrollment::{EnrollRequest, Proven};
use protocol::heartbeat::{Directives, Heartbeat};
use protocol::signing::{self, SigningError};
use protocol::transfer::{Part, PartAnswer};
use serde::de::DeserializeOwned;

use super::problem::Failure;
use super::routes::{Routes, post};
use crate::actions;
use crate::actions::transfers::Received;
use crate::app::App;
use crate::store;
use crate::store::agents::Agent;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/enroll", post(enroll))
        .route("/heartbeat", post(heartbeat))
        .route("/transfers", post(transfer))
        .route("/captures", post(captures))
        .route("/checks", post(checks))
        .with(|router| {
            router.fallback(|| async {
                Failure::new(StatusCode::NOT_FOUND, "not_found", "There is no such path for agents.")
            })
        })
}

async fn enroll(State(app): State<App>, body: Bytes) -> Result<Json<Proven>, Failure> {
    let request: EnrollRequest = read(&body)?;
    Ok(Json(actions::enrollment::enroll(&app, &request).await?))
}

async fn heartbeat(
    State(app): State<App>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Directives>, Failure> {
    let agent = signer(&app, &method, uri.path(), &headers, &body).await?;
    let beat: Heartbeat = read(&body)?;
    Ok(Json(actions::heartbeats::receive(&app, &agent, &beat).await?))
}

async fn transfer(
    State(app): State<App>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<PartAnswer>, Failure> {
    let agent = signer(&app, &method, uri.path(), &headers, &body).await?;
    let part: Part = read(&body)?;
    match actions::transfers::receive(&app, &agent, &part).await? {
        Received::Answer(answer) => Ok(Json(answer)),
        Received::Refused { code, detail, cursor } => {
            let mut failure = Failure::new(StatusCode::CONFLICT, code, detail);
            failure.0.cursor = cursor;
            Err(failure)
        }
    }
}

async fn captures(
    State(app): State<App>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<CapturesAnswer>, Failure> {
    let agent = signer(&app, &method, uri.path(), &headers, &body).await?;
    let message: Captures = read(&body)?;
    Ok(Json(actions::captures::receive(&app, &agent, &message).await?))
}

/// Only reads: it is no heartbeat, so whoever asks is not taken for another instance of the agent.
async fn checks(
    State(app): State<App>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ChecksAnswer>, Failure> {
    let agent = signer(&app, &method, uri.path(), &headers, &body).await?;
    let ChecksRequest {} = read(&body)?;
    Ok(Json(ChecksAnswer { items: actions::checks::list_for(&app, &agent).await? }))
}

/// Whose key signed exactly this request, now.
async fn signer(
    app: &App,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Agent, Failure> {
    let unsigned = || {
        Failure::new(
            StatusCode::UNAUTHORIZED,
            "signature_invalid",
            "The request is not signed by the key of an enrolled agent. Enroll it again.",
        )
    };
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(unsigned)?;
    let id = signing::claimed_issuer(token).ok_or_else(unsigned)?;
    let agent = store::agents::find(&app.db, id).await?.ok_or_else(unsigned)?;
    let now = app.clock.now();
    match signing::verify(token, &agent.public_key, method.as_str(), path, body, now) {
        Ok(_) => {}
        Err(SigningError::Time) => {
            let mut failure = Failure::new(
                StatusCode::UNAUTHORIZED,
                "clock_skew",
                "The domain controller's clock is more than 60 s from the server's. Correct the time on whichever is wrong.",
            );
            failure.0.server_time = Some(now);
            return Err(failure);
        }
        Err(SigningError::Key | SigningError::Signature | SigningError::OtherRequest) => {
            return Err(unsigned());
        }
    }
    if agent.revoked_at.is_some() {
        return Err(Failure::new(
            StatusCode::UNAUTHORIZED,
            "agent_revoked",
            "This agent was removed. Enroll it again with a new token.",
        ));
    }
    if let Some(reason) = &agent.suspended_reason {
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "agent_suspended", reason.clone()));
    }
    Ok(agent)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        Failure::new(
            StatusCode::BAD_REQUEST,
            "message_unreadable",
            format!("The message cannot be read: {error}. Update the agent or the server."),
        )
    })
}
