//! The way to the single sign-on provider and back.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use uuid::Uuid;

use super::chrome::Chrome;
use super::login;
use super::refusal::{self, Refusal};
use super::session::{self, cookie};
use super::{Answer, to};
use crate::actions::single_sign_on::{self, Finished, Purpose};
use crate::app::App;
use crate::error::Error;
use crate::http::client::Client;
use crate::oidc::Returned;

/// What somebody goes there for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
    /// The form that waits until its sender has shown who they are, and where it was sent to.
    held: Option<Uuid>,
    path: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "confirmed.html")]
struct ConfirmedPage {
    chrome: Chrome,
    action: String,
    held: String,
}

pub(super) async fn begin(
    State(app): State<App>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Answer {
    let Query(asked) = asked.unwrap_or_default();
    let viewer = session::find(&app, &headers).await?;
    let purpose = match (viewer, asked.held, asked.path) {
        (Some(viewer), Some(held), Some(path)) if login::is_of_this_site(&path) => {
            Purpose::Confirm { session: viewer.session, path, held }
        }
        _ => {
            let next = asked.next.filter(|next| login::is_of_this_site(next));
            Purpose::SignIn { next: next.unwrap_or_else(|| "/".into()) }
        }
    };
    match single_sign_on::begin(&app, purpose).await {
        Ok(begun) => {
            let mut response = to(&begun.url);
            login::add_cookie(&mut response, session::set(&app, session::sign_on_name(&app), &begun.kept));
            Ok(response)
        }
        Err(Error::NotFound(_)) => Ok(to("/login")),
        Err(error) => login::again(&app, &headers, named(error)).await,
    }
}

pub(super) async fn finish(
    State(app): State<App>,
    headers: HeaderMap,
    Client(from): Client,
    returned: Result<Query<Returned>, QueryRejection>,
) -> Answer {
    let Query(returned) = returned.unwrap_or_default();
    let viewer = session::find(&app, &headers).await?;
    let actor = viewer.as_ref().map(|viewer| (viewer.session, viewer.actor()));
    let by = actor.as_ref().map(|(session, actor)| (*session, actor));
    let kept = cookie(&headers, session::sign_on_name(&app));
    let finished = single_sign_on::finish(&app, &from, kept, &returned, by).await;
    let mut response = match (finished, viewer) {
        (Ok(Finished::SignedIn { signed_in, next }), _) => login::signed_in_to(&app, &signed_in, &next),
        (Ok(Finished::Confirmed { path, held }), Some(viewer)) => {
            let chrome = Chrome::load(&app, viewer, &path, None).await?;
            let page = ConfirmedPage { chrome, action: path, held: held.to_string() };
            refusal::html(StatusCode::OK, &page)
        }
        (Ok(Finished::Confirmed { .. }), None) => to("/login"),
        (Err(Error::NotFound(_)), _) => to("/login"),
        // Whoever is signed in and only wanted to confirm stays so.
        (Err(error @ Error::Upstream { .. }), Some(viewer)) => {
            let words = named(error).to_string();
            let refused = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "You were not recognised", words);
            refusal::dressed(&app, viewer, "/", axum::response::IntoResponse::into_response(refused)).await
        }
        (Err(error), _) => login::again(&app, &headers, named(error)).await?,
    };
    login::add_cookie(&mut response, session::forget(&app, session::sign_on_name(&app)));
    Ok(response)
}

/// With the code, by which the guide says what to do.
fn named(error: Error) -> Error {
    match error {
        Error::Upstream { code, detail } => Error::Upstream { detail: format!("{detail} ({code})"), code },
        other => other,
    }
}
