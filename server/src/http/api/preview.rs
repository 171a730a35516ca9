//! `/domains/{id}/preview` and `/progress`: what would be done, what other settings would do, and how far it has come.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use protocol::problem::FieldError;
use protocol::{DomainId, OperationId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Id, Query, limit, next};
use super::views;
use crate::actions::previews::{CAUSES, Filter, KINDS, Listing};
use crate::actions::{domains, previews, progress};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::{export, review};
use crate::store;

/// The operations are given all at once up to here; beyond, page by page.
const AT_ONCE: i64 = 10_000;

#[derive(Debug, Deserialize)]
pub struct Wanted {
    kind: Option<String>,
    destructive: Option<bool>,
    cause: Option<String>,
    query: Option<String>,
    after: Option<OperationId>,
    limit: Option<i64>,
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
        Some(given) if !known.contains(&given) => Err(Failure::invalid(vec![FieldError {
            field: field.into(),
            message: format!("must be one of {}", known.join(", ")),
        }])),
        given => Ok(given.map(str::to_owned)),
    }
}

/// The plan as it stands: what the outbox holds is what activation does.
pub async fn show(
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
    let mut view = glance(&app, id).await?;
    let listing = Listing::of(&app.db, id, filter).await?;
    let rows = listing.after(&app.db, wanted.after, limit).await?;
    view["next"] = json!(next(&rows, limit, |planned| planned.row.id.to_string()));
    view["items"] = rows.iter().map(views::planned).collect();
    if wanted.is_for_all() {
        let rows = listing.after(&app.db, None, AT_ONCE).await?;
        view["operations"] = rows.iter().map(views::planned).collect();
    }
    Ok(Json(view).into_response())
}

async fn glance(app: &App, id: DomainId) -> Result<Value, Failure> {
    let mut conn = app.db.acquire().await?;
    let domain = store::domains::find(&mut *conn, id).await?.ok_or(Error::NotFound("domain"))?;
    let organization = store::organizations::find(&mut *conn, domain.organization_id).await?;
    let organization = organization.ok_or(Error::NotFound("organization"))?;
    let plan = previews::of(&mut conn, id).await?;
    let complete = domain.directory_read_at.is_some()
        && organization.mirror_read >= organization.mirror_wanted
        && store::dirty::count(&mut *conn, id).await? == 0;
    let unsynced = store::unsynced::count(&mut *conn, id).await?;
    Ok(json!({
        "digest": plan.digest, "counts": plan.counts, "total": plan.total(), "held": plan.held, "complete": complete,
        "mirror_read_at": organization.mirror_read_at, "directory_read_at": domain.directory_read_at,
        "not_synced": {
            "total": unsynced.iter().map(|row| row.count).sum::<i64>(), "reasons": unsynced,
        },
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    settings: Option<Value>,
}

/// Without settings: JumpCloud is read again, so that the preview is of now. With settings: what they would lead to.
pub async fn refresh(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<Refresh>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let Some(patch) = body.settings else {
        caller.changing()?;
        domains::refresh_preview(&app, id).await?;
        let mut view = glance(&app, id).await?;
        let rows = Listing::of(&app.db, id, Filter::default()).await?.after(&app.db, None, AT_ONCE).await?;
        view["operations"] = rows.iter().map(views::planned).collect();
        return Ok((StatusCode::ACCEPTED, Json(view)));
    };
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let name = domains::name_of(&domain)?;
    let settings = domain.settings.edit(&name, &patch).map_err(Error::Invalid)?.settings;
    let impact = review::planned(&app, &domain, &settings).await?;
    let counts: std::collections::BTreeMap<_, _> = impact
        .kinds
        .iter()
        .filter(|(_, shift)| shift.then > 0)
        .map(|(kind, shift)| (*kind, shift.then))
        .collect();
    let view = json!({
        "counts": counts, "operations": impact.operations, "not_read_yet": impact.not_read_yet, "impact": impact,
    });
    Ok((StatusCode::OK, Json(view)))
}

/// Long work that is going on, each with what is known of its end.
pub async fn progress(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
) -> Result<Json<Value>, Failure> {
    let steps = progress::of(&app, id).await?;
    Ok(Json(json!({"busy": !steps.is_empty(), "steps": steps})))
}
