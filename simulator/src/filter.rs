//! What a filter means, whichever of JumpCloud's three notations it was written in.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::Value;

/// Something with fields.
pub(crate) trait Row {
    /// The value of a top-level field.
    fn column(&self, field: &str) -> Option<&Value>;
}

impl Row for serde_json::Map<String, Value> {
    fn column(&self, field: &str) -> Option<&Value> {
        self.get(field)
    }
}

/// A condition on a row.
#[derive(Debug)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Test { field: String, test: Test },
}

/// One comparison.
#[derive(Debug)]
pub(crate) enum Test {
    Equal(Value),
    NotEqual(Value),
    Compare(Value, &'static [Ordering]),
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Matches(Regex),
    Exists(bool),
    /// Part of the text, regardless of case.
    Contains(String),
}

pub(crate) const GREATER: &[Ordering] = &[Ordering::Greater];
pub(crate) const AT_LEAST: &[Ordering] = &[Ordering::Greater, Ordering::Equal];
pub(crate) const LESS: &[Ordering] = &[Ordering::Less];
pub(crate) const AT_MOST: &[Ordering] = &[Ordering::Less, Ordering::Equal];

impl Filter {
    /// Accepts every row.
    pub(crate) fn everything() -> Self {
        Self::All(Vec::new())
    }

    pub(crate) fn is_everything(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    pub(crate) fn test(field: &str, test: Test) -> Self {
        Self::Test { field: field.to_owned(), test }
    }

    pub(crate) fn accepts(&self, row: &impl Row) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.accepts(row)),
            Self::Any(parts) => parts.iter().any(|part| part.accepts(row)),
            Self::Test { field, test } => test.passes(&values(row, field)),
        }
    }
}

impl Test {
    fn passes(&self, values: &[&Value]) -> bool {
        let any = |accepts: &dyn Fn(&Value) -> bool| values.iter().any(|value| accepts(value));
        match self {
            Self::Equal(wanted) => {
                any(&|value| same(value, wanted)) || (values.is_empty() && wanted.is_null())
            }
            Self::NotEqual(wanted) => !any(&|value| same(value, wanted)),
            Self::Compare(wanted, orders) => {
                any(&|value| compare(value, wanted).is_some_and(|order| orders.contains(&order)))
            }
            Self::In(wanted) => any(&|value| wanted.iter().any(|wanted| same(value, wanted))),
            Self::NotIn(wanted) => !any(&|value| wanted.iter().any(|wanted| same(value, wanted))),
            Self::Matches(pattern) => any(&|value| value.as_str().is_some_and(|text| pattern.is_match(text))),
            Self::Exists(wanted) => any(&|value| !value.is_null()) == *wanted,
            Self::Contains(part) => {
                any(&|value| value.as_str().is_some_and(|text| text.to_lowercase().contains(part)))
            }
        }
    }

    /// The only values that could pass, regardless of case, if the test names them.
    pub(crate) fn literals(&self) -> Option<Vec<String>> {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        match self {
            Self::Equal(wanted) => Some(vec![text(wanted)?]),
            Self::In(wanted) => wanted.iter().map(text).collect(),
            Self::Matches(pattern) => Some(vec![literal_of(pattern.as_str())?]),
            Self::NotEqual(_) | Self::Compare(..) | Self::NotIn(_) | Self::Exists(_) | Self::Contains(_) => {
                None
            }
        }
    }
}

/// The values at a dotted path; a list stands for each of its elements, as Mongo reads it.
fn values<'a>(row: &'a impl Row, path: &str) -> Vec<&'a Value> {
    let mut steps = path.split('.');
    let mut found: Vec<&Value> = steps.next().and_then(|field| row.column(field)).into_iter().collect();
    spread(&mut found);
    for step in steps {
        found = found.into_iter().filter_map(|value| value.get(step)).collect();
        spread(&mut found);
    }
    found
}

fn spread(values: &mut Vec<&Value>) {
    if values.iter().any(|value| value.is_array()) {
        *values = values
            .drain(..)
            .flat_map(|value| value.as_array().map_or_else(|| vec![value], |list| list.iter().collect()))
            .collect();
    }
}

/// Equality; a query string knows only text, so `"true"` equals true and `"7"` equals 7.
fn same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::String(value), Value::String(wanted)) => value == wanted,
        (Value::Bool(value), Value::String(wanted)) => wanted == if *value { "true" } else { "false" },
        (Value::Number(value), Value::String(wanted)) => wanted.parse().ok() == value.as_f64(),
        _ => value == wanted,
    }
}

fn compare(value: &Value, wanted: &Value) -> Option<Ordering> {
    if let Some(number) = value.as_f64() {
        let wanted = wanted.as_f64().or_else(|| wanted.as_str()?.parse().ok())?;
        return number.partial_cmp(&wanted);
    }
    Some(value.as_str()?.cmp(wanted.as_str()?))
}

/// The text that an anchored pattern spells out: `(?i)(^jdoe$)` is `jdoe`.
fn literal_of(pattern: &str) -> Option<String> {
    let pattern = pattern.strip_prefix("(?i)").unwrap_or(pattern);
    let pattern = pattern.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(pattern);
    let body = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let mut text = String::with_capacity(body.len());
    let mut characters = body.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next().filter(|next| !next.is_alphanumeric())?),
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            literal => text.push(literal),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::literal_of;

    #[test]
    fn an_anchored_pattern_without_wildcards_names_its_only_match() {
        assert_eq!(literal_of("(?i)(^jdoe$)").as_deref(), Some("jdoe"));
        assert_eq!(literal_of(r"(?i)^ada@corp\.example$").as_deref(), Some("ada@corp.example"));
        assert_eq!(literal_of("^a.c$"), None);
        assert_eq!(literal_of("jdoe"), None);
        assert_eq!(literal_of(r"^\d$"), None);
    }
}
