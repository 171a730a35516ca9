//! `/audit`: who did what, newest first; as JSON lines all of it at once.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use protocol::DomainId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::describe::{List, get};
use super::extract::{Query, limit, next, one_of, page};
use super::views::Event;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::export;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;
use crate::store::audit::{ACTOR_KINDS, Filter};

pub(super) fn routes() -> Routes {
    Routes::new().route(
        "/audit",
        get(list)
            .says(
                "List the audit's events",
                "The newest first. With `Accept: application/x-ndjson` all of them at once, one a line.",
            )
            .answers::<List<Event>>(StatusCode::OK, "application/json")
            .answers::<Event>(StatusCode::OK, export::JSON_LINES),
    )
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct Wanted {
    actor: Option<String>,
    /// `admin`, `api_token`, `agent`, `command_line` or `system`.
    actor_kind: Option<String>,
    action: Option<String>,
    domain_id: Option<DomainId>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    /// Anywhere in the event.
    text: Option<String>,
    after: Option<i64>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

impl Wanted {
    fn filter(&self) -> Result<Filter, Failure> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Ok(Filter {
            actor: given(&self.actor),
            actor_kind: one_of("actor_kind", self.actor_kind.as_deref(), &ACTOR_KINDS)?.map(Into::into),
            action: given(&self.action),
            domain: self.domain_id,
            from: self.from,
            to: self.to,
            text: given(&self.text),
        })
    }
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let actor = caller.changing()?;
    let filter = wanted.filter()?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains(export::JSON_LINES) {
        return Ok(export::events(&app, actor, caller.reach(), filter).await?);
    }
    let limit = limit(wanted.limit)?;
    let rows = store::audit::list(&app.db, &caller.reach(), &filter, wanted.after, limit).await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    Ok(page(rows.iter().map(Event::from).collect(), next).into_response())
}
