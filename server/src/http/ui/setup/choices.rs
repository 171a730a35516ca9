//! Step 5: what is synced of each user, and what happens to whom leaves. Saved even where nothing is changed: somebody has
//! to have looked.

use askama::Template;
use axum::extract::State;
use protocol::DomainId;
use serde_json::{Value, json};

use super::{Frame, address, load};
use crate::actions::setup::{self, Step};
use crate::app::App;
use crate::http::ui::chrome::Chrome;
use crate::http::ui::extract::Id;
use crate::http::ui::form::{Fields, Form};
use crate::http::ui::session::Viewer;
use crate::http::ui::{Answer, Refusal, again, page, to};
use crate::settings::DomainSettings;

/// What happens to a user who leaves: nobody else chooses that.
const LEAVING: &str = "user_dissociation_action";
const TEXTS: [&str; 7] = [
    LEAVING,
    "user_disable_action",
    "user_expire_action",
    "group_dissociation_action",
    "username_attribute",
    "user_takeover_action",
    "password_must_change_action",
];
const SWITCHES: [&str; 2] = ["sync_additional_attributes", "group_sync"];
const NUMBERS: [&str; 2] = ["removal_grace_days", "password_hold_hours"];

#[derive(Debug, Template)]
#[template(path = "setup/choices.html")]
struct ChoicesPage {
    chrome: Chrome,
    frame: Frame,
    mappings: usize,
    form: Form,
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, Id(id): Id<DomainId>) -> Answer {
    page(&shown(&app, chrome, id, None).await?)
}

async fn shown(app: &App, chrome: Chrome, id: DomainId, form: Option<Form>) -> Result<ChoicesPage, Refusal> {
    let (setup, frame) = load(app, id, Step::Choices).await?;
    let settings = &setup.domain.settings;
    let form = form.unwrap_or_else(|| form_of(settings, frame.is_done));
    Ok(ChoicesPage { chrome, frame, mappings: settings.attribute_mappings.len(), form })
}

fn form_of(settings: &DomainSettings, was_chosen: bool) -> Form {
    let document = json!(settings);
    let mut form = Form::default();
    for name in TEXTS.into_iter().chain(SWITCHES).chain(NUMBERS) {
        let text = match &document[name] {
            Value::String(text) => text.clone(),
            Value::Bool(true) => "true".into(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(false) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        form.set(format!("settings.{name}"), text);
    }
    if !was_chosen {
        form.set(format!("settings.{LEAVING}"), "");
    }
    form
}

fn patch_of(fields: &Fields, form: &mut Form) -> Value {
    let mut patch = json!({});
    for name in TEXTS {
        patch[name] = fields.text(&format!("settings.{name}")).into();
    }
    for name in SWITCHES {
        patch[name] = fields.is_on(&format!("settings.{name}")).into();
    }
    for name in NUMBERS {
        let field = format!("settings.{name}");
        match fields.text(&field).parse::<u32>() {
            Ok(number) => patch[name] = number.into(),
            Err(_) => form.wrong(field, "must be a whole number, 0 or more"),
        }
    }
    if patch[LEAVING] == "" {
        form.wrong(format!("settings.{LEAVING}"), "is not chosen: choose what happens to a user who leaves");
    }
    patch
}

pub(super) async fn save(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let mut form = Form::typed(&fields, &[]);
    let patch = patch_of(&fields, &mut form);
    if !form.is_wrong() {
        match setup::choose(&app, &viewer.actor(), id, &patch).await {
            Ok(_) => return Ok(to(&format!("{}?done=saved", address(id, Step::Preview)))),
            Err(error) => form = form.with(error)?,
        }
    }
    again(&shown(&app, chrome, id, Some(form)).await?)
}
