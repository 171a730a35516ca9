//! What is told of alerts, and the outbox of the messages that tell it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use protocol::DomainId;
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::alerts::Severity;

/// Something that a channel has not been told yet.
#[derive(Clone, Debug)]
pub struct Notice {
    pub channel_id: Uuid,
    pub alert_id: Uuid,
    pub event: String,
    pub code: String,
    pub domain_id: Option<DomainId>,
    pub severity: Severity,
    pub created_at: DateTime<Utc>,
}

/// Notes that a channel is to be told; once for each event.
pub async fn insert_notice(
    conn: &mut PgConnection,
    channel: Uuid,
    alert: Uuid,
    event: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into alert_notices (channel_id, alert_id, event, created_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        channel,
        alert,
        event,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes the end of an alert for the channels that were to be told of its beginning.
pub async fn insert_ends(conn: &mut PgConnection, alerts: &[Uuid], now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into alert_notices (channel_id, alert_id, event, created_at)
         select channel_id, alert_id, 'closed', $2 from alert_notices
         where alert_id = any($1) and event = 'opened'
         on conflict do nothing",
        alerts,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Has one server at a time compose messages, until the end of the transaction. False: another one does.
pub async fn lease_composing(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(7310593858020254326) as "leased!""#)
        .fetch_one(conn)
        .await
}

/// How much waits to be told.
pub async fn count_notices(db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from alert_notices where message_id is null"#)
        .fetch_one(db)
        .await
}

/// What waits to be told, in the order in which it happened.
pub async fn list_notices(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Notice>> {
    sqlx::query_as!(
        Notice,
        r#"select n.channel_id, n.alert_id, n.event, a.code, a.domain_id as "domain_id: DomainId",
                  a.severity as "severity: Severity", n.created_at
           from alert_notices n join alerts a on a.id = n.alert_id
           where n.message_id is null
           order by n.created_at, n.alert_id, n.event desc"#
    )
    .fetch_all(db)
    .await
}

/// When the channel was last told about that code and domain.
pub async fn find_last(
    db: impl PgExecutor<'_>,
    channel: Uuid,
    code: &str,
    domain: Option<DomainId>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select max(created_at) from alert_messages
         where channel_id = $1 and code = $2 and domain_id is not distinct from $3",
        channel,
        code,
        domain.map(|id| id.0)
    )
    .fetch_one(db)
    .await
}

/// A message to be sent.
#[derive(Debug)]
pub struct NewMessage {
    pub id: Uuid,
    pub channel_id: Uuid,
    pub code: String,
    pub domain_id: Option<DomainId>,
    pub body: Value,
}

/// Puts a message into the outbox, and the alerts that it tells of down as told.
pub async fn insert(
    conn: &mut PgConnection,
    new: &NewMessage,
    alerts: &[Uuid],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with message as (
             insert into alert_messages (id, channel_id, code, domain_id, body, state, next_attempt_at, created_at)
             values ($1, $2, $3, $4, $5, 'waiting', $6, $6) returning id
         )
         update alert_notices n set message_id = $1
         from message where n.channel_id = $2 and n.alert_id = any($7) and n.message_id is null",
        new.id,
        new.channel_id,
        new.code,
        new.domain_id.map(|id| id.0),
        new.body,
        now,
        alerts
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A message that this process is to send now.
#[derive(Debug)]
pub struct Leased {
    pub id: Uuid,
    pub channel_id: Uuid,
    pub body: Value,
    pub attempts: i32,
}

/// Leases what is due until `until`; the number of the attempt is the lease's token.
pub async fn lease(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Leased>> {
    sqlx::query_as!(
        Leased,
        "update alert_messages m set attempts = attempts + 1, next_attempt_at = $2
         where m.id in (
             select id from alert_messages where state = 'waiting' and next_attempt_at <= $1
             order by next_attempt_at, id limit $3 for update skip locked)
         returning m.id, m.channel_id, m.body, m.attempts",
        now,
        until,
        limit
    )
    .fetch_all(db)
    .await
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub enum Ended<'a> {
    Sent,
    /// Tried again then.
    Again(&'a str, DateTime<Utc>),
    Failed(&'a str),
}

pub async fn update_ended(
    db: impl PgExecutor<'_>,
    leased: &Leased,
    ended: Ended<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (state, error, next) = match ended {
        Ended::Sent => ("sent", None, None),
        Ended::Again(error, at) => ("waiting", Some(error), Some(at)),
        Ended::Failed(error) => ("failed", Some(error), None),
    };
    sqlx::query!(
        "update alert_messages
         set state = $3, error = $4, next_attempt_at = coalesce($5, next_attempt_at),
             settled_at = case when $3 = 'waiting' then null else $6::timestamptz end
         where id = $1 and attempts = $2 and state = 'waiting'",
        leased.id,
        leased.attempts,
        state,
        error,
        next,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What became of telling one channel about one alert.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Delivery {
    #[serde(skip)]
    pub alert_id: Uuid,
    pub channel_id: Uuid,
    pub channel: String,
    pub event: String,
    /// `gathered` until a message is made, then `waiting`, `sent` or `failed`.
    pub state: String,
    pub attempts: i32,
    pub error: Option<String>,
    pub at: DateTime<Utc>,
}

/// The deliveries of each alert.
pub async fn list_deliveries(
    db: impl PgExecutor<'_>,
    alerts: &[Uuid],
) -> sqlx::Result<BTreeMap<Uuid, Vec<Delivery>>> {
    let rows = sqlx::query_as!(
        Delivery,
        r#"select n.alert_id, n.channel_id, c.name as channel, n.event, coalesce(m.state, 'gathered') as "state!",
                  coalesce(m.attempts, 0) as "attempts!", m.error as "error?", coalesce(m.settled_at, m.created_at, n.created_at) as "at!"
           from alert_notices n
           join alert_channels c on c.id = n.channel_id
           left join alert_messages m on m.id = n.message_id
           where n.alert_id = any($1)
           order by n.alert_id, lower(c.name), n.event desc"#,
        alerts
    )
    .fetch_all(db)
    .await?;
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for row in rows {
        found.entry(row.alert_id).or_default().push(row);
    }
    Ok(found)
}
