//! The plan before it is carried out: what the preview lists is what activation does.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::DomainId;

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::session::Viewer;
use super::steps::{Names, Step};
use super::views::DomainHead;
use super::{Answer, Refusal, again, page, to, words};
use crate::actions::domains;
use crate::app::App;
use crate::error::Error;
use crate::store;
use crate::store::domains::Mode;

const PAGE: usize = 100;

#[derive(Debug, Template)]
#[template(path = "domains/preview.html")]
struct PreviewPage {
    chrome: Chrome,
    head: DomainHead,
    digest: String,
    counts: Vec<Count>,
    total: usize,
    steps: Vec<Step>,
    /// From 1.
    number: usize,
    pages: usize,
    /// Both sides were read and nothing waits to be planned.
    is_complete: bool,
    being_planned: i64,
    directory_read_at: Option<DateTime<Utc>>,
    mirror_read_at: Option<DateTime<Utc>>,
    is_active: bool,
    form: Form,
}

#[derive(Debug)]
struct Count {
    label: &'static str,
    count: i64,
    takes_away: bool,
}

impl Count {
    fn new(kind: &str, count: i64) -> Self {
        Self { label: words::kind(kind), count, takes_away: words::takes_away(kind) }
    }
}

impl PreviewPage {
    fn can_be_activated(&self) -> bool {
        !self.is_active && self.directory_read_at.is_some() && self.mirror_read_at.is_some()
    }

    fn takes_away(&self) -> i64 {
        self.counts.iter().filter(|count| count.takes_away).map(|count| count.count).sum()
    }
}

pub(super) async fn show(
    State(app): State<App>,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    let number = filter.parsed("page").unwrap_or(1);
    page(&shown(&app, chrome, id, number, Form::default()).await?)
}

async fn shown(
    app: &App,
    chrome: Chrome,
    id: DomainId,
    number: usize,
    form: Form,
) -> Result<PreviewPage, Refusal> {
    let mut conn = app.db.acquire().await?;
    let domain = store::domains::find(&mut *conn, id).await?.ok_or(Error::NotFound("domain"))?;
    let organization = store::organizations::find(&mut *conn, domain.organization_id).await?;
    let organization = organization.ok_or(Error::NotFound("organization"))?;
    let plan = domains::preview(&mut conn, id).await?;
    let being_planned = store::dirty::count(&mut *conn, id).await?;
    drop(conn);

    let pages = plan.operations.len().div_ceil(PAGE).max(1);
    let number = number.clamp(1, pages);
    let rows: Vec<_> = plan.operations.iter().skip((number - 1) * PAGE).take(PAGE).cloned().collect();
    let names = Names::of(&app.db, &rows).await?;
    Ok(PreviewPage {
        chrome,
        head: DomainHead::new(&domain, "preview"),
        counts: plan.counts.iter().map(|(kind, count)| Count::new(kind, *count)).collect(),
        total: plan.operations.len(),
        steps: rows.iter().map(|row| Step::new(row, &names)).collect(),
        digest: plan.digest,
        number,
        pages,
        is_complete: domain.directory_read_at.is_some()
            && organization.mirror_read >= organization.mirror_wanted
            && being_planned == 0,
        being_planned,
        directory_read_at: domain.directory_read_at,
        mirror_read_at: organization.mirror_read_at,
        is_active: domain.mode == Mode::Active,
        form,
    })
}

pub(super) async fn refresh(State(app): State<App>, Id(id): Id<DomainId>) -> Answer {
    domains::refresh_preview(&app, id).await?;
    Ok(to(&format!("/domains/{id}/preview?done=reading")))
}

/// Activates what was seen: the form carries the digest of the plan that the page showed.
pub(super) async fn activate(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let mut form = Form::typed(&fields, &[]);
    if !fields.is_on("confirmed") {
        form.wrong("confirmed", "must be ticked: what is listed above is done at once");
        return again(&shown(&app, chrome, id, 1, form).await?);
    }
    match domains::activate(&app, &viewer.actor(), id, Some(fields.text("digest"))).await {
        Ok(()) => Ok(to(&format!("/domains/{id}?done=activated"))),
        Err(error) => {
            // Another plan is shown now: it is to be confirmed anew.
            form.set("confirmed", "");
            let form = form.with(error)?;
            again(&shown(&app, chrome, id, 1, form).await?)
        }
    }
}
