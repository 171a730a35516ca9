//! `/domains/{id}/mappings`: the attribute table that holds, and what a table gives for one user. It is saved as part of
//! the settings.

use axum::Json;
use axum::extract::State;
use planner::mapping::{COMMON_ATTRIBUTES, Trial, Tried, defaults, jumpcloud_fields};
use planner::policy::AttributeMapping;
use protocol::problem::FieldError;
use protocol::{DomainId, ObjectGuid};
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Id};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::settings::mapping_errors;
use crate::{store, workers};

/// The rows of the settings, the defaults under them, and what can be named in a row.
pub async fn table(State(app): State<App>, _: Caller, Id(id): Id<DomainId>) -> Result<Json<Value>, Failure> {
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let settings = &domain.settings.0;
    let described = |rows: Vec<(String, String)>, name: &str| -> Vec<Value> {
        rows.into_iter().map(|(field, what)| json!({name: field, "description": what})).collect()
    };
    let common =
        COMMON_ATTRIBUTES.iter().map(|(name, what)| ((*name).to_owned(), (*what).to_owned())).collect();
    Ok(Json(json!({
        "revision": domain.revision, "attribute_mappings": settings.attribute_mappings,
        "sync_additional_attributes": settings.sync_additional_attributes,
        "defaults": defaults(settings.sync_additional_attributes),
        "jumpcloud_fields": described(jumpcloud_fields(), "field"),
        "common_attributes": described(common, "attribute"),
    })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    object_guid: ObjectGuid,
    /// The saved ones, if they are left out.
    attribute_mappings: Option<Vec<AttributeMapping>>,
    sync_additional_attributes: Option<bool>,
}

/// What the table gives for one user, stored nowhere. A wrong row is named, and the others are tried all the same.
pub async fn preview(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<Preview>,
) -> Result<Json<Value>, Failure> {
    let mut conn = app.db.acquire().await?;
    let domain = store::domains::find(&mut *conn, id).await?.ok_or(Error::NotFound("domain"))?;
    let saved = &domain.settings.0;
    let rows = body.attribute_mappings.unwrap_or_else(|| saved.attribute_mappings.clone());
    let additional = body.sync_additional_attributes.unwrap_or(saved.sync_additional_attributes);
    let errors = mapping_errors("attribute_mappings", &rows);
    let settings = saved.with_mappings(rows, additional);
    let user = body.object_guid;
    store::subjects::find_user(&mut *conn, id, user).await?.ok_or(Error::NotFound("user"))?;
    let trial = workers::plan::try_mappings(&mut conn, &domain, &settings, user, app.clock.now())
        .await
        .map_err(|error| Error::internal(format!("could not plan: {error:#}")))?
        .ok_or_else(|| {
            Error::conflict(
                "directory_not_read",
                "The directory has not been read yet, so there is nothing to show. Enroll an agent and try again.",
            )
        })?;
    Ok(Json(shown(user, &trial, &errors)))
}

fn shown(user: ObjectGuid, trial: &Trial, errors: &[FieldError]) -> Value {
    let verdict = &trial.verdict;
    json!({
        "object_guid": user, "jumpcloud_id": trial.jumpcloud_id, "status": verdict.status, "reasons": verdict.reasons,
        "username": verdict.username, "email": verdict.email, "valid": errors.is_empty(), "errors": errors,
        "fields": trial.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

fn field(tried: &Tried) -> Value {
    let mut shown = json!(AttributeMapping { field: tried.field.clone(), source: tried.source.clone() });
    shown["row"] = json!(tried.row);
    shown["before"] = json!(tried.before);
    shown["after"] = json!(tried.after);
    shown["not_read_yet"] = json!(tried.not_read_yet);
    shown["reason"] = json!(tried.reason);
    shown["error"] = json!(tried.error);
    shown
}
