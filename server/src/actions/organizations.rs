//! Adding an organization and swapping its credential. JumpCloud is asked before anything is kept.

use protocol::{OrganizationId, Secret};
use serde_json::json;
use uuid::Uuid;

use crate::actions::audit::short_hex;
use crate::app::{Actor, App, credential_purpose};
use crate::crypto::{constant_time_eq, sha256};
use crate::error::{Error, Result};
use crate::jumpcloud::{Budget, Credential};
use crate::store::{self, organizations::Organization};

/// What an administrator enters.
#[derive(Debug)]
pub struct NewOrganization {
    pub name: String,
    pub base_url: String,
    pub jumpcloud_org_id: Option<String>,
    pub credential: NewCredential,
}

/// An API key, or a service account.
#[derive(Clone, Debug)]
pub enum NewCredential {
    ApiKey(Secret),
    ServiceAccount { client_id: String, client_secret: Secret, token_url: Option<String> },
}

impl NewCredential {
    fn kind(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => "api_key",
            Self::ServiceAccount { .. } => "service_account",
        }
    }

    fn secret(&self) -> &Secret {
        match self {
            Self::ApiKey(key) => key,
            Self::ServiceAccount { client_secret, .. } => client_secret,
        }
    }

    fn account(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::ApiKey(_) => (None, None),
            Self::ServiceAccount { client_id, token_url, .. } => (Some(client_id.clone()), token_url.clone()),
        }
    }
}

impl From<NewCredential> for Credential {
    fn from(new: NewCredential) -> Self {
        match new {
            NewCredential::ApiKey(key) => Self::ApiKey(key),
            NewCredential::ServiceAccount { client_id, client_secret, token_url } => {
                Self::ServiceAccount { client_id, client_secret, token_url }
            }
        }
    }
}

/// Adds an organization whose credential JumpCloud accepts and that may read users and groups.
pub async fn add(app: &App, by: &Actor, new: NewOrganization) -> Result<OrganizationId> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Error::field(
            "name",
            "must have 1 to 200 characters: it is what the dashboard calls the organization",
        ));
    }
    let base_url = app.base_url(&new.base_url)?;
    if let Some(id) = store::organizations::find_by_name(&app.db, &name).await? {
        return Err(Error::Exists {
            code: "organization_exists",
            detail: format!(
                "There is an organization called {name} already ({id}). Choose another name, or change that one."
            ),
            id: id.0,
        });
    }
    check(app, base_url.as_str(), new.jumpcloud_org_id.clone(), new.credential.clone()).await?;

    let id = OrganizationId(Uuid::now_v7());
    let (client_id, token_url) = new.credential.account();
    let row = Organization {
        id,
        name,
        base_url: base_url.as_str().to_owned(),
        jumpcloud_org_id: new.jumpcloud_org_id,
        credential_kind: new.credential.kind().into(),
        client_id,
        token_url,
        credential: app.seal(&credential_purpose(id), new.credential.secret())?,
        paused_until: None,
        problem_code: None,
        problem_message: None,
        mirror_wanted: 1,
        mirror_read: 0,
        mirror_read_at: None,
        password_policy: None,
        drifted: 0,
        created_at: app.clock.now(),
    };
    let mut tx = app.db.begin().await?;
    store::organizations::insert(&mut *tx, &row).await?;
    let detail = json!({"name": row.name, "base_url": row.base_url, "credential": row.credential_kind});
    record(&mut tx, app, by, "organization.added", id, detail).await?;
    tx.commit().await?;
    app.wake.mirror.notify_one();
    Ok(id)
}

/// The organization that is exactly what would be added: whoever asks twice gets the same one.
pub async fn find_same(app: &App, new: &NewOrganization) -> Result<Option<OrganizationId>> {
    let Some(id) = store::organizations::find_by_name(&app.db, new.name.trim()).await? else {
        return Ok(None);
    };
    let Some(row) = store::organizations::find(&app.db, id).await? else { return Ok(None) };
    let secret = app.open(&credential_purpose(id), &row.credential)?;
    let same = row.name == new.name.trim()
        && row.base_url == app.base_url(&new.base_url)?.as_str()
        && row.jumpcloud_org_id == new.jumpcloud_org_id
        && row.credential_kind == new.credential.kind()
        && (row.client_id, row.token_url) == new.credential.account()
        && constant_time_eq(secret.expose().as_bytes(), new.credential.secret().expose().as_bytes());
    Ok(same.then_some(id))
}

/// Which credential an organization has, without telling anything of it.
pub fn tag(row: &Organization) -> String {
    let whole = json!([row.credential_kind, row.client_id, row.token_url, row.credential]);
    short_hex(&sha256(whole.to_string().as_bytes()))
}

/// Swaps the credential, once JumpCloud accepts the new one. Nothing stops meanwhile.
pub async fn change_credential(app: &App, by: &Actor, id: OrganizationId, new: NewCredential) -> Result<()> {
    change_credential_at(app, by, id, new, None).await
}

/// As [`change_credential`], but only if the credential still has that [`tag`].
pub async fn change_credential_at(
    app: &App,
    by: &Actor,
    id: OrganizationId,
    new: NewCredential,
    at: Option<&str>,
) -> Result<()> {
    let mut row = store::organizations::find(&app.db, id).await?.ok_or(Error::NotFound("organization"))?;
    if at.is_some_and(|at| at != tag(&row)) {
        return Err(Error::outdated());
    }
    let seen = row.credential.clone();
    check(app, &row.base_url, row.jumpcloud_org_id.clone(), new.clone()).await?;
    let before =
        json!({"credential": row.credential_kind, "client_id": row.client_id, "token_url": row.token_url});
    (row.client_id, row.token_url) = new.account();
    row.credential_kind = new.kind().into();
    row.credential = app.seal(&credential_purpose(id), new.secret())?;

    let after =
        json!({"credential": row.credential_kind, "client_id": row.client_id, "token_url": row.token_url});
    let mut tx = app.db.begin().await?;
    if !store::organizations::update_credential(&mut *tx, &row, &seen).await? {
        return Err(Error::outdated());
    }
    record(
        &mut tx,
        app,
        by,
        "organization.credential_changed",
        id,
        json!({"before": before, "after": after}),
    )
    .await?;
    tx.commit().await?;
    app.wake.execute.notify_one();
    app.wake.mirror.notify_one();
    Ok(())
}

async fn check(app: &App, base_url: &str, org_id: Option<String>, new: NewCredential) -> Result<()> {
    let field = match &new {
        NewCredential::ApiKey(_) => "api_key",
        NewCredential::ServiceAccount { token_url, .. } => {
            token_url.as_deref().map(|url| app.token_url(url)).transpose()?;
            "service_account"
        }
    };
    if new.secret().expose().trim().is_empty() {
        return Err(Error::field(field, "is empty: paste it from JumpCloud's administrator menu"));
    }
    let client = app.client(base_url, org_id, new.into(), Budget::new(None))?;
    let report = client
        .check_credential()
        .await
        .map_err(|error| Error::Upstream { code: error.code.into(), detail: error.message })?;
    if report.can_read_users && report.can_read_groups {
        return Ok(());
    }
    Err(Error::Upstream {
        code: "credential_lacks_rights".into(),
        detail: "JumpCloud accepts this credential, but it may not read users and user groups. Give its administrator \
                 the role Administrator or Manager, and try again."
            .into(),
    })
}

async fn record(
    tx: &mut sqlx::PgConnection,
    app: &App,
    by: &Actor,
    action: &str,
    id: OrganizationId,
    detail: serde_json::Value,
) -> Result<()> {
    let record =
        store::audit::Record { actor: by, action, subject: Some(id.to_string()), domain: None, detail };
    Ok(store::audit::insert(tx, record, app.clock.now()).await?)
}
