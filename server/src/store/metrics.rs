//! What the database knows that is worth a graph.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// How many there are of something, by up to two labels.
#[derive(Debug)]
pub struct Count {
    pub label: String,
    pub second: Option<String>,
    pub count: i64,
}

/// Operations that are not settled, by state and lane.
pub async fn count_operations(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Count>> {
    sqlx::query_as!(
        Count,
        r#"select state as label, lane::text as second, count(*) as "count!" from operations
           where state in ('ready', 'leased', 'held', 'parked') group by state, lane order by state, lane"#
    )
    .fetch_all(db)
    .await
}

/// Captured passwords, by state.
pub async fn count_passwords(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Count>> {
    sqlx::query_as!(
        Count,
        r#"select state as label, null::text as second, count(*) as "count!" from passwords group by state order by state"#
    )
    .fetch_all(db)
    .await
}

/// Users of the directory, by status.
pub async fn count_users(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Count>> {
    sqlx::query_as!(
        Count,
        r#"select status as label, null::text as second, count(*) as "count!" from directory_users
           group by status order by status"#
    )
    .fetch_all(db)
    .await
}

/// Open alerts, by severity and code.
pub async fn count_alerts(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Count>> {
    sqlx::query_as!(
        Count,
        r#"select severity as label, code as second, count(*) as "count!" from alerts where closed_at is null
           group by severity, code order by severity, code"#
    )
    .fetch_all(db)
    .await
}

/// When the oldest operation was planned that could be carried out now.
pub async fn find_oldest_ready(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select min(o.created_at) from operations o join domains d on d.id = o.domain_id
         where o.state = 'ready' and o.next_attempt_at <= $1 and d.mode = 'active'",
        now
    )
    .fetch_one(db)
    .await
}
