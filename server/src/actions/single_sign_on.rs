//! The OpenID Connect provider through which administrators may sign in. It says who somebody is, never what they may:
//! only who is an administrator here already comes in.

mod flow;

use protocol::Secret;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::admins;
use super::audit::short_hex;
use crate::app::{Actor, App, SIGN_ON_SECRET};
use crate::crypto::sha256;
use crate::error::{Error, Result};
use crate::oidc::{self, OidcError};
use crate::store::single_sign_on::Provider;
use crate::store::{self, audit};

pub use flow::{Begun, Finished, Purpose, begin, finish};

const LONGEST: usize = 200;
const LONGEST_ISSUER: usize = 500;

/// A provider as it is entered.
#[derive(Debug)]
pub struct Draft {
    /// As the button of the log-in calls it.
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// None: as it was, if issuer and client are the same; a public client otherwise.
    pub client_secret: Option<Secret>,
    pub trusts_email: bool,
}

/// Where the provider sends browsers back to: it is registered there.
pub fn redirect_uri(app: &App) -> String {
    format!("{}/sign-on/callback", app.public_url)
}

/// Enters the provider, in place of the one there was, once it was found to be one. With `at` only if what there is now
/// still has that [`tag`].
pub async fn save(app: &App, by: &Actor, draft: Draft, at: Option<&str>) -> Result<()> {
    let metadata = checked(app, &draft).await?;
    let mut tx = app.db.begin().await?;
    let before = store::single_sign_on::find_locked(&mut tx).await?;
    if at.is_some_and(|at| tag(before.as_ref()) != at) {
        return Err(Error::outdated());
    }
    let secret_changed = draft.client_secret.is_some();
    let sealed = draft.client_secret.as_ref().map(|secret| app.seal(SIGN_ON_SECRET, secret)).transpose()?;
    // Whoever enters another provider may not have it sent the former one's secret.
    let kept = before
        .as_ref()
        .filter(|row| row.issuer == metadata.issuer && row.client_id == draft.client_id.trim())
        .and_then(|row| row.client_secret.clone());
    let after = Provider {
        name: draft.name.trim().to_owned(),
        issuer: metadata.issuer,
        client_id: draft.client_id.trim().to_owned(),
        client_secret: sealed.or(kept),
        trusts_email: draft.trusts_email,
        changed_at: app.clock.now(),
    };
    store::single_sign_on::insert(&mut tx, &after).await?;
    let detail = json!({
        "before": before.as_ref().map(shown), "after": shown(&after), "secret_changed": secret_changed,
    });
    record(&mut tx, app, by, "single_sign_on.changed", detail).await?;
    Ok(tx.commit().await?)
}

/// Ends signing in through the provider. Sessions that began there go on.
pub async fn remove(app: &App, by: &Actor) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let before = store::single_sign_on::find_locked(&mut tx).await?;
    let before = before.ok_or(Error::NotFound("single sign-on provider"))?;
    store::single_sign_on::delete(&mut tx).await?;
    record(&mut tx, app, by, "single_sign_on.removed", json!({"before": shown(&before)})).await?;
    Ok(tx.commit().await?)
}

/// Forgets who an administrator is at the provider: whoever comes from there next with their mail address is.
pub async fn unlink(app: &App, by: &Actor, id: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let row = store::admins::find(&mut *tx, id).await?.ok_or(Error::NotFound("administrator"))?;
    if row.sign_on_subject.is_none() {
        return Err(Error::NotFound("single sign-on account"));
    }
    store::admins::update_sign_on(&mut tx, id, None).await?;
    let detail = json!({"email": row.email, "issuer": row.sign_on_issuer, "subject": row.sign_on_subject});
    admins::record(&mut tx, by, "admin.sign_on_unlinked", id, detail, app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// What state the provider is in, without telling anything of its secret.
pub fn tag(row: Option<&Provider>) -> String {
    let Some(row) = row else { return "none".into() };
    let whole = json!([shown(row), row.client_secret, row.changed_at]);
    short_hex(&sha256(whole.to_string().as_bytes()))
}

async fn checked(app: &App, draft: &Draft) -> Result<oidc::Metadata> {
    let mut wrong = Vec::new();
    for (field, text) in [("name", &draft.name), ("client_id", &draft.client_id)] {
        if text.trim().is_empty() || text.chars().count() > LONGEST {
            wrong.push(field_error(field, format!("must have 1 to {LONGEST} characters")));
        }
    }
    if draft.client_secret.as_ref().is_some_and(|secret| secret.expose().len() > 1024) {
        wrong.push(field_error("client_secret", "must have 1024 characters at most".into()));
    }
    match app.outbound().check(&draft.issuer) {
        Ok(_) if draft.issuer.len() > LONGEST_ISSUER => {
            wrong.push(field_error("issuer", format!("must have {LONGEST_ISSUER} characters at most")));
        }
        Err(message) => wrong.push(field_error("issuer", message)),
        Ok(url) if url.query().is_some() => {
            wrong.push(field_error("issuer", "must hold nothing from ? on".into()));
        }
        Ok(_) => {}
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    oidc::discover(app.outbound(), &draft.issuer)
        .await
        .map_err(|error| Error::field("issuer", format!("leads to no provider. {error}")))
}

fn field_error(field: &str, message: String) -> protocol::problem::FieldError {
    protocol::problem::FieldError { field: field.into(), message }
}

/// For the audit: without the secret.
fn shown(row: &Provider) -> Value {
    json!({
        "name": row.name, "issuer": row.issuer, "client_id": row.client_id,
        "client_secret": {"set": row.client_secret.is_some()}, "trusts_email": row.trusts_email,
    })
}

async fn record(tx: &mut PgConnection, app: &App, by: &Actor, action: &str, detail: Value) -> Result<()> {
    let record = audit::Record { actor: by, action, subject: None, domain: None, detail };
    Ok(audit::insert(tx, record, app.clock.now()).await?)
}

fn upstream(app: &App, error: &OidcError) -> Error {
    tracing::warn!(code = error.code(), "single sign-on: {error}");
    let detail = match error {
        // Reached by another name, the server does not get back what the browser keeps.
        OidcError::Stale => format!("{error} Begin again at {}.", app.public_url),
        _ => error.to_string(),
    };
    Error::Upstream { code: error.code().into(), detail }
}
