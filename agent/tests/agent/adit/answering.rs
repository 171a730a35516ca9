//! The requests that an agent makes, checked as the real server checks them.

use axum::body::Bytes;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use protocol::captures::Captures;
use protocol::checks::{ChecksAnswer, ChecksRequest};
use protocol::enrollment::{EnrollRequest, Joined, Joining, Side, Token};
use protocol::heartbeat::{Directives, Heartbeat};
use protocol::problem::Problem;
use protocol::transfer::Part;
use protocol::{AgentId, DomainId, DomainName, TokenId, signing};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Adit, Server};
use crate::directory::DOMAIN;

fn refuse(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap();
    (status, axum::Json(problem)).into_response()
}

pub(super) async fn enroll(Extract(server): Extract<Server>, body: Bytes) -> Response {
    let request: EnrollRequest = serde_json::from_slice(&body).unwrap();
    let mut adit = server.lock();
    if let Some(problem) = scripted(&mut adit, "enroll") {
        return refuse(problem);
    }
    let joining: Joining = match adit.token.key().open(Side::Agent, &request.proven) {
        Ok(joining) => joining,
        Err(error) => return refuse(Problem::new(401, "Unauthorized", "token_invalid", error.to_string())),
    };
    let joined = Joined {
        nonce: joining.nonce.clone(),
        agent: AgentId(Uuid::from_u128(5)),
        domain: DomainId(Uuid::from_u128(6)),
        domain_name: DomainName::parse(DOMAIN).unwrap(),
        server_time: now(&adit),
        sealing_key: adit.sealing_key.clone(),
    };
    let key = match adit.impostor {
        true => Token::new(TokenId(Uuid::from_u128(7)), &[8; 32]).key(),
        false => adit.token.key(),
    };
    adit.public_key = Some(joining.public_key.clone());
    adit.joined.push(joining);
    axum::Json(key.prove(Side::Server, &joined).unwrap()).into_response()
}

pub(super) async fn heartbeat(Extract(server): Extract<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = {
        let mut adit = server.lock();
        match signed::<Heartbeat>(&mut adit, "heartbeat", &headers, &body) {
            Err(problem) => refuse(*problem),
            Ok(beat) => {
                let settings =
                    (beat.applied_revision != adit.settings.revision).then(|| adit.settings.clone());
                let watched =
                    (beat.watched_groups_version != adit.watched.version).then(|| adit.watched.clone());
                let directives = Directives {
                    server_time: now(&adit),
                    revision: adit.settings.revision,
                    settings,
                    role: adit.role(&beat),
                    watched_groups: watched,
                    read_again: adit.read_again,
                    look_up: adit.look_up.clone(),
                    capture: adit.capture.clone(),
                };
                adit.heartbeats.push(beat);
                axum::Json(directives).into_response()
            }
        }
    };
    server.changed();
    answer
}

pub(super) async fn transfer(Extract(server): Extract<Server>, headers: HeaderMap, body: Bytes) -> Response {
    assert!(body.len() <= protocol::transfer::MAX_PART_BYTES, "a part of {} octets", body.len());
    let answer = {
        let mut adit = server.lock();
        match signed::<Part>(&mut adit, "transfers", &headers, &body).and_then(|part| adit.take(part)) {
            Ok(answer) => axum::Json(answer).into_response(),
            Err(problem) => refuse(*problem),
        }
    };
    server.changed();
    answer
}

pub(super) async fn captures(Extract(server): Extract<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = {
        let mut adit = server.lock();
        match signed::<Captures>(&mut adit, "captures", &headers, &body)
            .and_then(|message| adit.keep(message))
        {
            Ok(answer) => axum::Json(answer).into_response(),
            Err(problem) => refuse(*problem),
        }
    };
    server.changed();
    answer
}

pub(super) async fn checks(Extract(server): Extract<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let mut adit = server.lock();
    match signed::<ChecksRequest>(&mut adit, "checks", &headers, &body) {
        Ok(ChecksRequest {}) => axum::Json(ChecksAnswer { items: adit.checks.clone() }).into_response(),
        Err(problem) => refuse(*problem),
    }
}

/// Opens a signed request as the real server would.
fn signed<T: DeserializeOwned>(
    adit: &mut Adit,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, Box<Problem>> {
    let unauthorized = |code: &str| Box::new(Problem::new(401, "Unauthorized", code, "scripted"));
    let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let key = adit.public_key.clone().ok_or_else(|| unauthorized("agent_unknown"))?;
    let now = now(adit);
    match signing::verify(token, &key, "POST", &format!("/agent/v1/{path}"), body, now) {
        Ok(claims) => assert_eq!(claims.iss, AgentId(Uuid::from_u128(5))),
        Err(signing::SigningError::Time) => {
            return Err(Box::new(Problem { server_time: Some(now), ..*unauthorized("clock_skew") }));
        }
        Err(_) => return Err(unauthorized("signature_invalid")),
    }
    match scripted(adit, path) {
        Some(problem) => Err(Box::new(problem)),
        None => Ok(serde_json::from_slice(body).unwrap()),
    }
}

fn scripted(adit: &mut Adit, path: &str) -> Option<Problem> {
    let at = adit.refusals.iter().position(|(refused, _)| *refused == path)?;
    adit.refusals.remove(at).map(|(_, problem)| problem)
}

#[expect(clippy::disallowed_methods, reason = "the server of the tests has a clock of its own")]
fn now(adit: &Adit) -> chrono::DateTime<Utc> {
    Utc::now() + adit.ahead
}
