//! Who is in a group, nesting flattened, a page at a time.

use planner::reason::Reason;
use protocol::{DomainId, ObjectGuid};
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

/// Which groups lie below a group: each pair of a group and one that it lists. The nested groups are few, whatever the
/// number of members.
pub async fn list_nesting(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    group: ObjectGuid,
) -> sqlx::Result<Vec<(ObjectGuid, ObjectGuid)>> {
    let rows = sqlx::query!(
        r#"with recursive below(guid) as (
               select $2::uuid
               union
               select m.member_guid from below b
               join memberships m on m.domain_id = $1 and m.group_guid = b.guid and not m.vanished
               join directory_groups g on g.domain_id = $1 and g.guid = m.member_guid and g.presence <> 'deleted'
           )
           select m.group_guid as "parent: ObjectGuid", m.member_guid as "child: ObjectGuid"
           from below c
           join memberships m on m.domain_id = $1 and m.member_guid = c.guid and not m.vanished
           where m.group_guid in (select guid from below)
           order by 1, 2"#,
        domain.0,
        group.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.parent, row.child)).collect())
}

/// A member that is no group.
#[derive(Clone, Debug)]
pub struct Member {
    pub guid: ObjectGuid,
    /// `user` or `other`.
    pub kind: String,
    pub name: String,
    pub dn: String,
    /// The group that lists it: the nearest, if there are several.
    pub via: ObjectGuid,
    pub status: String,
    pub reasons: Json<Vec<Reason>>,
    /// What it is, where it is no user and a look-up has told.
    pub class: Option<String>,
}

/// Members of any of `groups`, which stand in the order of their nearness, by objectGUID after one. The primary group
/// counts. With `synced` only those that are in step, or only those that are not.
pub async fn list(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    groups: &[ObjectGuid],
    synced: Option<bool>,
    after: Option<ObjectGuid>,
    limit: i64,
) -> sqlx::Result<Vec<Member>> {
    let groups: Vec<Uuid> = groups.iter().map(|guid| guid.0).collect();
    sqlx::query_as!(
        Member,
        r#"with listed as (
               select m.member_guid as guid, m.group_guid as via, m.member_dn as dn from memberships m
               where m.domain_id = $1 and m.group_guid = any($2) and not m.vanished
                 and m.member_guid > coalesce($4, '00000000-0000-0000-0000-000000000000'::uuid)
               union all
               select u.guid, g.guid, u.dn from directory_groups g
               join directory_users u on u.domain_id = g.domain_id and u.primary_group_id = g.rid
               where g.domain_id = $1 and g.guid = any($2) and u.presence <> 'deleted'
                 and u.guid > coalesce($4, '00000000-0000-0000-0000-000000000000'::uuid)
           ), nearest as (
               select distinct on (guid) guid, via, dn from listed order by guid, array_position($2, via)
           )
           select n.guid as "guid!: ObjectGuid", case when u.guid is null then 'other' else 'user' end as "kind!",
                  coalesce(u.display_name, u.sam_account_name, n.dn) as "name!", coalesce(u.dn, n.dn) as "dn!",
                  n.via as "via!: ObjectGuid", coalesce(u.status, 'excluded') as "status!",
                  coalesce(u.reasons, '[]') as "reasons!: Json<Vec<Reason>>", o.class as "class?"
           from nearest n
           left join directory_users u on u.domain_id = $1 and u.guid = n.guid
           left join directory_others o on o.domain_id = $1 and o.guid = n.guid
           where not exists (select from directory_groups g where g.domain_id = $1 and g.guid = n.guid)
             and ($3::boolean is null or (coalesce(u.status, 'excluded') = 'synced') = $3)
           order by n.guid limit $5"#,
        domain.0,
        &groups,
        synced,
        after.map(|guid| guid.0),
        limit
    )
    .fetch_all(db)
    .await
}

/// How many members there are, and how many of them are in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub members: i64,
    pub synced: i64,
}

pub async fn count(db: impl PgExecutor<'_>, domain: DomainId, groups: &[ObjectGuid]) -> sqlx::Result<Counts> {
    let groups: Vec<Uuid> = groups.iter().map(|guid| guid.0).collect();
    sqlx::query_as!(
        Counts,
        r#"with listed as (
               select m.member_guid as guid from memberships m
               where m.domain_id = $1 and m.group_guid = any($2) and not m.vanished
               union
               select u.guid from directory_groups g
               join directory_users u on u.domain_id = g.domain_id and u.primary_group_id = g.rid
               where g.domain_id = $1 and g.guid = any($2) and u.presence <> 'deleted'
           )
           select count(*) as "members!", count(*) filter (where u.status = 'synced') as "synced!"
           from listed l
           left join directory_users u on u.domain_id = $1 and u.guid = l.guid
           where not exists (select from directory_groups g where g.domain_id = $1 and g.guid = l.guid)"#,
        domain.0,
        &groups
    )
    .fetch_one(db)
    .await
}
