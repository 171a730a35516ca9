//! `/domains/{id}/users`: how each stands, and why.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use protocol::{DomainId, ObjectGuid};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Id, Query, filled, limit, next, one_of};
use super::views;
use crate::actions::coverage::STATES;
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::{export, why};
use crate::store::roster::{Filter, Sort};
use crate::store::subjects::UserView;
use crate::{store, workers};

#[derive(Debug, Deserialize)]
pub struct Search {
    query: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    password: Option<String>,
    sort: Option<String>,
    format: Option<String>,
    pub(super) after: Option<ObjectGuid>,
    pub(super) limit: Option<i64>,
}

const STATUSES: [&str; 6] = ["synced", "pending", "excluded", "conflict", "held", "failed"];

impl Search {
    pub(super) fn filter(&self) -> Result<Filter<'_>, Failure> {
        Ok(Filter {
            query: filled(&self.query),
            status: one_of("status", self.status.as_deref(), &STATUSES)?,
            reason: filled(&self.reason),
            password: one_of("password", self.password.as_deref(), &STATES)?,
        })
    }

    pub(super) fn sort(&self) -> Result<Sort, Failure> {
        Ok(match one_of("sort", self.sort.as_deref(), &["object_guid", "name"])? {
            Some("name") => Sort::Name,
            _ => Sort::ObjectGuid,
        })
    }
}

/// Page by page; as CSV all of them at once. Of a search that finds nobody it is said why that may be.
pub async fn users(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DomainId>,
    Query(search): Query<Search>,
) -> Result<Response, Failure> {
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let (filter, sort, now) = (search.filter()?, search.sort()?, app.clock.now());
    if one_of("format", search.format.as_deref(), &["json", "csv"])? == Some("csv") {
        return Ok(export::users_csv(&app, &caller.actor, id, &filter).await?);
    }
    let limit = limit(search.limit)?;
    let rows = store::roster::list_users(&app.db, id, now, &filter, sort, search.after, limit).await?;
    let guids: Vec<_> = rows.iter().map(|row| row.guid).collect();
    let passwords = store::coverage::list_states(&app.db, id, now, &guids).await?;
    let item = |row: &UserView| {
        let mut view = views::user(row);
        view["password_state"] = json!(passwords.get(&row.guid));
        view
    };
    let mut answer = json!({
        "items": rows.iter().map(item).collect::<Vec<_>>(),
        "next": next(&rows, limit, |row| row.guid.to_string()),
    });
    if let Some(query) = filter.query.filter(|_| rows.is_empty() && search.after.is_none()) {
        answer["absent"] = json!(why::absent(&app, &domain, query).await?);
    }
    Ok(Json(answer).into_response())
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
    let why = why::of(&app, &domain, guid, password.as_ref(), &operations).await?;
    view["steps"] = json!(why.steps);
    view["fields"] = json!(why.fields);
    view["candidates"] = json!(why.candidates);
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
    let by = caller.helping()?;
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
