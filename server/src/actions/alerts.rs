//! What a person does about an alert.

use serde_json::json;
use uuid::Uuid;

use crate::app::{Actor, App};
use crate::error::{Error, Result};
use crate::store::{self, audit};

/// Says that somebody takes care of it. It stays open until what it is about has passed.
pub async fn acknowledge(app: &App, by: &Actor, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let alert = store::alerts::find(&mut *tx, id).await?.ok_or(Error::NotFound("alert"))?;
    if !store::alerts::update_acknowledged(&mut tx, id, &by.to_string(), now).await? {
        let detail = match (alert.closed_at, alert.acknowledged_by) {
            (Some(_), _) => "This alert is over.".into(),
            (None, Some(who)) => format!("{who} takes care of this already."),
            (None, None) => "This alert cannot be taken care of.".into(),
        };
        return Err(Error::conflict("alert_not_open", detail));
    }
    let record = audit::Record {
        actor: by,
        action: "alert.acknowledged",
        subject: Some(id.to_string()),
        domain: alert.domain_id,
        detail: json!({"code": alert.code, "subject": alert.subject, "message": alert.message}),
    };
    audit::insert(&mut tx, record, now).await?;
    Ok(tx.commit().await?)
}
