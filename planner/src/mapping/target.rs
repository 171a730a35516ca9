//! The fields of a JumpCloud user that can be mapped, by the names of its API (`PUT /systemusers/{id}`).

use std::fmt;

use serde_json::{Map, Value};

use crate::input::JumpCloudUser;
use crate::plan::Fields;

/// JumpCloud takes no longer text; [`EMPLOYEE_IDENTIFIER`] takes less.
pub(crate) const MAX_LENGTH: usize = 1024;
pub(crate) const EMPLOYEE_IDENTIFIER: &str = "employeeIdentifier";
pub(crate) const ALTERNATE_EMAIL: &str = "alternateEmail";

pub(crate) const FIRST_NAME: Target = Target::Text("firstname");
pub(crate) const LAST_NAME: Target = Target::Text("lastname");

/// The API has more text fields; these are about the person.
const TEXTS: [(&str, &str); 14] = [
    ("firstname", "First name"),
    ("middlename", "Middle name"),
    ("lastname", "Last name"),
    ("displayname", "Display name"),
    ("description", "Description"),
    ("jobTitle", "Job title"),
    ("department", "Department"),
    ("costCenter", "Cost center"),
    ("company", "Company"),
    ("location", "Location"),
    ("employeeType", "Employee type"),
    (EMPLOYEE_IDENTIFIER, "Employee ID, different for each user"),
    (ALTERNATE_EMAIL, "Alternate email address"),
    ("managedAppleId", "Managed Apple ID"),
];
const PHONES: [(&str, &str); 5] = [
    ("work", "Work phone"),
    ("mobile", "Mobile phone"),
    ("home", "Home phone"),
    ("work_mobile", "Work mobile phone"),
    ("work_fax", "Work fax"),
];
const ADDRESSES: [(&str, &str); 2] = [("work", "Work address"), ("home", "Home address")];
const PARTS: [(&str, &str); 7] = [
    ("streetAddress", "street"),
    ("extendedAddress", "second line"),
    ("poBox", "post office box"),
    ("locality", "city"),
    ("region", "state or province"),
    ("postalCode", "postal code"),
    ("country", "country"),
];
/// JumpCloud's console takes letters and digits only.
const MAX_CUSTOM_NAME: usize = 32;

/// One field that can be mapped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Text(&'static str),
    /// The number of that type.
    Phone(&'static str),
    /// A part of the address of that type.
    Address(&'static str, &'static str),
    /// By link: JumpCloud has the manager's id there.
    Manager,
    /// The custom attribute of that name.
    Custom(String),
}

/// Every field with what it is, custom attributes aside.
pub fn fields() -> Vec<(String, String)> {
    let texts = TEXTS.iter().map(|(name, label)| ((*name).to_owned(), (*label).to_owned()));
    let phones = PHONES.iter().map(|(kind, label)| (format!("phoneNumbers.{kind}"), (*label).to_owned()));
    let addresses = ADDRESSES.iter().flat_map(|(kind, label)| {
        PARTS.iter().map(move |(part, what)| (format!("addresses.{kind}.{part}"), format!("{label}, {what}")))
    });
    let manager = [("manager".to_owned(), "Manager, by the link to AD's manager".to_owned())];
    texts.chain(phones).chain(addresses).chain(manager).collect()
}

impl Target {
    /// The field of that name; if it cannot be mapped, why, with the fix.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let known = |names: &[(&'static str, &'static str)], wanted: &str| {
            names.iter().find(|(name, _)| *name == wanted).map(|(name, _)| *name)
        };
        if let Some(name) = name.strip_prefix("attributes.") {
            return custom(name);
        }
        let mut parts = name.split('.');
        let found = match (parts.next().unwrap_or_default(), parts.next(), parts.next(), parts.next()) {
            ("manager", None, ..) => Some(Self::Manager),
            (text, None, ..) => known(&TEXTS, text).map(Self::Text),
            ("phoneNumbers", Some(kind), None, _) => known(&PHONES, kind).map(Self::Phone),
            ("addresses", Some(kind), Some(part), None) => {
                known(&ADDRESSES, kind).zip(known(&PARTS, part)).map(|(kind, part)| Self::Address(kind, part))
            }
            _ => None,
        };
        found.ok_or_else(|| explain(name))
    }

    /// How many characters JumpCloud takes.
    pub(crate) fn limit(&self) -> usize {
        if *self == Self::Text(EMPLOYEE_IDENTIFIER) { 256 } else { MAX_LENGTH }
    }

    /// What the record has; empty if there is nothing.
    pub(crate) fn of<'r>(&self, record: &'r JumpCloudUser) -> &'r str {
        match self {
            Self::Text(name) => record.fields.get(*name),
            Self::Phone(kind) => record.phones.get(*kind),
            Self::Address(kind, part) => record.addresses.get(*kind).and_then(|parts| parts.get(*part)),
            Self::Manager => record.manager.as_ref(),
            Self::Custom(name) => record.custom.get(name),
        }
        .map_or("", String::as_str)
    }

    /// What `fields` would write there.
    pub(crate) fn in_fields<'f>(&self, fields: &'f Fields) -> Option<&'f str> {
        let mut path = self.path().into_iter();
        let mut value = fields.get(&path.next()?)?;
        for step in path {
            value = value.get(&step)?;
        }
        value.as_str()
    }

    /// Has `fields` write `text` there.
    pub(crate) fn put(&self, fields: &mut Fields, text: &str) {
        let path = self.path();
        let (Some(field), rest) = (path.first(), path.get(1..).unwrap_or_default()) else { return };
        let mut slot = fields.entry(field.clone()).or_insert_with(|| Value::Object(Map::new()));
        for step in rest {
            slot = &mut slot[step.as_str()];
        }
        *slot = text.into();
    }

    fn path(&self) -> Vec<String> {
        match self {
            Self::Text(name) => vec![(*name).to_owned()],
            Self::Phone(kind) => vec!["phoneNumbers".into(), (*kind).to_owned()],
            Self::Address(kind, part) => vec!["addresses".into(), (*kind).to_owned(), (*part).to_owned()],
            Self::Manager => vec!["manager".into()],
            Self::Custom(name) => vec!["attributes".into(), name.clone()],
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path().join("."))
    }
}

fn custom(name: &str) -> Result<Target, String> {
    let fits = (1..=MAX_CUSTOM_NAME).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    fits.then(|| Target::Custom(name.to_owned())).ok_or_else(|| {
        format!(
            "must be attributes.NAME, where NAME has 1 to {MAX_CUSTOM_NAME} letters from a to z and digits, such as \
             attributes.badge"
        )
    })
}

/// Why a name is none of ours.
fn explain(name: &str) -> String {
    let own = match name {
        "username" => Some("has a setting of its own, username_attribute"),
        "email" => Some("has a setting of its own, email"),
        "password" => Some("is never mapped: passwords are captured when they change"),
        "state" | "suspended" | "activated" | "account_locked" => {
            Some("follows the account's state in AD and is never mapped")
        }
        "external_dn"
        | "external_source_type"
        | "externally_managed"
        | "restrictedFields"
        | "delegatedAuthority" => Some("marks users as managed from AD and is never mapped"),
        "sudo" | "passwordless_sudo" | "admin" | "ldap_binding_user" | "samba_service_user" => {
            Some("gives rights in JumpCloud and is never mapped")
        }
        _ => None,
    };
    if let Some(own) = own {
        return own.to_owned();
    }
    let names = |list: &[(&str, &str)]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let alike = fields().into_iter().map(|(known, _)| known).find(|known| known.eq_ignore_ascii_case(name));
    if let Some(known) = alike {
        return format!("is written {known}");
    }
    match name.split('.').next().unwrap_or_default() {
        "phoneNumbers" => format!("must be phoneNumbers.TYPE, where TYPE is one of {}", names(&PHONES)),
        "addresses" => format!(
            "must be addresses.TYPE.PART, where TYPE is work or home and PART is one of {}",
            names(&PARTS)
        ),
        "attributes" => "must be attributes.NAME, such as attributes.badge".into(),
        _ => format!(
            "is no JumpCloud field that can be mapped: it must be attributes.NAME, phoneNumbers.TYPE, addresses.TYPE.PART, \
             manager or one of {}",
            names(&TEXTS)
        ),
    }
}
