//! Asks again who somebody is before something grave. The form that they sent waits on the server meanwhile, sealed, so
//! that nothing typed is lost and no secret passes through a page; the answer goes to the address it was sent to.

use askama::Template;
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use protocol::Secret;

use super::chrome::Chrome;
use super::form::{Fields, Form};
use super::login;
use super::refusal::{self, Refusal};
use super::session::Viewer;
use crate::actions::confirmation;
use crate::app::App;
use crate::http::client::Client;
use crate::http::gate::Asked;
use crate::store;

/// Names the form that waits.
const HELD: &str = "confirm_held";

#[derive(Debug, Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    chrome: Chrome,
    form: Form,
    action: String,
    held: String,
    has_password: bool,
    wants_code: bool,
    /// What the single sign-on provider is called, if there is one.
    provider: Option<String>,
}

/// Lets a request through that is not grave or whose sender has shown lately who they are, or answers it.
pub(super) async fn checked(
    app: &App,
    viewer: &Viewer,
    asked: Asked,
    request: Request,
) -> Result<Request, Box<Response>> {
    if !asked.need.is_some_and(|need| need.is_grave) {
        return Ok(request);
    }
    settled(app, viewer, request).await.unwrap_or_else(|refusal| Err(Box::new(refusal.into_response())))
}

async fn settled(
    app: &App,
    viewer: &Viewer,
    request: Request,
) -> Result<Result<Request, Box<Response>>, Refusal> {
    let (mut parts, body) = request.into_parts();
    let fields = parts.extensions.get::<Fields>().cloned().unwrap_or_default();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let held = fields.text(HELD).parse().ok();
    if !confirmation::is_fresh(app, viewer.confirmed_at) {
        let Some(held) = held else {
            let held = confirmation::hold(app, viewer.session, &path, &fields.pairs()).await?;
            let page = page(app, viewer, &path, held, Form::default()).await?;
            return Ok(Err(Box::new(refusal::html(StatusCode::FORBIDDEN, &page))));
        };
        let Ok(Client(from)) = Client::from_request_parts(&mut parts, app).await;
        let password = fields.secret("confirm_password").unwrap_or_else(|| Secret::new(String::new()));
        let (by, code) = (viewer.actor(), fields.text("confirm_code"));
        let shown =
            confirmation::confirm(app, &by, viewer.session, from.address.as_deref(), password, code).await;
        if let Err(error) = shown {
            let status = login::status(&error);
            let page = page(app, viewer, &path, held, Form::default().with(error)?).await?;
            return Ok(Err(Box::new(refusal::html(status, &page))));
        }
    }
    if let Some(held) = held {
        let Some(pairs) = confirmation::release(app, viewer.session, &path, held).await? else {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                "This was sent already, or waited too long",
                "Look at the page that you came from. If it is not done, fill in the form again.",
            ));
        };
        parts.extensions.insert(Fields::new(pairs));
    }
    Ok(Ok(Request::from_parts(parts, body)))
}

async fn page(
    app: &App,
    viewer: &Viewer,
    path: &str,
    held: uuid::Uuid,
    form: Form,
) -> Result<ConfirmPage, Refusal> {
    let admin = store::admins::find(&app.db, viewer.id).await?;
    let wants_code = admin.as_ref().is_some_and(|admin| admin.totp_secret.is_some());
    let has_password = admin.is_some_and(|admin| admin.password_hash.is_some());
    let provider = store::single_sign_on::find(&app.db).await?.map(|row| row.name);
    let chrome = Chrome::load(app, viewer.clone(), path, None).await?;
    Ok(ConfirmPage {
        chrome,
        form,
        action: path.to_owned(),
        held: held.to_string(),
        has_password,
        wants_code,
        provider,
    })
}
