//! Step 2: the domain, the account that reads it, and whom to trust on the way.

use askama::Template;
use axum::extract::State;
use protocol::{DomainId, OrganizationId};
use serde_json::{Value, json};

use super::{Frame, address, load};
use crate::actions::domains;
use crate::actions::setup::{self, Step};
use crate::app::App;
use crate::error::Error;
use crate::http::ui::chrome::Chrome;
use crate::http::ui::extract::{Filter, Id};
use crate::http::ui::form::{Fields, Form};
use crate::http::ui::session::Viewer;
use crate::http::ui::{Answer, Refusal, again, page, to};
use crate::store;
use crate::store::organizations::Organization;

const PASSWORD: &str = "settings.ldap.bind_password";
const CA: &str = "settings.ldap.ca_pem";
const FINGERPRINT: &str = "settings.ldap.server_fingerprint";

#[derive(Debug, Template)]
#[template(path = "setup/domain.html")]
struct DomainPage {
    chrome: Chrome,
    frame: Frame,
    organization: Organization,
    password_is_set: bool,
    form: Form,
}

pub(super) async fn blank(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    let Some(id) = filter.parsed("organization").map(OrganizationId) else {
        return Ok(to("/setup/organization"));
    };
    let mut form = Form::default();
    form.set("trust", "system");
    page(&unset(&app, chrome, id, form).await?)
}

async fn unset(
    app: &App,
    chrome: Chrome,
    organization: OrganizationId,
    mut form: Form,
) -> Result<DomainPage, Refusal> {
    chrome.viewer.access.at(organization).ok_or(Error::NotFound("organization"))?;
    let found = store::organizations::find(&app.db, organization).await?;
    let found = found.ok_or(Error::NotFound("organization"))?;
    form.set("organization_id", organization.to_string());
    let frame = Frame::new(Step::Domain, Some(organization));
    Ok(DomainPage { chrome, frame, organization: found, password_is_set: false, form })
}

/// Adds the domain. The same name again is the same domain: a second click ends well.
pub(super) async fn add(State(app): State<App>, viewer: Viewer, chrome: Chrome, fields: Fields) -> Answer {
    let organization =
        OrganizationId(fields.text("organization_id").parse().map_err(|_| Error::NotFound("organization"))?);
    let mut form = Form::typed(&fields, &[PASSWORD]);
    let ldap = ldap(&fields, &mut form, false);
    if !form.is_wrong() {
        let settings = json!({ "ldap": ldap });
        match setup::begin(
            &app,
            &viewer.changing_at(organization)?,
            organization,
            fields.text("name"),
            &settings,
        )
        .await
        {
            Ok(id) => return Ok(to(&format!("{}?done=domain-added", address(id, Step::Agents)))),
            Err(error) => {
                if let Some(id) = existing(&app, organization, fields.text("name")).await? {
                    return Ok(to(&format!("/setup/{id}/domain?done=domain-there")));
                }
                form = form.with(error)?;
            }
        }
    }
    again(&unset(&app, chrome, organization, form).await?)
}

async fn existing(app: &App, organization: OrganizationId, name: &str) -> Result<Option<DomainId>, Error> {
    let Ok(name) = protocol::DomainName::parse(name) else { return Ok(None) };
    Ok(store::domains::find_by_name(&app.db, organization, name.as_str()).await?)
}

/// The account and the trust, as a part of the settings. What the choice of trust leaves out is cleared.
fn ldap(fields: &Fields, form: &mut Form, password_is_set: bool) -> Value {
    let mut ldap = json!({"bind_user": fields.text("settings.ldap.bind_user")});
    if fields.text("settings.ldap.bind_user").is_empty() {
        form.wrong("settings.ldap.bind_user", "is empty: agents need an account to read the directory with");
    }
    match fields.secret(PASSWORD) {
        Some(password) => ldap["bind_password"] = password.expose().into(),
        None if password_is_set => {}
        None => form.wrong(PASSWORD, "is empty: enter the account's password"),
    }
    let trust = fields.text("trust");
    for (choice, field, name, missing) in [
        ("ca", CA, "ca_pem", "is empty: paste the certificate of the CA, -----BEGIN CERTIFICATE-----"),
        (
            "fingerprint",
            FINGERPRINT,
            "server_fingerprint",
            "is empty: enter sha256: and 64 hexadecimal digits",
        ),
    ] {
        let value = fields.filled(field).filter(|_| trust == choice);
        if trust == choice && value.is_none() {
            form.wrong(field, missing);
        }
        ldap[name] = value.map_or(Value::Null, Value::String);
    }
    ldap
}

pub(super) async fn show(State(app): State<App>, chrome: Chrome, Id(id): Id<DomainId>) -> Answer {
    page(&shown(&app, chrome, id, None).await?)
}

async fn shown(app: &App, chrome: Chrome, id: DomainId, form: Option<Form>) -> Result<DomainPage, Refusal> {
    let (setup, frame) = load(app, id, Step::Domain).await?;
    let ldap = &setup.domain.settings.ldap;
    let form = form.unwrap_or_else(|| {
        let mut form = Form::default();
        let (ca, fingerprint) = (ldap.ca_pem.as_deref(), ldap.server_fingerprint.as_deref());
        form.set("settings.ldap.bind_user", &ldap.bind_user);
        form.set(
            "trust",
            if ca.is_some() {
                "ca"
            } else if fingerprint.is_some() {
                "fingerprint"
            } else {
                "system"
            },
        );
        form.set(CA, ca.unwrap_or_default());
        form.set(FINGERPRINT, fingerprint.unwrap_or_default());
        form
    });
    let password_is_set = setup.domain.bind_password.is_some();
    Ok(DomainPage { chrome, frame, organization: setup.organization, password_is_set, form })
}

pub(super) async fn save(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Id(id): Id<DomainId>,
    fields: Fields,
) -> Answer {
    let domain = crate::http::ui::domains::find(&app, id).await?;
    let mut form = Form::typed(&fields, &[PASSWORD]);
    let patch = json!({"ldap": ldap(&fields, &mut form, domain.bind_password.is_some())});
    if !form.is_wrong() {
        match domains::change_settings(&app, &viewer.actor(), id, &patch).await {
            Ok(_) => return Ok(to(&format!("{}?done=saved", address(id, Step::Agents)))),
            Err(error) => form = form.with(error)?,
        }
    }
    again(&shown(&app, chrome, id, Some(form)).await?)
}
