//! Who did what, newest first. For those who may change something, as in the API.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::chrome::Chrome;
use super::extract::Filter;
use super::{Answer, page};
use crate::app::App;
use crate::error::Error;
use crate::store;

const PAGE: i64 = 100;

#[derive(Debug, Template)]
#[template(path = "audit/list.html")]
struct ListPage {
    chrome: Chrome,
    rows: Vec<Row>,
    next: Option<i64>,
    is_first: bool,
}

#[derive(Debug)]
struct Row {
    at: DateTime<Utc>,
    actor: String,
    action: String,
    subject: Option<String>,
    domain: Option<(String, String)>,
    detail: Option<String>,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    if !chrome.may_change() {
        return Err(Error::Forbidden("The audit is for the roles operator and owner.".into()).into());
    }
    let before = filter.parsed("after");
    let events = store::audit::list(&app.db, before, PAGE).await?;
    let domains = store::domains::list(&app.db).await?;
    let full = i64::try_from(events.len()).is_ok_and(|len| len == PAGE);
    let next = events.last().filter(|_| full).map(|event| event.id);
    let row = |event: store::audit::Event| {
        let domain = domains.iter().find(|domain| Some(domain.id) == event.domain_id);
        let has_detail = event.detail.as_object().is_some_and(|detail| !detail.is_empty());
        Row {
            at: event.at,
            actor: event.actor,
            action: event.action,
            subject: event.subject,
            domain: domain.map(|domain| (domain.id.to_string(), domain.name.clone())),
            detail: has_detail.then(|| pretty(&event.detail)),
        }
    };
    page(&ListPage { chrome, rows: events.into_iter().map(row).collect(), next, is_first: before.is_none() })
}

fn pretty(detail: &Value) -> String {
    serde_json::to_string_pretty(detail).unwrap_or_default()
}
