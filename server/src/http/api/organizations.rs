//! `/organizations`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{OrganizationId, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::describe::{List, Made, Tagged, get, post};
use super::extract::{Body, Id, IfMatch, Paging, Query, wrong};
use super::views::{Organization, Set};
use crate::actions::organizations::{self, NewCredential, NewOrganization};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::store;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/organizations",
            get(list)
                .says("List the JumpCloud organizations", "")
                .post(add)
                .says("Add a JumpCloud organization", "The credential is tried at once. Sent twice, the second is answered with the same organization.")
                .conflicts("organization_exists", "another one has the name; `id` names it")
                .refuses(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "credential_rejected",
                    "JumpCloud does not take the credential",
                )
                .refuses(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "credential_lacks_rights",
                    "it may not read users and groups",
                )
                .refuses(StatusCode::UNPROCESSABLE_ENTITY, "unreachable", "JumpCloud does not answer"),
        )
        .route("/organizations/{id}", get(find).says("Show an organization", "The ETag stands for its credential."))
        .route(
            "/organizations/{id}/credential",
            post(change_credential)
                .says(
                    "Replace the credential",
                    "The new one is tried, then swapped in while everything goes on.",
                )
                .refuses(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "credential_rejected",
                    "JumpCloud does not take the credential",
                )
                .refuses(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "credential_lacks_rights",
                    "it may not read users and groups",
                )
                .refuses(StatusCode::UNPROCESSABLE_ENTITY, "unreachable", "JumpCloud does not answer"),
        )
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Example Inc.", "api_key": "…"}))]
pub struct AddOrganization {
    name: String,
    /// An administrator's; or give `service_account`.
    api_key: Option<Secret>,
    service_account: Option<ServiceAccount>,
    /// Of a multi-tenant administrator's API key: which organization is meant.
    org_id: Option<String>,
    /// The host root; `https://console.jumpcloud.com` if it is left out.
    base_url: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"service_account": {"client_id": "…", "client_secret": "…"}}))]
pub struct ChangeCredential {
    api_key: Option<Secret>,
    service_account: Option<ServiceAccount>,
}

/// OAuth2 client credentials.
#[derive(Debug, Deserialize, ToSchema)]
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
        (None, None) | (Some(_), Some(_)) => {
            Err(wrong("api_key", "give either api_key or service_account {client_id, client_secret}"))
        }
    }
}

async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<AddOrganization>,
) -> Result<Made<Organization>, Failure> {
    let new = NewOrganization {
        name: body.name,
        base_url: body.base_url.unwrap_or_else(|| "https://console.jumpcloud.com".into()),
        jumpcloud_org_id: body.org_id.filter(|id| !id.is_empty()),
        credential: credential(body.api_key, body.service_account)?,
    };
    let by = caller.owning()?;
    if let Some(id) = organizations::find_same(&app, &new).await? {
        return Ok(Made::Same(found(&app, id).await?.view));
    }
    let id = organizations::add(&app, by, new).await?;
    Ok(Made::New(found(&app, id).await?.view))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<List<Organization>>, Failure> {
    let rows = store::organizations::list(&app.db, &caller.reach()).await?;
    paging.cut(rows.into_iter().map(Into::into).collect(), |row: &Organization| row.id.0)
}

async fn find(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<OrganizationId>,
) -> Result<Tagged<Organization>, Failure> {
    found(&app, id).await
}

async fn found(app: &App, id: OrganizationId) -> Result<Tagged<Organization>, Failure> {
    let row = store::organizations::find(&app.db, id).await?.ok_or(Error::NotFound("organization"))?;
    Ok(Tagged { tag: organizations::tag(&row), view: row.into() })
}

/// That it was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialChanged {
    id: OrganizationId,
    credential: Set,
}

async fn change_credential(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<OrganizationId>,
    if_match: IfMatch,
    Body(body): Body<ChangeCredential>,
) -> Result<Json<CredentialChanged>, Failure> {
    let new = credential(body.api_key, body.service_account)?;
    organizations::change_credential_at(&app, caller.owning()?, id, new, if_match.tag()).await?;
    Ok(Json(CredentialChanged { id, credential: Set { set: true } }))
}
