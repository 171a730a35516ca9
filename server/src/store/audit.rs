//! Who did what. Written in the transaction of what was done; the database chains the events at the commit and refuses
//! every change of them.

mod actor;
pub mod chain;

use chrono::{DateTime, Utc};
use protocol::DomainId;
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::access::Reach;
pub use actor::{ACTOR_KINDS, Actor};

/// One event.
#[derive(Debug)]
pub struct Event {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub actor: String,
    pub action: String,
    pub subject: Option<String>,
    pub domain_id: Option<DomainId>,
    pub detail: Value,
    /// Its link of the chain.
    pub hash: Option<Vec<u8>>,
}

/// What happened to what.
#[derive(Debug)]
pub struct Record<'a> {
    pub actor: &'a Actor,
    /// `noun.verb`: `domain.activated`.
    pub action: &'a str,
    pub subject: Option<String>,
    pub domain: Option<DomainId>,
    pub detail: Value,
}

pub async fn insert(conn: &mut PgConnection, record: Record<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into audit_events (at, actor_kind, actor_id, actor, action, subject, domain_id, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        now,
        record.actor.kind(),
        record.actor.id(),
        record.actor.to_string(),
        record.action,
        record.subject,
        record.domain.map(|id| id.0),
        record.detail,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which events are wanted; what is not given excludes nothing.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Filter {
    /// Part of the actor's name.
    pub actor: Option<String>,
    pub actor_kind: Option<String>,
    /// The action, or its beginning: `domain.`
    pub action: Option<String>,
    pub domain: Option<DomainId>,
    pub from: Option<DateTime<Utc>>,
    /// Before this.
    pub to: Option<DateTime<Utc>>,
    /// Part of anything.
    pub text: Option<String>,
}

/// Newest first, older than `before`.
pub async fn list(
    db: impl PgExecutor<'_>,
    reach: &Reach,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Event,
        r#"select e.id, e.at, e.actor_kind, e.actor_id, e.actor, e.action, e.subject,
                  e.domain_id as "domain_id: DomainId", e.detail, c.hash as "hash?"
           from audit_events e left join audit_chain c on c.event_id = e.id
           where e.id < coalesce($1, 9223372036854775807)
             and ($2::text is null or position(lower($2) in lower(e.actor)) > 0)
             and ($3::text is null or e.actor_kind = $3)
             and ($4::text is null or starts_with(e.action, $4))
             and ($5::uuid is null or e.domain_id = $5)
             and ($6::timestamptz is null or e.at >= $6)
             and ($7::timestamptz is null or e.at < $7)
             and ($8::text is null or position(lower($8) in lower(concat_ws(' ', e.actor, e.action, e.subject, e.detail::text))) > 0)
             and ($10::uuid[] is null or e.subject = any($10::text[])
                  or e.domain_id in (select d.id from domains d where d.organization_id = any($10)))
           order by e.id desc limit $9"#,
        before,
        filter.actor,
        filter.actor_kind,
        filter.action,
        filter.domain.map(|id| id.0),
        filter.from,
        filter.to,
        filter.text,
        limit,
        reach.ids()
    )
    .fetch_all(db)
    .await
}

/// Every action that there is an event of.
pub async fn list_actions(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<String>> {
    // Jumps from one to the next in the index instead of reading every event.
    sqlx::query_scalar!(
        r#"with recursive found as (
               (select action from audit_events order by action limit 1)
               union all
               select (select e.action from audit_events e where e.action > f.action order by e.action limit 1)
               from found f where f.action is not null
           )
           select action as "action!" from found where action is not null order by action"#
    )
    .fetch_all(db)
    .await
}

/// What was done with one thing, newest first.
pub async fn list_about(db: impl PgExecutor<'_>, subject: &str, limit: i64) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Event,
        r#"select e.id, e.at, e.actor_kind, e.actor_id, e.actor, e.action, e.subject,
                  e.domain_id as "domain_id: DomainId", e.detail, c.hash as "hash?"
           from audit_events e left join audit_chain c on c.event_id = e.id
           where e.subject = $1 order by e.id desc limit $2"#,
        subject,
        limit
    )
    .fetch_all(db)
    .await
}
