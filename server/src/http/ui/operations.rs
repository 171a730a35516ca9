//! Operations: outbox and history in one list.

use askama::Template;
use axum::extract::State;
use protocol::{DomainId, OperationId};

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::session::Viewer;
use super::steps::{Names, Step};
use super::{Answer, back, page};
use crate::actions::subjects;
use crate::app::App;
use crate::store;

const STATES: [&str; 6] = ["ready", "leased", "held", "done", "parked", "superseded"];
const PAGE: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "operations/list.html")]
struct ListPage {
    chrome: Chrome,
    /// The filter, as a form.
    form: Form,
    domains: Vec<(DomainId, String)>,
    steps: Vec<Step>,
    here: String,
    next: Option<String>,
    is_first: bool,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    let domain = filter.parsed("domain").map(DomainId);
    let state = filter.one_of("state", &STATES);
    let after = filter.parsed("after").map(OperationId);
    let rows = store::operations::list(&app.db, domain, state, None, after, PAGE).await?;
    let names = Names::of(&app.db, &rows).await?;
    let domains = store::domains::list(&app.db).await?;

    let mut form = Form::default();
    let mut query = Vec::new();
    if let Some(domain) = domain {
        form.set("domain", domain.to_string());
        query.push(format!("domain={domain}"));
    }
    if let Some(state) = state {
        form.set("state", state);
        query.push(format!("state={state}"));
    }
    let full = rows.len() == usize::try_from(PAGE).unwrap_or_default();
    let next = rows.last().filter(|_| full).map(|last| {
        let mut query = query.clone();
        query.push(format!("after={}", last.id));
        format!("/operations?{}", query.join("&"))
    });
    let here =
        if query.is_empty() { "/operations".into() } else { format!("/operations?{}", query.join("&")) };
    page(&ListPage {
        chrome,
        form,
        domains: domains.into_iter().map(|row| (row.id, row.name)).collect(),
        steps: rows.iter().map(|row| Step::new(row, &names)).collect(),
        here,
        next,
        is_first: after.is_none(),
    })
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
