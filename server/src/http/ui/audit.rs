//! Who did what, newest first. For those who may change something, as in the API.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use protocol::DomainId;
use serde_json::Value;

use super::chrome::Chrome;
use super::extract::Filter;
use super::form::Form;
use super::session::Viewer;
use super::steps::Difference;
use super::{Answer, page, words};
use crate::actions::rights::Deed;
use crate::app::App;
use crate::error::Error;
use crate::http::export;
use crate::store;
use crate::store::audit::{ACTOR_KINDS, Event};

const PAGE: i64 = 100;
/// A value that is longer is cut where it is shown; the export has it in full.
const SHOWN: usize = 400;

#[derive(Debug, Template)]
#[template(path = "audit/list.html")]
struct ListPage {
    chrome: Chrome,
    form: Form,
    actions: Vec<String>,
    domains: Vec<(DomainId, String)>,
    rows: Vec<Row>,
    /// The filter as a query, to go on with.
    query: String,
    next: Option<i64>,
    is_first: bool,
}

#[derive(Debug)]
struct Row {
    id: i64,
    at: DateTime<Utc>,
    actor: String,
    kind: &'static str,
    action: String,
    subject: Option<String>,
    domain: Option<(String, String)>,
    /// What was there before, and what after.
    differences: Vec<Difference>,
    /// The rest of the detail.
    facts: Vec<(String, String)>,
}

pub(super) async fn list(State(app): State<App>, chrome: Chrome, filter: Filter) -> Answer {
    let wanted = wanted(&chrome.viewer, &filter)?;
    let before = filter.parsed("after");
    let events = store::audit::list(&app.db, &chrome.reach(), &wanted, before, PAGE).await?;
    let domains = store::domains::list(&app.db, &chrome.reach()).await?;
    let domains: Vec<_> = domains.into_iter().map(|row| (row.id, row.name)).collect();
    let full = i64::try_from(events.len()).is_ok_and(|len| len == PAGE);
    page(&ListPage {
        chrome,
        form: typed(&filter),
        actions: actions(store::audit::list_actions(&app.db).await?),
        next: events.last().filter(|_| full).map(|event| event.id),
        rows: events.into_iter().map(|event| row(event, &domains)).collect(),
        domains,
        query: query(&filter),
        is_first: before.is_none(),
    })
}

/// All that the filter lets through, as JSON lines.
pub(super) async fn lines(State(app): State<App>, viewer: Viewer, filter: Filter) -> Answer {
    let wanted = wanted(&viewer, &filter)?;
    Ok(export::events(&app, &viewer.actor(), viewer.access.reach(), wanted).await?)
}

const FIELDS: [&str; 7] = ["actor", "actor_kind", "action", "domain_id", "from", "to", "text"];

fn wanted(viewer: &Viewer, filter: &Filter) -> Result<store::audit::Filter, Error> {
    if !viewer.may(Deed::Change) {
        return Err(Error::Forbidden("The audit is for the roles operator and owner.".into()));
    }
    Ok(store::audit::Filter {
        actor: filter.text("actor"),
        actor_kind: filter.one_of("actor_kind", &ACTOR_KINDS).map(Into::into),
        action: filter.text("action"),
        domain: filter.parsed("domain_id").map(DomainId),
        from: filter.text("from").and_then(|text| time(&text)),
        to: filter.text("to").and_then(|text| time(&text)),
        text: filter.text("text"),
    })
}

fn typed(filter: &Filter) -> Form {
    let mut form = Form::default();
    for field in FIELDS {
        form.set(field, filter.text(field).unwrap_or_default());
    }
    form
}

fn query(filter: &Filter) -> String {
    let pairs = FIELDS.iter().filter_map(|field| Some((field, filter.text(field)?)));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    query.finish()
}

/// As a browser's field for a time writes it, or a day, or with its zone; without one it is UTC.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let zoned = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc));
    let local = |form| NaiveDateTime::parse_from_str(text, form).ok().map(|at| at.and_utc());
    let day = || text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|at| at.and_utc());
    zoned().or_else(|| local("%Y-%m-%dT%H:%M")).or_else(|| local("%Y-%m-%dT%H:%M:%S")).or_else(day)
}

/// Each action, and before those of one noun their common beginning.
fn actions(all: Vec<String>) -> Vec<String> {
    let mut found = Vec::new();
    for action in all {
        let noun = action.split_inclusive('.').next().unwrap_or_default().to_owned();
        if !found.contains(&noun) {
            found.push(noun);
        }
        found.push(action);
    }
    found
}

fn row(event: Event, domains: &[(DomainId, String)]) -> Row {
    let domain = domains.iter().find(|(id, _)| Some(*id) == event.domain_id);
    let (differences, facts) = read(&event.detail);
    Row {
        id: event.id,
        at: event.at,
        kind: words::actor(&event.actor_kind),
        actor: event.actor,
        action: event.action,
        subject: event.subject,
        domain: domain.map(|(id, name)| (id.to_string(), name.clone())),
        differences,
        facts,
    }
}

fn read(detail: &Value) -> (Vec<Difference>, Vec<(String, String)>) {
    let (before, after) = (flat(detail.get("before")), flat(detail.get("after")));
    let mut fields: Vec<_> = before.keys().chain(after.keys()).cloned().collect();
    fields.sort();
    fields.dedup();
    let differences = fields
        .into_iter()
        .filter(|field| before.get(field) != after.get(field))
        .map(|field| Difference {
            before: Some(shown(before.get(&field))),
            after: shown(after.get(&field)),
            field,
        })
        .collect();
    let mut rest = detail.clone();
    if let Some(map) = rest.as_object_mut() {
        map.remove("before");
        map.remove("after");
    }
    let facts = flat(Some(&rest)).into_iter().filter(|(_, value)| !value.is_null());
    (differences, facts.map(|(field, value)| (field, shown(Some(&value)))).collect())
}

/// Nested objects as one level, named by their path, as settings are: `ldap.bind_user`.
fn flat(value: Option<&Value>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (name, value) in value.and_then(Value::as_object).into_iter().flatten() {
        if value.is_object() {
            found.extend(
                flat(Some(value)).into_iter().map(|(inner, value)| (format!("{name}.{inner}"), value)),
            );
        } else {
            found.insert(name.clone(), value.clone());
        }
    }
    found
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map(words::value).unwrap_or_default();
    let end = text.floor_char_boundary(SHOWN);
    if end < text.len() { format!("{}…", &text[..end]) } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_shows_what_differs_and_only_that() {
        let detail = json!({
            "revision": 2, "before": {"ldap": {"bind_user": "a", "ca_pem": null}, "email": "mail"},
            "after": {"ldap": {"bind_user": "b", "ca_pem": null}, "email": "mail"},
        });
        let (differences, facts) = read(&detail);
        let found: Vec<_> = differences
            .iter()
            .map(|row| (row.field.as_str(), row.before.as_deref(), row.after.as_str()))
            .collect();
        assert_eq!(found, [("ldap.bind_user", Some("a"), "b")]);
        assert_eq!(facts, [("revision".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn times_are_read_as_browsers_and_people_write_them() {
        let at = Some(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        for text in ["2027-01-15T08:00", "2027-01-15T08:00:00", "2027-01-15T09:00:00+01:00"] {
            assert_eq!(time(text), at, "{text}");
        }
        assert!(time("2027-01-15").is_some() && time("yesterday").is_none());
    }
}
