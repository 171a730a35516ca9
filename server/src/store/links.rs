//! *This objectGUID is that JumpCloud id.*

use chrono::{DateTime, Utc};
use protocol::{DomainId, ObjectGuid, OrganizationId};
use sqlx::{PgConnection, PgExecutor};

/// A link as it is kept.
#[derive(Clone, Debug)]
pub struct Link {
    pub guid: ObjectGuid,
    pub kind: String,
    pub jumpcloud_id: String,
    pub suspended_by_us: bool,
    pub leaving_since: Option<DateTime<Utc>>,
    pub taken_over: bool,
    pub password_expired: bool,
}

/// Links the object, or links it anew. Whatever else was linked to the id loses it.
pub async fn insert_link(
    conn: &mut PgConnection,
    organization: OrganizationId,
    domain: DomainId,
    link: &Link,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into links
           (domain_id, guid, organization_id, kind, jumpcloud_id, taken_over, password_expired, linked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (domain_id, guid) do update
         set jumpcloud_id = excluded.jumpcloud_id, taken_over = excluded.taken_over, suspended_by_us = false,
             leaving_since = null, password_expired = excluded.password_expired, linked_at = excluded.linked_at",
        domain.0,
        link.guid.0,
        organization.0,
        link.kind,
        link.jumpcloud_id,
        link.taken_over,
        link.password_expired,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose suspension it is.
pub async fn update_link_suspended(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
    by_us: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update links set suspended_by_us = $3 where domain_id = $1 and guid = $2",
        domain.0,
        guid.0,
        by_us
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn update_link_password_expired(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update links set password_expired = true where domain_id = $1 and guid = $2",
        domain.0,
        guid.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn delete_link(conn: &mut PgConnection, domain: DomainId, guid: ObjectGuid) -> sqlx::Result<()> {
    sqlx::query!("delete from links where domain_id = $1 and guid = $2", domain.0, guid.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// JumpCloud ids of the groups that are ours.
pub async fn list_linked_groups(
    db: impl PgExecutor<'_>,
    organization: OrganizationId,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "select jumpcloud_id from links where organization_id = $1 and kind = 'group' order by jumpcloud_id",
        organization.0
    )
    .fetch_all(db)
    .await
}

/// How many users of the domain are linked.
pub async fn count_links(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from links where domain_id = $1 and kind = 'user'"#,
        domain.0
    )
    .fetch_one(db)
    .await
}

/// Linked users that a full read did not show, and that nobody wrote since it began.
pub async fn list_unseen_linked(
    db: impl PgExecutor<'_>,
    organization: OrganizationId,
    seen: &[String],
    began: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "select u.id from jumpcloud_users u
         join links l on l.organization_id = u.organization_id and l.kind = 'user' and l.jumpcloud_id = u.id
         where u.organization_id = $1 and u.written_at < $3
           and not exists (select from unnest($2::text[]) as seen(id) where seen.id = u.id)
         order by u.id",
        organization.0,
        seen,
        began
    )
    .fetch_all(db)
    .await
}

/// How many of these JumpCloud objects are linked.
pub async fn count_linked(
    conn: &mut PgConnection,
    organization: OrganizationId,
    jumpcloud_ids: &[String],
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from links where organization_id = $1 and jumpcloud_id = any($2)"#,
        organization.0,
        jumpcloud_ids
    )
    .fetch_one(conn)
    .await
}
