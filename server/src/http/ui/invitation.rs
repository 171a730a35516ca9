//! Where somebody who was invited, or whose password was reset, chooses a password.

use askama::Template;
use axum::extract::{Form as Body, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use protocol::Secret;

use super::form::{Fields, Form};
use super::login::{self, NOT_OURS};
use super::{Answer, refusal, to};
use crate::actions::admins;
use crate::app::App;

#[derive(Debug, Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    form: Form,
    csrf: String,
    secret: String,
    email: String,
}

pub(super) async fn show(State(app): State<App>, headers: HeaderMap, Path(secret): Path<String>) -> Answer {
    let email = admins::find_invitation(&app, &secret).await?.email;
    Ok(answered(&app, &headers, StatusCode::OK, secret, email, Form::default()))
}

pub(super) async fn accept(
    State(app): State<App>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Body(pairs): Body<Vec<(String, String)>>,
) -> Answer {
    let email = admins::find_invitation(&app, &secret).await?.email;
    let fields = Fields::new(pairs);
    let mut form = Form::default();
    if !login::is_ours(&app, &headers, &fields) {
        form.refused(NOT_OURS);
        return Ok(answered(&app, &headers, StatusCode::FORBIDDEN, secret, email, form));
    }
    if fields.raw("password") != fields.raw("password_again") {
        form.wrong("password_again", "is not the same as the password");
        return Ok(answered(&app, &headers, StatusCode::UNPROCESSABLE_ENTITY, secret, email, form));
    }
    let password = fields.secret("password").unwrap_or_else(|| Secret::new(String::new()));
    match admins::accept_invitation(&app, &secret, password).await {
        Ok(()) => Ok(to("/login?chosen=1")),
        Err(error) => {
            let status = login::status(&error);
            Ok(answered(&app, &headers, status, secret, email, form.with(error)?))
        }
    }
}

fn answered(
    app: &App,
    headers: &HeaderMap,
    status: StatusCode,
    secret: String,
    email: String,
    form: Form,
) -> Response {
    let page = InvitationPage { form, csrf: login::form_token(app, headers), secret, email };
    login::with_token(app, refusal::html(status, &page), &page.csrf)
}
