//! What is grave takes somebody who has shown lately who they are. Who has not is asked, and what they sent goes on after
//! that: it is kept sealed meanwhile, as it may hold a secret.

use chrono::{DateTime, Duration, Utc};
use protocol::Secret;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::second_factor;
use super::throttle::{self, Guesser};
use crate::app::{Actor, App};
use crate::crypto::verify_password;
use crate::error::{Error, Result};
use crate::store::held_forms::HeldForm;
use crate::store::{self, audit};

/// Whoever showed it within so long is not asked again.
const LATELY: Duration = Duration::minutes(10);
/// For so long a form waits.
pub const FORM_AGE: Duration = Duration::minutes(30);

/// The fields of a form.
pub type Pairs = Vec<(String, String)>;

/// Whether it was shown lately enough who holds the session.
pub fn is_fresh(app: &App, confirmed_at: DateTime<Utc>) -> bool {
    app.clock.now() - confirmed_at < LATELY
}

/// Takes the password, and the code where the administrator has a second factor, of whoever holds the session.
pub async fn confirm(
    app: &App,
    by: &Actor,
    session: Uuid,
    address: Option<&str>,
    password: Secret,
    code: &str,
) -> Result<()> {
    let id = by.id().ok_or(Error::Unauthorized)?;
    let admin = store::admins::find(&app.db, id).await?.ok_or(Error::Unauthorized)?;
    let guess = throttle::take(app, Guesser::of_account(&admin.email.to_lowercase(), address)).await?;
    let right = verify_password(admin.password_hash.clone(), password)
        .await
        .map_err(|error| Error::internal(error.to_string()))?;
    let mut tx = app.db.begin().await?;
    if !right || !second_factor::pass(app, &mut tx, &admin, code).await? {
        tx.rollback().await?;
        throttle::was_wrong(app, &guess).await?;
        return Err(Error::field("confirm_password", "The password or the code is wrong."));
    }
    throttle::was_right(&mut tx, &guess).await?;
    confirmed(&mut tx, by, session, "password", app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Writes down that the holder of a session has shown who they are.
pub(super) async fn confirmed(
    tx: &mut PgConnection,
    by: &Actor,
    session: Uuid,
    how: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    store::sessions::update_confirmed(tx, session, now).await?;
    let record = audit::Record {
        actor: by,
        action: "admin.confirmed",
        subject: by.id().map(|id| id.to_string()),
        domain: None,
        detail: json!({"session": session, "how": how}),
    };
    Ok(audit::insert(tx, record, now).await?)
}

/// Keeps a form until its sender has shown who they are.
pub async fn hold(app: &App, session: Uuid, path: &str, fields: &[(String, String)]) -> Result<Uuid> {
    let id = Uuid::new_v4();
    let text = serde_json::to_string(fields).map_err(|error| Error::internal(error.to_string()))?;
    let sealed = app.seal(&purpose(id), &Secret::new(text))?;
    let mut tx = app.db.begin().await?;
    let form = HeldForm { id, session, path, fields: &sealed };
    store::held_forms::insert(&mut tx, &form, app.clock.now()).await?;
    tx.commit().await?;
    Ok(id)
}

/// The form that was held; none if it was sent already, or waited too long.
pub async fn release(app: &App, session: Uuid, path: &str, id: Uuid) -> Result<Option<Pairs>> {
    let Some(sealed) = store::held_forms::spend(&app.db, id, session, path).await? else { return Ok(None) };
    let text = app.open(&purpose(id), &sealed)?;
    serde_json::from_str(text.expose()).map(Some).map_err(|error| Error::internal(error.to_string()))
}

fn purpose(id: Uuid) -> String {
    format!("held_form/{id}")
}
