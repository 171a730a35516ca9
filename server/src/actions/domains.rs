//! Domains: adding, editing, activating, pausing, and asking for everything to be read again.

use protocol::{DistinguishedName, DomainId, DomainName, ObjectGuid, OrganizationId};
use serde_json::{Value, json};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::previews;
use super::transfers::identity_keys;
use crate::app::{Actor, App, bind_password_purpose};
use crate::crypto::constant_time_eq;
use crate::error::{Error, Result};
use crate::settings::{DomainSettings, Edited};
use crate::store::domains::{Domain, Mode};
use crate::store::{self, audit};

/// Adds a domain in `preview`: nothing is written to JumpCloud before it is activated.
pub async fn add(
    app: &App,
    by: &Actor,
    organization: OrganizationId,
    name: &str,
    settings: &Value,
) -> Result<DomainId> {
    store::organizations::find(&app.db, organization).await?.ok_or(Error::NotFound("organization"))?;
    let name = DomainName::parse(name)
        .map_err(|error| Error::field("name", format!("{error}. Write the domain as DC=example,DC=com")))?;
    let edited = DomainSettings::new(&name).edit(&name, settings).map_err(Error::Invalid)?;
    if let Some(id) = store::domains::find_by_name(&app.db, organization, name.as_str()).await? {
        return Err(Error::Exists {
            code: "domain_exists",
            detail: format!("The organization has the domain {name} already ({id}): change that one."),
            id: id.0,
        });
    }
    check_group_is_unique(app, organization, None, &edited.settings).await?;

    let id = DomainId(Uuid::now_v7());
    let now = app.clock.now();
    let row = Domain {
        id,
        organization_id: organization,
        name: name.as_str().into(),
        mode: Mode::Preview,
        revision: 1,
        bind_password: seal_password(app, id, &edited)?,
        settings: Json(edited.settings),
        domain_sid: None,
        root_user_container: None,
        integration_group: None,
        integration_group_lost: false,
        bind_account: None,
        activedirectory_id: None,
        activedirectory_ready: false,
        watcher: None,
        watcher_fence: 0,
        watcher_seen_at: None,
        last_invocation_id: None,
        last_usn: None,
        directory_read_at: None,
        full_read_at: None,
        read_again: 0,
        unsettled_since: None,
        watched_version: 0,
        created_at: now,
    };
    let mut tx = app.db.begin().await?;
    store::domains::insert(&mut tx, &row).await?;
    store::domains::insert_revision(&mut tx, id, 1, &by.to_string(), now).await?;
    record(&mut tx, app, by, "domain.added", id, json!({"name": row.name, "settings": row.settings.0}))
        .await?;
    tx.commit().await?;
    Ok(id)
}

/// The domain that is exactly what would be added: whoever asks twice gets the same one.
pub async fn find_same(
    app: &App,
    organization: OrganizationId,
    name: &str,
    settings: &Value,
) -> Result<Option<DomainId>> {
    let Ok(name) = DomainName::parse(name) else { return Ok(None) };
    let Some(id) = store::domains::find_by_name(&app.db, organization, name.as_str()).await? else {
        return Ok(None);
    };
    let Some(row) = store::domains::find(&app.db, id).await? else { return Ok(None) };
    let edited = DomainSettings::new(&name).edit(&name, settings).map_err(Error::Invalid)?;
    let same_password = match (&edited.bind_password, &row.bind_password) {
        (Some(new), Some(sealed)) => {
            let kept = app.open(&bind_password_purpose(id), sealed)?;
            constant_time_eq(kept.expose().as_bytes(), new.expose().as_bytes())
        }
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    Ok((same_password && edited.settings == row.settings.0).then_some(id))
}

/// Saves a new revision of the settings. Every agent has it with its next heartbeat.
pub async fn change_settings(app: &App, by: &Actor, id: DomainId, patch: &Value) -> Result<i64> {
    change_settings_at(app, by, id, patch, None).await
}

/// As [`change_settings`], but only if the settings are still at that revision.
pub async fn change_settings_at(
    app: &App,
    by: &Actor,
    id: DomainId,
    patch: &Value,
    at: Option<i64>,
) -> Result<i64> {
    let mut tx = app.db.begin().await?;
    let domain = store::domains::find_locked(&mut tx, id).await?.ok_or(Error::NotFound("domain"))?;
    check_revision(&domain, at)?;
    let edited = domain.settings.edit(&name_of(&domain)?, patch).map_err(Error::Invalid)?;
    let password = seal_password(app, id, &edited)?;
    if password.is_none() && edited.settings == domain.settings.0 {
        return Ok(domain.revision);
    }
    check_group_is_unique(app, domain.organization_id, Some(id), &edited.settings).await?;
    let password_changed = password.is_some();
    let password = password.or_else(|| domain.bind_password.clone());
    let revision = save(&mut tx, app, by, &domain, &edited.settings, password.as_deref()).await?;
    let detail = json!({
        "revision": revision, "before": domain.settings.0, "after": edited.settings, "bind_password_changed": password_changed,
    });
    record(&mut tx, app, by, "domain.settings_changed", id, detail).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    Ok(revision)
}

/// A lost update is refused: the settings must be at the revision that was looked at.
pub(super) fn check_revision(domain: &Domain, at: Option<i64>) -> Result<()> {
    match at {
        Some(at) if at != domain.revision => Err(Error::Outdated {
            code: "revision_changed",
            detail: format!(
                "The settings were changed meanwhile: they are at revision {}, not {at}. Read them again, and make \
                 your change to what they are now.",
                domain.revision
            ),
        }),
        _ => Ok(()),
    }
}

/// Makes an earlier revision the newest one, if the settings are still at that revision.
pub async fn rollback(app: &App, by: &Actor, id: DomainId, to: i64, at: Option<i64>) -> Result<i64> {
    let mut tx = app.db.begin().await?;
    let domain = store::domains::find_locked(&mut tx, id).await?.ok_or(Error::NotFound("domain"))?;
    check_revision(&domain, at)?;
    let revisions = store::domains::list_revisions(&mut *tx, id).await?;
    let wanted = revisions.into_iter().find(|row| row.revision == to).ok_or(Error::NotFound("revision"))?;
    check_group_is_unique(app, domain.organization_id, Some(id), &wanted.settings).await?;
    let revision = save(&mut tx, app, by, &domain, &wanted.settings, wanted.bind_password.as_deref()).await?;
    let detail = json!({
        "revision": revision, "to": to, "before": domain.settings.0, "after": wanted.settings.0,
        "bind_password_changed": wanted.bind_password != domain.bind_password,
    });
    record(&mut tx, app, by, "domain.rolled_back", id, detail).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    Ok(revision)
}

pub(super) async fn save(
    tx: &mut PgConnection,
    app: &App,
    by: &Actor,
    before: &Domain,
    settings: &DomainSettings,
    password: Option<&[u8]>,
) -> Result<i64> {
    let id = before.id;
    let revision = store::domains::update_settings(tx, id, settings, password).await?;
    store::domains::insert_revision(tx, id, revision, &by.to_string(), app.clock.now()).await?;
    let renamed = settings.root_user_container != before.settings.root_user_container
        || settings.integration_group != before.settings.integration_group;
    if renamed {
        store::domains::update_pins_forgotten(tx, id).await?;
    }
    let (old, new) = (before.settings.policy(), settings.policy());
    let (read, wanted) = (old.attributes_to_read(), new.attributes_to_read());
    if read != wanted {
        store::domains::update_read_again(&mut *tx, id).await?;
    }
    // A value that was never read looks empty, and an empty one clears the field.
    if wanted.iter().any(|name| !read.contains(name)) && before.directory_read_at.is_some() {
        store::domains::update_awaits_read(tx, id, true).await?;
    }
    if old.username_attribute != new.username_attribute || old.email != new.email {
        update_identity_keys(tx, id, settings).await?;
    }
    if old != new || renamed {
        store::dirty::mark_all(tx, id).await?;
    }
    Ok(revision)
}

/// The username or the email address comes from another attribute: what users would be called is computed again, in pages.
async fn update_identity_keys(tx: &mut PgConnection, id: DomainId, settings: &DomainSettings) -> Result<()> {
    let policy = settings.policy();
    let mut after = ObjectGuid(Uuid::nil());
    loop {
        let users = store::directory::list_bodies(&mut *tx, id, after, 1000).await?;
        let Some(last) = users.last() else { return Ok(()) };
        after = last.guid;
        let rows: Vec<_> = users.into_iter().map(|user| identity_keys(&policy, user)).collect();
        store::directory::update_identity_keys(tx, id, &rows).await?;
    }
}

/// Starts writing to JumpCloud: what the preview lists is what follows.
pub async fn activate(app: &App, by: &Actor, id: DomainId, digest: Option<&str>) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let domain = store::domains::find_locked(&mut tx, id).await?.ok_or(Error::NotFound("domain"))?;
    let organization = store::organizations::find(&mut *tx, domain.organization_id).await?;
    if domain.directory_read_at.is_none() || organization.is_none_or(|row| row.mirror_read_at.is_none()) {
        return Err(Error::conflict(
            "directory_not_read",
            "The directory and JumpCloud have not been read in full yet, so there is no plan to activate. \
             Enroll an agent, see the domain's checks, and try again once the preview is there.",
        ));
    }
    let plan = previews::of(&mut tx, id).await?;
    if store::dirty::count(&mut *tx, id).await? > 0 && digest.is_some()
        || digest.is_some_and(|digest| digest != plan.digest)
    {
        return Err(Error::conflict(
            "preview_stale",
            "The plan is no longer the one you saw: AD, JumpCloud or the settings have changed. Look at the preview again.",
        ));
    }
    if domain.mode != Mode::Active {
        store::domains::update_mode(&mut tx, id, Mode::Active).await?;
        record(
            &mut tx,
            app,
            by,
            "domain.activated",
            id,
            json!({
                "before": {"mode": domain.mode}, "after": {"mode": Mode::Active}, "digest": plan.digest,
                "counts": plan.counts,
            }),
        )
        .await?;
    }
    tx.commit().await?;
    app.wake.execute.notify_one();
    Ok(())
}

/// Stops writing to JumpCloud. Watching and planning go on.
pub async fn pause(app: &App, by: &Actor, id: DomainId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let domain = store::domains::find_locked(&mut tx, id).await?.ok_or(Error::NotFound("domain"))?;
    if domain.mode == Mode::Active {
        store::domains::update_mode(&mut tx, id, Mode::Paused).await?;
        let detail = json!({"before": {"mode": domain.mode}, "after": {"mode": Mode::Paused}});
        record(&mut tx, app, by, "domain.paused", id, detail).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Has the directory and JumpCloud read in full again.
pub async fn resync(app: &App, by: &Actor, id: DomainId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let domain = store::domains::find_locked(&mut tx, id).await?.ok_or(Error::NotFound("domain"))?;
    store::domains::update_read_again(&mut *tx, id).await?;
    store::organizations::update_mirror_wanted(&mut *tx, domain.organization_id).await?;
    store::dirty::mark_all(&mut tx, id).await?;
    record(&mut tx, app, by, "domain.resync", id, json!({})).await?;
    tx.commit().await?;
    app.wake.mirror.notify_one();
    app.wake.plan.notify_one();
    Ok(())
}

/// Has JumpCloud read again, so that the preview is of now.
pub async fn refresh_preview(app: &App, id: DomainId) -> Result<()> {
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    store::organizations::update_mirror_wanted(&app.db, domain.organization_id).await?;
    app.wake.mirror.notify_one();
    Ok(())
}

/// The domain's name, which was checked when it was entered.
pub fn name_of(domain: &Domain) -> Result<DomainName> {
    DomainName::parse(&domain.name)
        .map_err(|error| Error::internal(format!("the domain's name cannot be read: {error}")))
}

/// Two domains with a group of the same name would make one JumpCloud group of both.
pub(super) async fn check_group_is_unique(
    app: &App,
    organization: OrganizationId,
    except: Option<DomainId>,
    settings: &DomainSettings,
) -> Result<()> {
    let name_of_group =
        |text: &str| DistinguishedName::parse(text).map(|dn| dn.name().to_lowercase()).unwrap_or_default();
    let wanted = name_of_group(&settings.integration_group);
    for other in store::domains::list_of(&app.db, organization).await? {
        if Some(other.id) != except && name_of_group(&other.settings.integration_group) == wanted {
            return Err(Error::field(
                "settings.integration_group",
                format!(
                    "the domain {} has an integration group of the same name: names must be unique in the organization, \
                     such as \"JumpCloud ({})\"",
                    other.name, other.name
                ),
            ));
        }
    }
    Ok(())
}

pub(super) fn seal_password(app: &App, id: DomainId, edited: &Edited) -> Result<Option<Vec<u8>>> {
    edited.bind_password.as_ref().map(|password| app.seal(&bind_password_purpose(id), password)).transpose()
}

pub(super) async fn record(
    tx: &mut PgConnection,
    app: &App,
    by: &Actor,
    action: &str,
    id: DomainId,
    detail: Value,
) -> Result<()> {
    let record = audit::Record { actor: by, action, subject: Some(id.to_string()), domain: Some(id), detail };
    Ok(audit::insert(tx, record, app.clock.now()).await?)
}
