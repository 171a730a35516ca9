//! `/domains/{id}/preview` and `/progress`: what would be done, what other settings would do, and how far it has come.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use protocol::{DomainId, OperationId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

use super::describe::{Accepted, get};
use super::extract::{Body, Id, Query, limit, next, wrong};
use super::settings::SettingsSent;
use super::views::Planned;
use crate::actions::previews::{CAUSES, Filter, KINDS, Listing};
use crate::actions::{domains, previews, progress};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::http::{export, review};
use crate::store;
use crate::store::unsynced::Counted;
use crate::workers::plan::impact::Impact;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/domains/{id}/preview",
            get(show)
                .says("Show the plan", "What the outbox holds is what activation does. As CSV or JSON all of it at once.")
                .answers::<Preview>(StatusCode::OK, "application/json")
                .answers::<String>(StatusCode::OK, "text/csv")
                .post(refresh)
                .says(
                    "Read JumpCloud again, or try settings",
                    "Without settings JumpCloud is read again, so that the preview is of now. With settings: what they would \
                     lead to, stored nowhere.",
                )
                .answers::<WhatIf>(StatusCode::OK, "application/json"),
        )
        .route(
            "/domains/{id}/progress",
            get(progress).says("Show what is going on", "Long work, each with what is known of its end."),
        )
}

/// The operations are given all at once up to here; beyond, page by page.
const AT_ONCE: i64 = 10_000;

#[derive(Debug, Deserialize, IntoParams)]
pub struct Wanted {
    /// Such as `create_user`.
    kind: Option<String>,
    /// Only what takes something away.
    destructive: Option<bool>,
    cause: Option<String>,
    /// Part of a name.
    query: Option<String>,
    after: Option<OperationId>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// `json` or `csv`.
    format: Option<String>,
}

impl Wanted {
    fn filter(&self) -> Result<Filter, Failure> {
        Ok(Filter {
            kind: one_of("kind", self.kind.as_deref(), &KINDS)?,
            destructive: self.destructive.unwrap_or_default(),
            cause: one_of("cause", self.cause.as_deref(), &CAUSES)?,
            query: self.query.clone().filter(|query| !query.trim().is_empty()),
        })
    }

    fn is_for_all(&self) -> bool {
        let told = [&self.kind, &self.cause, &self.query];
        told.iter().all(|given| given.is_none())
            && self.destructive.is_none()
            && self.after.is_none()
            && self.limit.is_none()
    }
}

fn one_of(field: &str, given: Option<&str>, known: &[&str]) -> Result<Option<String>, Failure> {
    match given.filter(|given| !given.is_empty()) {
        Some(given) if !known.contains(&given) => {
            Err(wrong(field, format!("must be one of {}", known.join(", "))))
        }
        given => Ok(given.map(str::to_owned)),
    }
}

/// The plan as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    #[serde(flatten)]
    glance: Glance,
    items: Vec<Planned>,
    next: Option<String>,
    /// All of them, up to 10,000, where no parameter is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<Planned>>,
}

/// The plan at a glance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanAtAGlance)]
pub struct Glance {
    /// Two equal plans have the same.
    #[schema(example = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    digest: String,
    counts: BTreeMap<String, i64>,
    total: i64,
    /// Of these wait for a person's decision.
    held: i64,
    /// Directory and JumpCloud were read, and everybody is planned.
    complete: bool,
    mirror_read_at: Option<DateTime<Utc>>,
    directory_read_at: Option<DateTime<Utc>>,
    not_synced: NotSynced,
}

/// Users that are not synced, by their first reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotSynced {
    total: i64,
    reasons: Vec<Counted>,
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let filter = wanted.filter()?;
    match one_of("format", wanted.format.as_deref(), &["json", "csv"])?.as_deref() {
        Some("csv") => return Ok(export::plan::csv(&app, &caller.actor, id, filter).await?),
        Some(_) => return Ok(export::plan::json(&app, &caller.actor, id, filter).await?),
        None => {}
    }
    let limit = limit(wanted.limit)?;
    let glance = glance(&app, id).await?;
    let listing = Listing::of(&app.db, id, filter).await?;
    let rows = listing.after(&app.db, wanted.after, limit).await?;
    let next = next(&rows, limit, |planned| planned.row.id.to_string());
    let items = rows.iter().map(Planned::from).collect();
    let operations = match wanted.is_for_all() {
        true => Some(listing.after(&app.db, None, AT_ONCE).await?.iter().map(Planned::from).collect()),
        false => None,
    };
    Ok(Json(Preview { glance, items, next, operations }).into_response())
}

async fn glance(app: &App, id: DomainId) -> Result<Glance, Failure> {
    let mut conn = app.db.acquire().await?;
    let domain = store::domains::find(&mut *conn, id).await?.ok_or(Error::NotFound("domain"))?;
    let organization = store::organizations::find(&mut *conn, domain.organization_id).await?;
    let organization = organization.ok_or(Error::NotFound("organization"))?;
    let plan = previews::of(&mut conn, id).await?;
    let complete = domain.directory_read_at.is_some()
        && organization.mirror_read >= organization.mirror_wanted
        && store::dirty::count(&mut *conn, id).await? == 0;
    let unsynced = store::unsynced::count(&mut *conn, id).await?;
    Ok(Glance {
        total: plan.total(),
        digest: plan.digest,
        counts: plan.counts,
        held: plan.held,
        complete,
        mirror_read_at: organization.mirror_read_at,
        directory_read_at: domain.directory_read_at,
        not_synced: NotSynced { total: unsynced.iter().map(|row| row.count).sum(), reasons: unsynced },
    })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefreshPreview, example = json!({"settings": {"user_dissociation_action": "suspend"}}))]
pub struct Refresh {
    settings: Option<SettingsSent>,
}

/// The plan at a glance and its operations, up to 10,000.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refreshed {
    #[serde(flatten)]
    glance: Glance,
    operations: Vec<Planned>,
}

/// What settings would lead to.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhatIf {
    /// By kind of operation.
    counts: BTreeMap<String, usize>,
    /// Up to 10,000.
    operations: Vec<planner::Operation>,
    /// Attributes that the settings need and nobody has read.
    not_read_yet: Vec<String>,
    impact: Impact,
}

async fn refresh(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<Refresh>,
) -> Result<Result<Accepted<Refreshed>, Response>, Failure> {
    let Some(patch) = body.settings else {
        domains::refresh_preview(&app, id).await?;
        let glance = glance(&app, id).await?;
        let rows = Listing::of(&app.db, id, Filter::default()).await?.after(&app.db, None, AT_ONCE).await?;
        return Ok(Ok(Accepted(Refreshed { glance, operations: rows.iter().map(Planned::from).collect() })));
    };
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let name = domains::name_of(&domain)?;
    let settings = domain.settings.edit(&name, &patch.0).map_err(Error::Invalid)?.settings;
    let mut impact = review::planned(&app, &domain, &settings).await?;
    let planned = impact.kinds.iter().filter(|(_, shift)| shift.then > 0);
    let what_if = WhatIf {
        counts: planned.map(|(kind, shift)| ((*kind).to_owned(), shift.then)).collect(),
        operations: std::mem::take(&mut impact.operations),
        not_read_yet: impact.not_read_yet.clone(),
        impact,
    };
    Ok(Err(Json(what_if).into_response()))
}

/// Whether something is going on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Progress {
    busy: bool,
    /// In the order in which they happen.
    steps: Vec<progress::Step>,
}

async fn progress(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<Progress>, Failure> {
    let steps = progress::of(&app, id).await?;
    Ok(Json(Progress { busy: !steps.is_empty(), steps }))
}
