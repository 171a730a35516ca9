//! The key to which agents seal passwords: made at the first start, and replaced on request.

use protocol::sealing::OpeningKey;

use crate::app::{Actor, App, sealing_key_purpose};
use crate::error::{Error, Result};
use crate::store::{self, audit};

/// Makes the first key, unless there is one.
pub async fn ensure(app: &App) -> Result<()> {
    match store::sealing_keys::find_newest(&app.db).await? {
        Some(_) => Ok(()),
        None => make(app, 1).await.map(|_| ()),
    }
}

/// Makes a new key: agents seal to it from their next heartbeat on. The former ones still open what is under way.
pub async fn rotate(app: &App, actor: &Actor) -> Result<i32> {
    let newest = store::sealing_keys::find_newest(&app.db).await?.map_or(0, |key| key.id);
    let id = newest + 1;
    if !make(app, id).await? {
        return Err(Error::conflict("rotation_under_way", "Another rotation was faster; nothing was done."));
    }
    let mut tx = app.db.begin().await?;
    let record = audit::Record {
        actor: &actor.0,
        action: "sealing_key.rotated",
        subject: Some(id.to_string()),
        domain: None,
        detail: serde_json::json!({}),
    };
    audit::insert(&mut tx, record, app.clock.now()).await?;
    tx.commit().await?;
    Ok(id)
}

async fn make(app: &App, id: i32) -> Result<bool> {
    let (private, public) = OpeningKey::generate(id);
    let sealed = app
        .vault
        .seal(&sealing_key_purpose(id), private.octets())
        .map_err(|error| Error::internal(format!("could not seal a key: {error}")))?;
    Ok(store::sealing_keys::insert(&app.db, &public, &sealed, app.clock.now()).await?)
}
