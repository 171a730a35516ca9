//! Administrators: making and inviting them, their roles, taking access away.

use chrono::{DateTime, Duration, Utc};
use protocol::Secret;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::actions::api_tokens;
use crate::app::{Actor, App};
use crate::crypto::{hash_password, random_token, sha256};
use crate::error::{Error, Result};
use crate::store::admins::{Access, AdminRow, Reach, Role};
use crate::store::{self, audit};

/// How long the link holds with which somebody chooses a password.
const INVITATION: Duration = Duration::hours(24);

/// Makes an administrator, or gives the one of that address a new password and role; every session of it ends.
pub async fn create(app: &App, by: &Actor, email: &str, role: Role, password: Secret) -> Result<Uuid> {
    let email = address(email)?;
    let hash = hashed(password, "password").await?;
    let now = app.clock.now();
    let access = Access::Everywhere(role);
    let mut tx = app.db.begin().await?;
    store::admins::lease(&mut tx).await?;
    let existing = store::admins::find_by_email(&mut *tx, email).await?;
    let id = existing.as_ref().map_or_else(Uuid::now_v7, |row| row.id);
    match &existing {
        Some(_) => store::admins::update(&mut tx, id, &hash, &access).await?,
        None => store::admins::insert(&mut tx, id, email, Some(&hash), &access, now).await?,
    }
    store::admins::delete_invitation(&mut tx, id).await?;
    store::first_run::delete_all(&mut tx).await?;
    // Whoever may run this program is let in, whatever was lost.
    store::second_factor::update_secret(&mut tx, id, None, None).await?;
    store::second_factor::delete_recovery_codes(&mut tx, id).await?;
    store::sessions::delete_of(&mut tx, id, None).await?;
    let action = if existing.is_some() { "admin.changed" } else { "admin.created" };
    let mut detail = json!({"email": email, "after": shown(&access)});
    if let Some(before) = existing {
        detail["before"] = shown(&before.access());
    }
    record(&mut tx, by, action, id, detail, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// A link with which an administrator chooses a password. It is shown once; its digest is kept.
#[derive(Debug)]
pub struct Invitation {
    pub admin: Uuid,
    pub url: Secret,
    pub expires_at: DateTime<Utc>,
}

/// Adds an administrator, who chooses a password by the link.
pub async fn invite(app: &App, by: &Actor, email: &str, access: &Access) -> Result<Invitation> {
    let email = address(email)?;
    known(app, access).await?;
    let (id, now) = (Uuid::now_v7(), app.clock.now());
    let mut tx = app.db.begin().await?;
    store::admins::lease(&mut tx).await?;
    if store::admins::find_by_email(&mut *tx, email).await?.is_some() {
        return Err(Error::field("email", "is an administrator's already: change that one"));
    }
    store::admins::insert(&mut tx, id, email, None, access, now).await?;
    let invitation = invitation(app, &mut tx, id, now).await?;
    record(&mut tx, by, "admin.invited", id, json!({"email": email, "after": shown(access)}), now).await?;
    tx.commit().await?;
    Ok(invitation)
}

/// Gives the administrator another role, or roles for other organizations. It holds from the next request on.
pub async fn change_access(app: &App, by: &Actor, id: Uuid, access: &Access) -> Result<()> {
    known(app, access).await?;
    let mut tx = app.db.begin().await?;
    let row = found(&mut tx, id).await?;
    if *access != Access::Everywhere(Role::Owner) {
        keep_an_owner(&mut tx, &row).await?;
    }
    store::admins::update_access(&mut tx, id, access).await?;
    let detail = json!({"email": row.email, "before": shown(&row.access()), "after": shown(access)});
    record(&mut tx, by, "admin.changed", id, detail, app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Takes the administrator's access away, at once and until it is enabled again.
pub async fn disable(app: &App, by: &Actor, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = found(&mut tx, id).await?;
    keep_an_owner(&mut tx, &row).await?;
    store::admins::update_disabled(&mut tx, id, Some(now)).await?;
    store::admins::delete_invitation(&mut tx, id).await?;
    let sessions = store::sessions::delete_of(&mut tx, id, None).await?;
    record(&mut tx, by, "admin.disabled", id, json!({"email": row.email, "sessions": sessions}), now).await?;
    Ok(tx.commit().await?)
}

/// Lets the administrator sign in again.
pub async fn enable(app: &App, by: &Actor, id: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let row = found(&mut tx, id).await?;
    store::admins::update_disabled(&mut tx, id, None).await?;
    record(&mut tx, by, "admin.enabled", id, json!({"email": row.email}), app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Ends the administrator's password and sessions; a new password is chosen by the link.
pub async fn reset_password(app: &App, by: &Actor, id: Uuid) -> Result<Invitation> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = found(&mut tx, id).await?;
    if row.disabled_at.is_some() {
        return Err(Error::conflict("admin_disabled", "This administrator is disabled: enable them first."));
    }
    keep_an_owner(&mut tx, &row).await?;
    store::admins::update_password(&mut tx, id, None).await?;
    store::sessions::delete_of(&mut tx, id, None).await?;
    let invitation = invitation(app, &mut tx, id, now).await?;
    record(&mut tx, by, "admin.password_reset", id, json!({"email": row.email}), now).await?;
    tx.commit().await?;
    Ok(invitation)
}

/// Chooses the password that an invitation asks for. The invitation is spent.
pub async fn accept_invitation(app: &App, secret: &str, password: Secret) -> Result<()> {
    let hash = hashed(password, "password").await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let spent = store::admins::spend_invitation(&mut tx, &sha256(secret.as_bytes()), now).await?;
    let id = spent.ok_or(Error::NotFound("invitation"))?;
    let row = found(&mut tx, id).await?;
    store::admins::update_password(&mut tx, id, Some(&hash)).await?;
    store::sessions::delete_of(&mut tx, id, None).await?;
    let by = Actor::Admin { id, email: row.email.clone() };
    record(&mut tx, &by, "admin.password_chosen", id, json!({"email": row.email}), now).await?;
    Ok(tx.commit().await?)
}

/// Whose invitation it is.
pub async fn find_invitation(app: &App, secret: &str) -> Result<AdminRow> {
    let digest = sha256(secret.as_bytes());
    let found = store::admins::find_invitation(&app.db, &digest, app.clock.now()).await?;
    found.ok_or(Error::NotFound("invitation"))
}

/// Changes one's own password. Every other session of the account ends.
pub async fn change_password(app: &App, by: &Actor, id: Uuid, session: Uuid, password: Secret) -> Result<()> {
    let hash = hashed(password, "new_password").await?;
    let mut tx = app.db.begin().await?;
    let row = found(&mut tx, id).await?;
    store::admins::update_password(&mut tx, id, Some(&hash)).await?;
    let ended = store::sessions::delete_of(&mut tx, id, Some(session)).await?;
    let detail = json!({"email": row.email, "sessions_ended": ended});
    record(&mut tx, by, "admin.password_changed", id, detail, app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Ends one session of an administrator.
pub async fn end_session(app: &App, by: &Actor, admin: Uuid, session: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !store::sessions::delete(&mut tx, admin, session).await? {
        return Err(Error::NotFound("session"));
    }
    record(&mut tx, by, "admin.session_ended", admin, json!({"session": session}), app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Ends every session of an administrator but one. Returns how many.
pub async fn end_sessions(app: &App, by: &Actor, admin: Uuid, but: Option<Uuid>) -> Result<u64> {
    let mut tx = app.db.begin().await?;
    let ended = store::sessions::delete_of(&mut tx, admin, but).await?;
    record(&mut tx, by, "admin.sessions_ended", admin, json!({"sessions": ended}), app.clock.now()).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Makes an API token for everything that never ends.
pub async fn create_api_token(app: &App, by: &Actor, name: &str, role: Role) -> Result<(Uuid, Secret)> {
    let access = Access::Everywhere(role);
    api_tokens::create(app, by, api_tokens::New { name: name.into(), access, expires_at: None }).await
}

/// The organizations of somebody's roles must be there, and there must be one at least.
pub(super) async fn known(app: &App, access: &Access) -> Result<()> {
    let Access::Only(roles) = access else { return Ok(()) };
    if roles.is_empty() {
        return Err(Error::field("organizations", "name none: give a role in one organization at least"));
    }
    let there = store::organizations::list(&app.db, &Reach::EVERYTHING).await?;
    match roles.keys().find(|id| !there.iter().any(|row| row.id == **id)) {
        Some(id) => Err(Error::field("organizations", format!("name {id}, which is no organization here"))),
        None => Ok(()),
    }
}

/// As the API and the audit show it.
pub fn shown(access: &Access) -> Value {
    match access {
        Access::Everywhere(role) => json!({"role": role, "organizations": null}),
        Access::Only(roles) => json!({"role": null, "organizations": roles}),
    }
}

/// Somebody has to be left who can let others in.
async fn keep_an_owner(tx: &mut PgConnection, row: &AdminRow) -> Result<()> {
    let is_owner = row.access() == Access::Everywhere(Role::Owner);
    if is_owner && store::admins::count_other_owners(tx, row.id).await? == 0 {
        return Err(Error::conflict(
            "last_owner",
            "This is the last owner who can sign in with a password: make another one first.",
        ));
    }
    Ok(())
}

async fn found(tx: &mut PgConnection, id: Uuid) -> Result<AdminRow> {
    store::admins::lease(tx).await?;
    store::admins::find(&mut *tx, id).await?.ok_or(Error::NotFound("administrator"))
}

async fn invitation(app: &App, tx: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<Invitation> {
    let secret = random_token();
    let expires_at = now + INVITATION;
    store::admins::insert_invitation(tx, id, &sha256(secret.as_bytes()), expires_at).await?;
    let url = Secret::new(format!("{}/invitation/{}", app.public_url, secret.as_str()));
    Ok(Invitation { admin: id, url, expires_at })
}

/// A mail address without the spaces around it.
pub(super) fn address(email: &str) -> Result<&str> {
    let email = email.trim();
    let is_one = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if !is_one || email.len() > 254 {
        return Err(Error::field("email", "must be a mail address, such as admin@example.com"));
    }
    Ok(email)
}

pub(super) async fn hashed(password: Secret, field: &str) -> Result<String> {
    if password.expose().chars().count() < 12 || password.expose().len() > 1024 {
        return Err(Error::field(field, "must have 12 to 1024 characters"));
    }
    hash_password(password).await.map_err(|error| Error::internal(error.to_string()))
}

pub(super) async fn record(
    tx: &mut PgConnection,
    by: &Actor,
    action: &str,
    admin: Uuid,
    detail: Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let record = audit::Record { actor: by, action, subject: Some(admin.to_string()), domain: None, detail };
    Ok(audit::insert(tx, record, now).await?)
}
