//! Field by field: what AD has, what becomes of it, and what JumpCloud has.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::identity::{attribute_name, present};
use crate::input::JumpCloudUser;
use crate::mapping::{MappingSource, effective};
use crate::person::Read;
use crate::policy::{EmailSource, Policy};

/// One JumpCloud field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MappedField {
    /// JumpCloud's name; `phoneNumbers.work`, `addresses.work.locality` and `attributes.badge` for parts.
    pub field: String,
    /// The AD attribute, or what a mapping composes it of; empty for what Adit itself sets.
    pub source: String,
    /// What the field should have; empty: AD has no value.
    pub wanted: String,
    /// What the linked JumpCloud user has; none without one.
    pub jumpcloud: Option<String>,
}

impl MappedField {
    /// JumpCloud has another value than AD gives.
    pub fn differs(&self) -> bool {
        self.jumpcloud.as_ref().is_some_and(|jumpcloud| *jumpcloud != self.wanted)
    }
}

pub(super) fn of(read: &Read<'_>, policy: &Policy, record: Option<&JumpCloudUser>) -> Vec<MappedField> {
    let sources = sources(policy);
    let has = record.map(JumpCloudUser::values);
    let has_mail = present(&read.user.mail).is_some();
    let email = match policy.email {
        EmailSource::Mail => "mail",
        EmailSource::MailElseUserPrincipalName if has_mail => "mail",
        EmailSource::MailElseUserPrincipalName | EmailSource::UserPrincipalName => "userPrincipalName",
    };
    let source = |field: &str| match field {
        "username" => attribute_name(policy.username_attribute).to_owned(),
        "email" => email.to_owned(),
        "external_dn" => "distinguishedName".to_owned(),
        field => sources.get(field).cloned().unwrap_or_default(),
    };
    let wanted = read.wanted.by_name().into_iter();
    wanted
        .map(|(field, wanted)| MappedField {
            source: source(&field),
            jumpcloud: has.as_ref().map(|has| has.get(&field).cloned().unwrap_or_default()),
            field,
            wanted,
        })
        .filter(|row| !(row.wanted.is_empty() && row.jumpcloud.as_deref().unwrap_or_default().is_empty()))
        .collect()
}

/// JumpCloud's field -> where its value comes from.
fn sources(policy: &Policy) -> BTreeMap<String, String> {
    let source = |source: MappingSource| match source {
        MappingSource::Attribute(name) => name,
        MappingSource::Constant(_) => "constant".into(),
        MappingSource::Template(text) => text,
        MappingSource::Leave => String::new(),
    };
    effective(policy).into_iter().map(|(_, row)| (row.field, source(row.source))).collect()
}
