//! How much was done, and how long it took from planned to accepted by JumpCloud.

use chrono::{DateTime, Utc};
use protocol::DomainId;
use sqlx::PgExecutor;

/// What was done in one stretch of time.
#[derive(Clone, Debug)]
pub struct Done {
    /// Counted from the beginning of the window.
    pub bucket: i32,
    pub count: i64,
}

pub async fn list_done(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    bucket_seconds: i32,
) -> sqlx::Result<Vec<Done>> {
    sqlx::query_as!(
        Done,
        r#"select floor(extract(epoch from settled_at - $2::timestamptz) / $4::int)::int as "bucket!", count(*) as "count!"
           from operations
           where domain_id = $1 and state = 'done' and settled_at >= $2 and settled_at < $3
           group by 1 order by 1"#,
        domain.0,
        since,
        until,
        bucket_seconds
    )
    .fetch_all(db)
    .await
}

/// Seconds from planned to accepted, in one stretch of time.
#[derive(Clone, Debug)]
pub struct Latency {
    /// Counted from the beginning of the window; none for all of it.
    pub bucket: Option<i32>,
    pub count: i64,
    pub median: f64,
    pub p95: f64,
    pub longest: f64,
}

/// Of the newest 20,000 that were planned and done since; what a person had to let pass is left out. Each stretch, and
/// all of it.
pub async fn list_latencies(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    bucket_seconds: i32,
) -> sqlx::Result<Vec<Latency>> {
    sqlx::query_as!(
        Latency,
        r#"with recent as (
               select floor(extract(epoch from settled_at - $2::timestamptz) / $4::int)::int as bucket,
                      extract(epoch from settled_at - created_at)::float8 as seconds
               from operations
               where domain_id = $1 and state = 'done' and settled_at >= $2 and settled_at < $3 and created_at >= $2
                 and not approved
               order by settled_at desc limit 20000
           )
           select bucket, count(*) as "count!",
                  percentile_cont(0.5) within group (order by seconds) as "median!",
                  percentile_cont(0.95) within group (order by seconds) as "p95!", max(seconds) as "longest!"
           from recent group by grouping sets ((bucket), ()) having count(*) > 0 order by bucket nulls last"#,
        domain.0,
        since,
        until,
        bucket_seconds
    )
    .fetch_all(db)
    .await
}
