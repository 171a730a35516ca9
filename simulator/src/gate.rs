//! What every API request passes through: log, scripted fault, credentials, rate limit.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Extension,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::{
    access::credential,
    action::meaning,
    clock,
    faults::Action,
    log::{Arrival, is_api},
    reply::{Refusal, json_response},
    request::LARGEST_BODY,
    wire::Line,
    world::Shared,
};

/// The middleware around all routes; the pages and `/sim` pass untouched.
pub(crate) async fn gate(
    State(shared): State<Shared>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if !is_api(path) && !path.starts_with("/oauth2/") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_BODY).await else {
        return Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large").into_response();
    };
    let (seq, action) = arrive(&shared, &parts, &bytes);
    let latency = Duration::from_millis(shared.world().settings.latency_ms);
    tokio::time::sleep(latency).await;

    let visit = Visit { shared: &shared, seq, line, next };
    let response = visit.served(Request::from_parts(parts, Body::from(bytes)), action).await;
    let mut world = shared.world();
    if response.extensions().get::<Lost>().is_none() {
        let time = clock::text(world.now());
        world.log.answered(seq, response.status().as_u16(), time);
    }
    if world.settings.bare_errors { without_details(response) } else { response }
}

/// Marks an answer that no client will see.
#[derive(Debug, Clone, Copy)]
struct Lost;

/// Logs the request and asks the script what becomes of it.
fn arrive(shared: &Shared, parts: &Parts, bytes: &[u8]) -> (u64, Option<Action>) {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let path = parts.uri.path();
    let mut world = shared.world();
    let meaning = meaning(&world, &parts.method, path, &body);
    let action = world.faults.strike(&parts.method, path, meaning.user.as_deref(), &body);
    let arrival = Arrival {
        time: clock::text(world.now()),
        method: parts.method.as_str(),
        path,
        query: parts.uri.query().unwrap_or_default(),
        body,
        credential: credential(&parts.headers).kind(),
        meaning,
        fault: action.as_ref().map(Action::name),
    };
    let limit = world.settings.log_limit;
    (world.log.arrived(arrival, limit), action)
}

/// One request on its way.
struct Visit<'a> {
    shared: &'a Shared,
    seq: u64,
    line: Line,
    next: Next,
}

impl Visit<'_> {
    async fn served(self, request: Request, action: Option<Action>) -> Response {
        let shared = self.shared;
        let line = self.line.clone();
        match action {
            None => self.applied(request).await,
            Some(Action::Status { status, body, headers }) => scripted(status, body, &headers),
            Some(Action::ApplyThenStatus { status, body, headers }) => {
                self.applied(request).await;
                scripted(status, body, &headers)
            }
            Some(Action::Delay { ms }) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                self.applied(request).await
            }
            Some(Action::Hang) => silence(shared, &line).await,
            Some(Action::ApplyThenHang) => {
                self.applied(request).await;
                silence(shared, &line).await
            }
            Some(Action::Reset) => reset(&line),
            Some(Action::ApplyThenReset) => {
                self.applied(request).await;
                reset(&line)
            }
            Some(Action::Slow { ms }) => {
                let mut response = self.applied(request).await;
                line.slow_down(ms);
                // The next request deserves a connection of normal speed.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                response
            }
            Some(Action::Garbage { body }) => {
                let (mut parts, _) = self.applied(request).await.into_parts();
                parts.headers.remove(header::CONTENT_LENGTH);
                Response::from_parts(parts, body.unwrap_or_else(|| "{\"results\": [".to_owned()).into())
            }
        }
    }

    /// The request as JumpCloud would serve it.
    async fn applied(self, request: Request) -> Response {
        if let Err(refused) = admitted(self.shared, &request) {
            return refused.into_response();
        }
        let response = self.next.run(request).await;
        if response.status().is_success() {
            self.shared.world().log.applied(self.seq);
        }
        response
    }
}

fn admitted(shared: &Shared, request: &Request) -> Result<(), Refusal> {
    let path = request.uri().path();
    if !is_api(path) {
        return Ok(());
    }
    let mut world = shared.world();
    let now = world.now();
    let organization = &world.organization.id;
    world.access.check(request.headers(), request.method(), path, organization, now)?;
    let Some(limit) = world.settings.rate_limit_per_minute else { return Ok(()) };
    world.bucket.take(limit, now).map_err(|seconds| {
        let refused = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        if world.settings.retry_after { refused.retry_after(seconds) } else { refused }
    })
}

/// Waits for the end, or for the client to give up.
async fn silence(shared: &Shared, line: &Line) -> Response {
    shared.stopped().await;
    reset(line)
}

fn reset(line: &Line) -> Response {
    line.reset();
    (StatusCode::INTERNAL_SERVER_ERROR, Extension(Lost)).into_response()
}

fn scripted(status: u16, body: Option<Value>, headers: &BTreeMap<String, String>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body {
        Some(body) => json_response(status, &body),
        None => Refusal::new(status, status.canonical_reason().unwrap_or_default()).into_response(),
    };
    // What is scripted is sent as scripted.
    response.extensions_mut().remove::<Refusal>();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The same refusal with `message` alone.
fn without_details(response: Response) -> Response {
    match response.extensions().get::<Refusal>() {
        Some(refusal) => refusal.clone().bare().into_response(),
        None => response,
    }
}
