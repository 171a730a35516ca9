//! The plan as a file, in pages, so that it may be as long as it likes.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use protocol::{DomainId, ObjectGuid, OperationId};
use serde_json::{Value, json};

use super::{file, harmless};
use crate::actions::audit::note_export;
use crate::actions::previews::{Filter, Listing};
use crate::app::{Actor, App};
use crate::error::{Error, Result};
use crate::http::api::views;
use crate::http::changes::{self, FieldChange};
use crate::store;
use crate::store::plans::Planned;
use crate::store::subjects::Name;

const PAGE: i64 = 1000;
const COLUMNS: [&str; 12] = [
    "operation",
    "kind",
    "state",
    "name",
    "distinguished_name",
    "object_guid",
    "target",
    "jumpcloud_id",
    "cause",
    "field",
    "before",
    "after",
];

/// The operations as CSV (RFC 4180); one that changes several fields has a row for each.
pub(in crate::http) async fn csv(app: &App, by: &Actor, id: DomainId, filter: Filter) -> Result<Response> {
    note(app, by, id, "csv", &filter).await?;
    let head = table(|table| table.write_record(COLUMNS))?;
    let body = pages(app, id, filter, head, Vec::new(), csv_page).await?;
    Ok(file("text/csv; charset=utf-8", "plan.csv", body))
}

/// The operations as the API shows them.
pub(in crate::http) async fn json(app: &App, by: &Actor, id: DomainId, filter: Filter) -> Result<Response> {
    note(app, by, id, "json", &filter).await?;
    let body = pages(app, id, filter, b"{\"items\":[".to_vec(), b"\n]}\n".to_vec(), json_page).await?;
    Ok(file("application/json", "plan.json", body))
}

async fn note(app: &App, by: &Actor, id: DomainId, format: &str, filter: &Filter) -> Result<()> {
    store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let detail = json!({
        "format": format, "kind": filter.kind, "destructive": filter.destructive, "cause": filter.cause,
        "query": filter.query,
    });
    note_export(app, by, "plan.exported", Some(id), detail).await
}

type Names = BTreeMap<ObjectGuid, Name>;

/// One page as it stands in the file; the number says whether it is the first.
type Written = fn(&[Planned], &Names, usize) -> Result<Vec<u8>>;

/// Where writing stands.
struct At {
    app: App,
    listing: Listing,
    after: Option<OperationId>,
    number: usize,
    /// What is written at the end; none once it was.
    tail: Option<Vec<u8>>,
    head: Vec<u8>,
}

async fn pages(
    app: &App,
    id: DomainId,
    filter: Filter,
    head: Vec<u8>,
    tail: Vec<u8>,
    written: Written,
) -> Result<Body> {
    let listing = Listing::of(&app.db, id, filter).await?;
    let at = At { app: app.clone(), listing, after: None, number: 0, tail: Some(tail), head };
    let next = move |mut at: At| async move {
        if at.tail.is_none() {
            return Ok::<_, Error>(None);
        }
        let rows = at.listing.after(&at.app.db, at.after, PAGE).await?;
        let names = names(&at.app, &rows).await?;
        let mut octets = std::mem::take(&mut at.head);
        octets.extend(written(&rows, &names, at.number)?);
        at.number += 1;
        at.after = rows.last().map(|planned| planned.row.id);
        if i64::try_from(rows.len()).is_ok_and(|count| count < PAGE) {
            octets.extend(at.tail.take().unwrap_or_default());
        }
        Ok(Some((Bytes::from(octets), at)))
    };
    Ok(Body::from_stream(stream::try_unfold(at, next)))
}

async fn names(app: &App, rows: &[Planned]) -> Result<Names> {
    let guids: Vec<_> =
        rows.iter().flat_map(|planned| [Some(planned.row.subject), planned.row.target]).flatten().collect();
    let names = store::subjects::list_names(&app.db, &guids).await?;
    Ok(names.into_iter().map(|name| (name.guid, name)).collect())
}

fn json_page(rows: &[Planned], names: &Names, number: usize) -> Result<Vec<u8>> {
    let mut text = String::new();
    for (at, planned) in rows.iter().enumerate() {
        let mut view = json!(views::Planned::from(planned));
        view["name"] = json!(names.get(&planned.row.subject).map(|name| &name.name));
        view["distinguished_name"] = json!(names.get(&planned.row.subject).map(|name| &name.dn));
        text.push_str(if number == 0 && at == 0 { "\n" } else { ",\n" });
        text.push_str(&view.to_string());
    }
    Ok(text.into_bytes())
}

fn csv_page(rows: &[Planned], names: &Names, _: usize) -> Result<Vec<u8>> {
    table(|table| {
        for planned in rows {
            let fields = changes::of(&planned.row.change.0, planned.row.before.as_ref());
            let begin = columns(planned, names);
            if fields.is_empty() {
                table.write_record(begin.iter().map(String::as_str).chain(["", "", ""]))?;
            }
            for FieldChange { field, before, after } in fields {
                let values = [field, before.as_ref().map(cell).unwrap_or_default(), cell(&after)];
                table.write_record(begin.iter().chain(&values))?;
            }
        }
        Ok(())
    })
}

fn columns(planned: &Planned, names: &Names) -> [String; 9] {
    let row = &planned.row;
    let name = |guid| names.get(&guid);
    let cause = json!(row.change.0)["cause"].as_str().unwrap_or_default().to_owned();
    [
        row.id.to_string(),
        row.kind.clone(),
        row.state.clone(),
        harmless(name(row.subject).map_or("", |name| &name.name)),
        harmless(name(row.subject).map_or("", |name| &name.dn)),
        row.subject.to_string(),
        harmless(row.target.and_then(name).map_or("", |name| &name.name)),
        planned.jumpcloud_id.clone().unwrap_or_default(),
        cause,
    ]
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            harmless(&value.to_string())
        }
    }
}

fn table(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> Result<Vec<u8>> {
    let failed = |error: String| Error::internal(format!("could not export: {error}"));
    let mut table = csv::Writer::from_writer(Vec::new());
    write(&mut table).map_err(|error| failed(error.to_string()))?;
    table.into_inner().map_err(|error| failed(error.to_string()))
}
