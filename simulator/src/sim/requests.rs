//! `/sim/requests`: the request log.

use axum::{extract::State, http::StatusCode};
use serde_json::json;

use crate::{
    faults::path_matches,
    log::LoggedRequest,
    reply::{Answer, Refusal, Reply},
    request::Params,
    world::Shared,
};

/// `GET /sim/requests?since=&method=&path=&user=&action=&status=&writes=true&limit=`: the oldest first.
///
/// `since` is a sequence number or a time, and what it names is left out; `path` is a pattern as in a fault;
/// `limit` keeps the newest.
pub(crate) async fn list(State(shared): State<Shared>, params: Params) -> Answer {
    let limit: usize = match params.get("limit") {
        Some(limit) => limit.parse().map_err(|_| Refusal::bad("limit is a number"))?,
        None => usize::MAX,
    };
    let world = shared.world();
    let mut found: Vec<&LoggedRequest> =
        world.log.iter().filter(|request| matches(request, &params)).collect();
    found.drain(..found.len().saturating_sub(limit));
    Ok(Reply::ok(json!({ "requests": found, "last": world.log.last() })))
}

/// `DELETE /sim/requests`: forgets them; the numbers go on.
pub(crate) async fn clear(State(shared): State<Shared>) -> StatusCode {
    shared.world().log.clear();
    StatusCode::NO_CONTENT
}

fn matches(request: &LoggedRequest, params: &Params) -> bool {
    let asked = |name: &str, holds: &dyn Fn(&str) -> bool| params.get(name).is_none_or(holds);
    asked("since", &|since| {
        since.parse().map_or_else(|_| *request.time > *since, |seq: u64| request.seq > seq)
    }) && asked("method", &|method| request.method.eq_ignore_ascii_case(method))
        && asked("path", &|path| path_matches(path, &request.path))
        && asked("user", &|user| request.user.as_deref() == Some(user))
        && asked("action", &|action| request.action.as_deref() == Some(action))
        && asked("status", &|status| {
            request.status.map(|status| status.to_string()).as_deref() == Some(status)
        })
        && asked("writes", &|writes| request.write == (writes == "true"))
        && asked("applied", &|applied| request.applied == (applied == "true"))
}
