//! One v1 system user.
//!
//! Only what differs from a bare user is kept, so that fifty thousand of them stay small.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::{filter::Row, password::PasswordHash};

/// What a bare user shows (recorded in November 2021).
static BARE: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let bare = json!({
        "account_locked": false, "account_locked_date": null, "activated": false, "addresses": [],
        "allow_public_key": true, "attributes": [], "company": "", "costCenter": "", "department": "",
        "description": "", "displayname": "", "email": "", "employeeIdentifier": null,
        "employeeType": "", "enable_managed_uid": false, "enable_user_portal_multifactor": false,
        "external_dn": "", "external_source_type": "", "externally_managed": false, "firstname": "",
        "jobTitle": "", "lastname": "", "ldap_binding_user": false, "location": "",
        "mfa": { "exclusion": false, "configured": false }, "middlename": "",
        "password_never_expires": false, "passwordless_sudo": false, "phoneNumbers": [],
        "password_expired": false, "restrictedFields": [], "samba_service_user": false, "ssh_keys": [],
        "sudo": false, "suspended": false, "totp_enabled": false,
    });
    match bare {
        Value::Object(map) => map,
        _ => Map::new(),
    }
});

static NULL: Value = Value::Null;

/// A system user, with the password's hashes apart from everything that can be shown.
#[derive(Debug, Clone)]
pub(crate) struct User {
    set: Map<String, Value>,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) earlier_passwords: Vec<PasswordHash>,
}

impl User {
    pub(crate) fn new(id: &str) -> Self {
        let mut user = Self { set: Map::new(), password: None, earlier_passwords: Vec::new() };
        user.set("_id", id);
        user.set("id", id);
        user
    }

    pub(crate) fn get(&self, field: &str) -> &Value {
        self.set.get(field).or_else(|| BARE.get(field)).unwrap_or(&NULL)
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.get(field).as_str().unwrap_or_default()
    }

    pub(crate) fn flag(&self, field: &str) -> bool {
        self.get(field).as_bool().unwrap_or_default()
    }

    pub(crate) fn id(&self) -> &str {
        self.text("_id")
    }

    pub(crate) fn username(&self) -> &str {
        self.text("username")
    }

    pub(crate) fn set(&mut self, field: &str, value: impl Into<Value>) {
        let value = value.into();
        if BARE.get(field).unwrap_or(&NULL) == &value {
            self.set.remove(field);
        } else {
            self.set.insert(field.to_owned(), value);
        }
    }

    /// The user as JumpCloud answers it.
    pub(crate) fn show(&self, recorded_nulls: bool) -> Map<String, Value> {
        let mut shown = BARE.clone();
        shown.extend(self.set.clone());
        // The description says string, recordings of 2021 say null.
        if !recorded_nulls && self.get("employeeIdentifier").is_null() {
            shown.remove("employeeIdentifier");
        }
        shown
    }
}

impl Row for User {
    fn column(&self, field: &str) -> Option<&Value> {
        self.set.get(field).or_else(|| BARE.get(field))
    }
}
