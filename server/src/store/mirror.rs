//! What JumpCloud had when it was last read or written.

use chrono::{DateTime, Utc};
use planner::input::{JumpCloudGroup, JumpCloudUser};
use protocol::{DomainId, OrganizationId};
use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

/// How names are compared.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Writes users as JumpCloud has them, unless a row was written after `read_at`. Returns the ids that changed.
pub async fn insert_users(
    conn: &mut PgConnection,
    organization: OrganizationId,
    users: &[JumpCloudUser],
    read_at: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    let rows: Vec<Value> = users
        .iter()
        .map(|user| json!({"id": user.id, "username_key": fold(&user.username), "email_key": fold(&user.email), "body": user}))
        .collect();
    sqlx::query_scalar!(
        "insert into jumpcloud_users as u (organization_id, id, username_key, email_key, body, written_at)
         select $1, id, username_key, email_key, body, $3
         from jsonb_to_recordset($2) as r(id text, username_key text, email_key text, body jsonb)
         on conflict (organization_id, id) do update
         set username_key = excluded.username_key, email_key = excluded.email_key, body = excluded.body,
             written_at = excluded.written_at
         where u.written_at <= excluded.written_at and u.body is distinct from excluded.body
         returning id",
        organization.0,
        Value::Array(rows),
        read_at,
    )
    .fetch_all(conn)
    .await
}

pub async fn delete_user(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: &str,
) -> sqlx::Result<()> {
    sqlx::query!("delete from jumpcloud_users where organization_id = $1 and id = $2", organization.0, id)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "delete from jumpcloud_members where organization_id = $1 and user_id = $2",
        organization.0,
        id
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Users that a full read did not show, and that nobody wrote since it began.
pub async fn delete_users_unseen(
    conn: &mut PgConnection,
    organization: OrganizationId,
    seen: &[String],
    began: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "delete from jumpcloud_users where organization_id = $1 and written_at < $3
           and not exists (select from unnest($2::text[]) as seen(id) where seen.id = jumpcloud_users.id)
         returning id",
        organization.0,
        seen,
        began
    )
    .fetch_all(conn)
    .await
}

pub async fn insert_groups(
    conn: &mut PgConnection,
    organization: OrganizationId,
    groups: &[JumpCloudGroup],
    read_at: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    let rows: Vec<Value> = groups
        .iter()
        .map(|group| json!({"id": group.id, "name_key": fold(&group.name), "body": group}))
        .collect();
    sqlx::query_scalar!(
        "insert into jumpcloud_groups as g (organization_id, id, name_key, body, written_at)
         select $1, id, name_key, body, $3 from jsonb_to_recordset($2) as r(id text, name_key text, body jsonb)
         on conflict (organization_id, id) do update
         set name_key = excluded.name_key, body = excluded.body, written_at = excluded.written_at
         where g.written_at <= excluded.written_at and g.body is distinct from excluded.body
         returning id",
        organization.0,
        Value::Array(rows),
        read_at,
    )
    .fetch_all(conn)
    .await
}

pub async fn delete_group(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: &str,
) -> sqlx::Result<()> {
    sqlx::query!("delete from jumpcloud_groups where organization_id = $1 and id = $2", organization.0, id)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "delete from jumpcloud_members where organization_id = $1 and group_id = $2",
        organization.0,
        id
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn delete_groups_unseen(
    conn: &mut PgConnection,
    organization: OrganizationId,
    seen: &[String],
    began: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "delete from jumpcloud_groups where organization_id = $1 and written_at < $3
           and not exists (select from unnest($2::text[]) as seen(id) where seen.id = jumpcloud_groups.id)
         returning id",
        organization.0,
        seen,
        began
    )
    .fetch_all(conn)
    .await
}

/// Makes the list of one group's members equal to what was read. Returns the users whose membership changed.
pub async fn insert_members(
    conn: &mut PgConnection,
    organization: OrganizationId,
    group: &str,
    users: &[String],
) -> sqlx::Result<Vec<String>> {
    let mut changed = sqlx::query_scalar!(
        "delete from jumpcloud_members where organization_id = $1 and group_id = $2
           and not exists (select from unnest($3::text[]) as seen(id) where seen.id = user_id)
         returning user_id",
        organization.0,
        group,
        users
    )
    .fetch_all(&mut *conn)
    .await?;
    changed.extend(
        sqlx::query_scalar!(
            "insert into jumpcloud_members (organization_id, group_id, user_id)
             select $1, $2, unnest($3::text[]) on conflict do nothing returning user_id",
            organization.0,
            group,
            users
        )
        .fetch_all(conn)
        .await?,
    );
    Ok(changed)
}

/// One membership, as it was just written.
pub async fn update_member(
    conn: &mut PgConnection,
    organization: OrganizationId,
    group: &str,
    user: &str,
    present: bool,
) -> sqlx::Result<()> {
    if present {
        sqlx::query!(
            "insert into jumpcloud_members (organization_id, group_id, user_id) values ($1, $2, $3) on conflict do nothing",
            organization.0,
            group,
            user
        )
        .execute(conn)
        .await?;
    } else {
        sqlx::query!(
            "delete from jumpcloud_members where organization_id = $1 and group_id = $2 and user_id = $3",
            organization.0,
            group,
            user
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Makes the domain's associations of one kind equal to what was read. Returns the ids that changed.
pub async fn insert_associations(
    conn: &mut PgConnection,
    domain: DomainId,
    kind: &str,
    ids: &[String],
) -> sqlx::Result<Vec<String>> {
    let mut changed = sqlx::query_scalar!(
        "delete from jumpcloud_associations where domain_id = $1 and kind = $2
           and not exists (select from unnest($3::text[]) as seen(id) where seen.id = jumpcloud_id)
         returning jumpcloud_id",
        domain.0,
        kind,
        ids
    )
    .fetch_all(&mut *conn)
    .await?;
    changed.extend(
        sqlx::query_scalar!(
            "insert into jumpcloud_associations (domain_id, kind, jumpcloud_id)
             select $1, $2, unnest($3::text[]) on conflict do nothing returning jumpcloud_id",
            domain.0,
            kind,
            ids
        )
        .fetch_all(conn)
        .await?,
    );
    Ok(changed)
}

pub async fn update_association(
    conn: &mut PgConnection,
    domain: DomainId,
    kind: &str,
    id: &str,
    present: bool,
) -> sqlx::Result<()> {
    if present {
        sqlx::query!(
            "insert into jumpcloud_associations (domain_id, kind, jumpcloud_id) values ($1, $2, $3) on conflict do nothing",
            domain.0,
            kind,
            id
        )
        .execute(conn)
        .await?;
    } else {
        sqlx::query!(
            "delete from jumpcloud_associations where domain_id = $1 and kind = $2 and jumpcloud_id = $3",
            domain.0,
            kind,
            id
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

pub async fn find_user(
    db: impl PgExecutor<'_>,
    organization: OrganizationId,
    id: &str,
) -> sqlx::Result<Option<JumpCloudUser>> {
    let row = sqlx::query!(
        r#"select body as "body: Json<JumpCloudUser>" from jumpcloud_users where organization_id = $1 and id = $2"#,
        organization.0,
        id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| row.body.0))
}

pub async fn find_group(
    db: impl PgExecutor<'_>,
    organization: OrganizationId,
    id: &str,
) -> sqlx::Result<Option<JumpCloudGroup>> {
    let row = sqlx::query!(
        r#"select body as "body: Json<JumpCloudGroup>" from jumpcloud_groups where organization_id = $1 and id = $2"#,
        organization.0,
        id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| row.body.0))
}
