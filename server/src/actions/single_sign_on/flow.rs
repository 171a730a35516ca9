//! Coming in through the provider, and showing there again who one is.

use protocol::Secret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{redirect_uri, upstream};
use crate::actions::sign_in::{self, From, SignedIn};
use crate::actions::{admins, confirmation};
use crate::app::{Actor, App, SIGN_ON_SECRET};
use crate::crypto::{base64url, from_base64url};
use crate::error::{Error, Result};
use crate::oidc::{Attempt, Identity, OidcError, RelyingParty, Returned};
use crate::store::admins::AdminRow;
use crate::store::single_sign_on::Provider;
use crate::store::{self, audit};

/// What the browser keeps is bound to this.
const ATTEMPT: &str = "single_sign_on/attempt";

/// What somebody goes to the provider for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To sign in, and go on to a page of ours.
    SignIn { next: String },
    /// To show again who they are, for a form that waits.
    Confirm { session: Uuid, path: String, held: Uuid },
}

#[derive(Serialize, Deserialize)]
struct Kept {
    purpose: Purpose,
    attempt: Attempt,
}

/// A way to the provider that was begun.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What it keeps meanwhile; sealed.
    pub kept: String,
}

/// What a return from the provider comes to.
#[derive(Debug)]
pub enum Finished {
    SignedIn {
        signed_in: SignedIn,
        next: String,
    },
    /// The form that waits may be sent.
    Confirmed {
        path: String,
        held: Uuid,
    },
}

/// Begins a way to the provider.
pub async fn begin(app: &App, purpose: Purpose) -> Result<Begun> {
    let provider = provider(app).await?;
    let now = app.clock.now();
    let metadata = app
        .discovered
        .find(app.outbound(), &provider.issuer, now)
        .await
        .map_err(|error| upstream(app, &error))?;
    let attempt = Attempt::begin(matches!(purpose, Purpose::Confirm { .. }), now);
    let redirect_uri = redirect_uri(app);
    let url = attempt.url(&metadata, &us(app, &provider, None, &redirect_uri));
    let url = url.map_err(|error| upstream(app, &error))?.into();
    let text = serde_json::to_string(&Kept { purpose, attempt })
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(Begun { url, kept: base64url(&app.seal(ATTEMPT, &Secret::new(text))?) })
}

/// Takes what a browser brought back from the provider. `session` and whose it is, if it has one.
pub async fn finish(
    app: &App,
    from: &From,
    kept: Option<&str>,
    returned: &Returned,
    session: Option<(Uuid, &Actor)>,
) -> Result<Finished> {
    let now = app.clock.now();
    let Kept { purpose, attempt } = opened(app, kept).ok_or_else(|| upstream(app, &OidcError::Stale))?;
    let provider = provider(app).await?;
    let identity = identified(app, &provider, &attempt, returned).await;
    let identity = identity.map_err(|error| upstream(app, &error))?;
    let mut tx = app.db.begin().await?;
    let admin = match known(&mut tx, &provider, &identity).await? {
        Ok(admin) => admin,
        Err(refusal) => {
            tx.rollback().await?;
            return Err(refused(app, &identity, refusal).await?);
        }
    };
    if admin.sign_on_subject.as_deref() != Some(&identity.subject)
        || admin.sign_on_issuer.as_deref() != Some(&identity.issuer)
    {
        let known_as = (identity.issuer.as_str(), identity.subject.as_str());
        store::admins::update_sign_on(&mut tx, admin.id, Some(known_as)).await?;
        let by = Actor::Admin { id: admin.id, email: admin.email.clone() };
        let detail = json!({"email": admin.email, "issuer": identity.issuer, "subject": identity.subject});
        admins::record(&mut tx, &by, "admin.sign_on_linked", admin.id, detail, now).await?;
    }
    let finished = match purpose {
        Purpose::SignIn { next } => {
            let signed_in = sign_in::open(app, &mut tx, &admin, from, "single_sign_on").await?;
            Finished::SignedIn { signed_in, next }
        }
        Purpose::Confirm { session: asked, path, held } => {
            let by = session.filter(|(id, by)| *id == asked && by.id() == Some(admin.id));
            let Some((session, by)) = by else {
                tx.rollback().await?;
                let detail = "You signed in at the provider as somebody else than here. Nothing was changed.";
                return Err(refused(app, &identity, ("sign_on_other_admin", detail.into())).await?);
            };
            confirmation::confirmed(&mut tx, by, session, "single_sign_on", now).await?;
            Finished::Confirmed { path, held }
        }
    };
    tx.commit().await?;
    Ok(finished)
}

fn opened(app: &App, kept: Option<&str>) -> Option<Kept> {
    let text = app.open(ATTEMPT, &from_base64url(kept?)?).ok()?;
    serde_json::from_str(text.expose()).ok()
}

async fn provider(app: &App) -> Result<Provider> {
    store::single_sign_on::find(&app.db).await?.ok_or(Error::NotFound("single sign-on provider"))
}

fn us<'a>(
    app: &'a App,
    provider: &'a Provider,
    client_secret: Option<&'a Secret>,
    redirect_uri: &'a str,
) -> RelyingParty<'a> {
    RelyingParty { client_id: &provider.client_id, client_secret, redirect_uri, outbound: app.outbound() }
}

async fn identified(
    app: &App,
    provider: &Provider,
    attempt: &Attempt,
    returned: &Returned,
) -> Result<Identity, OidcError> {
    let now = app.clock.now();
    let metadata = app.discovered.find(app.outbound(), &provider.issuer, now).await?;
    let secret = provider.client_secret.as_ref().map(|sealed| app.open(SIGN_ON_SECRET, sealed)).transpose();
    let secret = secret.map_err(|_| OidcError::Unreachable {
        what: "The provider",
        why: "The client secret cannot be opened: an owner has to enter it again.".into(),
    })?;
    let redirect_uri = redirect_uri(app);
    attempt.finish(returned, &metadata, &us(app, provider, secret.as_ref(), &redirect_uri), now).await
}

/// Why somebody whom the provider knows is not let in: a stable code, and words.
type Refusal = (&'static str, String);

/// The administrator that somebody is: linked before, or of the same mail address and linked to nobody there yet.
async fn known(
    tx: &mut sqlx::PgConnection,
    provider: &Provider,
    identity: &Identity,
) -> Result<Result<AdminRow, Refusal>> {
    store::admins::lease(tx).await?;
    let linked = store::admins::find_by_sign_on(&mut *tx, &identity.issuer, &identity.subject).await?;
    let admin = match linked {
        Some(admin) => admin,
        None => {
            let Some(email) = &identity.email else {
                return Ok(Err((
                    "sign_on_no_email",
                    "The provider does not tell your mail address. It has to give the claim email to this server.".into(),
                )));
            };
            let is_theirs = identity.email_verified.unwrap_or(provider.trusts_email);
            if !is_theirs {
                return Ok(Err((
                    "sign_on_email_unverified",
                    format!(
                        "The provider does not say that {email} is verified to be yours (claim email_verified)."
                    ),
                )));
            }
            match store::admins::find_by_email(&mut *tx, email).await? {
                Some(admin) if admin.sign_on_issuer.as_ref() == Some(&identity.issuer) => {
                    return Ok(Err((
                        "sign_on_other_account",
                        format!(
                            "{email} belongs to another account at the provider than before. If that is right, an owner can unlink the former one on the page of the administrator."
                        ),
                    )));
                }
                Some(admin) => admin,
                None => {
                    return Ok(Err((
                        "sign_on_unknown",
                        format!("There is no administrator {email} here. An owner has to add one first."),
                    )));
                }
            }
        }
    };
    if admin.disabled_at.is_some() {
        return Ok(Err(("sign_on_disabled", format!("The administrator {} is disabled here.", admin.email))));
    }
    Ok(Ok(admin))
}

async fn refused(app: &App, identity: &Identity, (code, detail): Refusal) -> Result<Error> {
    let mut tx = app.db.begin().await?;
    let record = audit::Record {
        actor: &Actor::Nobody,
        action: "admin.sign_in_failed",
        subject: identity.email.clone(),
        domain: None,
        detail: json!({"how": "single_sign_on", "code": code, "subject": identity.subject}),
    };
    audit::insert(&mut tx, record, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Error::Upstream { code: code.into(), detail })
}
