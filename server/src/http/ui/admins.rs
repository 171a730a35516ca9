//! Who may sign in, for owners: inviting, roles, taking access away, sessions.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::account::{Session, sessions};
use super::chrome::Chrome;
use super::extract::Id;
use super::form::{Fields, Form};
use super::roles::{self, Choices};
use super::session::Viewer;
use super::{Answer, again, page, to};
use crate::actions::admins::{self, Invitation};
use crate::actions::{second_factor, single_sign_on};
use crate::app::App;
use crate::error::Error;
use crate::http::routes::{Routes, get, post};
use crate::store;
use crate::store::admins::{AdminRow, Role};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/admins", get(list).post(invite))
        .route("/admins/{id}", get(show).post(change))
        .route("/admins/{id}/disable", post(disable))
        .route("/admins/{id}/enable", post(enable))
        .route("/admins/{id}/reset", post(reset))
        .route("/admins/{id}/second-factor/off", post(second_factor_off))
        .route("/admins/{id}/sessions/{session}/end", post(end_session))
        .route("/admins/{id}/sign-on/unlink", post(unlink))
}

#[derive(Debug, Template)]
#[template(path = "admins/list.html")]
struct ListPage {
    chrome: Chrome,
    rows: Vec<Row>,
    choices: Choices,
    form: Form,
}

#[derive(Debug)]
struct Row {
    id: Uuid,
    email: String,
    roles: Vec<String>,
    state: super::views::Badge,
    second_factor: bool,
    last_seen_at: Option<DateTime<Utc>>,
}

impl Row {
    fn new(row: &AdminRow, choices: &Choices) -> Self {
        let state = match (row.disabled_at, &row.password_hash, &row.sign_on_subject) {
            (Some(_), ..) => ("quiet", "Disabled"),
            (None, None, None) => ("warn", "Has no password yet"),
            (None, None, Some(_)) => ("good", "May sign in at the provider"),
            (None, Some(_), _) => ("good", "May sign in"),
        };
        Self {
            id: row.id,
            email: row.email.clone(),
            roles: roles::described(&row.access(), choices),
            state: state.into(),
            second_factor: row.totp_secret.is_some(),
            last_seen_at: row.last_seen_at,
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "admins/show.html")]
struct ShowPage {
    chrome: Chrome,
    admin: Row,
    is_disabled: bool,
    is_oneself: bool,
    /// Who they are at the single sign-on provider, if they came from there.
    sign_on: Option<String>,
    sessions: Vec<Session>,
    choices: Choices,
    form: Form,
}

#[derive(Debug, Template)]
#[template(path = "admins/invitation.html")]
struct InvitationPage {
    chrome: Chrome,
    email: String,
    url: String,
    expires_at: DateTime<Utc>,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome) -> Answer {
    let mut form = Form::default();
    form.set("role", Role::Operator.as_str());
    page(&listed(&app, chrome, form).await?)
}

async fn listed(app: &App, chrome: Chrome, form: Form) -> Result<ListPage, Error> {
    let choices = roles::choices(app).await?;
    let rows = store::admins::list(&app.db).await?;
    Ok(ListPage { chrome, rows: rows.iter().map(|row| Row::new(row, &choices)).collect(), choices, form })
}

pub(super) async fn invite(State(app): State<App>, viewer: Viewer, chrome: Chrome, fields: Fields) -> Answer {
    let access = roles::chosen(&fields, &roles::choices(&app).await?);
    let email = fields.text("email");
    match admins::invite(&app, &viewer.owning()?, email, &access).await {
        Ok(invitation) => invited(chrome, email, &invitation),
        Err(error) => {
            let form = Form::typed(&fields, &[]).with(error)?;
            again(&listed(&app, chrome, form).await?)
        }
    }
}

/// The answer itself shows the link: its secret is kept nowhere, so no other page could.
fn invited(chrome: Chrome, email: &str, invitation: &Invitation) -> Answer {
    page(&InvitationPage {
        chrome,
        email: email.to_owned(),
        url: invitation.url.expose().to_owned(),
        expires_at: invitation.expires_at,
    })
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, Id(id): Id<Uuid>) -> Answer {
    let mut form = Form::default();
    roles::set(&mut form, &find(&app, id).await?.access());
    page(&shown(&app, chrome, id, form).await?)
}

async fn find(app: &App, id: Uuid) -> Result<AdminRow, Error> {
    store::admins::find(&app.db, id).await?.ok_or(Error::NotFound("administrator"))
}

async fn shown(app: &App, chrome: Chrome, id: Uuid, form: Form) -> Result<ShowPage, Error> {
    let (row, choices) = (find(app, id).await?, roles::choices(app).await?);
    Ok(ShowPage {
        admin: Row::new(&row, &choices),
        is_disabled: row.disabled_at.is_some(),
        is_oneself: id == chrome.viewer.id,
        sign_on: row.sign_on_subject,
        sessions: sessions(app, id, chrome.viewer.session).await?,
        choices,
        form,
        chrome,
    })
}

pub(super) async fn change(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<Uuid>,
    fields: Fields,
) -> Answer {
    let access = roles::chosen(&fields, &roles::choices(&app).await?);
    match admins::change_access(&app, &viewer.owning()?, id, &access).await {
        Ok(()) => Ok(to(&format!("/admins/{id}?done=admin-changed"))),
        Err(error) => {
            let form = Form::typed(&fields, &[]).with(error)?;
            again(&shown(&app, chrome, id, form).await?)
        }
    }
}

pub(super) async fn disable(State(app): State<App>, viewer: Viewer, Id(id): Id<Uuid>) -> Answer {
    admins::disable(&app, &viewer.owning()?, id).await?;
    Ok(to(&format!("/admins/{id}?done=admin-disabled")))
}

pub(super) async fn enable(State(app): State<App>, viewer: Viewer, Id(id): Id<Uuid>) -> Answer {
    admins::enable(&app, &viewer.owning()?, id).await?;
    Ok(to(&format!("/admins/{id}?done=admin-enabled")))
}

pub(super) async fn reset(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<Uuid>,
) -> Answer {
    let row = find(&app, id).await?;
    let invitation = admins::reset_password(&app, &viewer.owning()?, id).await?;
    invited(chrome, &row.email, &invitation)
}

pub(super) async fn second_factor_off(State(app): State<App>, viewer: Viewer, Id(id): Id<Uuid>) -> Answer {
    second_factor::turn_off(&app, &viewer.owning()?, id).await?;
    Ok(to(&format!("/admins/{id}?done=second-factor-off")))
}

pub(super) async fn unlink(State(app): State<App>, viewer: Viewer, Id(id): Id<Uuid>) -> Answer {
    single_sign_on::unlink(&app, &viewer.owning()?, id).await?;
    Ok(to(&format!("/admins/{id}?done=sign-on-unlinked")))
}

pub(super) async fn end_session(
    State(app): State<App>,
    viewer: Viewer,
    Id((id, session)): Id<(Uuid, Uuid)>,
) -> Answer {
    admins::end_session(&app, &viewer.owning()?, id, session).await?;
    Ok(to(&format!("/admins/{id}?done=session-ended")))
}
