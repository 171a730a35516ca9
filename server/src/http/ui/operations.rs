//! Operations: outbox and history in one list, and what was refused by error code.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid, OperationId};

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::session::Viewer;
use super::steps::{Names, Step};
use super::views::address;
use super::{Answer, Refusal, back, page, words};
use crate::actions::subjects;
use crate::app::App;
use crate::store;
use crate::store::admins::Role;
use crate::store::work;

const STATES: [&str; 6] = ["ready", "leased", "held", "done", "parked", "superseded"];
const PAGE: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "operations/list.html")]
struct ListPage {
    chrome: Chrome,
    /// The filter, as a form.
    form: Form,
    domains: Vec<(DomainId, String)>,
    kinds: Vec<(&'static str, &'static str)>,
    failures: Vec<Failures>,
    steps: Vec<Step>,
    here: String,
    next: Option<String>,
    is_first: bool,
}

/// What is parked with one error code.
#[derive(Debug)]
struct Failures {
    code: String,
    count: i64,
    retriable: i64,
    message: String,
    last_at: Option<DateTime<Utc>>,
    href: String,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    let domain = filter.parsed("domain").map(DomainId);
    let (state, kind) = (filter.one_of("state", &STATES), filter.one_of("kind", &planner::plan::KINDS));
    let (query, error_code) = (filter.text("query"), filter.text("error_code"));
    let subject = filter.parsed("subject").map(ObjectGuid);
    let after = filter.parsed("after").map(OperationId);
    let search = work::Search {
        domain,
        state,
        kind,
        subject,
        error_code: error_code.as_deref(),
        query: query.as_deref(),
    };
    let rows = work::list(&app.db, &chrome.reach(), &search, after, PAGE).await?;
    let names = Names::of(&app.db, &rows).await?;
    let domains = store::domains::list(&app.db, &chrome.reach()).await?;
    let failures = work::count_by_error(&app.db, &chrome.reach(), domain).await?;

    let (of_domain, of_subject) = (domain.map(|id| id.to_string()), subject.map(|guid| guid.to_string()));
    let kept = [
        ("domain", of_domain.as_deref()),
        ("state", state),
        ("kind", kind),
        ("query", query.as_deref()),
        ("error_code", error_code.as_deref()),
        ("subject", of_subject.as_deref()),
    ];
    let full = rows.len() == usize::try_from(PAGE).unwrap_or_default();
    let last = rows.last().filter(|_| full).map(|last| last.id.to_string());
    let next = last.map(|last| {
        let all: Vec<_> = kept.iter().copied().chain([("after", Some(last.as_str()))]).collect();
        address("/operations", &all)
    });
    page(&ListPage {
        chrome,
        form: Form::filter(&kept),
        domains: domains.into_iter().map(|row| (row.id, row.name)).collect(),
        kinds: planner::plan::KINDS.into_iter().map(|kind| (kind, words::kind(kind))).collect(),
        failures: failures.into_iter().map(|row| shown(row, of_domain.as_deref())).collect(),
        steps: rows.iter().map(|row| Step::new(row, &names)).collect(),
        here: address("/operations", &kept),
        next,
        is_first: after.is_none(),
    })
}

fn shown(row: work::Failures, domain: Option<&str>) -> Failures {
    let kept = [("domain", domain), ("state", Some("parked")), ("error_code", Some(row.error_code.as_str()))];
    Failures {
        href: address("/operations", &kept),
        retriable: row.count - row.lost,
        message: row.message.unwrap_or_default(),
        count: row.count,
        last_at: row.last_at,
        code: row.error_code,
    }
}

pub(super) async fn retry(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<OperationId>,
    fields: Fields,
) -> Answer {
    subjects::retry(&app, &viewer.actor(), id).await?;
    Ok(back(&fields, "/operations", "retried"))
}

/// Tries again everything that is parked with an error code.
pub(super) async fn retry_all(State(app): State<App>, viewer: Viewer, fields: Fields) -> Answer {
    let code = fields.text("error_code");
    if code.is_empty() {
        return Err(Refusal::untrusted_form());
    }
    let domain = fields.text("domain").parse().ok();
    subjects::retry_all(&app, &viewer.actor(), &viewer.access.reach_of(Role::Operator), domain, code).await?;
    Ok(back(&fields, "/operations", "retried-all"))
}
