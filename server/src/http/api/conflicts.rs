//! `/conflicts`: what only a person can decide, or mend in AD or JumpCloud.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use planner::Explanation;
use planner::explain::Candidate;
use planner::reason::Reason;
use protocol::{DomainId, ObjectGuid};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::describe::get;
use super::extract::{Query, limit, next, one_of};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store::conflicts::{Conflict, KINDS};
use crate::{store, workers};

pub(super) fn routes() -> Routes {
    Routes::new().route(
        "/conflicts",
        get(list).says(
            "List conflicts",
            "What only a person can decide, or mend in AD or JumpCloud, with whom a user could be in JumpCloud.",
        ),
    )
}

/// Conflicts, with how many of each kind there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct Conflicts {
    items: Vec<ConflictView>,
    next: Option<String>,
    counts: BTreeMap<String, i64>,
}

/// One user or group that is in the way of itself or another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conflict)]
pub struct ConflictView {
    kind: String,
    domain_id: DomainId,
    /// `user` or `group`.
    object: String,
    object_guid: ObjectGuid,
    name: String,
    distinguished_name: String,
    reasons: Vec<Reason>,
    operation_id: Option<Uuid>,
    candidates: Vec<Candidate>,
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct Search {
    domain_id: Option<DomainId>,
    kind: Option<String>,
    after: Option<ObjectGuid>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(search): Query<Search>,
) -> Result<Json<Conflicts>, Failure> {
    let kind = one_of("kind", search.kind.as_deref(), &KINDS)?;
    let limit = limit(search.limit)?;
    let rows =
        store::conflicts::list(&app.db, &caller.reach(), search.domain_id, kind, search.after, limit).await?;
    let next = next(&rows, limit, |row| row.guid.to_string());
    let counts = store::conflicts::count(&app.db, &caller.reach(), search.domain_id).await?;
    let counts: BTreeMap<_, _> = counts.into_iter().map(|row| (row.kind, row.count)).collect();
    let explained = explained(&app, &rows).await?;
    let items: Vec<_> = rows.iter().map(|row| view(row, explained.get(&(row.domain_id, row.guid)))).collect();
    Ok(Json(Conflicts { items, next, counts }))
}

/// The users among the conflicts, explained.
pub async fn explained(
    app: &App,
    rows: &[Conflict],
) -> Result<BTreeMap<(DomainId, ObjectGuid), Explanation>, Error> {
    let mut users = BTreeMap::<DomainId, Vec<ObjectGuid>>::new();
    for row in rows.iter().filter(|row| row.object == "user") {
        users.entry(row.domain_id).or_default().push(row.guid);
    }
    let mut found = BTreeMap::new();
    for (id, users) in users {
        let mut conn = app.db.acquire().await?;
        let Some(domain) = store::domains::find(&mut *conn, id).await? else { continue };
        let explained = workers::plan::explain(&mut conn, &domain, &users, app.clock.now())
            .await
            .map_err(|error| Error::internal(format!("could not explain: {error:#}")))?;
        found.extend(explained.into_iter().map(|(user, explained)| ((id, user), explained)));
    }
    Ok(found)
}

fn view(row: &Conflict, explained: Option<&Explanation>) -> ConflictView {
    ConflictView {
        kind: row.kind.clone(),
        domain_id: row.domain_id,
        object: row.object.clone(),
        object_guid: row.guid,
        name: row.name.clone(),
        distinguished_name: row.dn.clone(),
        reasons: row.reasons.0.clone(),
        operation_id: row.operation_id,
        candidates: explained.map(|explained| explained.candidates.clone()).unwrap_or_default(),
    }
}
