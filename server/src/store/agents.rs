//! Agents and the tokens with which they join.

use chrono::{DateTime, Utc};
use protocol::captures::CaptureState;
use protocol::heartbeat::DirectoryState;
use protocol::{AgentId, DomainId, TokenId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::access::Reach;

/// An agent and what its last heartbeat said.
#[derive(Clone, Debug)]
pub struct Agent {
    pub id: AgentId,
    pub domain_id: DomainId,
    pub domain_controller: String,
    pub host: String,
    pub platform: String,
    pub version: String,
    pub public_key: String,
    pub enrolled_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub suspended_at: Option<DateTime<Utc>>,
    pub suspended_reason: Option<String>,
    pub instance: Option<Uuid>,
    pub previous_instance: Option<Uuid>,
    pub sequence: i64,
    pub last_seen_at: Option<DateTime<Utc>>,
    pub clock_skew_ms: Option<i64>,
    pub applied_revision: i64,
    pub invocation_id: Option<Uuid>,
    pub directory: Option<Json<DirectoryState>>,
    pub capture: Option<Json<CaptureState>>,
    /// When it last said that a captured password was lost.
    pub capture_lost_at: Option<DateTime<Utc>>,
}

macro_rules! select_agents {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Agent,
            r#"select id as "id: AgentId", domain_id as "domain_id: DomainId", domain_controller, host, platform, version,
                      public_key, enrolled_at, revoked_at, suspended_at, suspended_reason, instance, previous_instance,
                      sequence, last_seen_at, clock_skew_ms, applied_revision, invocation_id,
                      directory as "directory: Json<DirectoryState>", capture as "capture: Json<CaptureState>",
                      capture_lost_at
               from agents "# + $tail
            $(, $arg)*
        )
    };
}

pub async fn find(db: impl PgExecutor<'_>, id: AgentId) -> sqlx::Result<Option<Agent>> {
    select_agents!("where id = $1", id.0).fetch_optional(db).await
}

/// Those that were not revoked.
pub async fn list(db: impl PgExecutor<'_>, reach: &Reach) -> sqlx::Result<Vec<Agent>> {
    select_agents!(
        "where revoked_at is null and ($1::uuid[] is null or domain_id in (select d.id from domains d where d.organization_id = any($1)))
         order by domain_controller, id",
        reach.ids()
    )
    .fetch_all(db)
    .await
}

pub async fn list_of(db: impl PgExecutor<'_>, domain: DomainId) -> sqlx::Result<Vec<Agent>> {
    select_agents!("where revoked_at is null and domain_id = $1 order by domain_controller, id", domain.0)
        .fetch_all(db)
        .await
}

/// What a joining agent says of itself.
#[derive(Clone, Debug)]
pub struct NewAgent {
    pub id: AgentId,
    pub domain_id: DomainId,
    pub domain_controller: String,
    pub host: String,
    pub platform: &'static str,
    pub version: String,
    pub public_key: String,
}

/// Adds the agent, or replaces the key of the one that already serves this domain controller.
pub async fn insert(conn: &mut PgConnection, new: &NewAgent, now: DateTime<Utc>) -> sqlx::Result<AgentId> {
    sqlx::query_scalar!(
        r#"insert into agents (id, domain_id, domain_controller, host, platform, version, public_key, enrolled_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (domain_id, domain_controller) do update
           set host = excluded.host, platform = excluded.platform, version = excluded.version,
               public_key = excluded.public_key, enrolled_at = excluded.enrolled_at, revoked_at = null,
               suspended_at = null, suspended_reason = null, instance = null, previous_instance = null, sequence = 0
           returning id as "id: AgentId""#,
        new.id.0,
        new.domain_id.0,
        new.domain_controller,
        new.host,
        new.platform,
        new.version,
        new.public_key,
        now,
    )
    .fetch_one(conn)
    .await
}

/// What a heartbeat brings.
#[derive(Debug)]
pub struct Seen<'a> {
    pub instance: Uuid,
    pub previous_instance: Option<Uuid>,
    pub sequence: i64,
    pub host: &'a str,
    pub version: &'a str,
    pub clock_skew_ms: i64,
    pub applied_revision: i64,
    pub invocation_id: Option<Uuid>,
    pub directory: &'a DirectoryState,
    pub capture: Option<&'a CaptureState>,
    /// More captured passwords were lost than it said before.
    pub capture_lost: bool,
}

pub async fn update_seen(
    conn: &mut PgConnection,
    id: AgentId,
    seen: &Seen<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update agents
         set instance = $2, previous_instance = $3, sequence = $4, host = $5, version = $6, clock_skew_ms = $7,
             applied_revision = $8, invocation_id = coalesce($9, invocation_id), directory = $10, last_seen_at = $11,
             capture = $12, capture_lost_at = case when $13 then $11 else capture_lost_at end
         where id = $1",
        id.0,
        seen.instance,
        seen.previous_instance,
        seen.sequence,
        seen.host,
        seen.version,
        seen.clock_skew_ms,
        seen.applied_revision,
        seen.invocation_id,
        Json(seen.directory) as _,
        now,
        seen.capture.map(Json) as _,
        seen.capture_lost,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The key is refused from the next request on.
pub async fn update_revoked(conn: &mut PgConnection, id: AgentId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("update agents set revoked_at = $2 where id = $1 and revoked_at is null", id.0, now)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn update_suspended(
    conn: &mut PgConnection,
    id: AgentId,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update agents set suspended_at = $2, suspended_reason = $3 where id = $1 and suspended_at is null",
        id.0,
        now,
        reason
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A token as it is kept.
#[derive(Debug)]
pub struct TokenRow {
    pub id: TokenId,
    pub domain_id: DomainId,
    pub key: Vec<u8>,
    pub max_uses: i32,
    pub uses: i32,
    pub expires_at: DateTime<Utc>,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
}

pub async fn insert_token(conn: &mut PgConnection, new: &TokenRow) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into enrollment_tokens (id, domain_id, key, max_uses, expires_at, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        new.id.0,
        new.domain_id.0,
        new.key,
        new.max_uses,
        new.expires_at,
        new.created_by,
        new.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn find_token(db: impl PgExecutor<'_>, id: TokenId) -> sqlx::Result<Option<TokenRow>> {
    sqlx::query_as!(
        TokenRow,
        r#"select id as "id: TokenId", domain_id as "domain_id: DomainId", key, max_uses, uses, expires_at, created_by,
                  created_at
           from enrollment_tokens where id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// Spends the token if it may still be used. False: it may not.
pub async fn spend_token(conn: &mut PgConnection, id: TokenId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update enrollment_tokens set uses = uses + 1 where id = $1 and uses < max_uses and expires_at > $2",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
