//! A domain's settings: every one with its help, and the revisions with what each changed.

mod document;
mod review;
mod revisions;

use askama::Template;
use axum::extract::State;
use protocol::DomainId;

use super::chrome::Chrome;
use super::extract::{Filter, Id};
use super::form::{Fields, Form};
use super::session::Viewer;
use super::views::DomainHead;
use super::{Answer, Refusal, again, page, to};
use crate::actions::{domains, drafts};
use crate::app::App;
use crate::error::Error;
use crate::store;
use document::{form_of, patch_of};
pub(super) use review::{save as publish, show as review};
use revisions::Revision;

const PASSWORD: &str = "settings.ldap.bind_password";

#[derive(Debug, Template)]
#[template(path = "domains/settings.html")]
struct SettingsPage {
    chrome: Chrome,
    head: DomainHead,
    revision: i64,
    password_is_set: bool,
    form: Form,
    /// The fields that rows of the attribute table name.
    mapped: Vec<String>,
    limits: Vec<LimitRow>,
    revisions: Vec<Revision>,
}

/// One kind of the guard's table, and the names of its fields.
#[derive(Debug)]
struct LimitRow {
    label: &'static str,
    min_count: String,
    max_percent: String,
    max_count: String,
}

impl SettingsPage {
    fn limits() -> Vec<LimitRow> {
        let labels = [
            "Removing or disconnecting users",
            "Suspending users",
            "Removing groups",
            "Removing group members",
        ];
        let row = |(kind, label): (&str, &'static str)| LimitRow {
            label,
            min_count: format!("settings.guard.{kind}.min_count"),
            max_percent: format!("settings.guard.{kind}.max_percent"),
            max_count: format!("settings.guard.{kind}.max_count"),
        };
        document::GUARDED.into_iter().zip(labels).map(row).collect()
    }
}

/// With what was typed, where that is to be changed before it is saved.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    filter: Filter,
) -> Answer {
    let form = match filter.parsed("draft") {
        Some(draft) => Some(form_of(&drafts::find(&app, &viewer.actor(), id, draft).await?.settings)),
        None => None,
    };
    page(&shown(&app, chrome, id, form).await?)
}

async fn shown(app: &App, chrome: Chrome, id: DomainId, form: Option<Form>) -> Result<SettingsPage, Refusal> {
    let domain = super::domains::find(app, id).await?;
    let form = form.unwrap_or_else(|| form_of(&domain.settings));
    Ok(SettingsPage {
        chrome,
        head: DomainHead::new(&domain, "settings"),
        revision: domain.revision,
        password_is_set: domain.bind_password.is_some(),
        mapped: domain.settings.attribute_mappings.iter().map(|row| row.field.clone()).collect(),
        limits: SettingsPage::limits(),
        form,
        revisions: revisions::list(&store::domains::list_revisions(&app.db, id).await?),
    })
}

/// What was typed is kept, and what it would change is shown before it is saved.
pub(super) async fn save(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let domain = super::domains::find(&app, id).await?;
    let typed = patch_of(&fields);
    let mut form = typed.form;
    if fields.text("revision") != domain.revision.to_string() {
        form.refused(format!(
            "The settings were changed meanwhile and are at revision {} now; see the list of revisions below. What you \
             typed is kept here: check it and review it again.",
            domain.revision
        ));
    } else if form.is_wrong() {
        // What the fields alone tell is told together with what the settings as a whole tell.
        let name = domains::name_of(&domain)?;
        if let Err(errors) = domain.settings.edit(&name, &typed.patch) {
            form = form.with(Error::Invalid(errors))?;
        }
    } else {
        match drafts::keep(&app, &viewer.actor(), &domain, &typed.patch).await {
            Ok(Some(draft)) => return Ok(to(&format!("/domains/{id}/settings/review/{draft}"))),
            Ok(None) => return Ok(to(&format!("/domains/{id}/settings?done=unchanged"))),
            Err(error) => form = form.with(error)?,
        }
    }
    again(&shown(&app, chrome, id, Some(form)).await?)
}

/// The settings of an earlier revision are reviewed like any others.
pub(super) async fn rollback(
    State(app): State<App>,
    viewer: Viewer,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let revision = fields.text("revision").parse().map_err(|_| Refusal::not_found("revision"))?;
    let domain = super::domains::find(&app, id).await?;
    let draft = drafts::keep_rollback(&app, &viewer.actor(), &domain, revision).await?;
    Ok(to(&format!("/domains/{id}/settings/review/{draft}")))
}
