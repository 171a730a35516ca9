//! Administrators: making them, signing in and out, API tokens.

use chrono::Duration;
use protocol::Secret;
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::app::{Actor, App};
use crate::crypto::{hash_password, random_token, sha256, verify_password};
use crate::error::{Error, Result};
use crate::store::admins::{AdminRow, ApiTokenRow, Role};
use crate::store::{self, audit};

/// A session ends after this long, used or not.
pub const SESSION_HOURS: i64 = 12;
/// A session that nobody used for so long has ended.
pub const IDLE_MINUTES: i64 = 60;
const FREE_ATTEMPTS: i32 = 5;

/// Makes an administrator, or gives the one of that address a new password and role; every session of it ends.
pub async fn create(app: &App, by: &Actor, email: &str, role: Role, password: Secret) -> Result<Uuid> {
    let email = email.trim();
    if !email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        || email.len() > 254
    {
        return Err(Error::field("email", "must be a mail address, such as admin@example.com"));
    }
    if password.expose().chars().count() < 12 || password.expose().len() > 1024 {
        return Err(Error::field("password", "must have 12 to 1024 characters"));
    }
    let hash = hash_password(password).await.map_err(|error| Error::internal(error.to_string()))?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let existing = store::admins::find_by_email(&mut *tx, email).await?;
    let id = existing.as_ref().map_or_else(Uuid::now_v7, |row| row.id);
    let row = AdminRow { id, email: email.into(), password_hash: hash, role };
    store::admins::insert(&mut tx, &row, now).await?;
    store::admins::delete_sessions_of(&mut tx, id).await?;
    let action = if existing.is_some() { "admin.changed" } else { "admin.created" };
    let mut detail = json!({"email": email, "after": {"role": role}});
    if let Some(before) = existing {
        detail["before"] = json!({"role": before.role});
    }
    let record = audit::Record { actor: by, action, subject: Some(id.to_string()), domain: None, detail };
    audit::insert(&mut tx, record, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// A session's cookie value, to be sent once.
#[derive(Debug)]
pub struct SignedIn {
    pub cookie: Zeroizing<String>,
}

/// Opens a session. A wrong password and an unknown address take the same time and give the same answer; after a few
/// failures the account waits, longer each time.
pub async fn sign_in(app: &App, email: &str, password: Secret) -> Result<SignedIn> {
    let account = email.trim().to_lowercase();
    let now = app.clock.now();
    if let Some((failures, last)) = store::admins::find_login_failures(&app.db, &account).await?
        && failures >= FREE_ATTEMPTS
    {
        let wait = Duration::seconds(1_i64 << (failures - FREE_ATTEMPTS).clamp(0, 9));
        if now < last + wait {
            let seconds = (last + wait - now).num_seconds() + 1;
            return Err(Error::TooMany {
                code: "too_many_attempts",
                detail: format!("Too many failed attempts to sign in. Try again in {seconds} s."),
            });
        }
    }
    let admin = store::admins::find_by_email(&app.db, &account).await?;
    let stored = admin.as_ref().map(|row| row.password_hash.clone());
    let right =
        verify_password(stored, password).await.map_err(|error| Error::internal(error.to_string()))?;
    let Some(admin) = admin.filter(|_| right) else {
        note_failure(app, &account).await?;
        return Err(Error::field("password", "The mail address or the password is wrong."));
    };
    let (cookie, csrf) = (random_token(), random_token());
    let mut tx = app.db.begin().await?;
    store::admins::delete_login_failures(&mut tx, &account).await?;
    let expires_at = now + Duration::hours(SESSION_HOURS);
    store::admins::insert_session(&mut tx, &sha256(cookie.as_bytes()), admin.id, &csrf, now, expires_at)
        .await?;
    let record = audit::Record {
        actor: &Actor::Admin { id: admin.id, email: admin.email },
        action: "admin.signed_in",
        subject: Some(admin.id.to_string()),
        domain: None,
        detail: json!({}),
    };
    audit::insert(&mut tx, record, now).await?;
    tx.commit().await?;
    Ok(SignedIn { cookie })
}

/// What was typed as an address is kept in full up to here.
const ACCOUNT_SHOWN: usize = 254;

/// Slows the account down, and writes down that somebody tried: from the last free attempt on it waits.
async fn note_failure(app: &App, account: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let failures = store::admins::insert_login_failure(&mut *tx, account, now).await?;
    let throttled = failures >= FREE_ATTEMPTS;
    let shown: String = account.chars().take(ACCOUNT_SHOWN).collect();
    let record = audit::Record {
        actor: &Actor::Nobody,
        action: if throttled { "admin.sign_in_throttled" } else { "admin.sign_in_failed" },
        subject: Some(shown),
        domain: None,
        detail: json!({"failures": failures}),
    };
    audit::insert(&mut tx, record, now).await?;
    Ok(tx.commit().await?)
}

/// Ends the session.
pub async fn sign_out(app: &App, by: &Actor, cookie: &str) -> Result<()> {
    let mut tx = app.db.begin().await?;
    store::admins::delete_session(&mut *tx, &sha256(cookie.as_bytes())).await?;
    let record = audit::Record {
        actor: by,
        action: "admin.signed_out",
        subject: by.id().map(|id| id.to_string()),
        domain: None,
        detail: json!({}),
    };
    audit::insert(&mut tx, record, app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Makes an API token. The token is shown once; its digest is kept.
pub async fn create_api_token(app: &App, by: &Actor, name: &str, role: Role) -> Result<(Uuid, Secret)> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::field("name", "must have 1 to 100 characters: say what the token is for"));
    }
    let token = Secret::new(format!("adit_api_{}", random_token().as_str()));
    let row = ApiTokenRow {
        id: Uuid::now_v7(),
        name: name.into(),
        role,
        created_at: app.clock.now(),
        last_used_at: None,
    };
    let mut tx = app.db.begin().await?;
    store::admins::insert_api_token(&mut tx, &row, &sha256(token.expose().as_bytes())).await?;
    let detail = json!({"name": name, "role": role});
    let record = audit::Record {
        actor: by,
        action: "api_token.created",
        subject: Some(row.id.to_string()),
        domain: None,
        detail,
    };
    audit::insert(&mut tx, record, row.created_at).await?;
    tx.commit().await?;
    Ok((row.id, token))
}

/// Ends an API token.
pub async fn delete_api_token(app: &App, by: &Actor, id: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let name = store::admins::delete_api_token(&mut tx, id).await?.ok_or(Error::NotFound("API token"))?;
    let record = audit::Record {
        actor: by,
        action: "api_token.deleted",
        subject: Some(id.to_string()),
        domain: None,
        detail: json!({"name": name}),
    };
    audit::insert(&mut tx, record, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}
