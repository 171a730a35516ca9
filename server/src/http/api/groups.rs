//! `/domains/{id}/groups`: how each stands, what it is in JumpCloud, and who is in it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{DomainId, ObjectGuid};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Id, Query, limit, next, page};
use super::people::Search;
use super::views;
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;
use crate::store::group_members::Member;

pub async fn list(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(search): Query<Search>,
) -> Result<Json<Value>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let limit = limit(search.limit)?;
    let (filter, sort) = (search.filter()?, search.sort()?);
    let rows = store::roster::list_groups(&app.db, id, &filter, sort, search.after, limit).await?;
    let next = next(&rows, limit, |row| row.guid.to_string());
    Ok(page(rows.iter().map(views::group).collect(), next))
}

pub async fn find(
    State(app): State<App>,
    _: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Result<Json<Value>, Failure> {
    let row = store::subjects::find_group(&app.db, id, guid).await?.ok_or(Error::NotFound("group"))?;
    let mut view = views::group(&row);
    let operations = store::operations::list_of(&app.db, id, guid, 50).await?;
    view["operations"] = operations.iter().map(views::operation).collect();
    let below = Below::of(&app, id, guid).await?;
    let counts = store::group_members::count(&app.db, id, &below.groups).await?;
    view["flattened_members"] = json!({"count": counts.members, "synced": counts.synced});
    Ok(Json(view))
}

#[derive(Debug, Deserialize)]
pub struct Wanted {
    synced: Option<bool>,
    after: Option<ObjectGuid>,
    limit: Option<i64>,
}

/// Members through any number of nested groups, each with the way down to it.
pub async fn members(
    State(app): State<App>,
    _: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Failure> {
    store::subjects::find_group(&app.db, id, guid).await?.ok_or(Error::NotFound("group"))?;
    let limit = limit(wanted.limit)?;
    let below = Below::of(&app, id, guid).await?;
    let rows =
        store::group_members::list(&app.db, id, &below.groups, wanted.synced, wanted.after, limit).await?;
    let next = next(&rows, limit, |row| row.guid.to_string());
    Ok(page(rows.iter().map(|row| member(row, &below)).collect(), next))
}

fn member(row: &Member, below: &Below) -> Value {
    json!({
        "id": row.guid, "object_guid": row.guid, "kind": row.kind, "name": row.name, "distinguished_name": row.dn,
        "path": below.path(row.via), "status": row.status, "reasons": row.reasons.0, "class": row.class,
    })
}

/// The groups below one, and the shortest way to each.
#[derive(Debug)]
pub struct Below {
    /// The nearest first, beginning with the group itself.
    pub groups: Vec<ObjectGuid>,
    from: BTreeMap<ObjectGuid, ObjectGuid>,
}

impl Below {
    pub async fn of(app: &App, domain: DomainId, group: ObjectGuid) -> sqlx::Result<Self> {
        let mut listed = BTreeMap::<ObjectGuid, Vec<ObjectGuid>>::new();
        for (parent, child) in store::group_members::list_nesting(&app.db, domain, group).await? {
            listed.entry(parent).or_default().push(child);
        }
        let (mut groups, mut from, mut at) = (vec![group], BTreeMap::new(), 0);
        while let Some(here) = groups.get(at).copied() {
            for child in listed.get(&here).into_iter().flatten() {
                if *child != group && !from.contains_key(child) {
                    from.insert(*child, here);
                    groups.push(*child);
                }
            }
            at += 1;
        }
        Ok(Self { groups, from })
    }

    /// From the group down to one below it, both included.
    pub fn path(&self, to: ObjectGuid) -> Vec<ObjectGuid> {
        let mut path = vec![to];
        while let Some(above) = path.last().and_then(|group| self.from.get(group)) {
            path.push(*above);
        }
        path.reverse();
        path
    }
}

pub async fn adopt(
    State(app): State<App>,
    caller: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Result<StatusCode, Failure> {
    subjects::adopt_group(&app, caller.changing()?, id, guid).await?;
    Ok(StatusCode::ACCEPTED)
}
