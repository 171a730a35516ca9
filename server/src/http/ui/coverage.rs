//! The passwords of a domain: whose current one JumpCloud has, and which domain controllers hand theirs over.

mod controllers;

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid};

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::Form;
use super::passwords::{self, Meaning, Places, meaning};
use super::session::Viewer;
use super::views::{DomainHead, Paging};
use super::{Answer, domains, page};
use crate::actions::coverage::{self, Coverage, STATES};
use crate::app::App;
use crate::http::export;
use crate::store;
use crate::store::coverage::Covered;
use controllers::Controller;

const PAGE: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "domains/coverage.html")]
struct CoveragePage {
    chrome: Chrome,
    head: DomainHead,
    users: i64,
    percent: Option<String>,
    shares: Vec<Share>,
    captures_since: Option<DateTime<Utc>>,
    has_agent: bool,
    controllers: Vec<Controller>,
    /// The filter, as a form.
    form: Form,
    /// The state that the list is limited to.
    only: Option<Meaning>,
    rows: Vec<Row>,
    paging: Paging,
}

/// How many users are in a state: a stretch of the bar, from 0 to the number of users.
#[derive(Debug)]
struct Share {
    state: &'static str,
    meaning: Meaning,
    count: i64,
    from: i64,
}

#[derive(Debug)]
struct Row {
    guid: ObjectGuid,
    name: String,
    account: String,
    meaning: Meaning,
    message: Option<String>,
    changed_at: Option<DateTime<Utc>>,
    place: Option<String>,
    delivered_at: Option<DateTime<Utc>>,
}

impl CoveragePage {
    fn here(&self) -> String {
        format!("/domains/{}/coverage", self.head.id)
    }

    fn delivered(&self) -> i64 {
        self.count("delivered")
    }

    fn count(&self, state: &str) -> i64 {
        self.shares.iter().find(|share| share.state == state).map_or(0, |share| share.count)
    }

    /// What the addresses of the files end in.
    fn kept(&self) -> String {
        match self.form.value("state") {
            "" => String::new(),
            state => format!("?state={state}"),
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let state = filter.one_of("state", &STATES);
    let after = filter.parsed("after").map(ObjectGuid);
    let coverage = coverage::of(&app, id).await?;
    let agents = store::agents::list_of(&app.db, id).await?;
    let rows = store::coverage::list(&app.db, id, chrome.now, state, after, PAGE).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
    let last = rows.last().filter(|_| full).map(|row| row.guid);
    let kept = [("state", state)];
    let places = Places::new(&agents);
    page(&CoveragePage {
        users: coverage.users,
        percent: coverage.percent.map(passwords::percent),
        shares: shares(&coverage),
        captures_since: coverage.captures_since,
        has_agent: !agents.is_empty(),
        controllers: controllers::rows(coverage.domain_controllers, &agents),
        form: Form::filter(&kept),
        only: state.map(meaning),
        rows: rows.iter().map(|covered| row(covered, &places)).collect(),
        paging: Paging::new(&format!("/domains/{id}/coverage"), &kept, after, last),
        head: DomainHead::new(&domain, "coverage"),
        chrome,
    })
}

fn shares(coverage: &Coverage) -> Vec<Share> {
    let mut from = 0;
    let share = |state| {
        let count = coverage.counts.get(state).copied().unwrap_or_default();
        let share = Share { state, meaning: meaning(state), count, from };
        from += count;
        share
    };
    STATES.into_iter().map(share).collect()
}

fn row(covered: &Covered, places: &Places) -> Row {
    let account = [&covered.sam_account_name, &covered.mail];
    let account: Vec<_> = account.into_iter().flatten().map(String::as_str).collect();
    let name = covered.display_name.as_ref().or(covered.sam_account_name.as_ref());
    Row {
        guid: covered.guid,
        name: name.cloned().unwrap_or_else(|| covered.guid.to_string()),
        account: account.join(" · "),
        meaning: meaning(&covered.state),
        message: covered.message.clone().filter(|_| covered.state != "delivered"),
        changed_at: covered.changed_at,
        place: places.of(covered),
        delivered_at: covered.delivered_at,
    }
}

pub(super) async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    Ok(export::csv(&app, &viewer.actor(), id, filter.one_of("state", &STATES)).await?)
}

pub(super) async fn json(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    Ok(export::json(&app, &viewer.actor(), id, filter.one_of("state", &STATES)).await?)
}
