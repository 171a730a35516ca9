//! What every session of the database is told first.

use sqlx::PgConnection;

/// A process that stands still in the middle of a transaction loses it soon: others wait for its locks.
pub async fn prepare(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query_scalar!("select set_config('idle_in_transaction_session_timeout', '5s', false)")
        .fetch_one(conn)
        .await?;
    Ok(())
}
