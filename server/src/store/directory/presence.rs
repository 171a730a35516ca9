//! Whether an object of the mirror is there.

use protocol::{DomainId, ObjectGuid};
use sqlx::{PgConnection, PgExecutor};

/// Sets whether the object is there. Returns whether it was a user or group in the mirror, and changed.
pub async fn update_presence(
    conn: &mut PgConnection,
    domain: DomainId,
    guid: ObjectGuid,
    presence: &str,
) -> sqlx::Result<bool> {
    let users = sqlx::query!(
        "update directory_users set presence = $3 where domain_id = $1 and guid = $2 and presence <> $3",
        domain.0,
        guid.0,
        presence
    )
    .execute(&mut *conn)
    .await?;
    let groups = sqlx::query!(
        "update directory_groups set presence = $3 where domain_id = $1 and guid = $2 and presence <> $3",
        domain.0,
        guid.0,
        presence
    )
    .execute(conn)
    .await?;
    Ok(users.rows_affected() + groups.rows_affected() > 0)
}

/// Whether the object is a user or group of the mirror.
pub async fn is_known(db: impl PgExecutor<'_>, domain: DomainId, guid: ObjectGuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from directory_users where domain_id = $1 and guid = $2)
               or exists (select from directory_groups where domain_id = $1 and guid = $2) as "known!""#,
        domain.0,
        guid.0
    )
    .fetch_one(db)
    .await
}
