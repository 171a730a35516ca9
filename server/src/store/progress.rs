//! How far long work has come: figures only, each from an index.

use chrono::{DateTime, Utc};
use protocol::{DomainId, OrganizationId};
use sqlx::{PgConnection, PgExecutor};

/// A transfer that is arriving.
#[derive(Debug)]
pub struct Arriving {
    pub since: DateTime<Utc>,
    pub objects: i64,
}

/// The transfer of which a part came last, if that was after `alive_since`: what is older was given up.
pub async fn find_arriving(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    alive_since: DateTime<Utc>,
) -> sqlx::Result<Option<Arriving>> {
    sqlx::query_as!(
        Arriving,
        r#"select min(received_at) as "since!", sum(records) as "objects!" from transfer_parts
           where domain_id = $1 group by transfer having max(received_at) >= $2 order by max(received_at) desc limit 1"#,
        domain.0,
        alive_since
    )
    .fetch_optional(db)
    .await
}

/// Users and groups of the directory.
pub async fn count_objects(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select (select count(*) from directory_users where domain_id = $1)
                + (select count(*) from directory_groups where domain_id = $1) as "count!""#,
        domain.0
    )
    .fetch_one(db)
    .await
}

/// Users of JumpCloud that were read or written.
pub async fn count_mirrored(db: impl PgExecutor<'_>, organization: OrganizationId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from jumpcloud_users where organization_id = $1"#,
        organization.0
    )
    .fetch_one(db)
    .await
}

/// A long queue that is being planned.
#[derive(Debug)]
pub struct Run {
    pub since: DateTime<Utc>,
    pub planned: i64,
    pub at: DateTime<Utc>,
}

pub async fn find_run(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Option<Run>> {
    sqlx::query_as!(Run, "select since, planned, at from planning_runs where domain_id = $1", domain.0)
        .fetch_optional(db)
        .await
}

/// So many subjects more were planned; after a pause a new run begins.
pub async fn update_run(
    conn: &mut PgConnection,
    domain: DomainId,
    planned: i64,
    now: DateTime<Utc>,
    paused_since: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into planning_runs as r (domain_id, since, planned, at) values ($1, $3, $2, $3)
         on conflict (domain_id) do update
         set since = case when r.at < $4 then excluded.since else r.since end,
             planned = case when r.at < $4 then excluded.planned else r.planned + excluded.planned end,
             at = excluded.at",
        domain.0,
        planned,
        now,
        paused_since
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The outbox, by what becomes of it.
#[derive(Debug)]
pub struct Queue {
    pub left: i64,
    pub held: i64,
    pub parked: i64,
    /// When the oldest of those that are left was planned.
    pub oldest: Option<DateTime<Utc>>,
}

pub async fn find_queue(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Queue> {
    sqlx::query_as!(
        Queue,
        r#"select count(*) filter (where state in ('ready', 'leased')) as "left!",
                  count(*) filter (where state = 'held') as "held!",
                  count(*) filter (where state = 'parked') as "parked!",
                  (select o.created_at from operations o where o.domain_id = $1 and o.state = 'ready'
                   order by o.id limit 1) as oldest
           from operations where domain_id = $1 and state in ('ready', 'leased', 'held', 'parked')"#,
        domain.0
    )
    .fetch_one(db)
    .await
}

/// Operations done since then.
pub async fn count_done(
    db: impl PgExecutor<'_>,
    domain: DomainId,
    since: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from operations where domain_id = $1 and state = 'done' and settled_at >= $2"#,
        domain.0,
        since
    )
    .fetch_one(db)
    .await
}
