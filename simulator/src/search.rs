//! `POST /api/search/systemusers`.
//!
//! `filter` is `{"and": [..]}`, `{"or": [..]}` or a bare list (AND) of `{"field": "value"}`. JumpCloud's own
//! PowerShell module sends Mongo operators in place of the value, so they are understood as well.

use axum::extract::State;
use regex::RegexBuilder;
use serde_json::{Value, json};

use crate::{
    filter::{AT_LEAST, AT_MOST, Filter, GREATER, LESS, Test},
    listing::{page_of, sort_keys},
    paging::Page,
    reply::{Answer, Refusal, Reply},
    request::{Object, Params},
    user_view::UserView,
    world::Shared,
};

/// `POST /api/search/systemusers`
pub(crate) async fn users(State(shared): State<Shared>, params: Params, Object(body): Object) -> Answer {
    let page = Page::from_search(&body, &params)?;
    let filter = Filter::All(vec![
        body.get("filter").map_or_else(|| Ok(Filter::everything()), condition)?,
        body.get("searchFilter").map_or_else(|| Ok(Filter::everything()), search_filter)?,
    ]);
    let keys = sort_keys(&words(body.get("sort")));
    let fields = words(body.get("fields"));

    let world = shared.world();
    let selected = world.users.select(&filter);
    let total = selected.len();
    let rows = page_of(selected, &keys, page);
    let rows: Vec<_> = rows.into_iter().map(|user| UserView::found(&world, user, &fields)).collect();
    Ok(Reply::envelope(total, &rows))
}

/// `fields` and `sort` come as one text or as a list.
fn words(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

fn condition(value: &Value) -> Result<Filter, Refusal> {
    match value {
        Value::Null => Ok(Filter::everything()),
        Value::Array(parts) => parts.iter().map(condition).collect::<Result<_, _>>().map(Filter::All),
        Value::Object(object) => {
            let parts = object.iter().map(|(key, value)| match (key.as_str(), value) {
                ("and" | "$and", Value::Array(_)) => condition(value),
                ("or" | "$or", Value::Array(parts)) => {
                    parts.iter().map(condition).collect::<Result<_, _>>().map(Filter::Any)
                }
                ("and" | "$and" | "or" | "$or", _) => Err(refused("and/or take a list")),
                (field, value) => comparison(field, value),
            });
            parts.collect::<Result<_, _>>().map(Filter::All)
        }
        _ => Err(refused("a filter is an object or a list")),
    }
}

fn comparison(field: &str, value: &Value) -> Result<Filter, Refusal> {
    let Value::Object(operators) = value else {
        return Ok(Filter::test(field, Test::Equal(value.clone())));
    };
    let options = operators.get("$options").and_then(Value::as_str).unwrap_or_default();
    let tests = operators.iter().filter(|(name, _)| *name != "$options").map(|(operator, wanted)| {
        let test = match (operator.as_str(), wanted.clone()) {
            ("$eq", wanted) => Test::Equal(wanted),
            ("$ne", wanted) => Test::NotEqual(wanted),
            ("$gt", wanted) => Test::Compare(wanted, GREATER),
            ("$gte", wanted) => Test::Compare(wanted, AT_LEAST),
            ("$lt", wanted) => Test::Compare(wanted, LESS),
            ("$lte", wanted) => Test::Compare(wanted, AT_MOST),
            ("$in", Value::Array(wanted)) => Test::In(wanted),
            ("$nin", Value::Array(wanted)) => Test::NotIn(wanted),
            ("$exists", Value::Bool(wanted)) => Test::Exists(wanted),
            ("$regex", Value::String(pattern)) => {
                let insensitive = options.contains('i');
                let pattern = RegexBuilder::new(&pattern).case_insensitive(insensitive).build();
                Test::Matches(pattern.map_err(|_| refused("invalid $regex"))?)
            }
            _ => return Err(refused(&format!("unsupported operator {operator}"))),
        };
        Ok(Filter::test(field, test))
    });
    tests.collect::<Result<_, _>>().map(Filter::All)
}

/// `{"searchTerm": "x" | ["x", "y"], "fields": ["username"]}`: any term as a part of any field.
fn search_filter(value: &Value) -> Result<Filter, Refusal> {
    let terms = match &value["searchTerm"] {
        Value::Null => return Ok(Filter::everything()),
        Value::String(term) => vec![term.to_lowercase()],
        Value::Array(terms) => terms.iter().filter_map(Value::as_str).map(str::to_lowercase).collect(),
        _ => return Err(refused("searchTerm is a text or a list of texts")),
    };
    let default_fields = json!(["username", "email", "firstname", "lastname", "displayname"]);
    let fields = value.get("fields").unwrap_or(&default_fields);
    let fields: Vec<&str> = fields.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let test = |term: &String, field: &&str| Filter::test(field, Test::Contains(term.clone()));
    Ok(Filter::Any(terms.iter().flat_map(|term| fields.iter().map(move |field| test(term, field))).collect()))
}

fn refused(why: &str) -> Refusal {
    Refusal::bad(format!("Bad Request: invalid filter: {why}"))
}
