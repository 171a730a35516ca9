//! Who looks at a page: the session's cookie, and the administrator it belongs to.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Duration, Utc};
use protocol::OrganizationId;
use uuid::Uuid;

use super::live;
use super::refusal::Refusal;
use crate::actions::rights::{self, Deed};
use crate::actions::sign_in::IDLE_MINUTES;
use crate::app::{Actor, App};
use crate::crypto::sha256;
use crate::error::{Error, Result};
use crate::store;
use crate::store::admins::{Access, Reach, Role};

/// The administrator behind a request.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub id: Uuid,
    pub email: String,
    /// At what the request names.
    pub role: Role,
    pub access: Access,
    pub session: Uuid,
    /// When they last showed who they are.
    pub confirmed_at: DateTime<Utc>,
    /// Stands in every form; what is sent without it is refused.
    pub csrf: String,
}

impl Viewer {
    /// For the audit. Who may change something was settled before a handler runs.
    pub(super) fn actor(&self) -> Actor {
        Actor::Admin { id: self.id, email: self.email.clone() }
    }

    /// What lists give them.
    pub(super) fn reach(&self) -> Reach {
        self.access.reach()
    }

    pub(super) fn may(&self, deed: Deed) -> bool {
        self.role >= deed.role()
    }

    /// The administrator, if they may change what is configured for the organization.
    pub(super) fn changing_at(&self, organization: OrganizationId) -> Result<Actor> {
        rights::require_at(&self.access, Deed::Change, organization)?;
        Ok(self.actor())
    }

    /// The administrator, if they own the installation.
    pub(super) fn owning(&self) -> Result<Actor> {
        rights::require_everywhere(&self.access, Deed::Own)?;
        Ok(self.actor())
    }
}

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::Unauthorized.into())
    }
}

/// The session that the request's cookie names, if it is neither expired nor idle for too long. What a page asks for by
/// itself does not keep it.
pub(super) async fn find(app: &App, headers: &HeaderMap) -> sqlx::Result<Option<Viewer>> {
    let Some(value) = cookie(headers, name(app)) else { return Ok(None) };
    let (digest, now) = (sha256(value.as_bytes()), app.clock.now());
    let idle_since = now - Duration::minutes(IDLE_MINUTES);
    let Some(row) = store::sessions::find(&app.db, &digest, now, idle_since).await? else {
        return Ok(None);
    };
    if !live::asked_by_page(headers) {
        store::sessions::update_seen(&app.db, &digest, now).await?;
    }
    let access = row.access();
    Ok(Some(Viewer {
        id: row.admin_id,
        role: access.most(),
        access,
        session: row.id,
        confirmed_at: row.confirmed_at,
        email: row.email,
        csrf: row.csrf_token,
    }))
}

/// A cookie of the request.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| *found == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// Browsers take a `__Host-` cookie over TLS only, so a server without TLS has to call it otherwise.
pub(super) fn name(app: &App) -> &'static str {
    if app.public_url.is_https() { "__Host-adit" } else { "adit" }
}

/// The name of the cookie that ties the log-in form to the browser that asked for it.
pub(super) fn form_name(app: &App) -> &'static str {
    if app.public_url.is_https() { "__Host-adit-form" } else { "adit-form" }
}

/// The name of the cookie that a browser keeps while it is at the single sign-on provider.
pub(super) fn sign_on_name(app: &App) -> &'static str {
    if app.public_url.is_https() { "__Host-adit-sign-on" } else { "adit-sign-on" }
}

/// A cookie that only this site gets back, and no script sees.
pub(super) fn set(app: &App, name: &str, value: &str) -> Option<HeaderValue> {
    let secure = if app.public_url.is_https() { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")).ok()
}

/// Has the browser forget a cookie.
pub(super) fn forget(app: &App, name: &str) -> Option<HeaderValue> {
    let secure = if app.public_url.is_https() { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}")).ok()
}
