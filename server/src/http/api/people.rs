//! `/domains/{id}/users`: how each stands, and why.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use planner::explain::{Candidate, MappedField, Rule};
use planner::reason::{Reason, Status};
use protocol::{DomainId, ObjectGuid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::describe::{Accepted, Noted, get, post};
use super::extract::{Body, Id, Query, filled, limit, next, one_of};
use super::views::{Covered, Operation, User};
use crate::actions::coverage::STATES;
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::http::why::Absence;
use crate::http::{export, why};
use crate::store::roster::{Filter, Sort};
use crate::store::subjects::UserView;
use crate::{store, workers};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/domains/{id}/users",
            get(users)
                .says(
                    "List the domain's users",
                    "Page by page; as CSV all of them at once. Of a search that finds nobody it is said why that may be.",
                )
                .answers::<Users>(StatusCode::OK, "application/json")
                .answers::<String>(StatusCode::OK, "text/csv"),
        )
        .route(
            "/domains/{id}/users/{guid}",
            get(user).says("Show a user", "Why it is or is not synced, its password, and its last operations."),
        )
        .route(
            "/domains/{id}/users/{guid}/sync",
            post(sync)
                .says("Sync a user now", "With `dry_run`: the plan as it would be now, carried out by nobody.")
                .answers::<DryRun>(StatusCode::OK, "application/json"),
        )
        .route(
            "/domains/{id}/users/{guid}/takeover",
            post(decide_takeover)
                .says("Decide who the user is in JumpCloud", "One of the candidates that the conflict names."),
        )
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct Search {
    /// Part of a name, `sAMAccountName`, UPN or mail address.
    query: Option<String>,
    /// `synced`, `pending`, `excluded`, `conflict`, `held` or `failed`.
    status: Option<String>,
    /// Code of a reason.
    reason: Option<String>,
    /// `delivered`, `waiting`, `refused`, `expired`, `missed` or `never_captured`.
    password: Option<String>,
    /// `object_guid` or `name`.
    sort: Option<String>,
    /// `json` or `csv`.
    format: Option<String>,
    pub(super) after: Option<ObjectGuid>,
    #[param(minimum = 1, maximum = 1000)]
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

/// Users of a page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Users {
    items: Vec<Listed>,
    next: Option<String>,
    /// Why nobody is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<Vec<Absence>>,
}

/// A user in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedUser)]
pub struct Listed {
    #[serde(flatten)]
    user: User,
    password_state: Option<String>,
}

async fn users(
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
    let item = |row: &UserView| Listed {
        user: User::from(row),
        password_state: passwords.get(&row.guid).map(ToString::to_string),
    };
    let absent = match filter.query.filter(|_| rows.is_empty() && search.after.is_none()) {
        Some(query) => Some(why::absent(&app, &domain, query).await?),
        None => None,
    };
    let next = next(&rows, limit, |row| row.guid.to_string());
    Ok(Json(Users { items: rows.iter().map(item).collect(), next, absent }).into_response())
}

/// A user with everything that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserInFull {
    #[serde(flatten)]
    user: User,
    /// As AD has it.
    #[schema(value_type = Object)]
    directory: Value,
    /// As JumpCloud has it.
    jumpcloud: Option<Value>,
    password: Option<Covered>,
    /// Each rule that bears on the user, and what came of it.
    steps: Vec<Rule>,
    fields: Vec<MappedField>,
    /// Whom it could be in JumpCloud.
    candidates: Vec<Candidate>,
    /// The last ones.
    operations: Vec<Operation>,
}

async fn user(
    State(app): State<App>,
    _: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Result<Json<UserInFull>, Failure> {
    let row = store::subjects::find_user(&app.db, id, guid).await?.ok_or(Error::NotFound("user"))?;
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let jumpcloud = match &row.jumpcloud_id {
        Some(jumpcloud_id) => store::mirror::find_user(&app.db, domain.organization_id, jumpcloud_id).await?,
        None => None,
    };
    let password = store::coverage::find(&app.db, id, app.clock.now(), guid).await?;
    let operations = store::operations::list_of(&app.db, id, guid, 50).await?;
    let why = why::of(&app, &domain, guid, password.as_ref(), &operations).await?;
    Ok(Json(UserInFull {
        user: User::from(&row),
        directory: json!(row.body.0),
        jumpcloud: jumpcloud.map(|user| json!(user)),
        password: password.as_ref().map(Covered::from),
        steps: why.steps,
        fields: why.fields,
        candidates: why.candidates,
        operations: operations.iter().map(Operation::from).collect(),
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SyncUser)]
pub struct Sync {
    #[serde(default)]
    dry_run: bool,
}

/// The plan for one user, carried out by nobody.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRun {
    operations: Vec<planner::Operation>,
    status: Option<Status>,
    reasons: Option<Vec<Reason>>,
    username: Option<String>,
    email: Option<String>,
}

async fn sync(
    State(app): State<App>,
    caller: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    Body(body): Body<Sync>,
) -> Result<Result<Accepted<User>, Response>, Failure> {
    let by = caller.helping()?;
    if !body.dry_run {
        subjects::sync_user(&app, by, id, guid).await?;
        let row = store::subjects::find_user(&app.db, id, guid).await?.ok_or(Error::NotFound("user"))?;
        return Ok(Ok(Accepted(User::from(&row))));
    }
    let mut conn = app.db.acquire().await?;
    let domain = store::domains::find(&mut *conn, id).await?.ok_or(Error::NotFound("domain"))?;
    store::subjects::find_user(&mut *conn, id, guid).await?.ok_or(Error::NotFound("user"))?;
    let mut plan = workers::plan::dry_run(&mut conn, &domain, guid, app.clock.now())
        .await
        .map_err(|error| Error::internal(format!("could not plan: {error:#}")))?;
    let verdict = plan.verdicts.remove(&guid);
    let planned = DryRun {
        operations: plan.operations,
        status: verdict.as_ref().map(|verdict| verdict.status),
        username: verdict.as_ref().and_then(|verdict| verdict.username.clone()),
        email: verdict.as_ref().and_then(|verdict| verdict.email.clone()),
        reasons: verdict.map(|verdict| verdict.reasons),
    };
    Ok(Err(Json(planned).into_response()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Takeover {
    #[schema(example = "65f0c2a1b3d4e5f60718293a")]
    jumpcloud_id: String,
}

async fn decide_takeover(
    State(app): State<App>,
    caller: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    Body(body): Body<Takeover>,
) -> Result<Noted, Failure> {
    subjects::decide_takeover(&app, caller.changing()?, id, guid, &body.jumpcloud_id).await?;
    Ok(Noted)
}
