//! Which subjects are to be planned again. Marked set-based, in the transaction of what changed.
//!
//! Marks are inserted in the order of the objectGUID, so that two transactions that mark the same subjects wait for
//! each other instead of blocking each other.

use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid, OrganizationId};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

fn uuids(guids: &[ObjectGuid]) -> Vec<Uuid> {
    guids.iter().map(|guid| guid.0).collect()
}

/// Those of `guids` that are users or groups.
pub async fn mark(conn: &mut PgConnection, domain: DomainId, guids: &[ObjectGuid]) -> sqlx::Result<()> {
    if guids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into dirty (domain_id, guid, kind)
         select $1, s.guid, s.kind from (
             select guid, 'user' as kind from directory_users where domain_id = $1 and guid = any($2)
           union
             select guid, 'group' from directory_groups where domain_id = $1 and guid = any($2)
         ) s order by s.guid
         on conflict do nothing",
        domain.0,
        &uuids(guids),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of `guids` that are users, to be planned before whatever else is to be planned.
pub async fn mark_urgent(
    conn: &mut PgConnection,
    domain: DomainId,
    guids: &[ObjectGuid],
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into dirty (domain_id, guid, kind, urgent)
         select $1, guid, 'user', true from directory_users where domain_id = $1 and guid = any($2) order by guid
         on conflict (domain_id, guid) do update set urgent = true where not dirty.urgent",
        domain.0,
        &uuids(guids),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn mark_all(conn: &mut PgConnection, domain: DomainId) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into dirty (domain_id, guid, kind)
         select $1, s.guid, s.kind from (
             select guid, 'user' as kind from directory_users where domain_id = $1
           union all
             select guid, 'group' from directory_groups where domain_id = $1
         ) s order by s.guid
         on conflict do nothing",
        domain.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The groups, the groups above and below them, and every user below them: a nesting edge or a group's nature changed.
pub async fn mark_around(
    conn: &mut PgConnection,
    domain: DomainId,
    groups: &[ObjectGuid],
) -> sqlx::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "with recursive below(guid) as (
             select unnest($2::uuid[])
           union
             select m.member_guid from below b
             join memberships m on m.domain_id = $1 and m.group_guid = b.guid
             join directory_groups g on g.domain_id = $1 and g.guid = m.member_guid
         ), above(guid) as (
             select unnest($2::uuid[])
           union
             select m.group_guid from above a
             join memberships m on m.domain_id = $1 and m.member_guid = a.guid
         ), touched as (
             select u.guid, 'user' as kind from below b
             join memberships m on m.domain_id = $1 and m.group_guid = b.guid
             join directory_users u on u.domain_id = $1 and u.guid = m.member_guid
           union
             select u.guid, 'user' from below b
             join directory_groups g on g.domain_id = $1 and g.guid = b.guid and g.rid is not null
             join directory_users u on u.domain_id = $1 and u.primary_group_id = g.rid
           union
             select g.guid, 'group' from directory_groups g
             where g.domain_id = $1 and (g.guid in (select guid from below) or g.guid in (select guid from above))
         )
         insert into dirty (domain_id, guid, kind)
         select $1, guid, kind from touched order by guid
         on conflict do nothing",
        domain.0,
        &uuids(groups),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Everybody who would be called like this in JumpCloud, in every domain of the organization.
pub async fn mark_claimants(
    conn: &mut PgConnection,
    organization: OrganizationId,
    username_keys: &[String],
    email_keys: &[String],
) -> sqlx::Result<()> {
    if username_keys.is_empty() && email_keys.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into dirty (domain_id, guid, kind)
         select s.domain_id, s.guid, 'user' from (
             select u.domain_id, u.guid from directory_users u
             join domains d on d.id = u.domain_id and d.organization_id = $1
             where u.username_key = any($2)
           union
             select u.domain_id, u.guid from directory_users u
             join domains d on d.id = u.domain_id and d.organization_id = $1
             where u.email_key = any($3)
         ) s order by s.guid
         on conflict do nothing",
        organization.0,
        username_keys,
        email_keys,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// As [`mark_claimants`], without those that were just planned.
pub async fn mark_other_claimants(
    conn: &mut PgConnection,
    organization: OrganizationId,
    username_keys: &[String],
    email_keys: &[String],
    planned: &[ObjectGuid],
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into dirty (domain_id, guid, kind)
         select s.domain_id, s.guid, 'user' from (
             select u.domain_id, u.guid from directory_users u
             join domains d on d.id = u.domain_id and d.organization_id = $1
             where u.username_key = any($2)
           union
             select u.domain_id, u.guid from directory_users u
             join domains d on d.id = u.domain_id and d.organization_id = $1
             where u.email_key = any($3)
         ) s where s.guid <> all($4)
            or exists (select from directory_users u where u.domain_id = s.domain_id and u.guid = s.guid
                       and (select count(*) from directory_users o where o.username_key = u.username_key
                            or o.email_key = u.email_key) > 1)
         order by s.guid
         on conflict do nothing",
        organization.0,
        username_keys,
        email_keys,
        &uuids(planned),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Groups of the organization that would bear one of these names in JumpCloud.
pub async fn mark_name_claimants(
    conn: &mut PgConnection,
    organization: OrganizationId,
    name_keys: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into dirty (domain_id, guid, kind)
         select g.domain_id, g.guid, 'group' from directory_groups g
         join domains d on d.id = g.domain_id and d.organization_id = $1
         where g.name_key = any($2) order by g.guid
         on conflict do nothing",
        organization.0,
        name_keys,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Every user below these groups: whether the groups are synced has changed.
pub async fn mark_users_below(
    conn: &mut PgConnection,
    domain: DomainId,
    groups: &[ObjectGuid],
) -> sqlx::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "with recursive below(guid) as (
             select unnest($2::uuid[])
           union
             select m.member_guid from below b
             join memberships m on m.domain_id = $1 and m.group_guid = b.guid
             join directory_groups g on g.domain_id = $1 and g.guid = m.member_guid
         ), touched as (
             select m.member_guid as guid from below b
             join memberships m on m.domain_id = $1 and m.group_guid = b.guid
             join directory_users u on u.domain_id = $1 and u.guid = m.member_guid
           union
             select u.guid from below b
             join directory_groups g on g.domain_id = $1 and g.guid = b.guid and g.rid is not null
             join directory_users u on u.domain_id = $1 and u.primary_group_id = g.rid
         )
         insert into dirty (domain_id, guid, kind)
         select $1, guid, 'user' from touched order by guid
         on conflict do nothing",
        domain.0,
        &uuids(groups),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The users and groups linked to these JumpCloud ids.
pub async fn mark_linked(
    conn: &mut PgConnection,
    organization: OrganizationId,
    jumpcloud_ids: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into dirty (domain_id, guid, kind)
         select domain_id, guid, kind from links
         where organization_id = $1 and jumpcloud_id = any($2) order by guid
         on conflict do nothing",
        organization.0,
        jumpcloud_ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those whose manager this is.
pub async fn mark_reports(
    conn: &mut PgConnection,
    domain: DomainId,
    manager: ObjectGuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into dirty (domain_id, guid, kind)
         select domain_id, guid, 'user' from directory_users
         where domain_id = $1 and manager = $2 and in_scope order by guid
         on conflict do nothing",
        domain.0,
        manager.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Subjects whose time has come: an expiry, the end of a grace period.
pub async fn mark_due(db: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "with woken as (
             update directory_users set due = null where due <= $1 returning domain_id, guid
         )
         insert into dirty (domain_id, guid, kind)
         select domain_id, guid, 'user' from woken order by guid
         on conflict do nothing",
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Domains that have dirty subjects and whose organization's mirror has been read.
pub async fn list_domains(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<DomainId>> {
    sqlx::query_scalar!(
        r#"select d.id as "id: DomainId" from domains d join organizations o on o.id = d.organization_id
           where o.mirror_read_at is not null and d.directory_read_at is not null and not d.awaits_read
             and exists (select from dirty where domain_id = d.id)"#
    )
    .fetch_all(db)
    .await
}

/// Takes up to `limit` marks off, groups first: a user's memberships wait for the groups.
pub async fn delete_some(
    conn: &mut PgConnection,
    domain: DomainId,
    limit: i64,
) -> sqlx::Result<Vec<(ObjectGuid, String)>> {
    let rows = sqlx::query!(
        r#"delete from dirty where domain_id = $1 and guid in (
               select guid from dirty where domain_id = $1 order by urgent desc, kind, guid limit $2 for update
           ) returning guid as "guid: ObjectGuid", kind"#,
        domain.0,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.guid, row.kind)).collect())
}

pub async fn count(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from dirty where domain_id = $1"#, domain.0)
        .fetch_one(db)
        .await
}

/// Whether the subject waits to be planned.
pub async fn contains(db: impl PgExecutor<'_>, domain: DomainId, guid: ObjectGuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from dirty where domain_id = $1 and guid = $2) as "contains!""#,
        domain.0,
        guid.0
    )
    .fetch_one(db)
    .await
}
