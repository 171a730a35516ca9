//! What somebody should know: each condition is opened once and closed once.

mod code;

use chrono::{DateTime, Utc};
use protocol::{DomainId, OrganizationId};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::access::Reach;
pub use code::{Code, Severity};

/// A condition that holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub organization_id: Option<OrganizationId>,
    pub domain_id: Option<DomainId>,
    pub code: Code,
    /// What it is about, within its code.
    pub subject: String,
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The page where it can be seen.
    pub link: String,
}

/// An alert, open or closed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Alert {
    pub id: Uuid,
    pub organization_id: Option<OrganizationId>,
    pub domain_id: Option<DomainId>,
    pub code: String,
    pub subject: String,
    pub severity: Severity,
    pub message: String,
    /// What to do.
    pub fix: String,
    pub link: String,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub acknowledged_by: Option<String>,
    #[serde(skip)]
    pub absent_since: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub seen_at: Option<DateTime<Utc>>,
}

macro_rules! select_alerts {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Alert,
            r#"select a.id, a.organization_id as "organization_id: OrganizationId", a.domain_id as "domain_id: DomainId", a.code,
                      a.subject, a.severity as "severity: Severity", a.message, a.fix, a.link, a.opened_at, a.closed_at,
                      a.acknowledged_at, a.acknowledged_by, a.absent_since, a.seen_at
               from alerts a "# + $tail
            $(, $arg)*
        )
    };
}

/// Has one server at a time look, until the end of the transaction. False: another one does.
pub async fn lease_look(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(7310593858020254325) as "leased!""#)
        .fetch_one(conn)
        .await
}

/// Every open one.
pub async fn list_open(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Alert>> {
    select_alerts!("where a.closed_at is null order by a.opened_at, a.id").fetch_all(db).await
}

/// Alerts, the newest first, before one.
pub async fn list(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    domain: Option<DomainId>,
    open: Option<bool>,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Alert>> {
    select_alerts!(
        "where ($1::uuid is null or a.domain_id = $1) and ($2::boolean is null or (a.closed_at is null) = $2)
           and ($3::uuid is null or (a.opened_at, a.id) < (select b.opened_at, b.id from alerts b where b.id = $3))
           and ($5::uuid[] is null or a.organization_id = any($5)
                or a.domain_id in (select d.id from domains d where d.organization_id = any($5)))
         order by a.opened_at desc, a.id desc limit $4",
        domain.map(|id| id.0),
        open,
        before,
        limit,
        reach.ids()
    )
    .fetch_all(db)
    .await
}

pub async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<Alert>> {
    select_alerts!("where a.id = $1", id).fetch_optional(db).await
}

/// How many are open, of one domain or of all.
pub async fn count_open(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    domain: Option<DomainId>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from alerts where closed_at is null and ($1::uuid is null or domain_id = $1)
             and ($2::uuid[] is null or organization_id = any($2)
                  or domain_id in (select d.id from domains d where d.organization_id = any($2)))"#,
        domain.map(|id| id.0),
        reach.ids()
    )
    .fetch_one(db)
    .await
}

/// Opens one.
pub async fn insert(
    conn: &mut PgConnection,
    id: Uuid,
    new: &Condition,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into alerts (id, organization_id, domain_id, code, subject, severity, message, fix, link, opened_at, seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        id,
        new.organization_id.map(|id| id.0),
        new.domain_id.map(|id| id.0),
        new.code.as_str(),
        new.subject,
        new.severity.as_str(),
        new.message,
        new.code.fix(),
        new.link,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// It still holds, perhaps in other words.
pub async fn update_held(
    conn: &mut PgConnection,
    id: Uuid,
    message: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update alerts set message = $2, absent_since = null, seen_at = $3 where id = $1",
        id,
        message,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// It holds no more, but may come back.
pub async fn update_absent(conn: &mut PgConnection, ids: &[Uuid], now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update alerts set absent_since = $2 where id = any($1)", ids, now).execute(conn).await?;
    Ok(())
}

/// It is over.
pub async fn update_closed(conn: &mut PgConnection, ids: &[Uuid], now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update alerts set closed_at = $2, absent_since = null where id = any($1) and closed_at is null",
        ids,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody takes care of it. False: somebody does already, or it is over.
pub async fn update_acknowledged(
    conn: &mut PgConnection,
    id: Uuid,
    by: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update alerts set acknowledged_at = $3, acknowledged_by = $2
         where id = $1 and acknowledged_at is null and closed_at is null",
        id,
        by,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Something that holds, but not for long enough yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    pub domain_id: Option<DomainId>,
    pub code: String,
    pub subject: String,
    pub since: DateTime<Utc>,
}

pub async fn list_suspicions(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Suspicion>> {
    sqlx::query_as!(
        Suspicion,
        r#"select domain_id as "domain_id: DomainId", code, subject, since from alert_suspicions"#
    )
    .fetch_all(db)
    .await
}

pub async fn insert_suspicion(conn: &mut PgConnection, new: &Suspicion) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into alert_suspicions (domain_id, code, subject, since) values ($1, $2, $3, $4) on conflict do nothing",
        new.domain_id.map(|id| id.0),
        new.code,
        new.subject,
        new.since
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn delete_suspicion(conn: &mut PgConnection, old: &Suspicion) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from alert_suspicions where domain_id is not distinct from $1 and code = $2 and subject = $3",
        old.domain_id.map(|id| id.0),
        old.code,
        old.subject
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What of the outbox concerns people, for each domain.
#[derive(Debug)]
pub struct Standing {
    pub domain_id: DomainId,
    /// Created when; of what could be tried now.
    pub oldest_urgent: Option<DateTime<Utc>>,
    pub oldest_ready: Option<DateTime<Utc>>,
    pub ready: i64,
    pub conflicts: i64,
}

/// How the outbox of each active domain stands.
pub async fn list_standings(db: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<Vec<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"select d.id as "domain_id: DomainId", o.oldest_urgent as "oldest_urgent?", o.oldest_ready as "oldest_ready?",
                  coalesce(o.ready, 0) as "ready!",
                  (select count(*) from directory_users u where u.domain_id = d.id and u.status = 'conflict')
                    + (select count(*) from directory_groups g where g.domain_id = d.id and g.status = 'conflict') as "conflicts!"
           from domains d
           left join lateral (
               select count(*) as ready, min(created_at) filter (where lane = 0) as oldest_urgent, min(created_at) as oldest_ready
               from operations where domain_id = d.id and state = 'ready' and next_attempt_at <= $1 and d.mode = 'active'
           ) o on true
           order by d.id"#,
        now
    )
    .fetch_all(db)
    .await
}

/// Operations that were given up, by what JumpCloud said. Passwords have alerts of their own.
#[derive(Debug)]
pub struct Parked {
    pub domain_id: DomainId,
    pub error_code: String,
    pub operations: i64,
    pub message: Option<String>,
}

pub async fn list_parked(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Parked>> {
    sqlx::query_as!(
        Parked,
        r#"select domain_id as "domain_id: DomainId", coalesce(error_code, '') as "error_code!", count(*) as "operations!",
                  min(error_message) as message
           from operations
           where state = 'parked' and kind <> 'set_password' and coalesce(error_code, '') <> 'rejected_by_administrator'
           group by 1, 2 order by 1, 2"#
    )
    .fetch_all(db)
    .await
}
