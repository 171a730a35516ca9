//! Who did what. Written in the transaction of what was done.

use chrono::{DateTime, Utc};
use protocol::DomainId;
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};

/// One event.
#[derive(Debug)]
pub struct Event {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub action: String,
    pub subject: Option<String>,
    pub domain_id: Option<DomainId>,
    pub detail: Value,
}

/// What happened to what.
#[derive(Debug)]
pub struct Record<'a> {
    pub actor: &'a str,
    /// `noun.verb`: `domain.activated`.
    pub action: &'a str,
    pub subject: Option<String>,
    pub domain: Option<DomainId>,
    pub detail: Value,
}

pub async fn insert(conn: &mut PgConnection, record: Record<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into audit_events (at, actor, action, subject, domain_id, detail) values ($1, $2, $3, $4, $5, $6)",
        now,
        record.actor,
        record.action,
        record.subject,
        record.domain.map(|id| id.0),
        record.detail,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Newest first, older than `before`.
pub async fn list(db: impl PgExecutor<'_>, before: Option<i64>, limit: i64) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Event,
        r#"select id, at, actor, action, subject, domain_id as "domain_id: DomainId", detail
           from audit_events where id < coalesce($1, 9223372036854775807) order by id desc limit $2"#,
        before,
        limit
    )
    .fetch_all(db)
    .await
}
