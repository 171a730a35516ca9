//! `/domains/{id}/users` and `/groups`: how each stands, and why.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::problem::FieldError;
use protocol::{DomainId, ObjectGuid};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Id, Query, limit, next, page};
use super::views;
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::{store, workers};

#[derive(Debug, Deserialize)]
pub struct Search {
    query: Option<String>,
    status: Option<String>,
    after: Option<ObjectGuid>,
    limit: Option<i64>,
}

impl Search {
    fn status(&self) -> Result<Option<&str>, Failure> {
        const KNOWN: [&str; 6] = ["synced", "pending", "excluded", "conflict", "held", "failed"];
        match self.status.as_deref().filter(|status| !status.is_empty()) {
            Some(status) if !KNOWN.contains(&status) => Err(Failure::invalid(vec![FieldError {
                field: "status".into(),
                message: format!("must be one of {}", KNOWN.join(", ")),
            }])),
            status => Ok(status),
        }
    }

    fn query(&self) -> Option<&str> {
        self.query.as_deref().map(str::trim).filter(|query| !query.is_empty())
    }
}

pub async fn users(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(search): Query<Search>,
) -> Result<Json<Value>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let limit = limit(search.limit)?;
    let rows =
        store::subjects::list_users(&app.db, id, search.query(), search.status()?, search.after, limit)
            .await?;
    let next = next(&rows, limit, |row| row.guid.to_string());
    Ok(page(rows.iter().map(views::user).collect(), next))
}

pub async fn user(
    State(app): State<App>,
    _: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Result<Json<Value>, Failure> {
    let row = store::subjects::find_user(&app.db, id, guid).await?.ok_or(Error::NotFound("user"))?;
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let mut view = views::user(&row);
    view["directory"] = json!(row.body.0);
    view["jumpcloud"] = match &row.jumpcloud_id {
        Some(jumpcloud_id) => {
            json!(store::mirror::find_user(&app.db, domain.organization_id, jumpcloud_id).await?)
        }
        None => Value::Null,
    };
    let password = store::coverage::find(&app.db, id, app.clock.now(), guid).await?;
    view["password"] = json!(password.as_ref().map(views::covered));
    let operations = store::operations::list_of(&app.db, id, guid, 50).await?;
    view["operations"] = operations.iter().map(views::operation).collect();
    Ok(Json(view))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sync {
    #[serde(default)]
    dry_run: bool,
}

/// With `dry_run`: the plan as it would be now, carried out by nobody.
pub async fn sync(
    State(app): State<App>,
    caller: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    Body(body): Body<Sync>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let by = caller.changing()?;
    if !body.dry_run {
        subjects::sync_user(&app, by, id, guid).await?;
        let row = store::subjects::find_user(&app.db, id, guid).await?.ok_or(Error::NotFound("user"))?;
        return Ok((StatusCode::ACCEPTED, Json(views::user(&row))));
    }
    let mut conn = app.db.acquire().await?;
    let domain = store::domains::find(&mut *conn, id).await?.ok_or(Error::NotFound("domain"))?;
    store::subjects::find_user(&mut *conn, id, guid).await?.ok_or(Error::NotFound("user"))?;
    let plan = workers::plan::dry_run(&mut conn, &domain, guid, app.clock.now())
        .await
        .map_err(|error| Error::internal(format!("could not plan: {error:#}")))?;
    let verdict = plan.verdicts.get(&guid);
    Ok((
        StatusCode::OK,
        Json(json!({
            "operations": plan.operations, "status": verdict.map(|verdict| verdict.status),
            "reasons": verdict.map(|verdict| &verdict.reasons), "username": verdict.map(|verdict| &verdict.username),
            "email": verdict.map(|verdict| &verdict.email),
        })),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Takeover {
    jumpcloud_id: String,
}

pub async fn decide_takeover(
    State(app): State<App>,
    caller: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    Body(body): Body<Takeover>,
) -> Result<StatusCode, Failure> {
    subjects::decide_takeover(&app, caller.changing()?, id, guid, &body.jumpcloud_id).await?;
    Ok(StatusCode::ACCEPTED)
}

pub async fn groups(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(search): Query<Search>,
) -> Result<Json<Value>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let limit = limit(search.limit)?;
    let rows =
        store::subjects::list_groups(&app.db, id, search.query(), search.status()?, search.after, limit)
            .await?;
    let next = next(&rows, limit, |row| row.guid.to_string());
    Ok(page(rows.iter().map(views::group).collect(), next))
}

pub async fn group(
    State(app): State<App>,
    _: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Result<Json<Value>, Failure> {
    let row = store::subjects::find_group(&app.db, id, guid).await?.ok_or(Error::NotFound("group"))?;
    let mut view = views::group(&row);
    let operations = store::operations::list_of(&app.db, id, guid, 50).await?;
    view["operations"] = operations.iter().map(views::operation).collect();
    Ok(Json(view))
}

pub async fn adopt_group(
    State(app): State<App>,
    caller: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Result<StatusCode, Failure> {
    subjects::adopt_group(&app, caller.changing()?, id, guid).await?;
    Ok(StatusCode::ACCEPTED)
}
