//! Where alerts are sent to: adding, changing, trying and removing.

mod check;
mod sending;

use protocol::Secret;
use serde_json::{Value, json};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::audit::short_hex;
use crate::app::{Actor, App, alert_channel_purpose};
use crate::crypto::sha256;
use crate::error::{Error, Result};
use crate::store::alert_channels::{Channel, Target};
use crate::store::alerts::Severity;
use crate::store::{self, audit};

pub use check::{clock_time, minutes};
pub use sending::send;

/// A channel as it is entered.
#[derive(Debug)]
pub struct Draft {
    pub name: String,
    pub target: Target,
    /// The key that signs webhooks, or the mail server's password. None: as it was.
    pub secret: Option<Secret>,
    pub min_severity: Severity,
    pub organizations: Vec<Uuid>,
    pub domains: Vec<Uuid>,
    pub quiet_minutes: i32,
    /// Minutes of the day, UTC.
    pub quiet_hours: Option<(i32, i32)>,
}

/// Adds a channel. What is open already is not told to it.
pub async fn add(app: &App, by: &Actor, draft: Draft) -> Result<Uuid> {
    let id = Uuid::now_v7();
    check::draft(app, &draft, None).await?;
    let row = row(app, id, draft, None)?;
    let mut tx = app.db.begin().await?;
    store::alert_channels::insert(&mut tx, &row).await?;
    record(&mut tx, app, by, "alert_channel.added", id, json!({"after": shown(&row)})).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a channel. A secret that is not given stays, unless where it would be sent to is another place.
pub async fn change(app: &App, by: &Actor, id: Uuid, draft: Draft) -> Result<()> {
    change_at(app, by, id, draft, None).await
}

/// As [`change`], but only if the channel still has that [`tag`].
pub async fn change_at(app: &App, by: &Actor, id: Uuid, draft: Draft, at: Option<&str>) -> Result<()> {
    let seen = store::alert_channels::find(&app.db, id).await?.ok_or(Error::NotFound("alert channel"))?;
    check::draft(app, &draft, Some(&seen)).await?;
    let secret_changed = draft.secret.is_some();
    let mut tx = app.db.begin().await?;
    let before =
        store::alert_channels::find_locked(&mut tx, id).await?.ok_or(Error::NotFound("alert channel"))?;
    if tag(&before) != at.map_or_else(|| tag(&seen), str::to_owned) {
        return Err(Error::outdated());
    }
    let after = row(app, id, draft, Some(&before))?;
    store::alert_channels::insert(&mut tx, &after).await?;
    let detail = json!({"before": shown(&before), "after": shown(&after), "secret_changed": secret_changed});
    record(&mut tx, app, by, "alert_channel.changed", id, detail).await?;
    Ok(tx.commit().await?)
}

/// Removes a channel, and what was still to be sent to it.
pub async fn remove(app: &App, by: &Actor, id: Uuid) -> Result<()> {
    let before = store::alert_channels::find(&app.db, id).await?.ok_or(Error::NotFound("alert channel"))?;
    let mut tx = app.db.begin().await?;
    store::alert_channels::delete(&mut tx, id).await?;
    record(&mut tx, app, by, "alert_channel.removed", id, json!({"before": shown(&before)})).await?;
    Ok(tx.commit().await?)
}

/// Sends a message that says that it is a test, now.
pub async fn test(app: &App, by: &Actor, id: Uuid) -> Result<()> {
    let channel = store::alert_channels::find(&app.db, id).await?.ok_or(Error::NotFound("alert channel"))?;
    let message = Uuid::now_v7();
    let body = json!({
        "id": message, "type": "test", "created_at": app.clock.now(), "server": app.public_url.origin(),
        "message": format!("This is a test of the channel {}, asked for by {by}. Nothing is wrong.", channel.name),
        "alerts": [],
    });
    let sent = send(app, &channel, message, &body).await;
    let error = sent.as_ref().err().map(ToString::to_string);
    let mut tx = app.db.begin().await?;
    store::alert_channels::update_delivered(&mut *tx, id, error.as_deref(), app.clock.now()).await?;
    let detail = json!({"name": channel.name, "arrived": error.is_none(), "error": error});
    record(&mut tx, app, by, "alert_channel.tested", id, detail).await?;
    tx.commit().await?;
    match error {
        None => Ok(()),
        Some(error) => Err(Error::Upstream {
            code: "message_not_sent".into(),
            detail: format!("The test did not arrive. {error}"),
        }),
    }
}

fn row(app: &App, id: Uuid, draft: Draft, before: Option<&Channel>) -> Result<Channel> {
    let sealed =
        draft.secret.as_ref().map(|secret| app.seal(&alert_channel_purpose(id), secret)).transpose()?;
    let kept = before.filter(|row| sends_secret_to_same(&row.target, &draft.target));
    Ok(Channel {
        id,
        name: draft.name.trim().to_owned(),
        target: Json(draft.target),
        secret: sealed.or_else(|| kept.and_then(|row| row.secret.clone())),
        min_severity: draft.min_severity,
        organizations: draft.organizations,
        domains: draft.domains,
        quiet_minutes: draft.quiet_minutes,
        quiet_from: draft.quiet_hours.map(|hours| hours.0),
        quiet_to: draft.quiet_hours.map(|hours| hours.1),
        created_at: before.map_or_else(|| app.clock.now(), |row| row.created_at),
        last_delivered_at: None,
        last_error: None,
        last_error_at: None,
    })
}

/// A mail server is told the password: whoever enters another server may not have it sent the former one's.
fn sends_secret_to_same(before: &Target, after: &Target) -> bool {
    match (before, after) {
        (Target::Webhook { .. }, Target::Webhook { .. }) => true,
        (Target::Email(before), Target::Email(after)) => {
            before.username == after.username
                && (&before.host, before.port, before.security) == (&after.host, after.port, after.security)
        }
        (Target::Webhook { .. }, Target::Email(_)) | (Target::Email(_), Target::Webhook { .. }) => false,
    }
}

/// What state a channel is in, what was delivered aside, without telling anything of it.
pub fn tag(row: &Channel) -> String {
    let whole = json!([shown(row), row.target.0, row.secret]);
    short_hex(&sha256(whole.to_string().as_bytes()))
}

/// For the audit: without secrets, of which the path of a webhook's address may be one.
fn shown(row: &Channel) -> Value {
    let target = match &row.target.0 {
        Target::Webhook { url } => json!({"kind": "webhook", "host": check::host(url)}),
        target @ Target::Email(_) => json!(target),
    };
    json!({
        "name": row.name, "target": target, "min_severity": row.min_severity, "organizations": row.organizations,
        "domains": row.domains, "quiet_minutes": row.quiet_minutes, "quiet_from": row.quiet_from.map(clock_time),
        "quiet_to": row.quiet_to.map(clock_time),
    })
}

async fn record(
    tx: &mut PgConnection,
    app: &App,
    by: &Actor,
    action: &str,
    id: Uuid,
    detail: Value,
) -> Result<()> {
    let record = audit::Record { actor: by, action, subject: Some(id.to_string()), domain: None, detail };
    Ok(audit::insert(tx, record, app.clock.now()).await?)
}
