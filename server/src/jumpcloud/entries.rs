//! From the planner's fields to the body of a write. A PUT of an array replaces it, so what is there is merged in.

use planner::plan::Fields;
use serde_json::{Map, Value, json};

use super::json::{rows, text};

/// Field -> (what names an entry, what it holds).
const LISTS: [(&str, &str, &str); 2] = [("phoneNumbers", "type", "number"), ("attributes", "name", "value")];
const ADDRESSES: &str = "addresses";

/// True if the user has to be read before `fields` can be written.
pub(super) fn needs_merge(fields: &Fields) -> bool {
    let is_map = |field: &str| fields.get(field).is_some_and(Value::is_object);
    is_map(ADDRESSES) || LISTS.iter().any(|(field, _, _)| is_map(field))
}

/// The body that brings `fields` into `current`: the user as read, or null for a new one.
pub(super) fn body(fields: &Fields, current: &Value) -> Map<String, Value> {
    let mut body = Map::new();
    for (field, value) in fields {
        let list = LISTS.iter().find(|(list, _, _)| list == field);
        let value = match (list, value) {
            (Some((_, name, holds)), Value::Object(wanted)) => {
                merged(rows(current, field), name, wanted, |entry, value| entry[*holds] = value.clone())
            }
            (None, Value::Object(wanted)) if field == ADDRESSES => {
                merged(rows(current, field), "type", wanted, merge_address)
            }
            (_, value) => value.clone(),
        };
        body.insert(field.clone(), value);
    }
    body
}

/// The entries of other names stay; an empty value removes its entry.
fn merged(
    current: &[Value],
    name: &str,
    wanted: &Map<String, Value>,
    set: impl Fn(&mut Value, &Value),
) -> Value {
    let mut entries: Vec<Value> = current.iter().map(without_id).collect();
    for (key, value) in wanted {
        if is_empty(value) {
            entries.retain(|entry| text(entry, name) != *key);
            continue;
        }
        match entries.iter_mut().find(|entry| text(entry, name) == *key) {
            Some(entry) => set(entry, value),
            None => {
                let mut entry = json!({ name: key });
                set(&mut entry, value);
                entries.push(entry);
            }
        }
    }
    // An address of which nothing is left.
    entries.retain(|entry| entry.as_object().is_none_or(|entry| entry.len() > 1));
    entries.into()
}

fn merge_address(entry: &mut Value, wanted: &Value) {
    let (Some(entry), Some(wanted)) = (entry.as_object_mut(), wanted.as_object()) else { return };
    for (key, value) in wanted {
        if is_empty(value) {
            entry.remove(key);
        } else {
            entry.insert(key.clone(), value.clone());
        }
    }
}

/// Answers add an id to each entry, which no write takes.
fn without_id(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(entry) = entry.as_object_mut() {
        entry.retain(|key, value| !matches!(key.as_str(), "id" | "_id") && !value.is_null());
    }
    entry
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fields, body, needs_merge};

    fn fields(value: serde_json::Value) -> Fields {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn entries_of_other_types_stay_and_an_empty_value_removes_its_own() {
        let current = json!({ "phoneNumbers": [
            { "id": "1", "type": "work", "number": "1" },
            { "id": "2", "type": "home", "number": "2" },
            { "id": "3", "type": "satellite", "number": "3" },
        ]});
        let wanted = fields(json!({ "phoneNumbers": { "work": "9", "home": "", "mobile": "7" } }));
        assert!(needs_merge(&wanted));
        let expected = json!([
            { "type": "work", "number": "9" },
            { "type": "satellite", "number": "3" },
            { "type": "mobile", "number": "7" },
        ]);
        assert_eq!(body(&wanted, &current)["phoneNumbers"], expected);
    }

    #[test]
    fn an_address_keeps_the_keys_that_are_not_written() {
        let current = json!({ "addresses": [
            { "id": "1", "type": "work", "locality": "Oslo", "country": "NO", "extendedAddress": "Attic" },
            { "id": "2", "type": "home", "locality": "Bergen" },
        ]});
        let wanted = fields(json!({ "addresses": { "work": { "locality": "Hamar", "country": "" } } }));
        let expected = json!([
            { "type": "work", "locality": "Hamar", "extendedAddress": "Attic" },
            { "type": "home", "locality": "Bergen" },
        ]);
        assert_eq!(body(&wanted, &current)["addresses"], expected);
    }

    #[test]
    fn an_address_without_a_key_left_goes() {
        let current = json!({ "addresses": [{ "id": "1", "type": "work", "locality": "Oslo" }] });
        let wanted = fields(json!({ "addresses": { "work": { "locality": "" } } }));
        assert_eq!(body(&wanted, &current)["addresses"], json!([]));
    }

    #[test]
    fn a_new_user_gets_what_has_a_value() {
        let wanted = fields(json!({ "firstname": "Ada", "attributes": { "badge": "7", "desk": "" } }));
        let body = body(&wanted, &serde_json::Value::Null);
        assert_eq!(body["attributes"], json!([{ "name": "badge", "value": "7" }]));
        assert_eq!(body["firstname"], "Ada");
    }

    #[test]
    fn plain_fields_need_no_reading() {
        assert!(!needs_merge(&fields(json!({ "jobTitle": "Miner", "email": "a@b.example" }))));
    }
}
