//! What is given out as a file: a domain's users, the coverage of its passwords, the audit, and the plan. The API and the
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
use crate::store::admins::Reach;
use crate::store::audit::Filter;
use crate::store::coverage::Covered;
use crate::store::roster::{Filter as Chosen, Sort};
use crate::store::subjects::UserView;

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
    view["items"] =
        everybody(app, id, state).await?.iter().map(|row| json!(views::Covered::from(row))).collect();
    Ok(file("application/json", "password-coverage.json", view.to_string().into_bytes()))
}

/// How JSON lines are called.
pub(super) const JSON_LINES: &str = "application/x-ndjson";

/// Every event that the filter lets through as JSON lines, newest first, read while it is sent.
pub(super) async fn events(app: &App, by: &Actor, reach: Reach, filter: Filter) -> Result<Response> {
    note_export(app, by, "audit.exported", None, json!(filter)).await?;
    let lines =
        stream::try_unfold((app.clone(), reach, filter, None), |(app, reach, filter, before)| async move {
            let rows = store::audit::list(&app.db, &reach, &filter, before, PAGE).await?;
            let Some(last) = rows.last().map(|row| row.id) else { return Ok::<_, sqlx::Error>(None) };
            let lines: String =
                rows.iter().map(|row| format!("{}\n", json!(views::Event::from(row)))).collect();
            Ok(Some((lines, (app, reach, filter, Some(last)))))
        });
    Ok(file(JSON_LINES, "audit.jsonl", Body::from_stream(lines)))
}

/// Users that a filter lets through, by name, as CSV.
pub(super) async fn users_csv(app: &App, by: &Actor, id: DomainId, filter: &Chosen<'_>) -> Result<Response> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    note_export(app, by, "users.exported", Some(id), json!({"format": "csv", "filter": filter})).await?;
    let rows = all_users(app, id, filter).await?;
    let table = users_table(&rows).map_err(|error| Error::internal(format!("could not export: {error}")))?;
    Ok(file("text/csv; charset=utf-8", "users.csv", table))
}

/// The same as the API shows them.
pub(super) async fn users_json(app: &App, by: &Actor, id: DomainId, filter: &Chosen<'_>) -> Result<Response> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    note_export(app, by, "users.exported", Some(id), json!({"format": "json", "filter": filter})).await?;
    let item = |(user, password): &(UserView, Option<String>)| {
        let mut view = json!(views::User::from(user));
        view["password_state"] = json!(password);
        view
    };
    let items: Vec<_> = all_users(app, id, filter).await?.iter().map(item).collect();
    Ok(file("application/json", "users.json", json!({ "items": items }).to_string().into_bytes()))
}

async fn all_users(app: &App, id: DomainId, filter: &Chosen<'_>) -> Result<Vec<(UserView, Option<String>)>> {
    let now = app.clock.now();
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|(user, _): &(UserView, _)| user.guid);
        let rows = store::roster::list_users(&app.db, id, now, filter, Sort::Name, after, PAGE).await?;
        let guids: Vec<_> = rows.iter().map(|row| row.guid).collect();
        let mut passwords = store::coverage::list_states(&app.db, id, now, &guids).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < PAGE);
        found.extend(rows.into_iter().map(|user| {
            let password = passwords.remove(&user.guid);
            (user, password)
        }));
        if is_last {
            return Ok(found);
        }
    }
}

fn users_table(rows: &[(UserView, Option<String>)]) -> csv::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "object_guid",
        "sam_account_name",
        "user_principal_name",
        "mail",
        "given_name",
        "sn",
        "distinguished_name",
        "status",
        "reasons",
        "password_state",
        "jumpcloud_id",
        "jumpcloud_username",
    ])?;
    let text = |value: &Option<String>| harmless(value.as_deref().unwrap_or_default());
    for (user, password) in rows {
        let codes: Vec<_> = user.reasons.iter().map(|reason| reason.code.as_str()).collect();
        table.write_record([
            user.guid.to_string(),
            text(&user.body.sam_account_name),
            text(&user.body.user_principal_name),
            text(&user.body.mail),
            text(&user.body.given_name),
            text(&user.body.sn),
            harmless(&user.dn),
            user.status.clone(),
            codes.join(" "),
            password.clone().unwrap_or_default(),
            text(&user.jumpcloud_id),
            text(&user.jumpcloud_username),
        ])?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
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
