//! What somebody should know: each condition is opened once and closed once.

use chrono::{DateTime, Utc};
use protocol::DomainId;
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// A condition that holds now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    pub domain_id: Option<DomainId>,
    /// Stable, snake case.
    pub code: &'static str,
    /// What it is about, within its code.
    pub subject: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// An alert, open or closed.
#[derive(Clone, Debug, Serialize)]
pub struct Alert {
    pub id: Uuid,
    pub domain_id: Option<DomainId>,
    pub code: String,
    pub subject: String,
    pub message: String,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

/// Makes the open alerts agree with the conditions that hold: opens what is new, closes what has passed, and keeps the
/// words of the others up to date. True if anything was opened or closed.
pub async fn update(
    conn: &mut PgConnection,
    conditions: &[Condition],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let rows = serde_json::to_value(conditions).unwrap_or_default();
    let changed = sqlx::query_scalar!(
        r#"with holds as (
               select gen_random_uuid() as id, h.* from jsonb_to_recordset($1) as h(domain_id uuid, code text, subject text, message text)
           ), closed as (
               update alerts a set closed_at = $2
               where a.closed_at is null and not exists (
                   select from holds h where h.domain_id is not distinct from a.domain_id and h.code = a.code
                     and h.subject = a.subject)
               returning a.id
           ), worded as (
               update alerts a set message = h.message from holds h
               where a.closed_at is null and h.domain_id is not distinct from a.domain_id and h.code = a.code
                 and h.subject = a.subject and h.message <> a.message
               returning a.id
           ), opened as (
               insert into alerts (id, domain_id, code, subject, message, opened_at)
               select h.id, h.domain_id, h.code, h.subject, h.message, $2 from holds h
               where not exists (
                   select from alerts a where a.closed_at is null and h.domain_id is not distinct from a.domain_id
                     and h.code = a.code and h.subject = a.subject)
               on conflict do nothing
               returning id
           )
           select (select count(*) from closed) + (select count(*) from opened) + 0 * (select count(*) from worded) as "count!""#,
        rows,
        now
    )
    .fetch_one(conn)
    .await?;
    Ok(changed > 0)
}

/// Alerts, the newest first, before one.
pub async fn list(
    db: impl PgExecutor<'_>,
    domain: Option<DomainId>,
    open: Option<bool>,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Alert>> {
    sqlx::query_as!(
        Alert,
        r#"select id, domain_id as "domain_id: DomainId", code, subject, message, opened_at, closed_at
           from alerts a
           where ($1::uuid is null or domain_id = $1) and ($2::boolean is null or (closed_at is null) = $2)
             and ($3::uuid is null or (opened_at, id) < (select b.opened_at, b.id from alerts b where b.id = $3))
           order by opened_at desc, id desc limit $4"#,
        domain.map(|id| id.0),
        open,
        before,
        limit
    )
    .fetch_all(db)
    .await
}

/// How many are open, of one domain or of all.
pub async fn count_open(db: impl PgExecutor<'_>, domain: Option<DomainId>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from alerts where closed_at is null and ($1::uuid is null or domain_id = $1)"#,
        domain.map(|id| id.0)
    )
    .fetch_one(db)
    .await
}
