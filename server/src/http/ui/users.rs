//! Users: the list, its filter, and the same as a file.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use protocol::{DomainId, ObjectGuid};

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::facts;
use super::form::Form;
use super::passwords::meaning;
use super::session::Viewer;
use super::views::{Badge, DomainHead, Paging, STATUSES, Tally, address, reason, tallies};
use super::{Answer, domains, page};
use crate::actions::coverage::STATES;
use crate::app::App;
use crate::http::{export, why};
use crate::store;
use crate::store::roster::{self, Sort};
use crate::store::subjects::UserView;

const PAGE: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "users/list.html")]
struct ListPage {
    chrome: Chrome,
    head: DomainHead,
    form: Form,
    tallies: Vec<Tally>,
    /// Codes that reasons have here, with a word for each.
    reasons: Vec<(String, String)>,
    passwords: Vec<(&'static str, &'static str)>,
    rows: Vec<Row>,
    /// Why nobody is found.
    absent: Vec<String>,
    paging: Paging,
    csv: String,
    json: String,
}

#[derive(Debug)]
struct Row {
    guid: ObjectGuid,
    name: String,
    account: String,
    badge: Badge,
    reason: String,
    /// None while the user is not in scope.
    password: Option<Badge>,
    jumpcloud: Option<String>,
}

/// What the address asks for.
struct Asked {
    query: Option<String>,
    status: Option<&'static str>,
    reason: Option<String>,
    password: Option<&'static str>,
}

impl Asked {
    fn of(filter: &Filter) -> Self {
        Self {
            query: filter.text("query"),
            status: filter.one_of("status", &STATUSES),
            reason: filter.text("reason"),
            password: filter.one_of("password", &STATES),
        }
    }

    fn filter(&self) -> roster::Filter<'_> {
        roster::Filter {
            query: self.query.as_deref(),
            status: self.status,
            reason: self.reason.as_deref(),
            password: self.password,
        }
    }

    fn kept(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("query", self.query.as_deref()),
            ("status", self.status),
            ("reason", self.reason.as_deref()),
            ("password", self.password),
        ]
    }
}

pub(super) async fn list(
    State(app): State<App>,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    let domain = domains::find(&app, id).await?;
    let asked = Asked::of(&filter);
    let after = filter.parsed("after").map(ObjectGuid);
    let rows = roster::list_users(&app.db, id, chrome.now, &asked.filter(), Sort::Name, after, PAGE).await?;
    let guids: Vec<_> = rows.iter().map(|row| row.guid).collect();
    let passwords = store::coverage::list_states(&app.db, id, chrome.now, &guids).await?;
    let counts = store::subjects::count_by_status(&app.db, id).await?;
    let reasons = roster::count_user_reasons(&app.db, id).await?;
    let absent = match &asked.query {
        Some(query) if rows.is_empty() && after.is_none() => why::absent(&app, &domain, query).await?,
        _ => Vec::new(),
    };
    let here = format!("/domains/{id}/users");
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
    let last = rows.last().filter(|_| full).map(|row| row.guid);
    page(&ListPage {
        head: DomainHead::new(&domain, "users"),
        form: Form::filter(&asked.kept()),
        tallies: tallies(&counts, "user"),
        reasons: reasons.into_iter().map(|row| (row.code.clone(), counted(&row.code, row.count))).collect(),
        passwords: STATES.into_iter().map(|state| (state, meaning(state).badge.word)).collect(),
        paging: Paging::new(&here, &asked.kept(), after, last),
        csv: address(&format!("{here}.csv"), &asked.kept()),
        json: address(&format!("{here}.json"), &asked.kept()),
        absent: absent.into_iter().map(|absence| absence.message).collect(),
        rows: rows.iter().map(|user| row(user, &passwords)).collect(),
        chrome,
    })
}

/// A reason's code as a word of a list.
fn counted(code: &str, count: i64) -> String {
    format!("{} ({count})", code.replace('_', " "))
}

fn row(user: &UserView, passwords: &BTreeMap<ObjectGuid, String>) -> Row {
    Row {
        guid: user.guid,
        name: facts::name(user),
        account: [&user.body.sam_account_name, &user.body.mail]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" · "),
        badge: Badge::of(&user.status),
        reason: reason(&user.reasons, &user.status),
        password: passwords.get(&user.guid).map(|state| meaning(state).badge),
        jumpcloud: user.jumpcloud_username.clone(),
    }
}

pub(super) async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    Ok(export::users_csv(&app, &viewer.actor(), id, &Asked::of(&filter).filter()).await?)
}

pub(super) async fn json(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    Ok(export::users_json(&app, &viewer.actor(), id, &Asked::of(&filter).filter()).await?)
}
