//! The first page: how each domain stands, and what to do next.

use askama::Template;
use axum::extract::State;

use super::charts::Chart;
use super::chrome::Chrome;
use super::extract::Filter;
use super::views::{AgentRow, Badge, Tally, tallies};
use super::{Answer, charts, page, words};
use crate::actions::activity::{self, Gap, Standing, Window};
use crate::actions::checks;
use crate::app::App;
use crate::store;
use crate::store::admins::Reach;
use crate::store::domains::{Domain, Mode};

#[derive(Debug, Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    chrome: Chrome,
    domains: Vec<DomainCard>,
    steps: Vec<Step>,
    /// `hour` or `day`.
    window: &'static str,
}

#[derive(Debug)]
struct DomainCard {
    id: protocol::DomainId,
    name: String,
    organization: String,
    mode: Badge,
    users: Vec<Tally>,
    groups: Vec<Tally>,
    agents: Vec<AgentRow>,
    errors: usize,
    warnings: usize,
    being_planned: i64,
    open_alerts: i64,
    /// Empty where everything is in step.
    gaps: Vec<Gap>,
    synced: String,
    throughput: Chart,
    latency: Chart,
}

/// One step of setting up.
#[derive(Debug)]
struct Step {
    title: &'static str,
    help: &'static str,
    href: String,
    done: bool,
    /// The first that is not done.
    next: bool,
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    let window = filter.one_of("window", &["day"]).unwrap_or("hour");
    let organizations = store::organizations::list(&app.db, &chrome.reach()).await?;
    let rows = store::domains::list(&app.db, &chrome.reach()).await?;
    let mut domains = Vec::new();
    for row in &rows {
        let organization = organizations.iter().find(|found| found.id == row.organization_id);
        domains.push(card(&app, row, organization.map_or("", |found| &found.name), window).await?);
    }
    let steps = steps(!organizations.is_empty(), &rows, &domains);
    page(&OverviewPage { chrome, domains, steps, window })
}

async fn card(
    app: &App,
    row: &Domain,
    organization: &str,
    window: &'static str,
) -> Result<DomainCard, crate::error::Error> {
    let counts = store::subjects::count_by_status(&app.db, row.id).await?;
    let agents = store::agents::list_of(&app.db, row.id).await?;
    let now = app.clock.now();
    let checks = checks::list(app, row.id).await?;
    let standing = activity::standing(app, row).await?;
    let activity = activity::of(app, row.id, Window::parse(window).unwrap_or(Window::Hour)).await?;
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    Ok(DomainCard {
        id: row.id,
        name: row.name.clone(),
        organization: organization.to_owned(),
        mode: words::mode(row.mode).into(),
        users: tallies(&counts, "user"),
        groups: tallies(&counts, "group"),
        agents: AgentRow::list(&agents, row, now),
        errors: count(checks::State::Error),
        warnings: count(checks::State::Warning),
        being_planned: store::dirty::count(&app.db, row.id).await?,
        open_alerts: store::alerts::count_open(&app.db, &Reach::EVERYTHING, Some(row.id)).await?,
        synced: synced(&standing),
        gaps: standing.gaps,
        throughput: charts::throughput(&activity, window),
        latency: charts::latency(&activity, window),
    })
}

/// What is in step.
fn synced(standing: &Standing) -> String {
    let counted = |count: i64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    format!("{} and {}", counted(standing.users, "user"), counted(standing.groups, "group"))
}

/// The way to a first synced user; empty once a domain is active.
fn steps(has_organization: bool, rows: &[Domain], cards: &[DomainCard]) -> Vec<Step> {
    if rows.iter().any(|row| row.mode == Mode::Active) {
        return Vec::new();
    }
    let first = rows.first();
    let at = |step: &str| first.map_or("/setup".into(), |row| format!("/setup/{}{step}", row.id));
    let step = |title, help, href, done| Step { title, help, href, done, next: false };
    let mut steps = vec![
        step(
            "Add an organization",
            "Your JumpCloud organization, with an API key or a service account.",
            "/setup/organization".to_owned(),
            has_organization,
        ),
        step(
            "Add a domain",
            "The Active Directory domain, the group whose members are synced, and the account that reads it.",
            "/setup/organization".to_owned(),
            first.is_some(),
        ),
        step(
            "Enroll an agent",
            "One command on each domain controller. Nothing is edited there by hand.",
            at("/agents"),
            cards.iter().any(|card| !card.agents.is_empty()),
        ),
        step(
            "Look at the preview",
            "Every change that would be made in JumpCloud, before any is made.",
            at("/preview"),
            rows.iter().any(|row| row.directory_read_at.is_some()),
        ),
        step("Activate", "From then on JumpCloud follows the directory.", at("/preview"), false),
    ];
    if let Some(step) = steps.iter_mut().find(|step| !step.done) {
        step.next = true;
    }
    steps
}
