//! What is shown before there is anybody to sign in: the first administrator is made by who can read the server's output.

use askama::Template;
use axum::extract::{Form as Body, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use protocol::Secret;

use super::form::{Fields, Form};
use super::login::{self, NOT_OURS};
use super::{Answer, refusal, to};
use crate::actions::first_run;
use crate::app::App;
use crate::http::client::Client;
use crate::store;

#[derive(Debug, Template)]
#[template(path = "first_run.html")]
struct FirstRunPage {
    form: Form,
    csrf: String,
}

/// Whether there is no administrator yet.
pub(super) async fn is_on(app: &App) -> sqlx::Result<bool> {
    Ok(store::admins::count(&app.db).await? == 0)
}

pub(super) async fn show(State(app): State<App>, headers: HeaderMap) -> Answer {
    if !is_on(&app).await? {
        return Ok(to("/login"));
    }
    Ok(answered(&app, &headers, StatusCode::OK, Form::default()))
}

pub(super) async fn begin(
    State(app): State<App>,
    headers: HeaderMap,
    Client(from): Client,
    Body(pairs): Body<Vec<(String, String)>>,
) -> Answer {
    if !is_on(&app).await? {
        return Ok(to("/login"));
    }
    let fields = Fields::new(pairs);
    let mut form = Form::typed(&fields, &["password", "password_again"]);
    if !login::is_ours(&app, &headers, &fields) {
        form.refused(NOT_OURS);
        return Ok(answered(&app, &headers, StatusCode::FORBIDDEN, form));
    }
    if fields.raw("password") != fields.raw("password_again") {
        form.wrong("password_again", "is not the same as the password");
        return Ok(answered(&app, &headers, StatusCode::UNPROCESSABLE_ENTITY, form));
    }
    let password = fields.secret("password").unwrap_or_else(|| Secret::new(String::new()));
    match first_run::begin(&app, &from, fields.text("code"), fields.text("email"), password).await {
        Ok(signed_in) => Ok(login::signed_in_to(&app, &signed_in, "/")),
        Err(error) => {
            let status = login::status(&error);
            Ok(answered(&app, &headers, status, form.with(error)?))
        }
    }
}

fn answered(app: &App, headers: &HeaderMap, status: StatusCode, form: Form) -> Response {
    let page = FirstRunPage { form, csrf: login::form_token(app, headers) };
    login::with_token(app, refusal::html(status, &page), &page.csrf)
}
