//! How often something was guessed wrongly of late: a password of an account, anything from one address. Every server
//! counts in the same rows.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

/// How often it failed lately, and when last. Nobody else counts the same until the transaction ends.
pub async fn lease(
    conn: &mut PgConnection,
    what: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<(i32, DateTime<Utc>)> {
    let row = sqlx::query!(
        "insert into login_failures (account, failures, last_at) values ($1, 0, $2)
         on conflict (account) do update set account = excluded.account
         returning failures, last_at",
        what,
        now
    )
    .fetch_one(conn)
    .await?;
    Ok((row.failures, row.last_at))
}

/// Counts one more. Returns how often it failed lately.
pub async fn insert(conn: &mut PgConnection, what: &str, now: DateTime<Utc>) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "insert into login_failures (account, failures, last_at) values ($1, 1, $2)
         on conflict (account) do update
         set failures = case when login_failures.last_at < $2::timestamptz - interval '15 minutes' then 1
                             else login_failures.failures + 1 end,
             last_at = $2
         returning failures",
        what,
        now
    )
    .fetch_one(conn)
    .await
}

/// It was no failure after all.
pub async fn update_less(conn: &mut PgConnection, what: &str) -> sqlx::Result<()> {
    sqlx::query!("update login_failures set failures = greatest(failures - 1, 0) where account = $1", what)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn delete(conn: &mut PgConnection, what: &str) -> sqlx::Result<()> {
    sqlx::query!("delete from login_failures where account = $1", what).execute(conn).await?;
    Ok(())
}

/// What nobody tried since.
pub async fn delete_older(db: impl PgExecutor<'_>, than: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from login_failures where last_at < $1", than).execute(db).await?;
    Ok(())
}
