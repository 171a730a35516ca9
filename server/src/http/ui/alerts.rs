//! Alerts: what somebody should know, the open ones first, then those that have passed. Each leads to what it is about.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid};
use uuid::Uuid;

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::session::Viewer;
use super::steps::{NameLink, Names};
use super::views::Badge;
use super::{Answer, back, page, words};
use crate::actions;
use crate::app::App;
use crate::store;
use crate::store::admins::Reach;
use crate::store::alert_messages::Delivery;
use crate::store::alerts::{Alert, Code};

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
    id: Uuid,
    title: String,
    badge: Badge,
    message: String,
    fix: String,
    acknowledged: Option<(String, DateTime<Utc>)>,
    deliveries: Vec<String>,
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
    let domains = store::domains::list(&app.db, &chrome.reach()).await?;
    let domains: Vec<_> = domains.into_iter().map(|row| (row.id, row.name)).collect();
    let mut form = Form::filter(&[("state", state)]);
    form.set("domain", asked.domain.map(|id| id.to_string()).unwrap_or_default());
    page(&ListPage {
        open: part(&app, &chrome.reach(), &asked, "open", &domains).await?,
        closed: part(&app, &chrome.reach(), &asked, "closed", &domains).await?,
        chrome,
        form,
        domains,
    })
}

async fn part(
    app: &App,
    reach: &Reach,
    asked: &Asked,
    state: &'static str,
    domains: &[(DomainId, String)],
) -> sqlx::Result<Option<Part>> {
    if asked.state.is_some_and(|wanted| wanted != state) {
        return Ok(None);
    }
    let rows =
        store::alerts::list(&app.db, reach, asked.domain, Some(state == "open"), asked.after, PAGE).await?;
    let users: Vec<_> = rows.iter().filter_map(user).collect();
    let names = Names::load(&app.db, &users).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
    let domain = asked.domain.map(|id| format!("&domain={id}")).unwrap_or_default();
    let next =
        rows.last().filter(|_| full).map(|last| format!("/alerts?state={state}{domain}&after={}", last.id));
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut deliveries = store::alert_messages::list_deliveries(&app.db, &ids).await?;
    let now = app.clock.now();
    let shown = |alert: Alert| {
        let told = deliveries.remove(&alert.id).unwrap_or_default();
        row(alert, told.iter().map(|delivery| told_words(delivery, now)).collect(), &names, domains)
    };
    let rows = rows.into_iter().map(shown).collect();
    Ok(Some(Part { rows, next, is_first: asked.after.is_none() }))
}

/// The user that an alert is about, if it is about one.
fn user(alert: &Alert) -> Option<ObjectGuid> {
    (alert.code == "password_refused").then(|| alert.subject.parse().ok().map(ObjectGuid))?
}

/// Whom an alert was told, and whether that arrived.
fn told_words(delivery: &Delivery, now: DateTime<Utc>) -> String {
    let what = if delivery.event == "closed" { "End" } else { "Beginning" };
    let ago = words::ago(now, delivery.at);
    match delivery.state.as_str() {
        "sent" => format!("{what} sent to {} {ago}.", delivery.channel),
        "gathered" => format!("{what} is gathered for {}.", delivery.channel),
        "failed" => format!(
            "{what} could not be sent to {}: {}",
            delivery.channel,
            delivery.error.as_deref().unwrap_or_default()
        ),
        _ => match &delivery.error {
            Some(error) => format!("{what} is tried again for {}: {error}", delivery.channel),
            None => format!("{what} is being sent to {}.", delivery.channel),
        },
    }
}

fn row(alert: Alert, deliveries: Vec<String>, names: &Names, domains: &[(DomainId, String)]) -> Row {
    let domain = alert.domain_id.map(|id| {
        let name = domains.iter().find(|(found, _)| *found == id).map(|(_, name)| name.clone());
        NameLink { text: name.unwrap_or_default(), href: format!("/domains/{id}") }
    });
    Row {
        id: alert.id,
        title: Code::parse(&alert.code).map_or_else(|| alert.code.clone(), |code| code.title().to_owned()),
        badge: words::severity(alert.severity).into(),
        about: alert.domain_id.and_then(|id| about(&alert, id, names)).or_else(|| page_of(&alert)),
        domain,
        acknowledged: alert.acknowledged_by.zip(alert.acknowledged_at),
        deliveries,
        message: alert.message,
        fix: alert.fix,
        opened_at: alert.opened_at,
        closed_at: alert.closed_at,
    }
}

fn page_of(alert: &Alert) -> Option<NameLink> {
    let leads = alert.link.starts_with('/') && alert.link != "/alerts";
    leads.then(|| NameLink { text: "See it".into(), href: alert.link.clone() })
}

/// That somebody takes care of it.
pub(super) async fn acknowledge(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<Uuid>,
    fields: Fields,
) -> Answer {
    actions::alerts::acknowledge(&app, &viewer.actor(), id).await?;
    Ok(back(&fields, "/alerts", "acknowledged"))
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
