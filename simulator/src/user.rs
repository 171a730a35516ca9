//! One v1 system user.
//!
//! Only what differs from a bare user is kept, so that fifty thousand of them stay small.

use std::sync::{Arc, LazyLock};

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
        "password_expired": false, "samba_service_user": false, "ssh_keys": [],
        "sudo": false, "suspended": false, "totp_enabled": false,
    });
    match bare {
        Value::Object(map) => map,
        _ => Map::new(),
    }
});

static NULL: Value = Value::Null;

const RESTRICTED_FIELDS: &str = "restrictedFields";
static UNRESTRICTED: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(json!([])));

/// A system user, with the password's hashes apart from everything that can be shown.
#[derive(Debug, Clone)]
pub(crate) struct User {
    set: Map<String, Value>,
    /// Apart, because it is long and the same for every user of one directory.
    restricted_fields: Arc<Value>,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) earlier_passwords: Vec<PasswordHash>,
}

impl User {
    pub(crate) fn new(id: &str) -> Self {
        let mut user = Self {
            set: Map::new(),
            restricted_fields: Arc::clone(&UNRESTRICTED),
            password: None,
            earlier_passwords: Vec::new(),
        };
        user.set("_id", id);
        user.set("id", id);
        user
    }

    pub(crate) fn get(&self, field: &str) -> &Value {
        self.column(field).unwrap_or(&NULL)
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
        if field == RESTRICTED_FIELDS {
            self.restrict(Arc::new(value));
        } else if BARE.get(field).unwrap_or(&NULL) == &value {
            self.set.remove(field);
        } else {
            self.set.insert(field.to_owned(), value);
        }
    }

    pub(crate) fn restrict(&mut self, fields: Arc<Value>) {
        self.restricted_fields = fields;
    }

    /// The user as JumpCloud answers it.
    pub(crate) fn show(&self, recorded_nulls: bool) -> Map<String, Value> {
        self.fields(recorded_nulls).map(|(field, value)| (field.to_owned(), value.clone())).collect()
    }

    /// Its fields one by one, without copying them.
    pub(crate) fn fields(&self, recorded_nulls: bool) -> impl Iterator<Item = (&str, &Value)> {
        let bare = BARE.iter().map(|(field, value)| (field, self.set.get(field).unwrap_or(value)));
        let more = self.set.iter().filter(|(field, _)| !BARE.contains_key(*field));
        let fields = bare.chain(more).map(|(field, value)| (field.as_str(), value));
        // The description says string, recordings of 2021 say null.
        let shown = move |(field, value): &(&str, &Value)| {
            recorded_nulls || *field != "employeeIdentifier" || !value.is_null()
        };
        fields.filter(shown).chain([(RESTRICTED_FIELDS, &*self.restricted_fields)])
    }
}

impl Row for User {
    fn column(&self, field: &str) -> Option<&Value> {
        if field == RESTRICTED_FIELDS {
            return Some(&self.restricted_fields);
        }
        self.set.get(field).or_else(|| BARE.get(field))
    }
}
