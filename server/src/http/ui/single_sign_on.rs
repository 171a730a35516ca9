//! The OpenID Connect provider through which administrators may sign in.

use askama::Template;
use axum::extract::State;

use super::chrome::Chrome;
use super::form::{Fields, Form};
use super::session::Viewer;
use super::{Answer, again, page, to};
use crate::actions::single_sign_on::{self, Draft};
use crate::app::App;
use crate::store;
use crate::store::single_sign_on::Provider;

#[derive(Debug, Template)]
#[template(path = "admins/single_sign_on.html")]
struct ProviderPage {
    chrome: Chrome,
    form: Form,
    redirect_uri: String,
    /// Whether there is a provider.
    is_on: bool,
    has_secret: bool,
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome) -> Answer {
    page(&shown(&app, chrome, None).await?)
}

/// What was typed, or else what is kept.
async fn shown(app: &App, chrome: Chrome, typed: Option<Form>) -> sqlx::Result<ProviderPage> {
    let row = store::single_sign_on::find(&app.db).await?;
    Ok(ProviderPage {
        chrome,
        form: typed.unwrap_or_else(|| row.as_ref().map(kept).unwrap_or_default()),
        redirect_uri: single_sign_on::redirect_uri(app),
        has_secret: row.as_ref().is_some_and(|row| row.client_secret.is_some()),
        is_on: row.is_some(),
    })
}

fn kept(row: &Provider) -> Form {
    let mut form = Form::default();
    form.set("name", &row.name);
    form.set("issuer", &row.issuer);
    form.set("client_id", &row.client_id);
    form.set("trusts_email", if row.trusts_email { "true" } else { "" });
    form
}

pub(super) async fn save(State(app): State<App>, viewer: Viewer, chrome: Chrome, fields: Fields) -> Answer {
    let draft = Draft {
        name: fields.text("name").into(),
        issuer: fields.text("issuer").into(),
        client_id: fields.text("client_id").into(),
        client_secret: fields.secret("client_secret"),
        trusts_email: fields.is_on("trusts_email"),
    };
    match single_sign_on::save(&app, &viewer.actor(), draft, None).await {
        Ok(()) => Ok(to("/single-sign-on?done=sign-on-saved")),
        Err(error) => {
            let form = Form::typed(&fields, &["client_secret"]).with(error)?;
            again(&shown(&app, chrome, Some(form)).await?)
        }
    }
}

pub(super) async fn remove(State(app): State<App>, viewer: Viewer) -> Answer {
    single_sign_on::remove(&app, &viewer.actor()).await?;
    Ok(to("/single-sign-on?done=sign-on-removed"))
}
