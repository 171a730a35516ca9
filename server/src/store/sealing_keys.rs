//! Keys to which agents seal passwords; the private half is sealed in turn.

use chrono::{DateTime, Utc};
use protocol::sealing::SealingKey;
use sqlx::PgExecutor;

/// The key that agents are to use.
pub async fn find_newest(db: impl PgExecutor<'_>) -> sqlx::Result<Option<SealingKey>> {
    sqlx::query_as!(SealingKey, "select id, public_key from sealing_keys order by id desc limit 1")
        .fetch_optional(db)
        .await
}

/// The sealed private half.
pub async fn find_private(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("select private_key from sealing_keys where id = $1", id).fetch_optional(db).await
}

/// Keeps the key unless another process was first.
pub async fn insert(
    db: impl PgExecutor<'_>,
    key: &SealingKey,
    private: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into sealing_keys (id, public_key, private_key, created_at) values ($1, $2, $3, $4)
         on conflict (id) do nothing",
        key.id,
        key.public_key,
        private,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets keys that were replaced before `replaced_before` and that nothing waiting is sealed to.
pub async fn delete_unused(db: impl PgExecutor<'_>, replaced_before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "delete from sealing_keys k
         where exists (select from sealing_keys n where n.id > k.id and n.created_at < $1)
           and not exists (select from passwords p where p.key_id = k.id and p.state = 'waiting')",
        replaced_before
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
