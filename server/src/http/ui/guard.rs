//! Stands before every page: no session, no page; no token of the form, no right to change, no change. Settled here once,
//! so that no handler can forget it.

use axum::extract::{Form, FromRequest, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::form::Fields;
use super::refusal::{self, Refusal};
use super::session::{self, Viewer};
use super::to;
use super::{confirm, first_run, live, login};
use crate::app::App;
use crate::crypto::constant_time_eq;
use crate::http::gate::{self, Asked};

/// Lets a request through to its handler, or answers it.
pub(super) async fn keep(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if is_for_machines(request.uri().path()) {
        return next.run(request).await;
    }
    let mut viewer = match session::find(&app, request.headers()).await {
        Ok(Some(viewer)) => viewer,
        Ok(None) => {
            return without_session(&app, request.method(), request.uri(), request.headers()).await;
        }
        Err(error) => return refusal::bare(&error.into()),
    };
    let path = request.uri().path().to_owned();
    let asked = Asked::by(&request);
    match asked.role(&app, &viewer.access).await {
        Ok(role) => viewer.role = role,
        // The token of the form is looked at first: a form that is not ours is told nothing.
        Err(error) if gate::reads(request.method()) => {
            return refusal::dressed(&app, viewer, &path, Refusal::from(error).into_response()).await;
        }
        Err(error) => {
            let refused = untrusted(&app, &viewer, request).await.unwrap_or_else(|| error.into());
            return refusal::dressed(&app, viewer, &path, refused.into_response()).await;
        }
    }
    request.extensions_mut().insert(viewer.clone());
    let request = match checked(&app, &viewer, request).await {
        Ok(request) => request,
        Err(refusal) => return refusal::dressed(&app, viewer, &path, refusal.into_response()).await,
    };
    let answer = match confirm::checked(&app, &viewer, asked, request).await {
        Ok(request) => next.run(request).await,
        Err(answer) => *answer,
    };
    refusal::dressed(&app, viewer, &path, answer).await
}

/// Programs are never led to the log-in.
pub(super) fn is_for_machines(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/agent/")
}

/// Leads to the log-in, and from there back to where the administrator was.
async fn without_session(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let asked = uri.path_and_query().map_or("/", |asked| asked.as_str());
    if live::asked_by_page(headers) {
        return live::without_session(headers);
    }
    if *method == Method::GET && uri.path() == "/" {
        return match first_run::is_on(app).await {
            Ok(true) => to("/first-run"),
            Ok(false) => to("/login"),
            Err(error) => refusal::bare(&error.into()),
        };
    }
    if *method == Method::GET {
        return to(&login::address(asked, false));
    }
    // A form was sent after the session had ended: the page that it stood on can be asked for again.
    let stood_on = headers
        .get(header::REFERER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<Uri>().ok())
        .and_then(|uri| uri.path_and_query().map(|found| found.as_str().to_owned()));
    to(&login::address(stood_on.as_deref().unwrap_or("/"), true))
}

/// Reads are free. What changes something comes from a form of ours, sent by somebody who may.
async fn checked(app: &App, viewer: &Viewer, request: Request) -> Result<Request, Refusal> {
    if gate::reads(request.method()) {
        return Ok(request);
    }
    if !same_origin(app, request.headers()) {
        return Err(Refusal::untrusted_form());
    }
    let (mut parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let Form(pairs) = Form::<Vec<(String, String)>>::from_request(whole, &()).await.map_err(|_| {
        Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "This form could not be read",
            "Nothing was changed. Go back, reload the page and send the form again.",
        )
    })?;
    let fields = Fields::new(pairs);
    if !constant_time_eq(fields.raw("csrf").as_bytes(), viewer.csrf.as_bytes()) {
        return Err(Refusal::untrusted_form());
    }
    parts.extensions.insert(fields);
    Ok(Request::from_parts(parts, axum::body::Body::empty()))
}

/// Why the form is refused whoever sent it, if it is.
async fn untrusted(app: &App, viewer: &Viewer, request: Request) -> Option<Refusal> {
    checked(app, viewer, request).await.err()
}

/// Whether the page that sent the form is one of ours. Browsers say so with every form; what is no browser says nothing
/// and has only the token.
pub(super) fn same_origin(app: &App, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if origin.eq_ignore_ascii_case(&app.public_url.origin()) {
        return true;
    }
    // Reached by another name than the configured one: the browser says in `Host` whom it meant to talk to.
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let named = origin.split_once("://").map(|(_, authority)| authority);
    host.is_some_and(|host| named.is_some_and(|named| named.eq_ignore_ascii_case(host)))
}
