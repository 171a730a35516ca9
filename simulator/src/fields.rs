//! Which fields of a v1 user can be written, and when: the tables `systemuserputpost` and `systemuserput` of
//! JumpCloud's description.

use serde_json::{Map, Value};

use crate::{
    reply::Refusal,
    shape::{
        LONG_TEXT,
        Shape::{self, Count, Flag, List, Object, OneOf, Text},
        TEXT,
    },
};

/// The two ways to write a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Post,
    Put,
}

const ADDRESS: Shape = List(&[
    ("country", TEXT),
    ("extendedAddress", TEXT),
    ("locality", TEXT),
    ("poBox", TEXT),
    ("postalCode", TEXT),
    ("region", TEXT),
    ("streetAddress", TEXT),
    ("type", TEXT),
]);
const AUTHORITY: Shape = Object(&[("id", LONG_TEXT), ("name", OneOf(&["ActiveDirectory"]))]);
const MFA: Shape = Object(&[
    ("configured", Flag),
    ("exclusion", Flag),
    ("exclusionDays", Count),
    ("exclusionUntil", LONG_TEXT),
]);
const RESTRICTED: Shape = List(&[
    ("field", OneOf(RESTRICTABLE)),
    ("id", Text(24)),
    ("type", OneOf(&["active_directory", "federated_identity_provider", "scim"])),
]);

/// The fields that another source can claim for itself.
pub(crate) const RESTRICTABLE: &[&str] = &[
    "addresses",
    "company",
    "costCenter",
    "department",
    "description",
    "displayname",
    "email",
    "employeeIdentifier",
    "employeeType",
    "firstname",
    "jobTitle",
    "lastname",
    "location",
    "middlename",
    "password",
    "phoneNumbers",
    "sudo",
    "username",
];

const POST_AND_PUT: &[(&str, Shape)] = &[
    ("account_locked", Flag),
    ("addresses", ADDRESS),
    ("allow_public_key", Flag),
    ("alternateEmail", TEXT),
    ("attributes", List(&[("name", TEXT), ("value", TEXT)])),
    ("company", TEXT),
    ("costCenter", TEXT),
    ("delegatedAuthority", AUTHORITY),
    ("department", TEXT),
    ("description", TEXT),
    ("disableDeviceMaxLoginAttempts", Flag),
    ("displayname", TEXT),
    ("email", TEXT),
    ("employeeIdentifier", Text(256)),
    ("employeeType", TEXT),
    ("enable_managed_uid", Flag),
    ("enable_user_portal_multifactor", Flag),
    ("external_dn", LONG_TEXT),
    ("external_password_expiration_date", LONG_TEXT),
    ("external_source_type", LONG_TEXT),
    ("externally_managed", Flag),
    ("firstname", TEXT),
    ("jobTitle", TEXT),
    ("lastname", TEXT),
    ("ldap_binding_user", Flag),
    ("location", TEXT),
    ("managedAppleId", TEXT),
    ("manager", LONG_TEXT),
    ("mfa", MFA),
    ("middlename", TEXT),
    ("password", LONG_TEXT),
    ("password_never_expires", Flag),
    ("phoneNumbers", List(&[("number", TEXT), ("type", TEXT)])),
    ("public_key", LONG_TEXT),
    ("relationships", List(&[("type", LONG_TEXT), ("value", LONG_TEXT)])),
    ("restrictedFields", RESTRICTED),
    ("samba_service_user", Flag),
    ("sudo", Flag),
    ("suspended", Flag),
    ("unix_guid", Count),
    ("unix_uid", Count),
    ("username", TEXT),
];

const POST_ONLY: &[(&str, Shape)] = &[
    ("activated", Flag),
    ("passwordless_sudo", Flag),
    ("recoveryEmail", Object(&[("address", LONG_TEXT)])),
    ("state", OneOf(&["STAGED", "ACTIVATED", "SUSPENDED"])),
];

const PUT_ONLY: &[(&str, Shape)] = &[
    ("ssh_keys", List(&[("name", LONG_TEXT), ("public_key", LONG_TEXT)])),
    ("state", OneOf(&["ACTIVATED", "SUSPENDED"])),
];

/// What null empties; for every other field the description knows no null. Assumed for `manager`.
const NULLABLE: &[&str] = &["delegatedAuthority", "employeeIdentifier", "manager"];

/// The writable part of `body`, checked. Fields that cannot be written are ignored, as unknown ones are
/// (assumed).
pub(crate) fn writable(verb: Verb, body: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let own = match verb {
        Verb::Post => POST_ONLY,
        Verb::Put => PUT_ONLY,
    };
    let mut accepted = Map::new();
    for (name, shape) in POST_AND_PUT.iter().chain(own) {
        let Some(value) = body.get(*name) else { continue };
        if !(value.is_null() && NULLABLE.contains(name)) {
            shape.check(name, value)?;
        }
        accepted.insert((*name).to_owned(), value.clone());
    }
    Ok(accepted)
}
