//! Switching one's second factor on and off, and the recovery codes, shown once.

use askama::Template;
use axum::extract::State;
use protocol::Secret;

use super::chrome::Chrome;
use super::form::{Fields, Form};
use super::qr::{self, Picture};
use super::session::Viewer;
use super::{Answer, again, page, to};
use crate::actions::second_factor;
use crate::app::App;
use crate::error::Error;

#[derive(Debug, Template)]
#[template(path = "account/second_factor.html")]
struct OfferPage {
    chrome: Chrome,
    form: Form,
    secret: String,
    picture: Option<Picture>,
}

#[derive(Debug, Template)]
#[template(path = "account/codes.html")]
struct CodesPage {
    chrome: Chrome,
    codes: String,
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome) -> Answer {
    match offered(&app, chrome, Form::default()).await {
        Err(Error::Conflict { .. }) => Ok(to("/account")),
        shown => page(&shown?),
    }
}

async fn offered(app: &App, chrome: Chrome, form: Form) -> Result<OfferPage, Error> {
    let offer = second_factor::offer(app, chrome.viewer.id).await?;
    // In groups of four, as it is typed.
    let secret = offer.secret.expose().as_bytes().chunks(4).map(String::from_utf8_lossy);
    Ok(OfferPage {
        chrome,
        form,
        secret: secret.collect::<Vec<_>>().join(" "),
        picture: qr::picture(offer.url.expose()),
    })
}

/// The answer itself shows the recovery codes: they are kept nowhere, so no other page could.
pub(super) async fn turn_on(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    fields: Fields,
) -> Answer {
    match second_factor::turn_on(&app, &viewer.actor(), viewer.id, fields.text("code")).await {
        Ok(codes) => page(&codes_page(chrome, &codes)),
        Err(error) => {
            let form = Form::default().with(error)?;
            again(&offered(&app, chrome, form).await?)
        }
    }
}

pub(super) async fn renew_codes(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> Answer {
    let codes = second_factor::renew_codes(&app, &viewer.actor(), viewer.id).await?;
    page(&codes_page(chrome, &codes))
}

fn codes_page(chrome: Chrome, codes: &[Secret]) -> CodesPage {
    let codes: Vec<_> = codes.iter().map(Secret::expose).map(str::to_owned).collect();
    CodesPage { chrome, codes: codes.join("\n") }
}

pub(super) async fn turn_off(State(app): State<App>, viewer: Viewer) -> Answer {
    second_factor::turn_off(&app, &viewer.actor(), viewer.id).await?;
    Ok(to("/account?done=second-factor-off"))
}
