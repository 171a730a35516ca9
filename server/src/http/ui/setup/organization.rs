//! Step 1: the JumpCloud organization, and how to sign in to it.

use askama::Template;
use axum::extract::State;
use protocol::{DomainId, OrganizationId};

use super::{Frame, load};
use crate::actions::organizations;
use crate::actions::setup::{Setup, Step};
use crate::app::App;
use crate::http::ui::chrome::Chrome;
use crate::http::ui::extract::Id;
use crate::http::ui::form::{Fields, Form};
use crate::http::ui::organizations::{blank_form, explained, new_organization, typed_form};
use crate::http::ui::session::Viewer;
use crate::http::ui::{Answer, again, page, to};
use crate::store;
use crate::store::organizations::Organization;

/// The value that stands for none of those that are there.
const NEW: &str = "new";

#[derive(Debug, Template)]
#[template(path = "setup/organization.html")]
struct NewPage {
    chrome: Chrome,
    frame: Frame,
    organizations: Vec<Organization>,
    form: Form,
}

#[derive(Debug, Template)]
#[template(path = "setup/organization_set.html")]
struct SetPage {
    chrome: Chrome,
    frame: Frame,
    setup: Setup,
}

pub(super) async fn blank(State(app): State<App>, chrome: Chrome) -> Answer {
    let organizations = store::organizations::list(&app.db, &chrome.reach()).await?;
    let mut form = blank_form();
    form.set("organization_id", organizations.first().map_or(NEW.to_owned(), |row| row.id.to_string()));
    page(&NewPage { chrome, frame: Frame::new(Step::Organization, None), organizations, form })
}

/// Goes on with the chosen one, or adds one. The same name again is the same organization: a second click ends well.
pub(super) async fn add(State(app): State<App>, viewer: Viewer, chrome: Chrome, fields: Fields) -> Answer {
    let organizations = store::organizations::list(&app.db, &chrome.reach()).await?;
    let chosen = fields.text("organization_id").parse().ok().map(OrganizationId);
    if let Some(row) = organizations.iter().find(|row| chosen == Some(row.id)) {
        return Ok(to(&format!("/setup/domain?organization={}", row.id)));
    }
    let by = viewer.owning()?;
    let new = new_organization(&fields);
    let name = new.name.trim().to_owned();
    if let Some(id) = store::organizations::find_by_name(&app.db, &name).await? {
        return Ok(to(&format!("/setup/domain?organization={id}&done=organization-there")));
    }
    match organizations::add(&app, &by, new).await {
        Ok(id) => Ok(to(&format!("/setup/domain?organization={id}&done=organization-added"))),
        Err(error) => {
            // Another tab was faster.
            if let Some(id) = store::organizations::find_by_name(&app.db, &name).await? {
                return Ok(to(&format!("/setup/domain?organization={id}&done=organization-there")));
            }
            let mut form = explained(typed_form(&fields), error)?;
            form.set("organization_id", NEW);
            let frame = Frame::new(Step::Organization, None);
            again(&NewPage { chrome, frame, organizations, form })
        }
    }
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, Id(id): Id<DomainId>) -> Answer {
    let (setup, frame) = load(&app, id, Step::Organization).await?;
    page(&SetPage { chrome, frame, setup })
}
