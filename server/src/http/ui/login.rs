//! Signing in and out.

use askama::Template;
use axum::extract::{Form as Body, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::extract::Filter;
use super::form::{Fields, Form};
use super::refusal::Refusal;
use super::session::{self, Viewer, cookie};
use super::{Answer, first_run, guard, refusal, to};
use crate::actions::sign_in::{self, SignedIn};
use crate::app::App;
use crate::crypto::{constant_time_eq, random_token};
use crate::error::Error;
use crate::http::client::Client;
use crate::store;

#[derive(Debug, Template)]
#[template(path = "login.html")]
struct LoginPage {
    form: Form,
    csrf: String,
    next: String,
    session_ended: bool,
    /// A password was chosen just now.
    chosen: bool,
    /// What the single sign-on provider is called, if there is one.
    provider: Option<String>,
}

impl LoginPage {
    async fn of(app: &App, form: Form, csrf: String, next: String) -> sqlx::Result<Self> {
        let provider = store::single_sign_on::find(&app.db).await?.map(|row| row.name);
        Ok(Self { form, csrf, next, session_ended: false, chosen: false, provider })
    }
}

/// The log-in's address; from there it goes on to `next`.
pub(super) fn address(next: &str, session_ended: bool) -> String {
    let mut query = String::new();
    if next != "/" && is_of_this_site(next) {
        let encoded =
            askama::filters::urlencode_strict(next).map(|text| text.to_string()).unwrap_or_default();
        query = format!("?next={encoded}");
    }
    if session_ended {
        query.push_str(if query.is_empty() { "?ended=1" } else { "&ended=1" });
    }
    format!("/login{query}")
}

/// A path of this site and nothing else: no host, and nothing that a browser would read as one.
pub(super) fn is_of_this_site(next: &str) -> bool {
    let path_only = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\");
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    path_only && plain && next.len() <= 2000 && !next.starts_with("/login")
}

pub(super) async fn show(State(app): State<App>, headers: HeaderMap, filter: Filter) -> Answer {
    if first_run::is_on(&app).await? {
        return Ok(to("/first-run"));
    }
    let next = filter.text("next").filter(|next| is_of_this_site(next)).unwrap_or_else(|| "/".into());
    if session::find(&app, &headers).await?.is_some() {
        return Ok(to(&next));
    }
    let mut page = LoginPage::of(&app, Form::default(), form_token(&app, &headers), next).await?;
    page.session_ended = filter.text("ended").is_some();
    page.chosen = filter.text("chosen").is_some();
    Ok(answered(&app, StatusCode::OK, &page))
}

pub(super) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    Client(from): Client,
    body: Result<Body<Vec<(String, String)>>, axum::extract::rejection::FormRejection>,
) -> Answer {
    let Ok(Body(pairs)) = body else { return Ok(to("/login")) };
    let fields = Fields::new(pairs);
    let next = Some(fields.text("next").to_owned()).filter(|next| is_of_this_site(next));
    let next = next.unwrap_or_else(|| "/".into());
    let mut form = Form::typed(&fields, &["password", "code"]);
    let csrf = form_token(&app, &headers);
    if !is_ours(&app, &headers, &fields) {
        form.refused(NOT_OURS);
        let page = LoginPage::of(&app, form, csrf, next).await?;
        return Ok(answered(&app, StatusCode::FORBIDDEN, &page));
    }
    let password = fields.secret("password").unwrap_or_else(|| protocol::Secret::new(String::new()));
    match sign_in::sign_in(&app, &from, fields.text("email"), password, fields.text("code")).await {
        Ok(signed_in) => Ok(signed_in_to(&app, &signed_in, &next)),
        Err(error) => {
            let status = status(&error);
            let form = form.with(error)?;
            Ok(answered(&app, status, &LoginPage::of(&app, form, csrf, next).await?))
        }
    }
}

/// The log-in, with why somebody was not signed in who came another way.
pub(super) async fn again(app: &App, headers: &HeaderMap, error: Error) -> Answer {
    let status = status(&error);
    let form = Form::default().with(error)?;
    let page = LoginPage::of(app, form, form_token(app, headers), "/".into()).await?;
    Ok(answered(app, status, &page))
}

/// With which a form comes back.
pub(super) fn status(error: &Error) -> StatusCode {
    match error {
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// What a form of somebody without a session is told that did not come from us.
pub(super) const NOT_OURS: &str =
    "The form was too old, or your browser takes no cookies. Try again; cookies of this site are needed.";

/// Whether a form of somebody without a session came from a page of ours, in this browser.
pub(super) fn is_ours(app: &App, headers: &HeaderMap, fields: &Fields) -> bool {
    let ours = cookie(headers, session::form_name(app))
        .is_some_and(|token| constant_time_eq(token.as_bytes(), fields.raw("csrf").as_bytes()));
    ours && guard::same_origin(app, headers)
}

/// Goes on with a new session.
pub(super) fn signed_in_to(app: &App, signed_in: &SignedIn, next: &str) -> Response {
    let mut response = to(next);
    add_cookie(&mut response, session::set(app, session::name(app), &signed_in.cookie));
    add_cookie(&mut response, session::forget(app, session::form_name(app)));
    response
}

/// The form's token: the one that the browser has already, so that two tabs can both be used.
pub(super) fn form_token(app: &App, headers: &HeaderMap) -> String {
    let kept = cookie(headers, session::form_name(app)).filter(|token| {
        token.len() == 43 && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    });
    kept.map_or_else(|| random_token().to_string(), str::to_owned)
}

fn answered(app: &App, status: StatusCode, page: &LoginPage) -> Response {
    with_token(app, refusal::html(status, page), &page.csrf)
}

/// A page with the cookie that its form's token is compared with.
pub(super) fn with_token(app: &App, mut response: Response, csrf: &str) -> Response {
    add_cookie(&mut response, session::set(app, session::form_name(app), csrf));
    response
}

pub(super) fn add_cookie(response: &mut Response, cookie: Option<header::HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

pub(super) async fn sign_out(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if let Some(value) = cookie(&headers, session::name(&app)) {
        sign_in::sign_out(&app, &viewer.actor(), value).await?;
    }
    let mut response = to("/login").into_response();
    add_cookie(&mut response, session::forget(&app, session::name(&app)));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_on_to() {
        for wrong in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\nb",
            "evil",
            "",
            "/login?next=/",
        ] {
            assert!(!is_of_this_site(wrong), "{wrong:?}");
        }
        assert!(is_of_this_site("/domains?query=a"));
        assert_eq!(address("/domains?a=b&c", false), "/login?next=%2Fdomains%3Fa%3Db%26c");
        assert_eq!(address("//evil.example", true), "/login?ended=1");
    }
}
