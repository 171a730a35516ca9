//! Who is a member of what, by objectGUID. What is no longer listed has *vanished*, and counts until it is explained.

use protocol::directory::MemberRef;
use protocol::{DomainId, ObjectGuid};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// What a group's list became.
#[derive(Debug, Default)]
pub struct MembersChange {
    pub added: Vec<ObjectGuid>,
    pub vanished: Vec<ObjectGuid>,
}

/// Makes the mirror's list of `group` equal to `members`. A member that is no longer listed is marked as vanished and
/// counts on, until a look-up tells whether it left or was deleted.
pub async fn insert_members(
    conn: &mut PgConnection,
    domain: DomainId,
    group: ObjectGuid,
    members: &[MemberRef],
    only_new: bool,
) -> sqlx::Result<MembersChange> {
    let rows: Vec<Value> = members
        .iter()
        .map(|member| json!({"guid": member.guid, "dn": member.dn.as_str(), "dn_key": member.dn.key(), "sid": member.sid}))
        .collect();
    let written = sqlx::query!(
        r#"with known as (
               select member_guid from memberships where domain_id = $1 and group_guid = $2 and not vanished
           )
           insert into memberships as m (domain_id, group_guid, member_guid, member_dn, member_dn_key, member_sid)
           select $1, $2, guid, dn, dn_key, sid from jsonb_to_recordset($3) as r(guid uuid, dn text, dn_key text, sid text)
           on conflict (domain_id, group_guid, member_guid) do update
           set member_dn = excluded.member_dn, member_dn_key = excluded.member_dn_key, member_sid = excluded.member_sid,
               vanished = false
           where m.vanished or m.member_dn <> excluded.member_dn
           returning member_guid as "guid: ObjectGuid", member_guid not in (select member_guid from known) as "is_new!""#,
        domain.0,
        group.0,
        Value::Array(rows),
    )
    .fetch_all(&mut *conn)
    .await?;
    let added = written.into_iter().filter(|row| row.is_new).map(|row| row.guid).collect();
    if only_new {
        return Ok(MembersChange { added, vanished: Vec::new() });
    }
    let listed: Vec<Uuid> = members.iter().map(|member| member.guid.0).collect();
    let vanished = sqlx::query_scalar!(
        r#"update memberships set vanished = true
           where domain_id = $1 and group_guid = $2 and not vanished
             and not exists (select from unnest($3::uuid[]) as listed(guid) where listed.guid = member_guid)
           returning member_guid as "guid: ObjectGuid""#,
        domain.0,
        group.0,
        &listed,
    )
    .fetch_all(conn)
    .await?;
    Ok(MembersChange { added, vanished })
}

/// Users whose primary group this is in the mirror, but who were not listed: they were deleted, or changed it.
pub async fn list_missing_primary_members(
    conn: &mut PgConnection,
    domain: DomainId,
    group: ObjectGuid,
    listed: &[ObjectGuid],
) -> sqlx::Result<Vec<ObjectGuid>> {
    let listed: Vec<Uuid> = listed.iter().map(|guid| guid.0).collect();
    sqlx::query_scalar!(
        r#"select u.guid as "guid: ObjectGuid" from directory_users u
           join directory_groups g on g.domain_id = u.domain_id and g.rid = u.primary_group_id
           where u.domain_id = $1 and g.guid = $2 and u.presence = 'present'
             and not exists (select from unnest($3::uuid[]) as listed(guid) where listed.guid = u.guid)"#,
        domain.0,
        group.0,
        &listed,
    )
    .fetch_all(conn)
    .await
}

/// The look-up found it, so what no longer lists it was really left. Returns the groups it left.
pub async fn delete_vanished(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
) -> sqlx::Result<Vec<ObjectGuid>> {
    sqlx::query_scalar!(
        r#"delete from memberships where domain_id = $1 and member_guid = $2 and vanished
           returning group_guid as "guid: ObjectGuid""#,
        domain.0,
        guid.0
    )
    .fetch_all(conn)
    .await
}

/// The object is gone for good: nothing lists it, and it lists nobody.
pub async fn delete_memberships(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from memberships where domain_id = $1 and (member_guid = $2 or group_guid = $2)",
        domain.0,
        guid.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from directory_containers where domain_id = $1 and guid = $2", domain.0, guid.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("delete from directory_others where domain_id = $1 and guid = $2", domain.0, guid.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// How many members the group has, users and groups alike; what has vanished counts until it is explained.
pub async fn count_members(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    group: ObjectGuid,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from memberships where domain_id = $1 and group_guid = $2 and not vanished"#,
        domain.0,
        group.0
    )
    .fetch_one(db)
    .await
}
