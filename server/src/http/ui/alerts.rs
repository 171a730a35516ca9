//! Alerts: what somebody should know, the open ones first, then those that have passed. Each leads to what it is about.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid};
use uuid::Uuid;

use super::chrome::Chrome;
use super::extract::Filter;
use super::form::Form;
use super::steps::{NameLink, Names};
use super::{Answer, page, words};
use crate::app::App;
use crate::store;
use crate::store::alerts::Alert;

const PAGE: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "alerts/list.html")]
struct ListPage {
    chrome: Chrome,
    form: Form,
    domains: Vec<(DomainId, String)>,
    /// None where the address asks for the other part only.
    open: Option<Part>,
    closed: Option<Part>,
}

#[derive(Debug)]
struct Part {
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
}

#[derive(Debug)]
struct Row {
    title: &'static str,
    code: String,
    message: String,
    about: Option<NameLink>,
    domain: Option<NameLink>,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
}

/// What of the alerts is asked for.
struct Asked {
    domain: Option<DomainId>,
    state: Option<&'static str>,
    after: Option<Uuid>,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    let state = filter.one_of("state", &["open", "closed"]);
    let after = filter.parsed("after").filter(|_| state.is_some());
    let asked = Asked { domain: filter.parsed("domain").map(DomainId), state, after };
    let domains = store::domains::list(&app.db).await?;
    let domains: Vec<_> = domains.into_iter().map(|row| (row.id, row.name)).collect();
    let mut form = Form::filter(&[("state", state)]);
    form.set("domain", asked.domain.map(|id| id.to_string()).unwrap_or_default());
    page(&ListPage {
        open: part(&app, &asked, "open", &domains).await?,
        closed: part(&app, &asked, "closed", &domains).await?,
        chrome,
        form,
        domains,
    })
}

async fn part(
    app: &App,
    asked: &Asked,
    state: &'static str,
    domains: &[(DomainId, String)],
) -> sqlx::Result<Option<Part>> {
    if asked.state.is_some_and(|wanted| wanted != state) {
        return Ok(None);
    }
    let rows = store::alerts::list(&app.db, asked.domain, Some(state == "open"), asked.after, PAGE).await?;
    let users: Vec<_> = rows.iter().filter_map(user).collect();
    let names = Names::load(&app.db, &users).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
    let domain = asked.domain.map(|id| format!("&domain={id}")).unwrap_or_default();
    let next =
        rows.last().filter(|_| full).map(|last| format!("/alerts?state={state}{domain}&after={}", last.id));
    let rows = rows.into_iter().map(|alert| row(alert, &names, domains)).collect();
    Ok(Some(Part { rows, next, is_first: asked.after.is_none() }))
}

/// The user that an alert is about, if it is about one.
fn user(alert: &Alert) -> Option<ObjectGuid> {
    (alert.code == "password_refused").then(|| alert.subject.parse().ok().map(ObjectGuid))?
}

fn row(alert: Alert, names: &Names, domains: &[(DomainId, String)]) -> Row {
    let domain = alert.domain_id.map(|id| {
        let name = domains.iter().find(|(found, _)| *found == id).map(|(_, name)| name.clone());
        NameLink { text: name.unwrap_or_default(), href: format!("/domains/{id}") }
    });
    Row {
        title: words::alert(&alert.code),
        about: alert.domain_id.and_then(|id| about(&alert, id, names)),
        domain,
        code: alert.code,
        message: alert.message,
        opened_at: alert.opened_at,
        closed_at: alert.closed_at,
    }
}

fn about(alert: &Alert, domain: DomainId, names: &Names) -> Option<NameLink> {
    let coverage = format!("/domains/{domain}/coverage");
    Some(match alert.code.as_str() {
        "password_refused" => names.link(domain, user(alert)?),
        "password_missed" => {
            NameLink { text: "The users concerned".into(), href: format!("{coverage}?state=missed#people") }
        }
        "capture_missing" | "capture_degraded" | "domain_controller_uncovered" => {
            NameLink { text: alert.subject.clone(), href: format!("{coverage}#controllers") }
        }
        _ => return None,
    })
}
