//! Signing in and out, and what is shown before there is anybody to sign in.

use askama::Template;
use axum::extract::{Form as Body, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::extract::Filter;
use super::form::{Fields, Form};
use super::refusal::Refusal;
use super::session::{self, Viewer, cookie};
use super::{Answer, guard, refusal, to};
use crate::actions::admins;
use crate::app::App;
use crate::crypto::{constant_time_eq, random_token};
use crate::error::Error;
use crate::store;

#[derive(Debug, Template)]
#[template(path = "login.html")]
struct LoginPage {
    form: Form,
    csrf: String,
    next: String,
    session_ended: bool,
}

#[derive(Debug, Template)]
#[template(path = "first_run.html")]
struct FirstRunPage;

/// The page that says how to make the first administrator, as long as there is none.
pub(super) async fn first_run(app: &App) -> sqlx::Result<Option<Response>> {
    let none = store::admins::count(&app.db).await? == 0;
    Ok(none.then(|| refusal::html(StatusCode::OK, &FirstRunPage)))
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
    if let Some(page) = first_run(&app).await? {
        return Ok(page);
    }
    let next = filter.text("next").filter(|next| is_of_this_site(next)).unwrap_or_else(|| "/".into());
    if session::find(&app, &headers).await?.is_some() {
        return Ok(to(&next));
    }
    let page = LoginPage {
        form: Form::default(),
        csrf: form_token(&app, &headers),
        next,
        session_ended: filter.text("ended").is_some(),
    };
    Ok(answered(&app, StatusCode::OK, &page))
}

pub(super) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Body<Vec<(String, String)>>, axum::extract::rejection::FormRejection>,
) -> Answer {
    let Ok(Body(pairs)) = body else { return Ok(to("/login")) };
    let fields = Fields::new(pairs);
    let next = Some(fields.text("next").to_owned()).filter(|next| is_of_this_site(next));
    let next = next.unwrap_or_else(|| "/".into());
    let mut form = Form::typed(&fields, &["password"]);
    let ours = cookie(&headers, session::form_name(&app))
        .is_some_and(|token| constant_time_eq(token.as_bytes(), fields.raw("csrf").as_bytes()));
    let csrf = form_token(&app, &headers);
    if !ours || !guard::same_origin(&app, &headers) {
        form.refused("The form was too old, or your browser takes no cookies. Try again; cookies of this site are needed.");
        let page = LoginPage { form, csrf, next, session_ended: false };
        return Ok(answered(&app, StatusCode::FORBIDDEN, &page));
    }
    let password = fields.secret("password").unwrap_or_else(|| protocol::Secret::new(String::new()));
    match admins::sign_in(&app, fields.text("email"), password).await {
        Ok(signed_in) => {
            let mut response = to(&next);
            add_cookie(&mut response, session::set(&app, session::name(&app), &signed_in.cookie));
            add_cookie(&mut response, session::forget(&app, session::form_name(&app)));
            Ok(response)
        }
        Err(error) => {
            let status = match &error {
                Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let form = form.with(error)?;
            Ok(answered(&app, status, &LoginPage { form, csrf, next, session_ended: false }))
        }
    }
}

/// The form's token: the one that the browser has already, so that two tabs can both be used.
fn form_token(app: &App, headers: &HeaderMap) -> String {
    let kept = cookie(headers, session::form_name(app)).filter(|token| {
        token.len() == 43 && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    });
    kept.map_or_else(|| random_token().to_string(), str::to_owned)
}

fn answered(app: &App, status: StatusCode, page: &LoginPage) -> Response {
    let mut response = refusal::html(status, page);
    add_cookie(&mut response, session::set(app, session::form_name(app), &page.csrf));
    response
}

fn add_cookie(response: &mut Response, cookie: Option<header::HeaderValue>) {
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
        admins::sign_out(&app, &viewer.actor(), value).await?;
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
