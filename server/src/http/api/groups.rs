//! `/domains/{id}/groups`: how each stands, what it is in JumpCloud, and who is in it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use planner::reason::Reason;
use protocol::{DomainId, ObjectGuid};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::describe::{List, Noted, get, post};
use super::extract::{Id, Query, limit, next, page};
use super::people::Search;
use super::views::{Group, Operation};
use crate::actions::subjects;
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;
use crate::store::group_members::Member;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/domains/{id}/groups", get(list).says("List the domain's security groups", ""))
        .route(
            "/domains/{id}/groups/{guid}",
            get(find).says(
                "Show a group",
                "With its last operations, and how many members it has through nesting.",
            ),
        )
        .route(
            "/domains/{id}/groups/{guid}/members",
            get(members).says(
                "List a group's members",
                "Members through any number of nested groups, each with the way down to it.",
            ),
        )
        .route(
            "/domains/{id}/groups/{guid}/adopt",
            post(adopt).says(
                "Adopt the JumpCloud group of the same name",
                "From then on it has the members that AD says.",
            ),
        )
}

async fn list(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(search): Query<Search>,
) -> Result<Json<List<Group>>, Failure> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let limit = limit(search.limit)?;
    let (filter, sort) = (search.filter()?, search.sort()?);
    let rows = store::roster::list_groups(&app.db, id, &filter, sort, search.after, limit).await?;
    let next = next(&rows, limit, |row| row.guid.to_string());
    Ok(page(rows.iter().map(Group::from).collect(), next))
}

/// A group with more about it.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupInFull {
    #[serde(flatten)]
    group: Group,
    /// The last ones.
    operations: Vec<Operation>,
    flattened_members: Flattened,
}

/// Members through nesting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlattenedMembers)]
pub struct Flattened {
    count: i64,
    synced: i64,
}

async fn find(
    State(app): State<App>,
    _: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Result<Json<GroupInFull>, Failure> {
    let row = store::subjects::find_group(&app.db, id, guid).await?.ok_or(Error::NotFound("group"))?;
    let operations = store::operations::list_of(&app.db, id, guid, 50).await?;
    let below = Below::of(&app, id, guid).await?;
    let counts = store::group_members::count(&app.db, id, &below.groups).await?;
    Ok(Json(GroupInFull {
        group: Group::from(&row),
        operations: operations.iter().map(Operation::from).collect(),
        flattened_members: Flattened { count: counts.members, synced: counts.synced },
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct Wanted {
    /// Only those that are synced, or are not.
    synced: Option<bool>,
    after: Option<ObjectGuid>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

async fn members(
    State(app): State<App>,
    _: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<List<MemberView>>, Failure> {
    store::subjects::find_group(&app.db, id, guid).await?.ok_or(Error::NotFound("group"))?;
    let limit = limit(wanted.limit)?;
    let below = Below::of(&app, id, guid).await?;
    let rows =
        store::group_members::list(&app.db, id, &below.groups, wanted.synced, wanted.after, limit).await?;
    let next = next(&rows, limit, |row| row.guid.to_string());
    Ok(page(rows.iter().map(|row| member(row, &below)).collect(), next))
}

/// A member, direct or nested.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    id: ObjectGuid,
    object_guid: ObjectGuid,
    /// `user`, `group` or `other`.
    kind: String,
    name: String,
    distinguished_name: String,
    /// The groups from the asked one down to the one that lists the member.
    path: Vec<ObjectGuid>,
    status: String,
    reasons: Vec<Reason>,
    class: Option<String>,
}

fn member(row: &Member, below: &Below) -> MemberView {
    MemberView {
        id: row.guid,
        object_guid: row.guid,
        kind: row.kind.clone(),
        name: row.name.clone(),
        distinguished_name: row.dn.clone(),
        path: below.path(row.via),
        status: row.status.clone(),
        reasons: row.reasons.0.clone(),
        class: row.class.clone(),
    }
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

async fn adopt(
    State(app): State<App>,
    caller: Caller,
    Id((id, guid)): Id<(DomainId, ObjectGuid)>,
) -> Result<Noted, Failure> {
    subjects::adopt_group(&app, caller.changing()?, id, guid).await?;
    Ok(Noted)
}
