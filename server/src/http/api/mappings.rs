//! `/domains/{id}/mappings`: the attribute table that holds, and what a table gives for one user. It is saved as part of
//! the settings.

use axum::Json;
use axum::extract::State;
use planner::mapping::{COMMON_ATTRIBUTES, Trial, Tried, defaults, jumpcloud_fields};
use planner::policy::AttributeMapping;
use planner::reason::{Reason, Status};
use protocol::problem::FieldError;
use protocol::{DomainId, ObjectGuid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::describe::{Tagged, get, post};
use super::extract::{Body, Id};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::http::routes::Routes;
use crate::settings::mapping_errors;
use crate::{store, workers};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route(
            "/domains/{id}/mappings",
            get(table).says(
                "Show the attribute table",
                "The rows of the settings, the defaults under them, and what can be named in a row. It is saved as part of \
                 the settings: `PATCH /domains/{id}` with `attribute_mappings`.",
            ),
        )
        .route(
            "/domains/{id}/mappings/preview",
            post(preview)
                .says(
                    "Try an attribute table on one user",
                    "Stored nowhere. A wrong row is named, and the others are tried all the same.",
                )
                .conflicts("directory_not_read", "the directory has not been read yet"),
        )
}

/// The attribute table.
#[derive(Debug, Serialize, ToSchema)]
pub struct Table {
    revision: i64,
    attribute_mappings: Vec<AttributeMapping>,
    sync_additional_attributes: bool,
    defaults: Vec<AttributeMapping>,
    jumpcloud_fields: Vec<Field>,
    common_attributes: Vec<Attribute>,
}

/// A JumpCloud field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JumpCloudField)]
pub struct Field {
    #[schema(example = "costCenter")]
    field: String,
    description: String,
}

/// An attribute of AD.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommonAttribute)]
pub struct Attribute {
    #[schema(example = "department")]
    attribute: String,
    description: String,
}

async fn table(State(app): State<App>, _: Caller, Id(id): Id<DomainId>) -> Result<Tagged<Table>, Failure> {
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let settings = &domain.settings.0;
    let field = |(field, description)| Field { field, description };
    let attribute = |(name, what): &(&str, &str)| Attribute {
        attribute: (*name).to_owned(),
        description: (*what).to_owned(),
    };
    let view = Table {
        revision: domain.revision,
        attribute_mappings: settings.attribute_mappings.clone(),
        sync_additional_attributes: settings.sync_additional_attributes,
        defaults: defaults(settings.sync_additional_attributes),
        jumpcloud_fields: jumpcloud_fields().into_iter().map(field).collect(),
        common_attributes: COMMON_ATTRIBUTES.iter().map(attribute).collect(),
    };
    Ok(Tagged { tag: domain.revision.to_string(), view })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TryMappings)]
pub struct Preview {
    object_guid: ObjectGuid,
    /// The saved ones, if they are left out.
    attribute_mappings: Option<Vec<AttributeMapping>>,
    sync_additional_attributes: Option<bool>,
}

async fn preview(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Body(body): Body<Preview>,
) -> Result<Json<Outcome>, Failure> {
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
    Ok(Json(shown(user, trial, errors)))
}

/// What a table gives for one user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MappingOutcome)]
pub struct Outcome {
    object_guid: ObjectGuid,
    jumpcloud_id: Option<String>,
    status: Status,
    reasons: Vec<Reason>,
    username: Option<String>,
    email: Option<String>,
    /// Every row could be saved.
    valid: bool,
    errors: Vec<FieldError>,
    fields: Vec<FieldOutcome>,
}

/// What becomes of one field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldOutcome {
    #[serde(flatten)]
    mapping: AttributeMapping,
    /// Its place in the table, from 0; null for a default.
    row: Option<usize>,
    before: Option<String>,
    after: Option<String>,
    not_read_yet: Vec<String>,
    /// Why it stays as it is.
    reason: Option<Reason>,
    error: Option<String>,
}

fn shown(user: ObjectGuid, trial: Trial, errors: Vec<FieldError>) -> Outcome {
    let verdict = trial.verdict;
    Outcome {
        object_guid: user,
        jumpcloud_id: trial.jumpcloud_id,
        status: verdict.status,
        reasons: verdict.reasons,
        username: verdict.username,
        email: verdict.email,
        valid: errors.is_empty(),
        errors,
        fields: trial.fields.into_iter().map(field).collect(),
    }
}

fn field(tried: Tried) -> FieldOutcome {
    FieldOutcome {
        mapping: AttributeMapping { field: tried.field, source: tried.source },
        row: tried.row,
        before: tried.before,
        after: tried.after,
        not_read_yet: tried.not_read_yet,
        reason: tried.reason,
        error: tried.error,
    }
}
