//! Ending an agent's access.

use protocol::AgentId;
use serde_json::json;

use crate::app::{Actor, App};
use crate::error::{Error, Result};
use crate::store::{self, audit};

/// Refuses the agent from its next request on, and gives its role free.
pub async fn revoke(app: &App, by: &Actor, id: AgentId) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let agent = store::agents::find(&mut *tx, id).await?.ok_or(Error::NotFound("agent"))?;
    if !store::agents::update_revoked(&mut tx, id, now).await? {
        return Err(Error::NotFound("agent"));
    }
    store::domains::update_watcher_gone(&mut *tx, id).await?;
    let detail = json!({"domain_controller": agent.domain_controller});
    let record = audit::Record {
        actor: by,
        action: "agent.revoked",
        subject: Some(id.to_string()),
        domain: Some(agent.domain_id),
        detail,
    };
    audit::insert(&mut tx, record, now).await?;
    tx.commit().await?;
    Ok(())
}
