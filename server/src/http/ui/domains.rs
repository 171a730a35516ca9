//! Domains: the list, adding one, and one domain at a glance.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{DomainId, OrganizationId};
use serde_json::{Map, Value, json};

use super::checks::Checklist;
use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::progress::ProgressBlock;
use super::session::Viewer;
use super::views::{AgentRow, Badge, DomainHead, Tally, tallies};
use super::{Answer, again, page, passwords, to, words};
use crate::actions::{checks, coverage, domains, progress};
use crate::app::App;
use crate::error::Error;
use crate::store;
use crate::store::admins::Reach;
use crate::store::domains::{Domain, Mode};
use crate::store::organizations::Organization;

#[derive(Debug, Template)]
#[template(path = "domains/list.html")]
struct ListPage {
    chrome: Chrome,
    rows: Vec<Row>,
    has_organization: bool,
}

#[derive(Debug)]
struct Row {
    id: DomainId,
    name: String,
    organization: String,
    mode: Badge,
    users: Vec<Tally>,
    agents: usize,
}

#[derive(Debug, Template)]
#[template(path = "domains/new.html")]
struct NewPage {
    chrome: Chrome,
    organizations: Vec<Organization>,
    form: Form,
}

#[derive(Debug, Template)]
#[template(path = "domains/show.html")]
struct ShowPage {
    chrome: Chrome,
    head: DomainHead,
    organization: Organization,
    is_active: bool,
    revision: i64,
    directory_read_at: Option<DateTime<Utc>>,
    full_read_at: Option<DateTime<Utc>>,
    users: Vec<Tally>,
    groups: Vec<Tally>,
    being_planned: i64,
    progress: ProgressBlock,
    /// Users in scope, and those of them whose current password JumpCloud has.
    in_scope: i64,
    delivered: i64,
    percent: Option<String>,
    open_alerts: i64,
    checks: Checklist,
    agents: Vec<AgentRow>,
    /// The form for an enrollment token.
    form: Form,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome) -> Answer {
    let organizations = store::organizations::list(&app.db, &chrome.reach()).await?;
    let mut rows = Vec::new();
    for row in store::domains::list(&app.db, &chrome.reach()).await? {
        let counts = store::subjects::count_by_status(&app.db, row.id).await?;
        let organization = organizations.iter().find(|found| found.id == row.organization_id);
        rows.push(Row {
            id: row.id,
            name: row.name,
            organization: organization.map(|found| found.name.clone()).unwrap_or_default(),
            mode: words::mode(row.mode).into(),
            users: tallies(&counts, "user"),
            agents: store::agents::list_of(&app.db, row.id).await?.len(),
        });
    }
    page(&ListPage { chrome, rows, has_organization: !organizations.is_empty() })
}

pub(super) async fn blank(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    let organizations = store::organizations::list(&app.db, &chrome.reach()).await?;
    let mut form = Form::default();
    form.set("organization_id", filter.text("organization").unwrap_or_default());
    page(&NewPage { chrome, organizations, form })
}

pub(super) async fn add(State(app): State<App>, viewer: Viewer, chrome: Chrome, fields: Fields) -> Answer {
    let mut form = Form::typed(&fields, &["settings.ldap.bind_password"]);
    let organizations = store::organizations::list(&app.db, &chrome.reach()).await?;
    let chosen = fields.text("organization_id").parse().ok().map(OrganizationId);
    let Some(organization) = chosen.filter(|id| organizations.iter().any(|found| found.id == *id)) else {
        form.wrong("organization_id", "must be one of the organizations in the list");
        return again(&NewPage { chrome, organizations, form });
    };
    match domains::add(
        &app,
        &viewer.changing_at(organization)?,
        organization,
        fields.text("name"),
        &first_settings(&fields),
    )
    .await
    {
        Ok(id) => Ok(to(&format!("/domains/{id}?done=domain-added"))),
        Err(error) => {
            let form = form.with(error)?;
            again(&NewPage { chrome, organizations, form })
        }
    }
}

/// What was left empty takes its default.
fn first_settings(fields: &Fields) -> Value {
    let mut settings = Map::new();
    for name in ["root_user_container", "integration_group"] {
        if let Some(text) = fields.filled(&format!("settings.{name}")) {
            settings.insert(name.into(), text.into());
        }
    }
    let mut ldap = Map::new();
    for name in ["bind_user", "ca_pem", "server_fingerprint"] {
        if let Some(text) = fields.filled(&format!("settings.ldap.{name}")) {
            ldap.insert(name.into(), text.into());
        }
    }
    if let Some(password) = fields.secret("settings.ldap.bind_password") {
        ldap.insert("bind_password".into(), password.expose().into());
    }
    settings.insert("ldap".into(), Value::Object(ldap));
    json!(settings)
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, Id(id): Id<DomainId>) -> Answer {
    let form = super::enrollment::blank();
    glance(&app, chrome, id, form).await.and_then(|shown| page(&shown))
}

/// The same page with what is wrong in its form.
pub(super) async fn show_again(app: &App, chrome: Chrome, id: DomainId, form: Form) -> Answer {
    glance(app, chrome, id, form).await.and_then(|shown| again(&shown))
}

async fn glance(app: &App, chrome: Chrome, id: DomainId, form: Form) -> Result<ShowPage, super::Refusal> {
    let domain = find(app, id).await?;
    let organization = store::organizations::find(&app.db, domain.organization_id).await?;
    let counts = store::subjects::count_by_status(&app.db, id).await?;
    let agents = store::agents::list_of(&app.db, id).await?;
    let coverage = coverage::of(app, id).await?;
    let checks = Checklist::new(checks::list(app, id).await?, &format!("/domains/{id}"));
    let organization = organization.ok_or(Error::NotFound("organization"))?;
    Ok(ShowPage {
        head: DomainHead::new(&domain, "overview"),
        progress: ProgressBlock::new(progress::of_domain(app, &domain, &organization).await?),
        organization,
        is_active: domain.mode == Mode::Active,
        revision: domain.revision,
        directory_read_at: domain.directory_read_at,
        full_read_at: domain.full_read_at,
        users: tallies(&counts, "user"),
        groups: tallies(&counts, "group"),
        being_planned: store::dirty::count(&app.db, id).await?,
        in_scope: coverage.users,
        delivered: coverage.counts.get("delivered").copied().unwrap_or_default(),
        percent: coverage.percent.map(passwords::percent),
        open_alerts: store::alerts::count_open(&app.db, &Reach::EVERYTHING, Some(id)).await?,
        checks,
        agents: AgentRow::list(&agents, &domain, chrome.now),
        chrome,
        form,
    })
}

/// The domain of a page.
pub(super) async fn find(app: &App, id: DomainId) -> Result<Domain, Error> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))
}

pub(super) async fn pause(State(app): State<App>, viewer: Viewer, Id(id): Id<DomainId>) -> Answer {
    domains::pause(&app, &viewer.actor(), id).await?;
    Ok(to(&format!("/domains/{id}?done=paused")))
}

pub(super) async fn resync(State(app): State<App>, viewer: Viewer, Id(id): Id<DomainId>) -> Answer {
    domains::resync(&app, &viewer.actor(), id).await?;
    Ok(to(&format!("/domains/{id}?done=resync")))
}
