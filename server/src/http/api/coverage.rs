//! `/domains/{id}/coverage`: whose current AD password JumpCloud has; and `/alerts`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use protocol::problem::FieldError;
use protocol::{DomainId, ObjectGuid};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Id, Query, limit, next, page};
use crate::actions::coverage::{self, STATES};
use crate::app::App;
use crate::error::Error;
use crate::http::auth::Caller;
use crate::http::problem::Failure;
use crate::store;
use crate::store::coverage::Covered;

#[derive(Debug, Deserialize)]
pub struct Wanted {
    state: Option<String>,
    format: Option<String>,
    after: Option<ObjectGuid>,
    limit: Option<i64>,
}

impl Wanted {
    fn state(&self) -> Result<Option<&str>, Failure> {
        one_of("state", self.state.as_deref(), &STATES)
    }

    fn is_csv(&self) -> Result<bool, Failure> {
        Ok(one_of("format", self.format.as_deref(), &["json", "csv"])? == Some("csv"))
    }
}

fn one_of<'a>(field: &str, given: Option<&'a str>, known: &[&str]) -> Result<Option<&'a str>, Failure> {
    match given.filter(|given| !given.is_empty()) {
        Some(given) if !known.contains(&given) => Err(Failure::invalid(vec![FieldError {
            field: field.into(),
            message: format!("must be one of {}", known.join(", ")),
        }])),
        given => Ok(given),
    }
}

/// The figures, and the users page by page; as CSV all of the users at once.
pub async fn coverage(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<DomainId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let (state, is_csv) = (wanted.state()?, wanted.is_csv()?);
    let mut view = json!(coverage::of(&app, id).await?);
    if is_csv {
        return export(&app, id, state).await;
    }
    let limit = limit(wanted.limit)?;
    let rows = store::coverage::list(&app.db, id, app.clock.now(), state, wanted.after, limit).await?;
    view["next"] = json!(next(&rows, limit, |row| row.guid.to_string()));
    view["items"] = rows.iter().map(covered).collect();
    Ok(Json(view).into_response())
}

/// A user's password, as the API shows it.
pub(super) fn covered(row: &Covered) -> Value {
    json!({
        "id": row.guid, "object_guid": row.guid, "sam_account_name": row.sam_account_name, "mail": row.mail,
        "display_name": row.display_name, "state": row.state, "message": row.message, "changed_at": row.changed_at,
        "invocation_id": row.invocation_id, "captured_at": row.captured_at, "delivered_at": row.delivered_at,
    })
}

/// Every user as CSV (RFC 4180), to run a campaign with.
pub(in crate::http) async fn export(
    app: &App,
    id: DomainId,
    state: Option<&str>,
) -> Result<Response, Failure> {
    let csv =
        table(app, id, state).await.map_err(|error| Error::internal(format!("could not export: {error}")))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"password-coverage.csv\""),
    ];
    Ok((headers, csv).into_response())
}

const PAGE: i64 = 1000;

async fn table(app: &App, id: DomainId, state: Option<&str>) -> anyhow::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "object_guid",
        "sam_account_name",
        "display_name",
        "mail",
        "state",
        "message",
        "changed_at",
        "captured_at",
        "delivered_at",
    ])?;
    let mut after = None;
    loop {
        let rows = store::coverage::list(&app.db, id, app.clock.now(), state, after, PAGE).await?;
        for row in &rows {
            let text = |value: &Option<String>| harmless(value.as_deref().unwrap_or_default());
            let time = |value: Option<chrono::DateTime<chrono::Utc>>| {
                value.map(|at| at.to_rfc3339()).unwrap_or_default()
            };
            table.write_record([
                row.guid.to_string(),
                text(&row.sam_account_name),
                text(&row.display_name),
                text(&row.mail),
                row.state.clone(),
                text(&row.message),
                time(row.changed_at),
                time(row.captured_at),
                time(row.delivered_at),
            ])?;
        }
        after = rows.last().map(|row| row.guid);
        if i64::try_from(rows.len())? < PAGE {
            return Ok(table.into_inner()?);
        }
    }
}

/// A spreadsheet takes what begins so for a formula, and names are for anybody to choose.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[derive(Debug, Deserialize)]
pub struct Alerts {
    domain_id: Option<DomainId>,
    state: Option<String>,
    after: Option<Uuid>,
    limit: Option<i64>,
}

/// The newest first. `state` is `open` or `closed`.
pub async fn alerts(
    State(app): State<App>,
    _: Caller,
    Query(wanted): Query<Alerts>,
) -> Result<Json<Value>, Failure> {
    let open = one_of("state", wanted.state.as_deref(), &["open", "closed"])?.map(|state| state == "open");
    let limit = limit(wanted.limit)?;
    let rows = store::alerts::list(&app.db, wanted.domain_id, open, wanted.after, limit).await?;
    let next = next(&rows, limit, |row| row.id.to_string());
    Ok(page(rows.iter().map(|row| json!(row)).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula() {
        assert_eq!(harmless("=cmd()"), "'=cmd()");
        assert_eq!(harmless("Ada"), "Ada");
    }
}
