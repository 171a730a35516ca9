//! Settings between typing and saving: kept as a draft, so that a person sees what they would change before they count.

use chrono::TimeDelta;
use protocol::DomainId;
use serde_json::{Value, json};
use sqlx::types::{Json, Uuid};

use super::domains::{check_group_is_unique, check_revision, name_of, record, save, seal_password};
use crate::app::{Actor, App};
use crate::error::{Error, Result};
use crate::store;
use crate::store::domains::Domain;
use crate::store::drafts::Draft;

/// How long nobody need come back to a draft.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Keeps what was typed, to be reviewed. `None`: nothing is different.
pub async fn keep(app: &App, by: &Actor, domain: &Domain, patch: &Value) -> Result<Option<Uuid>> {
    let edited = domain.settings.edit(&name_of(domain)?, patch).map_err(Error::Invalid)?;
    let bind_password = seal_password(app, domain.id, &edited)?;
    if bind_password.is_none() && edited.settings == domain.settings.0 {
        return Ok(None);
    }
    check_group_is_unique(app, domain.organization_id, Some(domain.id), &edited.settings).await?;
    let draft = Draft { bind_password, settings: Json(edited.settings), ..blank(app, by, domain) };
    insert(app, &draft).await.map(Some)
}

/// Keeps the settings of an earlier revision, to be reviewed.
pub async fn keep_rollback(app: &App, by: &Actor, domain: &Domain, to: i64) -> Result<Uuid> {
    let revisions = store::domains::list_revisions(&app.db, domain.id).await?;
    let wanted = revisions.into_iter().find(|row| row.revision == to).ok_or(Error::NotFound("revision"))?;
    check_group_is_unique(app, domain.organization_id, Some(domain.id), &wanted.settings).await?;
    let bind_password = wanted.bind_password.filter(|sealed| domain.bind_password.as_ref() != Some(sealed));
    let settings = wanted.settings;
    let draft = Draft { bind_password, settings, rolls_back_to: Some(to), ..blank(app, by, domain) };
    insert(app, &draft).await
}

fn blank(app: &App, by: &Actor, domain: &Domain) -> Draft {
    Draft {
        id: Uuid::new_v4(),
        domain_id: domain.id,
        revision: domain.revision,
        settings: domain.settings.clone(),
        bind_password: None,
        rolls_back_to: None,
        author: by.to_string(),
        created_at: app.clock.now(),
    }
}

async fn insert(app: &App, draft: &Draft) -> Result<Uuid> {
    let mut tx = app.db.begin().await?;
    store::drafts::delete_older(&mut tx, draft.created_at - LIFETIME).await?;
    store::drafts::insert(&mut tx, draft).await?;
    tx.commit().await?;
    Ok(draft.id)
}

/// A draft of one's own.
pub async fn find(app: &App, by: &Actor, domain: DomainId, id: Uuid) -> Result<Draft> {
    store::drafts::find(&app.db, domain, id, &by.to_string()).await?.ok_or(Error::NotFound("draft"))
}

/// Saves the draft as a new revision, if the settings are still those that it was made from.
pub async fn publish(app: &App, by: &Actor, draft: &Draft) -> Result<i64> {
    let mut tx = app.db.begin().await?;
    let id = draft.domain_id;
    let domain = store::domains::find_locked(&mut tx, id).await?.ok_or(Error::NotFound("domain"))?;
    check_revision(&domain, Some(draft.revision))?;
    check_group_is_unique(app, domain.organization_id, Some(id), &draft.settings).await?;
    let password = draft.bind_password.as_ref().or(domain.bind_password.as_ref());
    let revision = save(&mut tx, app, by, &domain, &draft.settings, password.map(Vec::as_slice)).await?;
    let mut detail = json!({
        "revision": revision, "before": domain.settings.0, "after": draft.settings.0,
        "bind_password_changed": draft.bind_password.is_some(),
    });
    let action = match draft.rolls_back_to {
        Some(to) => {
            detail["to"] = json!(to);
            "domain.rolled_back"
        }
        None => "domain.settings_changed",
    };
    record(&mut tx, app, by, action, id, detail).await?;
    store::drafts::delete(&mut tx, draft.id).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    Ok(revision)
}
