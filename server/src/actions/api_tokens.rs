//! API tokens: what programs sign in with.

use chrono::{DateTime, Utc};
use protocol::Secret;
use serde_json::json;
use uuid::Uuid;

use super::admins::{known, shown};
use crate::app::{Actor, App};
use crate::crypto::{random_token, sha256};
use crate::error::{Error, Result};
use crate::store::admins::Access;
use crate::store::api_tokens::NewToken;
use crate::store::{self, audit};

/// A token that is asked for.
#[derive(Debug)]
pub struct New {
    pub name: String,
    pub access: Access,
    /// None: it never ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes an API token. The token is shown once; its digest is kept.
pub async fn create(app: &App, by: &Actor, new: New) -> Result<(Uuid, Secret)> {
    let (name, now) = (new.name.trim(), app.clock.now());
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::field("name", "must have 1 to 100 characters: say what the token is for"));
    }
    if new.expires_at.is_some_and(|ends| ends <= now) {
        return Err(Error::field("expires_at", "must lie in the future"));
    }
    known(app, &new.access).await?;
    let token = Secret::new(format!("adit_api_{}", random_token().as_str()));
    let digest = sha256(token.expose().as_bytes());
    let row = NewToken {
        id: Uuid::now_v7(),
        name,
        access: &new.access,
        digest: &digest,
        expires_at: new.expires_at,
    };
    let mut detail = shown(&new.access);
    detail["name"] = json!(name);
    detail["expires_at"] = json!(new.expires_at);
    let mut tx = app.db.begin().await?;
    store::api_tokens::insert(&mut tx, &row, now).await?;
    let record = audit::Record {
        actor: by,
        action: "api_token.created",
        subject: Some(row.id.to_string()),
        domain: None,
        detail,
    };
    audit::insert(&mut tx, record, now).await?;
    tx.commit().await?;
    Ok((row.id, token))
}

/// Ends an API token: it is refused from the next request on.
pub async fn delete(app: &App, by: &Actor, id: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let name = store::api_tokens::delete(&mut tx, id).await?.ok_or(Error::NotFound("API token"))?;
    let record = audit::Record {
        actor: by,
        action: "api_token.deleted",
        subject: Some(id.to_string()),
        domain: None,
        detail: json!({"name": name}),
    };
    audit::insert(&mut tx, record, app.clock.now()).await?;
    Ok(tx.commit().await?)
}
