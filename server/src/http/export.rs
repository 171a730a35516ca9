//! What is given out as a file: the coverage of a domain, to run a campaign with, the audit, and the plan. The API and the
//! pages give out the same, and that somebody took it is written down.

pub(super) mod plan;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::stream;
use protocol::DomainId;
use serde_json::json;

use super::api::views;
use crate::actions::audit::note_export;
use crate::actions::coverage;
use crate::app::{Actor, App};
use crate::error::{Error, Result};
use crate::store;
use crate::store::audit::Filter;
use crate::store::coverage::Covered;

const PAGE: i64 = 1000;

/// Every user as CSV (RFC 4180).
pub(super) async fn csv(app: &App, by: &Actor, id: DomainId, state: Option<&str>) -> Result<Response> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    note_export(app, by, "coverage.exported", Some(id), json!({"format": "csv", "state": state})).await?;
    let rows = everybody(app, id, state).await?;
    let table = table(&rows).map_err(|error| Error::internal(format!("could not export: {error}")))?;
    Ok(file("text/csv; charset=utf-8", "password-coverage.csv", table))
}

/// The figures and every user, as the API shows them page by page.
pub(super) async fn json(app: &App, by: &Actor, id: DomainId, state: Option<&str>) -> Result<Response> {
    let mut view = json!(coverage::of(app, id).await?);
    note_export(app, by, "coverage.exported", Some(id), json!({"format": "json", "state": state})).await?;
    view["items"] = everybody(app, id, state).await?.iter().map(views::covered).collect();
    Ok(file("application/json", "password-coverage.json", view.to_string().into_bytes()))
}

/// How JSON lines are called.
pub(super) const JSON_LINES: &str = "application/x-ndjson";

/// Every event that the filter lets through as JSON lines, newest first, read while it is sent.
pub(super) async fn events(app: &App, by: &Actor, filter: Filter) -> Result<Response> {
    note_export(app, by, "audit.exported", None, json!(filter)).await?;
    let lines = stream::try_unfold((app.clone(), filter, None), |(app, filter, before)| async move {
        let rows = store::audit::list(&app.db, &filter, before, PAGE).await?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok::<_, sqlx::Error>(None) };
        let lines: String = rows.iter().map(|row| format!("{}\n", views::event(row))).collect();
        Ok(Some((lines, (app, filter, Some(last)))))
    });
    Ok(file(JSON_LINES, "audit.jsonl", Body::from_stream(lines)))
}

fn file(kind: &'static str, name: &str, content: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, content.into()).into_response()
}

async fn everybody(app: &App, id: DomainId, state: Option<&str>) -> Result<Vec<Covered>> {
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|row: &Covered| row.guid);
        let rows = store::coverage::list(&app.db, id, app.clock.now(), state, after, PAGE).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < PAGE);
        found.extend(rows);
        if is_last {
            return Ok(found);
        }
    }
}

fn table(rows: &[Covered]) -> csv::Result<Vec<u8>> {
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
    let text = |value: &Option<String>| harmless(value.as_deref().unwrap_or_default());
    let time = |value: Option<DateTime<Utc>>| value.map(|at| at.to_rfc3339()).unwrap_or_default();
    for row in rows {
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
    table.into_inner().map_err(|error| error.into_error().into())
}

/// A spreadsheet takes what begins so for a formula, and names are for anybody to choose.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
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
