//! Which AD value becomes which JumpCloud field: the rows of the table, as an administrator writes them and as a plan
//! uses them. `docs/mappings.md` describes the same.

mod names;
mod problems;
mod target;
mod template;
mod trial;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::Policy;

pub use names::COMMON as COMMON_ATTRIBUTES;
pub use problems::{Part, Problem, problems};
pub use target::fields as jumpcloud_fields;
pub(crate) use target::{ALTERNATE_EMAIL, FIRST_NAME, LAST_NAME, MAX_LENGTH, Target};
pub use template::{Template, Wrong};
pub use trial::{Trial, Tried, effective, try_out};

/// A row of the attribute table: `{"field": …}` and one of `attribute`, `constant`, `template` and `leave`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub struct AttributeMapping {
    /// A JumpCloud field (`costCenter`, `phoneNumbers.work`) or a custom attribute (`attributes.badge`).
    pub field: String,
    pub source: MappingSource,
}

/// Where a mapped value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingSource {
    /// The LDAP name of an AD attribute.
    Attribute(String),
    Constant(String),
    /// See [`Template`].
    Template(String),
    /// Nothing is written: JumpCloud is the master of the field.
    Leave,
}

/// The shape of a row in JSON.
#[derive(Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
struct Row {
    field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leave: Option<bool>,
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for AttributeMapping {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        Row::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for AttributeMapping {}

impl TryFrom<Row> for AttributeMapping {
    type Error = &'static str;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let leave = row.leave.filter(|leave| *leave).map(|_| MappingSource::Leave);
        let mut given = [
            row.attribute.map(MappingSource::Attribute),
            row.constant.map(MappingSource::Constant),
            row.template.map(MappingSource::Template),
            leave,
        ]
        .into_iter()
        .flatten();
        match (given.next(), given.next()) {
            (Some(source), None) => Ok(Self { field: row.field, source }),
            _ => Err(
                "a row has `field` and exactly one of `attribute`, `constant`, `template` and `\"leave\": true`",
            ),
        }
    }
}

impl From<AttributeMapping> for Row {
    fn from(AttributeMapping { field, source }: AttributeMapping) -> Self {
        let row = Self { field, ..Self::default() };
        match source {
            MappingSource::Attribute(name) => Self { attribute: Some(name), ..row },
            MappingSource::Constant(text) => Self { constant: Some(text), ..row },
            MappingSource::Template(text) => Self { template: Some(text), ..row },
            MappingSource::Leave => Self { leave: Some(true), ..row },
        }
    }
}

/// AD attribute -> JumpCloud field, whatever the settings are.
const NAMES: [(&str, &str); 2] = [("givenName", "firstname"), ("sn", "lastname")];

/// AD attribute -> JumpCloud field, when `sync_additional_attributes` is on.
const ADDITIONAL: [(&str, &str); 18] = [
    ("displayName", "displayname"),
    ("description", "description"),
    ("title", "jobTitle"),
    ("department", "department"),
    ("company", "company"),
    ("physicalDeliveryOfficeName", "location"),
    ("employeeType", "employeeType"),
    ("telephoneNumber", "phoneNumbers.work"),
    ("mobile", "phoneNumbers.mobile"),
    ("homePhone", "phoneNumbers.home"),
    ("facsimileTelephoneNumber", "phoneNumbers.work_fax"),
    ("streetAddress", "addresses.work.streetAddress"),
    ("postOfficeBox", "addresses.work.poBox"),
    ("l", "addresses.work.locality"),
    ("st", "addresses.work.region"),
    ("postalCode", "addresses.work.postalCode"),
    ("co", "addresses.work.country"),
    ("manager", "manager"),
];

/// The rows that hold where no row of the settings names their field.
pub fn defaults(sync_additional_attributes: bool) -> Vec<AttributeMapping> {
    let additional = ADDITIONAL.iter().filter(|_| sync_additional_attributes);
    let row = |(attribute, field): &(&str, &str)| AttributeMapping {
        field: (*field).to_owned(),
        source: MappingSource::Attribute((*attribute).to_owned()),
    };
    NAMES.iter().chain(additional).map(row).collect()
}

/// A source that was understood.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Attribute(String),
    Constant(String),
    Template(Template),
}

impl Source {
    /// `None`: the field is left alone.
    fn of(row: &AttributeMapping) -> Result<Option<Self>, String> {
        Ok(Some(match &row.source {
            MappingSource::Attribute(name) => {
                names::check(name).map_err(|message| format!("cannot be mapped: {message}"))?;
                Self::Attribute(name.clone())
            }
            MappingSource::Constant(text) => Self::Constant(text.trim().to_owned()),
            MappingSource::Template(text) => {
                Self::Template(Template::parse(text).map_err(|wrong| wrong.to_string())?)
            }
            MappingSource::Leave => return Ok(None),
        }))
    }

    fn attributes(&self) -> Vec<&str> {
        match self {
            Self::Attribute(name) => vec![name],
            Self::Constant(_) => Vec::new(),
            Self::Template(template) => template.attributes().collect(),
        }
    }

    /// What comes of it, if an attribute has what `value` says.
    pub(crate) fn value(&self, mut value: impl FnMut(&str) -> String) -> String {
        match self {
            Self::Attribute(name) => value(name),
            Self::Constant(text) => text.clone(),
            Self::Template(template) => template.render(value),
        }
    }
}

/// The table that holds: the defaults, and over them the rows of the settings. A row that is wrong leaves its field alone;
/// settings with such a row are not saved.
#[derive(Debug)]
pub(crate) struct Table(BTreeMap<Target, Source>);

impl Table {
    pub(crate) fn of(policy: &Policy) -> Self {
        let mut table = BTreeMap::new();
        for row in defaults(policy.sync_additional_attributes).iter().chain(&policy.attribute_mappings) {
            let Ok(target) = Target::parse(&row.field) else { continue };
            match Source::of(row) {
                Ok(Some(source)) => table.insert(target, source),
                Ok(None) | Err(_) => table.remove(&target),
            };
        }
        Self(table)
    }

    /// The fields that have a value of their own; the manager is a link.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&Target, &Source)> {
        self.0.iter().filter(|(target, _)| **target != Target::Manager)
    }

    pub(crate) fn source(&self, target: &Target) -> Option<&Source> {
        self.0.get(target)
    }

    pub(crate) fn has(&self, target: &Target) -> bool {
        self.0.contains_key(target)
    }
}

impl Policy {
    /// LDAP names of every attribute that the plan needs besides those that are always read.
    pub fn attributes_to_read(&self) -> Vec<String> {
        let table = Table::of(self);
        let names = table.values().flat_map(|(_, source)| source.attributes());
        let names = names
            .filter(|name| names::is_additional(name))
            .map(|name| (name.to_lowercase(), name.to_owned()));
        names.collect::<BTreeMap<_, _>>().into_values().collect()
    }
}
