//! The v2 query notation: `filter=name:eq:Staff`, repeated or separated by commas, all of which must hold.

use regex::Regex;
use serde_json::Value;

use crate::{
    filter::{AT_LEAST, AT_MOST, Filter, GREATER, LESS, Test},
    reply::Refusal,
    request::Params,
};

const OPERATORS: [&str; 9] = ["eq", "ne", "gt", "ge", "lt", "le", "between", "search", "in"];

/// Reads every filter of a v2 query.
pub(crate) fn parse(params: &Params) -> Result<Filter, Refusal> {
    let values = params.pairs().filter(|(key, value)| *key == "filter" && !value.is_empty());
    let expressions = values.flat_map(|(_, value)| split(value));
    expressions.map(|text| expression(&text)).collect::<Result<_, _>>().map(Filter::All)
}

/// Splits at the commas that begin a new expression, so that a value may contain a comma.
fn split(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for piece in text.split(',') {
        let begins = piece.split(':').nth(1).is_some_and(|operator| OPERATORS.contains(&operator));
        match found.last_mut() {
            Some(last) if !begins => {
                last.push(',');
                last.push_str(piece);
            }
            _ => found.push(piece.to_owned()),
        }
    }
    found
}

fn expression(text: &str) -> Result<Filter, Refusal> {
    let refused = || Refusal::bad(format!("invalid filter: {text}"));
    let mut parts = text.splitn(3, ':');
    let (Some(field), Some(operator), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(refused());
    };
    let wanted = Value::from(value);
    let test = match operator {
        "eq" => wildcard(value).map_or(Test::Equal(wanted), Test::Matches),
        "ne" => Test::NotEqual(wanted),
        "gt" => Test::Compare(wanted, GREATER),
        "ge" => Test::Compare(wanted, AT_LEAST),
        "lt" => Test::Compare(wanted, LESS),
        "le" => Test::Compare(wanted, AT_MOST),
        "between" => return between(field, value).ok_or_else(refused),
        "search" => Test::Contains(value.to_lowercase()),
        "in" => Test::In(value.split('|').map(Value::from).collect()),
        _ => return Err(refused()),
    };
    Ok(Filter::test(field, test))
}

/// `between:low,high`; the separator is not published, so a bar is read as well.
fn between(field: &str, value: &str) -> Option<Filter> {
    let (low, high) = value.split_once([',', '|'])?;
    Some(Filter::All(vec![
        Filter::test(field, Test::Compare(low.into(), AT_LEAST)),
        Filter::test(field, Test::Compare(high.into(), AT_MOST)),
    ]))
}

/// "Supports wild cards": a star stands for any text.
fn wildcard(value: &str) -> Option<Regex> {
    if !value.contains('*') {
        return None;
    }
    let pattern = value.split('*').map(regex::escape).collect::<Vec<_>>().join(".*");
    Regex::new(&format!("^(?s:{pattern})$")).ok()
}
