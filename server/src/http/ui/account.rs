//! One's own account: sessions, password, second factor.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::chrome::Chrome;
use super::extract::Id;
use super::form::{Fields, Form};
use super::session::Viewer;
use super::{Answer, again, page, roles, second_factor, to};
use crate::actions::admins;
use crate::actions::sign_in::IDLE_MINUTES;
use crate::app::App;
use crate::error::Error;
use crate::http::routes::{Routes, get, post};
use crate::store;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/account", get(show))
        .route("/account/sessions/{session}/end", post(end_session))
        .route("/account/sessions/end-others", post(end_others))
        .route("/account/password", post(change_password))
        .route("/account/second-factor", get(second_factor::show).post(second_factor::turn_on))
        .route("/account/second-factor/codes", post(second_factor::renew_codes))
        .route("/account/second-factor/off", post(second_factor::turn_off))
}

#[derive(Debug, Template)]
#[template(path = "account/show.html")]
struct AccountPage {
    chrome: Chrome,
    roles: Vec<String>,
    sessions: Vec<Session>,
    second_factor: bool,
    codes_left: i64,
    form: Form,
}

/// A session as a page shows it.
#[derive(Debug)]
pub(super) struct Session {
    pub id: Uuid,
    pub browser: String,
    pub address: String,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    /// The one that asks.
    pub is_this: bool,
}

pub(super) async fn sessions(app: &App, admin: Uuid, this: Uuid) -> sqlx::Result<Vec<Session>> {
    let now = app.clock.now();
    let rows = store::sessions::list(&app.db, admin, now, now - Duration::minutes(IDLE_MINUTES)).await?;
    let shown = |row: store::sessions::Listed| Session {
        is_this: row.id == this,
        id: row.id,
        browser: row.browser.as_deref().map_or_else(|| "An unknown browser".into(), browser),
        address: row.address.unwrap_or_else(|| "an unknown address".into()),
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// `Firefox on Windows`; what cannot be told is shown as the browser says it.
fn browser(agent: &str) -> String {
    // Each says that it is the ones after it, too.
    let names = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Windows", "Windows"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&names), find(&systems)) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome) -> Answer {
    page(&shown(&app, chrome, Form::default()).await?)
}

async fn shown(app: &App, chrome: Chrome, form: Form) -> Result<AccountPage, Error> {
    let id = chrome.viewer.id;
    let row = store::admins::find(&app.db, id).await?.ok_or(Error::Unauthorized)?;
    let mut conn = app.db.acquire().await?;
    Ok(AccountPage {
        roles: roles::described(&row.access(), &roles::choices(app).await?),
        sessions: sessions(app, id, chrome.viewer.session).await?,
        second_factor: row.totp_secret.is_some(),
        codes_left: store::second_factor::count_recovery_codes(&mut conn, id).await?,
        chrome,
        form,
    })
}

pub(super) async fn end_session(State(app): State<App>, viewer: Viewer, Id(session): Id<Uuid>) -> Answer {
    admins::end_session(&app, &viewer.actor(), viewer.id, session).await?;
    Ok(to("/account?done=session-ended"))
}

pub(super) async fn end_others(State(app): State<App>, viewer: Viewer) -> Answer {
    admins::end_sessions(&app, &viewer.actor(), viewer.id, Some(viewer.session)).await?;
    Ok(to("/account?done=sessions-ended"))
}

pub(super) async fn change_password(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    fields: Fields,
) -> Answer {
    let mut form = Form::default();
    if fields.raw("new_password") != fields.raw("new_password_again") {
        form.wrong("new_password_again", "is not the same as the new password");
        return again(&shown(&app, chrome, form).await?);
    }
    let password = fields.secret("new_password").unwrap_or_else(|| protocol::Secret::new(String::new()));
    match admins::change_password(&app, &viewer.actor(), viewer.id, viewer.session, password).await {
        Ok(()) => Ok(to("/account?done=password-changed")),
        Err(error) => {
            let form = form.with(error)?;
            again(&shown(&app, chrome, form).await?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_as_people_call_it() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0";
        assert_eq!(browser(edge), "Edge on Windows");
        assert_eq!(
            browser("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
            "Firefox on Linux"
        );
        assert_eq!(browser("curl/8"), "curl/8");
    }
}
