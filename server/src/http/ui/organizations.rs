//! Organizations: the JumpCloud tenants, and how we sign in to them.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use protocol::{OrganizationId, Secret};

use super::chrome::Chrome;
use super::extract::Id;
use super::form::{Fields, Form};
use super::session::Viewer;
use super::views::DomainHead;
use super::{Answer, again, page, to};
use crate::actions::organizations::{self, NewCredential, NewOrganization};
use crate::app::App;
use crate::error::Error;
use crate::store;
use crate::store::organizations::Organization;

const SECRETS: [&str; 2] = ["api_key", "service_account.client_secret"];
const REGIONS: [&str; 3] =
    ["https://console.jumpcloud.com", "https://console.eu.jumpcloud.com", "https://console.in.jumpcloud.com"];

#[derive(Debug, Template)]
#[template(path = "organizations/list.html")]
struct ListPage {
    chrome: Chrome,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    id: OrganizationId,
    name: String,
    base_url: String,
    credential: &'static str,
    problem: Option<String>,
    mirror_read_at: Option<DateTime<Utc>>,
    domains: usize,
}

#[derive(Debug, Template)]
#[template(path = "organizations/new.html")]
struct NewPage {
    chrome: Chrome,
    form: Form,
}

#[derive(Debug, Template)]
#[template(path = "organizations/show.html")]
struct ShowPage {
    chrome: Chrome,
    organization: Organization,
    credential: &'static str,
    domains: Vec<DomainHead>,
    form: Form,
}

fn credential_words(row: &Organization) -> &'static str {
    if row.credential_kind == "service_account" { "Service account" } else { "API key" }
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome) -> Answer {
    let domains = store::domains::list(&app.db, &chrome.reach()).await?;
    let row = |row: Organization| Row {
        id: row.id,
        credential: credential_words(&row),
        name: row.name,
        base_url: row.base_url,
        problem: row.problem_message,
        mirror_read_at: row.mirror_read_at,
        domains: domains.iter().filter(|domain| domain.organization_id == row.id).count(),
    };
    let rows = store::organizations::list(&app.db, &chrome.reach()).await?.into_iter().map(row).collect();
    page(&ListPage { chrome, rows })
}

pub(super) async fn blank(chrome: Chrome) -> Answer {
    page(&NewPage { chrome, form: blank_form() })
}

pub(super) fn blank_form() -> Form {
    let mut form = Form::default();
    form.set("region", REGIONS[0]);
    form.set("credential", "api_key");
    form
}

/// What was typed, the secrets aside.
pub(super) fn typed_form(fields: &Fields) -> Form {
    Form::typed(fields, &SECRETS)
}

pub(super) fn new_organization(fields: &Fields) -> NewOrganization {
    let region = fields.text("region");
    let base_url = if REGIONS.contains(&region) { region } else { fields.text("base_url") };
    NewOrganization {
        name: fields.text("name").into(),
        base_url: base_url.into(),
        jumpcloud_org_id: fields.filled("org_id"),
        credential: credential(fields),
    }
}

pub(super) async fn add(State(app): State<App>, viewer: Viewer, chrome: Chrome, fields: Fields) -> Answer {
    match organizations::add(&app, &viewer.actor(), new_organization(&fields)).await {
        Ok(id) => Ok(to(&format!("/organizations/{id}?done=organization-added"))),
        Err(error) => {
            let form = explained(typed_form(&fields), error)?;
            again(&NewPage { chrome, form })
        }
    }
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, Id(id): Id<OrganizationId>) -> Answer {
    let mut form = Form::default();
    form.set("credential", "api_key");
    page(&shown(&app, chrome, id, form).await?)
}

pub(super) async fn change_credential(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<OrganizationId>,
    fields: Fields,
) -> Answer {
    match organizations::change_credential(&app, &viewer.actor(), id, credential(&fields)).await {
        Ok(()) => Ok(to(&format!("/organizations/{id}?done=credential-changed"))),
        Err(error) => {
            let form = explained(typed_form(&fields), error)?;
            again(&shown(&app, chrome, id, form).await?)
        }
    }
}

async fn shown(app: &App, chrome: Chrome, id: OrganizationId, form: Form) -> Result<ShowPage, Error> {
    let organization =
        store::organizations::find(&app.db, id).await?.ok_or(Error::NotFound("organization"))?;
    let domains = store::domains::list_of(&app.db, id).await?;
    Ok(ShowPage {
        chrome,
        credential: credential_words(&organization),
        organization,
        domains: domains.iter().map(|domain| DomainHead::new(domain, "")).collect(),
        form,
    })
}

fn credential(fields: &Fields) -> NewCredential {
    let secret = |name| fields.secret(name).unwrap_or_else(|| Secret::new(String::new()));
    // What is pasted brings spaces and line breaks along.
    let trimmed = |secret: Secret| Secret::new(secret.expose().trim().to_owned());
    if fields.text("credential") == "service_account" {
        NewCredential::ServiceAccount {
            client_id: fields.text("service_account.client_id").into(),
            client_secret: trimmed(secret("service_account.client_secret")),
            token_url: fields.filled("service_account.token_url"),
        }
    } else {
        NewCredential::ApiKey(trimmed(secret("api_key")))
    }
}

/// An error of the credential as a whole stands at the field that holds the secret.
pub(super) fn explained(mut form: Form, error: Error) -> Result<Form, super::Refusal> {
    let secret = if form.is("credential", "service_account") { SECRETS[1] } else { SECRETS[0] };
    match error {
        Error::Invalid(errors) => {
            for wrong in errors {
                let field = match wrong.field.as_str() {
                    "service_account" => secret.to_owned(),
                    "base_url" if REGIONS.contains(&form.value("region")) => "region".to_owned(),
                    _ => wrong.field,
                };
                form.wrong(field, wrong.message);
            }
            Ok(form)
        }
        Error::Upstream { code, detail } => {
            let field = match code.as_str() {
                "organization_unknown" => "org_id",
                "unreachable" | "server_error" | "malformed_answer" => "region",
                _ => secret,
            };
            form.wrong(field, detail);
            Ok(form)
        }
        other => form.with(other),
    }
}
