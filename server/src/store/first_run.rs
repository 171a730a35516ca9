//! The codes with which the first administrator is made, as digests: one of each server that waits for it.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub async fn insert(
    conn: &mut PgConnection,
    process: Uuid,
    digest: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into first_run_codes (process, digest, seen_at) values ($1, $2, $3)
         on conflict (process) do update set digest = excluded.digest, seen_at = excluded.seen_at",
        process,
        digest,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The digests of the codes whose servers were there since.
pub async fn list(db: impl PgExecutor<'_>, since: DateTime<Utc>) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!("select digest from first_run_codes where seen_at >= $1 order by process", since)
        .fetch_all(db)
        .await
}

/// The server is still there; at most once a minute.
pub async fn update_seen(db: impl PgExecutor<'_>, process: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update first_run_codes set seen_at = $2
         where process = $1 and seen_at < $2::timestamptz - interval '1 minute'",
        process,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The code of one server.
pub async fn delete(db: impl PgExecutor<'_>, process: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from first_run_codes where process = $1", process).execute(db).await?;
    Ok(())
}

/// Every code: there is an administrator.
pub async fn delete_all(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("delete from first_run_codes").execute(conn).await?;
    Ok(())
}
