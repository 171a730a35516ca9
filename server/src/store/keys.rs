//! Data keys, sealed under the master key.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

pub async fn list(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<(i32, Vec<u8>)>> {
    let rows = sqlx::query!("select id, sealed from data_keys order by id").fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.sealed)).collect())
}

/// Keeps the key unless another process was first.
pub async fn insert(db: impl PgExecutor<'_>, id: i32, sealed: &[u8], now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into data_keys (id, sealed, created_at) values ($1, $2, $3) on conflict (id) do nothing",
        id,
        sealed,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub async fn update(db: impl PgExecutor<'_>, id: i32, sealed: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("update data_keys set sealed = $2 where id = $1", id, sealed).execute(db).await?;
    Ok(())
}
