//! `/organizations`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::problem::FieldError;
use protocol::{OrganizationId, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Id, page};
use super::views;
use crate::actions::organizations::{self, NewCredential, NewOrganization};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddOrganization {
    name: String,
    api_key: Option<Secret>,
    service_account: Option<ServiceAccount>,
    org_id: Option<String>,
    base_url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeCredential {
    api_key: Option<Secret>,
    service_account: Option<ServiceAccount>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceAccount {
    client_id: String,
    client_secret: Secret,
    token_url: Option<String>,
}

fn credential(api_key: Option<Secret>, account: Option<ServiceAccount>) -> Result<NewCredential, Failure> {
    match (api_key, account) {
        (Some(key), None) => Ok(NewCredential::ApiKey(key)),
        (None, Some(account)) => Ok(NewCredential::ServiceAccount {
            client_id: account.client_id,
            client_secret: account.client_secret,
            token_url: account.token_url,
        }),
        (None, None) | (Some(_), Some(_)) => Err(Failure::invalid(vec![FieldError {
            field: "api_key".into(),
            message: "give either api_key or service_account {client_id, client_secret}".into(),
        }])),
    }
}

pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<AddOrganization>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let new = NewOrganization {
        name: body.name,
        base_url: body.base_url.unwrap_or_else(|| "https://console.jumpcloud.com".into()),
        jumpcloud_org_id: body.org_id.filter(|id| !id.is_empty()),
        credential: credential(body.api_key, body.service_account)?,
    };
    let id = organizations::add(&app, caller.owning()?, new).await?;
    let row = store::organizations::find(&app.db, id).await?.ok_or(Error::NotFound("organization"))?;
    Ok((StatusCode::CREATED, Json(views::organization(&row))))
}

pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Failure> {
    let rows = store::organizations::list(&app.db, &caller.reach()).await?;
    Ok(page(rows.iter().map(views::organization).collect(), None))
}

pub async fn find(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<OrganizationId>,
) -> Result<Json<Value>, Failure> {
    let row = store::organizations::find(&app.db, id).await?.ok_or(Error::NotFound("organization"))?;
    Ok(Json(views::organization(&row)))
}

pub async fn change_credential(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<OrganizationId>,
    Body(body): Body<ChangeCredential>,
) -> Result<Json<Value>, Failure> {
    let new = credential(body.api_key, body.service_account)?;
    organizations::change_credential(&app, caller.owning()?, id, new).await?;
    Ok(Json(json!({"id": id, "credential": {"set": true}})))
}
