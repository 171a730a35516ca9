//! Signing in and out. What a caller is told never shows whether an account exists, neither by words nor by time.

use chrono::Duration;
use protocol::Secret;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::second_factor;
use super::throttle::{self, Guesser};
use crate::app::{Actor, App};
use crate::crypto::{random_token, sha256, verify_password};
use crate::error::{Error, Result};
use crate::store::admins::AdminRow;
use crate::store::sessions::NewSession;
use crate::store::{self, audit};

/// A session ends after this long, used or not.
pub const SESSION_HOURS: i64 = 12;
/// A session that nobody used for so long has ended.
pub const IDLE_MINUTES: i64 = 60;
/// The same whatever is wrong.
const WRONG: &str = "The mail address or the password is wrong. Who has a second factor needs its code, too.";
/// As much is kept of what a browser says of itself.
const BROWSER_SHOWN: usize = 300;

/// Where somebody signs in from.
#[derive(Clone, Debug, Default)]
pub struct From {
    pub address: Option<String>,
    pub browser: Option<String>,
}

/// A session's cookie value, to be sent once.
#[derive(Debug)]
pub struct SignedIn {
    pub cookie: Zeroizing<String>,
}

/// Opens a session. A wrong password and an unknown address take the same time and give the same answer; after a few
/// failures the account and the address wait, longer each time.
pub async fn sign_in(app: &App, from: &From, email: &str, password: Secret, code: &str) -> Result<SignedIn> {
    let account = email.trim().to_lowercase();
    let guess = throttle::take(app, Guesser::of_account(&account, from.address.as_deref())).await?;
    let admin = store::admins::find_by_email(&app.db, &account).await?;
    let stored = admin.as_ref().and_then(|row| row.password_hash.clone());
    let right =
        verify_password(stored, password).await.map_err(|error| Error::internal(error.to_string()))?;
    let mut tx = app.db.begin().await?;
    let mut passed = None;
    if let Some(admin) = admin.filter(|row| right && row.disabled_at.is_none())
        && second_factor::pass(app, &mut tx, &admin, code).await?
    {
        passed = Some(admin);
    }
    let Some(admin) = passed else {
        tx.rollback().await?;
        throttle::was_wrong(app, &guess).await?;
        return Err(Error::field("password", WRONG));
    };
    throttle::was_right(&mut tx, &guess).await?;
    let signed_in = open(app, &mut tx, &admin, from, "password").await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Opens a session for whoever has shown who they are. It is a new one, whatever the browser had before.
pub(super) async fn open(
    app: &App,
    tx: &mut PgConnection,
    admin: &AdminRow,
    from: &From,
    how: &str,
) -> Result<SignedIn> {
    let (cookie, csrf) = (random_token(), random_token());
    let now = app.clock.now();
    let browser = from.browser.as_deref().map(|text| text.chars().take(BROWSER_SHOWN).collect::<String>());
    let session = NewSession {
        id: Uuid::now_v7(),
        digest: &sha256(cookie.as_bytes()),
        admin: admin.id,
        csrf_token: &csrf,
        address: from.address.as_deref(),
        browser: browser.as_deref(),
        expires_at: now + Duration::hours(SESSION_HOURS),
    };
    store::sessions::insert(tx, &session, now).await?;
    let record = audit::Record {
        actor: &Actor::Admin { id: admin.id, email: admin.email.clone() },
        action: "admin.signed_in",
        subject: Some(admin.id.to_string()),
        domain: None,
        detail: json!({"how": how, "address": from.address, "session": session.id}),
    };
    audit::insert(tx, record, now).await?;
    Ok(SignedIn { cookie })
}

/// Ends the session.
pub async fn sign_out(app: &App, by: &Actor, cookie: &str) -> Result<()> {
    let mut tx = app.db.begin().await?;
    store::sessions::delete_by_digest(&mut tx, &sha256(cookie.as_bytes())).await?;
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
