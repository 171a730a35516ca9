//! Which AD value becomes which JumpCloud field, and in what a JumpCloud record differs from that.
//!
//! Only what is mapped is compared: other phone types, address types and custom attributes are never touched.

use std::collections::BTreeMap;

use protocol::directory::User;
use serde_json::{Map, Value, json};

use crate::attributes::Attributes;
use crate::identity::{Identity, MAX_LENGTH, same};
use crate::input::{ADDRESS, Domain, JumpCloudUser, PHONES};
use crate::plan::Fields;
use crate::policy::{ADDITIONAL_FIELDS, Policy};
use crate::reason::Reason;

/// The type of the one address that AD knows.
const ADDRESS_TYPE: &str = "work";

const EMPLOYEE_IDENTIFIER: (&str, usize) = ("employeeIdentifier", 256);

/// How the user should look in JumpCloud. Empty means: AD has no value.
pub(crate) struct Wanted {
    identity: Identity,
    /// Text fields by JumpCloud's name, marks of the source included.
    texts: BTreeMap<String, String>,
    phones: BTreeMap<&'static str, String>,
    address: BTreeMap<&'static str, String>,
    /// Custom attributes.
    custom: BTreeMap<String, String>,
    /// Fields that JumpCloud would refuse for their length; left out above.
    too_long: Vec<(String, usize)>,
}

/// What an empty AD value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    /// The user came from AD: an empty value clears the field.
    Clears,
    /// The user was there before us: what AD does not know, JumpCloud keeps.
    Keeps,
}

impl Wanted {
    pub(crate) fn of(user: &User, identity: &Identity, policy: &Policy, domain: &Domain) -> Self {
        let attributes = Attributes::of(user);
        let text = |(ad, field): &(&str, &str)| ((*field).to_owned(), attributes.get(ad).to_owned());
        let mut wanted = Self {
            identity: identity.clone(),
            texts: [("givenName", "firstname"), ("sn", "lastname")].iter().map(text).collect(),
            phones: BTreeMap::new(),
            address: BTreeMap::new(),
            custom: BTreeMap::new(),
            too_long: Vec::new(),
        };
        if policy.sync_additional_attributes {
            wanted.texts.extend(ADDITIONAL_FIELDS.iter().map(text));
            wanted.phones = PHONES.iter().map(|(ad, kind)| (*kind, attributes.get(ad).to_owned())).collect();
            wanted.address = ADDRESS.iter().map(|(ad, key)| (*key, attributes.get(ad).to_owned())).collect();
        }
        for mapping in &policy.attribute_mappings {
            let value = attributes.compose(&mapping.source);
            match mapping.field.strip_prefix("attributes.") {
                Some(name) => wanted.custom.insert(name.to_owned(), value),
                None => wanted.texts.insert(mapping.field.clone(), value),
            };
        }
        wanted.drop_too_long();
        wanted.texts.insert("external_dn".into(), user.dn.as_str().to_owned());
        wanted.texts.insert("external_source_type".into(), domain.external_source_type.clone());
        wanted
    }

    /// The fields with which a user is created: the identity and the marks. The rest follows by [`Self::differences`].
    pub(crate) fn creation(&self) -> Fields {
        let identity = [("username", &self.identity.username), ("email", &self.identity.email)];
        let identity =
            identity.map(|(field, value)| (field.to_owned(), json!(value.as_deref().unwrap_or_default())));
        let names = ["firstname", "lastname"].map(|field| (field.to_owned(), json!(self.text(field))));
        self.marks().into_iter().chain(identity).chain(names).collect()
    }

    /// What marks a user as managed by this domain.
    pub(crate) fn marks(&self) -> Fields {
        let texts =
            ["external_dn", "external_source_type"].map(|field| (field.to_owned(), json!(self.text(field))));
        texts.into_iter().chain([("externally_managed".to_owned(), json!(true))]).collect()
    }

    /// The record as it is right after the creation.
    pub(crate) fn created(&self) -> JumpCloudUser {
        let mut record = JumpCloudUser {
            username: self.identity.username.clone().unwrap_or_default(),
            email: self.identity.email.clone().unwrap_or_default(),
            ..JumpCloudUser::default()
        };
        for name in ["firstname", "lastname"] {
            record.fields.insert(name.to_owned(), self.text(name).to_owned());
        }
        self.marked(record)
    }

    /// The record as it is right after it was marked as ours.
    pub(crate) fn marked(&self, mut record: JumpCloudUser) -> JumpCloudUser {
        record.externally_managed = true;
        record.external_dn = self.text("external_dn").to_owned();
        record.external_source_type = self.text("external_source_type").to_owned();
        record
    }

    /// The new username, if `record` has another.
    pub(crate) fn new_username(&self, record: &JumpCloudUser) -> Option<String> {
        self.identity.username.clone().filter(|wanted| !same(wanted, &record.username))
    }

    /// The fields to write so that `record` agrees; the username apart.
    pub(crate) fn differences(&self, record: &JumpCloudUser, empty: Empty) -> Fields {
        let differs =
            |wanted: &str, now: &str| wanted != now && !(wanted.is_empty() && empty == Empty::Keeps);
        let mut fields = Fields::new();
        for (field, wanted) in &self.texts {
            let keeps_name = wanted.is_empty() && matches!(field.as_str(), "firstname" | "lastname");
            if differs(wanted, text_of(record, field)) && !keeps_name {
                fields.insert(field.clone(), json!(wanted));
            }
        }
        if let Some(email) = self.identity.email.as_deref().filter(|email| !same(email, &record.email)) {
            fields.insert("email".into(), json!(email));
        }
        let part = |wanted: &BTreeMap<&'static str, String>, now: Option<&BTreeMap<String, String>>| {
            let now = |key: &str| now.and_then(|now| now.get(key)).map_or("", String::as_str);
            let differing = wanted.iter().filter(|(key, value)| differs(value, now(key)));
            differing.map(|(key, value)| ((*key).to_owned(), json!(value))).collect::<Map<_, _>>()
        };
        let address = part(&self.address, record.addresses.get(ADDRESS_TYPE));
        let custom = self.custom.iter().map(|(name, value)| (name.as_str(), value));
        let custom = custom
            .filter(|(name, value)| differs(value, record.custom.get(*name).map_or("", String::as_str)));
        let nested = [
            ("phoneNumbers", part(&self.phones, Some(&record.phones))),
            ("addresses", wrap(ADDRESS_TYPE, address)),
            ("attributes", custom.map(|(name, value)| (name.to_owned(), json!(value))).collect()),
        ];
        let nested = nested.into_iter().filter(|(_, values)| !values.is_empty());
        fields.extend(nested.map(|(field, values)| (field.to_owned(), Value::Object(values))));
        fields
    }

    /// A text field's value; empty if there is none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.texts.get(field).map_or("", String::as_str)
    }

    /// The fields that stay as they are because JumpCloud takes no text of that length.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Reason> + '_ {
        self.too_long.iter().map(|(field, limit)| {
            Reason::new(
                "value_too_long",
                format!("The value for {field} has more than {limit} characters, which JumpCloud does not take; it is left as it is. Shorten it in AD."),
            )
        })
    }

    fn drop_too_long(&mut self) {
        let too_long = &mut self.too_long;
        let mut fits = |field: String, value: &str| {
            let limit = if field == EMPLOYEE_IDENTIFIER.0 { EMPLOYEE_IDENTIFIER.1 } else { MAX_LENGTH };
            let fits = value.chars().count() <= limit;
            if !fits {
                too_long.push((field, limit));
            }
            fits
        };
        self.texts.retain(|field, value| fits(field.clone(), value));
        self.phones.retain(|kind, value| fits(format!("the {kind} phone number"), value));
        self.address.retain(|key, value| fits(format!("{key} of the address"), value));
        self.custom.retain(|name, value| fits(format!("attributes.{name}"), value));
    }
}

fn text_of<'r>(record: &'r JumpCloudUser, field: &str) -> &'r str {
    match field {
        "external_dn" => &record.external_dn,
        "external_source_type" => &record.external_source_type,
        field => record.fields.get(field).map_or("", String::as_str),
    }
}

fn wrap(key: &str, values: Map<String, Value>) -> Map<String, Value> {
    if values.is_empty() { values } else { Map::from_iter([(key.to_owned(), Value::Object(values))]) }
}
