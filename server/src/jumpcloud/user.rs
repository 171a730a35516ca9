//! A v1 system user as JumpCloud answers it, read into the planner's type.

use std::collections::{BTreeMap, BTreeSet};

use planner::input::{AccountState, JumpCloudUser};
use serde_json::Value;

use super::Result;
use super::json::{flag, id, rows, text};

/// The text fields that can be written.
const TEXTS: [&str; 14] = [
    "alternateEmail",
    "company",
    "costCenter",
    "department",
    "description",
    "displayname",
    "employeeIdentifier",
    "employeeType",
    "firstname",
    "jobTitle",
    "lastname",
    "location",
    "managedAppleId",
    "middlename",
];

/// The keys of an address.
const ADDRESS_KEYS: [&str; 7] =
    ["country", "extendedAddress", "locality", "poBox", "postalCode", "region", "streetAddress"];

/// Reads a user. Only the id is required.
pub(super) fn read(user: &Value) -> Result<JumpCloudUser> {
    Ok(JumpCloudUser {
        id: id(user)?,
        username: text(user, "username"),
        email: text(user, "email"),
        fields: filled(user, TEXTS),
        phones: by_name(rows(user, "phoneNumbers"), "type", |row| text(row, "number")),
        addresses: addresses(user),
        custom: by_name(rows(user, "attributes"), "name", |row| text(row, "value")),
        manager: manager(user),
        state: state(user),
        privileged: is_privileged(user),
        externally_managed: flag(user, "externally_managed"),
        external_dn: text(user, "external_dn"),
        external_source_type: text(user, "external_source_type"),
        restricted_by: restricted_by(user),
    })
}

fn filled<const N: usize>(object: &Value, names: [&str; N]) -> BTreeMap<String, String> {
    let texts = names.into_iter().map(|name| (name.to_owned(), text(object, name)));
    texts.filter(|(_, text)| !text.is_empty()).collect()
}

/// The first entry of each name, as the writer replaces the first.
fn by_name(rows: &[Value], name: &str, value: impl Fn(&Value) -> String) -> BTreeMap<String, String> {
    let entries = rows.iter().rev().map(|row| (text(row, name), value(row)));
    entries.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect()
}

fn addresses(user: &Value) -> BTreeMap<String, BTreeMap<String, String>> {
    let entries =
        rows(user, "addresses").iter().rev().map(|row| (text(row, "type"), filled(row, ADDRESS_KEYS)));
    entries.filter(|(kind, keys)| !kind.is_empty() && !keys.is_empty()).collect()
}

/// An id as a rule; some answers hold the manager itself.
fn manager(user: &Value) -> Option<String> {
    match user.get("manager")? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        object @ Value::Object(_) => id(object).ok(),
        _ => None,
    }
}

/// `state` where there is one; `suspended` is its older form.
fn state(user: &Value) -> AccountState {
    match text(user, "state").to_uppercase().as_str() {
        "STAGED" => AccountState::Staged,
        "SUSPENDED" => AccountState::Suspended,
        "ACTIVATED" => AccountState::Activated,
        _ if flag(user, "suspended") => AccountState::Suspended,
        _ => AccountState::Activated,
    }
}

fn is_privileged(user: &Value) -> bool {
    let administrator = match user.get("admin") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(object)) => !object.is_empty(),
        Some(Value::Bool(true) | Value::Number(_) | Value::Array(_)) => true,
    };
    administrator || flag(user, "sudo") || flag(user, "passwordless_sudo")
}

fn restricted_by(user: &Value) -> BTreeSet<String> {
    rows(user, "restrictedFields").iter().map(|row| text(row, "id")).filter(|id| !id.is_empty()).collect()
}
