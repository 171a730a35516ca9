//! The key to which agents seal passwords: made at the first start, and replaced on request.

use protocol::sealing::OpeningKey;
use serde_json::json;

use crate::app::{Actor, App, sealing_key_purpose};
use crate::error::{Error, Result};
use crate::store::{self, audit};

/// Makes the first key, unless there is one.
pub async fn ensure(app: &App) -> Result<()> {
    match store::sealing_keys::find_newest(&app.db).await? {
        Some(_) => Ok(()),
        None => make(app, &Actor::Server, "sealing_key.made", 1).await.map(|_| ()),
    }
}

/// Makes a new key: agents seal to it from their next heartbeat on. The former ones still open what is under way.
pub async fn rotate(app: &App, actor: &Actor) -> Result<i32> {
    let newest = store::sealing_keys::find_newest(&app.db).await?.map_or(0, |key| key.id);
    let id = newest + 1;
    if !make(app, actor, "sealing_key.rotated", id).await? {
        return Err(Error::conflict("rotation_under_way", "Another rotation was faster; nothing was done."));
    }
    Ok(id)
}

/// False: another process was first, and nothing was done.
async fn make(app: &App, by: &Actor, action: &str, id: i32) -> Result<bool> {
    let (private, public) = OpeningKey::generate(id);
    let sealed = app
        .vault
        .seal(&sealing_key_purpose(id), private.octets())
        .map_err(|error| Error::internal(format!("could not seal a key: {error}")))?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !store::sealing_keys::insert(&mut *tx, &public, &sealed, now).await? {
        return Ok(false);
    }
    let detail = json!({"public_key": public.public_key});
    let record = audit::Record { actor: by, action, subject: Some(id.to_string()), domain: None, detail };
    audit::insert(&mut tx, record, now).await?;
    tx.commit().await?;
    Ok(true)
}
