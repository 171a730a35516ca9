//! Errors as people get them: a page that says what happened and what to do. The internal chain goes to the log.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::chrome::Chrome;
use super::session::Viewer;
use crate::app::App;
use crate::error::Error;

/// Why there is no page, or why nothing was done.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    title: String,
    detail: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status, title: title.into(), detail: detail.into() }
    }

    /// A form without the session's token, or from another site.
    pub(super) fn untrusted_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This form is too old, or not ours",
            "Nothing was changed. The form was made before you signed in last, or it came from another site. \
             Go back, reload the page and send the form again.",
        )
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            format!("There is no such {what}"),
            "It may have been removed, or the address was mistyped. Start again from the overview.",
        )
    }

    fn unexpected(whose: &str, error: &dyn std::error::Error) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            chain.push_str(": ");
            chain.push_str(&cause.to_string());
            source = cause.source();
        }
        tracing::error!("a page failed in {whose}: {chain}");
        Self::broken()
    }

    fn broken() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong on the server",
            "Nothing was changed. The server's log says what happened. Go back and try again.",
        )
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => Self::not_found(what),
            Error::Conflict { detail, .. }
            | Error::Exists { detail, .. }
            | Error::Outdated { detail, .. } => {
                Self::new(StatusCode::CONFLICT, "This cannot be done now", detail)
            }
            Error::Invalid(errors) => {
                let detail: Vec<_> =
                    errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "Something in the form is wrong",
                    detail.join("; "),
                )
            }
            Error::Upstream { detail, .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "JumpCloud refused this", detail)
            }
            Error::Unauthorized => {
                Self::new(StatusCode::FORBIDDEN, "Sign in first", "This page needs a session.")
            }
            Error::Forbidden(detail) => Self::new(
                StatusCode::FORBIDDEN,
                "This is not for your role",
                format!("{detail} Nothing was changed; ask an owner."),
            ),
            Error::TooMany { detail, .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many attempts", detail)
            }
            Error::Database(error) => error.into(),
            Error::Internal { .. } => Self::unexpected("the server", &error),
        }
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        let twice = error.as_database_error().is_some_and(|error| error.is_unique_violation());
        if twice {
            return Self::new(
                StatusCode::CONFLICT,
                "This was done a moment ago",
                "Somebody, perhaps a second click, did the same at the same time. Look at the list before you try again.",
            );
        }
        Self::unexpected("the database", &error)
    }
}

impl From<askama::Error> for Refusal {
    fn from(error: askama::Error) -> Self {
        Self::unexpected("a template", &error)
    }
}

impl IntoResponse for Refusal {
    /// Without a body: [`dressed`] gives it the layout of the viewer's pages.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Debug, Template)]
#[template(path = "refusal.html")]
struct RefusalPage {
    chrome: Chrome,
    refusal: Refusal,
}

#[derive(Debug, Template)]
#[template(path = "refusal_outside.html")]
struct RefusalOutside<'a> {
    refusal: &'a Refusal,
}

/// Gives a refusal that a handler answered with its page.
pub(super) async fn dressed(app: &App, viewer: Viewer, path: &str, mut answer: Response) -> Response {
    let Some(refusal) = answer.extensions_mut().remove::<Refusal>() else { return answer };
    match Chrome::load(app, viewer, path, None).await {
        Ok(chrome) => html(refusal.status, &RefusalPage { chrome, refusal }),
        Err(_) => bare(&refusal),
    }
}

/// The page of a refusal for somebody who has no session, or while the database does not answer.
pub(super) fn bare(refusal: &Refusal) -> Response {
    html(refusal.status, &RefusalOutside { refusal })
}

/// A page with a status of its own.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!("a page could not be rendered: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on the server. Nothing was changed.\n")
                .into_response()
        }
    }
}

/// A handler that panicked takes its request down, not the server.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    Refusal::broken().into_response()
}
