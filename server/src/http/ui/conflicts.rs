//! Conflicts of every domain by kind, each with what can be done about it.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use planner::reason::Reason;
use protocol::{DomainId, ObjectGuid};

use super::chrome::Chrome;
use super::compare::Comparison;
use super::extract::Filter;
use super::form::Form;
use super::views::{Paging, address};
use super::{Answer, page};
use crate::app::App;
use crate::error::Error;
use crate::http::api::conflicts::explained;
use crate::store;
use crate::store::conflicts::{Conflict, KINDS};

/// Of each kind, while all kinds are shown.
const FIRST: i64 = 5;
const PAGE: i64 = 20;

#[derive(Debug, Template)]
#[template(path = "conflicts/list.html")]
struct ListPage {
    chrome: Chrome,
    form: Form,
    domains: Vec<(DomainId, String)>,
    kinds: Vec<Kind>,
    /// Where a decision leads back to.
    here: String,
    paging: Paging,
}

#[derive(Debug)]
struct Kind {
    kind: &'static str,
    title: &'static str,
    help: &'static str,
    count: i64,
    items: Vec<Item>,
    /// The page with all of them, where these are not all.
    all: Option<String>,
}

#[derive(Debug)]
struct Item {
    name: String,
    dn: String,
    domain: String,
    /// The page of the user or group.
    href: String,
    reasons: Vec<Reason>,
    comparison: Option<Comparison>,
    can_adopt: bool,
    /// What JumpCloud refused.
    operation: Option<uuid::Uuid>,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    let domain = filter.parsed("domain").map(DomainId);
    let only = filter.one_of("kind", &KINDS);
    let after = filter.parsed("after").map(ObjectGuid);
    let domains: Vec<_> = store::domains::list(&app.db, &chrome.reach())
        .await?
        .into_iter()
        .map(|row| (row.id, row.name))
        .collect();
    let counts = store::conflicts::count(&app.db, &chrome.reach(), domain).await?;
    let of_domain = domain.map(|id| id.to_string());
    let kept = [("domain", of_domain.as_deref()), ("kind", only)];
    let mut kinds = Vec::new();
    let mut last = None;
    for count in counts.iter().filter(|row| only.is_none_or(|only| only == row.kind)) {
        let Some(kind) = KINDS.into_iter().find(|kind| *kind == count.kind) else { continue };
        let limit = if only.is_some() { PAGE } else { FIRST };
        let rows = store::conflicts::list(&app.db, &chrome.reach(), domain, Some(kind), after, limit).await?;
        last = rows.last().filter(|_| only.is_some() && rows.len() == 20).map(|row| row.guid);
        let is_cut = only.is_none() && count.count > FIRST;
        let all = address("/conflicts", &[("domain", of_domain.as_deref()), ("kind", Some(kind))]);
        let (title, help) = words(kind);
        let items = items(&app, &rows, &domains).await?;
        kinds.push(Kind { kind, title, help, count: count.count, items, all: is_cut.then_some(all) });
    }
    page(&ListPage {
        chrome,
        form: Form::filter(&kept),
        domains,
        kinds,
        here: address("/conflicts", &kept),
        paging: Paging::new("/conflicts", &kept, after, last),
    })
}

async fn items(app: &App, rows: &[Conflict], domains: &[(DomainId, String)]) -> Result<Vec<Item>, Error> {
    let explained = explained(app, rows).await?;
    let names: BTreeMap<_, _> = domains.iter().map(|(id, name)| (*id, name)).collect();
    let item = |row: &Conflict| {
        let place = if row.object == "group" { "groups" } else { "users" };
        let has = |code: &str| row.reasons.iter().any(|reason| reason.code == code);
        Item {
            name: row.name.clone(),
            dn: row.dn.clone(),
            domain: names.get(&row.domain_id).map(|name| (*name).clone()).unwrap_or_default(),
            href: format!("/domains/{}/{place}/{}", row.domain_id, row.guid),
            comparison: explained.get(&(row.domain_id, row.guid)).and_then(Comparison::new),
            can_adopt: has("group_name_taken"),
            reasons: row.reasons.0.clone(),
            operation: row.operation_id,
        }
    };
    Ok(rows.iter().map(item).collect())
}

/// A heading, and what these conflicts have in common.
fn words(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "takeover" => (
            "Is it the same person?",
            "JumpCloud has somebody who could be the user. Link the two, or make the username or the email address of one of \
             them another. A second user of the same username cannot be made.",
        ),
        "taken_name" => (
            "The name belongs to another JumpCloud user",
            "The username or email address is that of a JumpCloud user who is linked to somebody else. Change it on one side.",
        ),
        "duplicate_name" => (
            "Two AD users want the same name",
            "Nobody is preferred, so neither is created. Give each its own in AD.",
        ),
        "group_name" => (
            "JumpCloud has a group of that name",
            "It was not made by Adit. Adopt it, so that the AD group's members are added to it and removed from it, or rename \
             one of the two.",
        ),
        "email_used_outside" => (
            "The email address is used outside the organization",
            "An address is unique in all of JumpCloud, and somebody in another organization has it. Have it released there, or \
             change mail in AD.",
        ),
        _ => ("Other", ""),
    }
}
