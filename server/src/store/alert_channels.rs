//! Where alerts are sent to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::alerts::Severity;

/// How a channel reaches people. Secrets are sealed apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    Webhook { url: String },
    Email(Mail),
}

impl Target {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Email(_) => "email",
        }
    }
}

/// A mail server, and who writes to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mail {
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    pub username: Option<String>,
    pub from: String,
    pub to: Vec<String>,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// Encrypted from the first byte on (port 465).
    Tls,
    /// Encrypted before anything is said (port 587).
    Starttls,
    /// Not at all: on this machine only.
    None,
}

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: Uuid,
    pub name: String,
    pub target: Json<Target>,
    /// The key that signs webhooks, or the mail server's password; sealed.
    pub secret: Option<Vec<u8>>,
    pub min_severity: Severity,
    /// Empty: of all.
    pub organizations: Vec<Uuid>,
    pub domains: Vec<Uuid>,
    pub quiet_minutes: i32,
    /// Minutes of the day, UTC.
    pub quiet_from: Option<i32>,
    pub quiet_to: Option<i32>,
    pub created_at: DateTime<Utc>,
    pub last_delivered_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
}

macro_rules! select_channels {
    ($tail:literal $(, $arg:expr)*) => {
        sqlx::query_as!(
            Channel,
            r#"select id, name, settings as "target: Json<Target>", secret, min_severity as "min_severity: Severity", organizations,
                      domains, quiet_minutes, quiet_from, quiet_to, created_at, last_delivered_at, last_error, last_error_at
               from alert_channels "# + $tail
            $(, $arg)*
        )
    };
}

pub async fn list(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Channel>> {
    select_channels!("order by lower(name), id").fetch_all(db).await
}

pub async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<Channel>> {
    select_channels!("where id = $1", id).fetch_optional(db).await
}

/// As [`find`]; nobody else changes it until the end of the transaction.
pub async fn find_locked(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Channel>> {
    select_channels!("where id = $1 for update", id).fetch_optional(conn).await
}

pub async fn find_by_name(db: impl PgExecutor<'_>, name: &str) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!("select id from alert_channels where lower(name) = lower($1)", name)
        .fetch_optional(db)
        .await
}

/// Adds the channel, or changes the one of that id.
pub async fn insert(conn: &mut PgConnection, row: &Channel) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into alert_channels
           (id, name, kind, settings, secret, min_severity, organizations, domains, quiet_minutes, quiet_from, quiet_to, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (id) do update
         set name = excluded.name, kind = excluded.kind, settings = excluded.settings, secret = excluded.secret,
             min_severity = excluded.min_severity, organizations = excluded.organizations, domains = excluded.domains,
             quiet_minutes = excluded.quiet_minutes, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to",
        row.id,
        row.name,
        row.target.kind(),
        Json(&row.target.0) as _,
        row.secret,
        row.min_severity.as_str(),
        &row.organizations[..],
        &row.domains[..],
        row.quiet_minutes,
        row.quiet_from,
        row.quiet_to,
        row.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn delete(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from alert_channels where id = $1", id).execute(conn).await?;
    Ok(())
}

/// What came of the last delivery: `error` is none if it arrived.
pub async fn update_delivered(
    db: impl PgExecutor<'_>,
    id: Uuid,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update alert_channels
         set last_delivered_at = case when $2::text is null then $3 else last_delivered_at end,
             last_error = $2, last_error_at = case when $2::text is null then null else $3 end
         where id = $1",
        id,
        error,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
