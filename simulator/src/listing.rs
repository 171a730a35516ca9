//! Sorting, cutting out a page, and keeping only the fields that were asked for.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::{filter::Row, paging::Page};

/// One field to sort by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SortKey {
    pub(crate) field: String,
    descending: bool,
}

impl SortKey {
    fn is_the_order_of_ids(&self) -> bool {
        !self.descending && (self.field == "_id" || self.field == "id")
    }
}

/// Reads `a -b` (v1) or `a,-b` (v2).
pub(crate) fn sort_keys(text: &str) -> Vec<SortKey> {
    let names = text.split([' ', ',']).filter(|name| !name.is_empty());
    names
        .map(|name| SortKey {
            field: name.trim_start_matches('-').to_owned(),
            descending: name.starts_with('-'),
        })
        .collect()
}

/// The page of `rows`, which are in id order, under the order of `keys`.
///
/// Only the page itself is sorted: reading fifty thousand rows page by page must not sort them each time.
pub(crate) fn page_of<'a, R: Row>(mut rows: Vec<&'a R>, keys: &[SortKey], page: Page) -> Vec<&'a R> {
    let from = page.skip.min(rows.len());
    let to = page.skip.saturating_add(page.limit).min(rows.len());
    if keys.first().is_none_or(SortKey::is_the_order_of_ids) {
        return rows.drain(from..to).collect();
    }
    let mut sorted: Vec<Keyed<'_, R>> = rows.into_iter().map(|row| Keyed::new(row, keys)).collect();
    let compare = |a: &Keyed<'_, R>, b: &Keyed<'_, R>| a.compare(b, keys);
    if from > 0 && from < sorted.len() {
        sorted.select_nth_unstable_by(from, compare);
    }
    let rest = &mut sorted[from..];
    if to - from < rest.len() {
        rest.select_nth_unstable_by(to - from, compare);
    }
    let cut = &mut rest[..to - from];
    cut.sort_unstable_by(compare);
    cut.iter().map(|keyed| keyed.row).collect()
}

/// A row with the values that it is sorted by, looked up once.
struct Keyed<'a, R> {
    values: Vec<Option<&'a Value>>,
    id: Option<&'a Value>,
    row: &'a R,
}

impl<'a, R: Row> Keyed<'a, R> {
    fn new(row: &'a R, keys: &[SortKey]) -> Self {
        Self { values: keys.iter().map(|key| row.column(&key.field)).collect(), id: row.column("id"), row }
    }

    /// Equal rows are in the order of their ids, so that pages neither repeat nor miss one.
    fn compare(&self, other: &Self, keys: &[SortKey]) -> Ordering {
        let by_key = self.values.iter().zip(&other.values).zip(keys).map(|((a, b), key)| {
            let order = order(*a, *b);
            if key.descending { order.reverse() } else { order }
        });
        let first = by_key.into_iter().find(|order| order.is_ne());
        first.unwrap_or_else(|| order(self.id, other.id))
    }
}

fn order(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: Option<&Value>) -> u8 {
    match value {
        None | Some(Value::Null) => 0,
        Some(Value::Number(_)) => 1,
        Some(Value::String(_)) => 2,
        Some(Value::Object(_) | Value::Array(_)) => 3,
        Some(Value::Bool(_)) => 4,
    }
}

/// Keeps only the fields named in `wanted` (separated by spaces or commas), and always the ids.
pub(crate) fn project(mut row: Map<String, Value>, wanted: &str) -> Value {
    let names: Vec<&str> = wanted.split([' ', ',']).filter(|name| !name.is_empty()).collect();
    if !names.is_empty() {
        row.retain(|field, _| field == "_id" || field == "id" || names.contains(&field.as_str()));
    }
    Value::Object(row)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{page_of, sort_keys};
    use crate::paging::Page;

    fn rows() -> Vec<Map<String, Value>> {
        let names = ["d", "b", "a", "c", "b"].into_iter().enumerate();
        names
            .filter_map(|(id, name)| json!({ "id": id.to_string(), "name": name }).as_object().cloned())
            .collect()
    }

    fn names(sort: &str, skip: usize, limit: usize) -> String {
        let rows = rows();
        let page = page_of(rows.iter().collect(), &sort_keys(sort), Page { skip, limit });
        page.iter()
            .map(|row| format!("{}{}", row["name"].as_str().unwrap(), row["id"].as_str().unwrap()))
            .collect()
    }

    #[test]
    fn pages_of_a_sorted_list_add_up_to_the_list() {
        assert_eq!(names("name", 0, 100), "a2b1b4c3d0");
        assert_eq!(names("name", 0, 2) + &names("name", 2, 2) + &names("name", 4, 2), "a2b1b4c3d0");
        assert_eq!(names("-name", 1, 2), "c3b1");
        assert_eq!(names("", 3, 10), "c3b4");
        assert_eq!(names("name", 9, 10), "");
    }
}
