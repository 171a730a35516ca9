//! Objects whose fate only the domain controller can tell, and what it told of those that are neither users nor groups.

use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// Remembers what a member is that is neither a user nor a group of this domain.
pub async fn insert_other(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
    class: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into directory_others (domain_id, guid, class) values ($1, $2, $3)
         on conflict (domain_id, guid) do update set class = excluded.class",
        domain.0,
        guid.0,
        class
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts every member that the mirror cannot explain on the list of look-ups: unknown, vanished, or called otherwise in
/// its group than in the mirror (it was moved to where it cannot be read).
pub async fn insert_look_ups_for_members(
    conn: &mut PgConnection,
    domain: DomainId,
    groups: &[ObjectGuid],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let groups: Vec<Uuid> = groups.iter().map(|guid| guid.0).collect();
    sqlx::query!(
        "insert into look_ups (domain_id, guid, asked_at)
         select distinct $1::uuid, m.member_guid, $3::timestamptz from memberships m
         left join directory_users u on u.domain_id = $1 and u.guid = m.member_guid
         left join directory_groups g on g.domain_id = $1 and g.guid = m.member_guid
         left join directory_others o on o.domain_id = $1 and o.guid = m.member_guid
         where m.domain_id = $1 and m.group_guid = any($2)
           and (m.vanished
                or (u.guid is null and g.guid is null and o.guid is null)
                or (u.presence = 'present' and u.dn_key <> m.member_dn_key)
                or u.presence = 'deleted' or g.presence = 'deleted')
         on conflict do nothing",
        domain.0,
        &groups,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn insert_look_ups(
    conn: &mut PgConnection,
    domain: DomainId,
    guids: &[ObjectGuid],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let guids: Vec<Uuid> = guids.iter().map(|guid| guid.0).collect();
    sqlx::query!(
        "insert into look_ups (domain_id, guid, asked_at) select $1, unnest($2::uuid[]), $3 on conflict do nothing",
        domain.0,
        &guids,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn delete_look_up(conn: &mut PgConnection, domain: DomainId, guid: ObjectGuid) -> sqlx::Result<()> {
    sqlx::query!("delete from look_ups where domain_id = $1 and guid = $2", domain.0, guid.0)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn list_look_ups(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    limit: i64,
) -> sqlx::Result<Vec<ObjectGuid>> {
    sqlx::query_scalar!(
        r#"select guid as "guid: ObjectGuid" from look_ups where domain_id = $1 order by asked_at, guid limit $2"#,
        domain.0,
        limit
    )
    .fetch_all(db)
    .await
}

/// After a full read: what the mirror has and the read did not show is asked for, one by one.
pub async fn insert_look_ups_for_unseen(
    conn: &mut PgConnection,
    domain: DomainId,
    seen: &[ObjectGuid],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let seen: Vec<Uuid> = seen.iter().map(|guid| guid.0).collect();
    sqlx::query!(
        "insert into look_ups (domain_id, guid, asked_at)
         select $1, known.guid, $3 from (
             select guid from directory_users where domain_id = $1 and presence = 'present'
             union all select guid from directory_groups where domain_id = $1 and presence = 'present'
             union all select guid from directory_containers where domain_id = $1
         ) known
         where not exists (select from unnest($2::uuid[]) as seen(guid) where seen.guid = known.guid)
         on conflict do nothing",
        domain.0,
        &seen,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
