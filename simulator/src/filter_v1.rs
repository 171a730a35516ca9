//! The v1 query notation: `filter=username:$eq:ada`, `filter[0]=..&filter[1]=..` for AND,
//! `filter[or][0]=..&filter[or][1]=..` for OR, and a repeated `filter=` for AND.

use serde_json::Value;

use crate::{
    filter::{AT_LEAST, AT_MOST, Filter, GREATER, LESS, Test},
    reply::Refusal,
    request::Params,
};

/// Reads every filter of a v1 query.
pub(crate) fn parse(params: &Params) -> Result<Filter, Refusal> {
    let mut all = Vec::new();
    let mut any = Vec::new();
    for (key, value) in params.pairs().filter(|(key, value)| key.starts_with("filter") && !value.is_empty()) {
        match key.strip_prefix("filter") {
            Some(group) if group.starts_with("[or]") => any.push(expression(value)?),
            Some(group) if group.is_empty() || group.starts_with('[') => all.push(expression(value)?),
            _ => {}
        }
    }
    if !any.is_empty() {
        all.push(Filter::Any(any));
    }
    Ok(Filter::All(all))
}

/// One `<field>:$<operator>:<value>`. An operator without `$` is "undefined behavior" by the description;
/// clients send it, so it is read as if the `$` were there.
fn expression(text: &str) -> Result<Filter, Refusal> {
    let mut parts = text.splitn(3, ':');
    let (Some(field), Some(operator), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Refusal::bad(format!("Bad Request: invalid filter \"{text}\"")));
    };
    let wanted = Value::from(value);
    let test = match operator.trim_start_matches('$') {
        "eq" => Test::Equal(wanted),
        "ne" => Test::NotEqual(wanted),
        "gt" => Test::Compare(wanted, GREATER),
        "gte" => Test::Compare(wanted, AT_LEAST),
        "lt" => Test::Compare(wanted, LESS),
        "lte" => Test::Compare(wanted, AT_MOST),
        _ => return Err(Refusal::bad(format!("Bad Request: invalid filter operator \"{operator}\""))),
    };
    Ok(Filter::test(field, test))
}
