//! Forms that go on once their sender has shown again who they are.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// A form that waits; its fields are sealed.
#[derive(Debug)]
pub struct HeldForm<'a> {
    pub id: Uuid,
    pub session: Uuid,
    pub path: &'a str,
    pub fields: &'a [u8],
}

pub async fn insert(conn: &mut PgConnection, new: &HeldForm<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into held_forms (id, session_id, path, fields, created_at) values ($1, $2, $3, $4, $5)",
        new.id,
        new.session,
        new.path,
        new.fields,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the form of a session out, if it was for that path. Returns its sealed fields.
pub async fn spend(
    db: impl PgExecutor<'_>,
    id: Uuid,
    session: Uuid,
    path: &str,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "delete from held_forms where id = $1 and session_id = $2 and path = $3 returning fields",
        id,
        session,
        path
    )
    .fetch_optional(db)
    .await
}

/// What nobody came back to.
pub async fn delete_older(db: impl PgExecutor<'_>, than: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from held_forms where created_at < $1", than).execute(db).await?;
    Ok(())
}
