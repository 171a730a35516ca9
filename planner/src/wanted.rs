//! How a user should look in JumpCloud by the attribute table, and in what a JumpCloud record differs from that.
//!
//! Only what is mapped is compared: other phone types, address types and custom attributes are never touched.

use std::collections::{BTreeMap, BTreeSet};

use protocol::directory::User;
use serde_json::json;

use crate::attributes::Attributes;
use crate::identity::{Identity, is_email, same};
use crate::input::{Domain, JumpCloudUser};
use crate::mapping::{ALTERNATE_EMAIL, FIRST_NAME, LAST_NAME, Table, Target};
use crate::plan::Fields;
use crate::reason::Reason;

/// How the user should look in JumpCloud. Empty means: AD has no value.
pub(crate) struct Wanted {
    identity: Identity,
    external_dn: String,
    external_source_type: String,
    values: BTreeMap<Target, String>,
    /// What JumpCloud would refuse; it stays as it is.
    refused: BTreeMap<Target, Reason>,
    /// What depends on attributes that were not read yet, with these; it stays as it is.
    unread: BTreeMap<Target, BTreeSet<String>>,
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
    /// `unread`: attributes that nobody has asked for yet, in lower case.
    pub(crate) fn of(
        user: &User,
        identity: &Identity,
        table: &Table,
        domain: &Domain,
        unread: &BTreeSet<String>,
    ) -> Self {
        let attributes = Attributes::of(user);
        let mut wanted = Self {
            identity: identity.clone(),
            external_dn: user.dn.as_str().to_owned(),
            external_source_type: domain.external_source_type.clone(),
            values: BTreeMap::new(),
            refused: BTreeMap::new(),
            unread: BTreeMap::new(),
        };
        for (target, source) in table.values() {
            let mut missing = BTreeSet::new();
            let value = source.value(|name| {
                let value = attributes.get(name);
                if value.is_empty() && unread.contains(&name.to_lowercase()) {
                    missing.insert(name.to_owned());
                }
                value.to_owned()
            });
            if !missing.is_empty() {
                wanted.unread.insert(target.clone(), missing);
            } else if let Some(reason) = refusal(target, &value) {
                wanted.refused.insert(target.clone(), reason);
            } else {
                wanted.values.insert(target.clone(), value);
            }
        }
        wanted
    }

    /// The fields with which a user is created: the identity and the marks. The rest follows by [`Self::differences`].
    pub(crate) fn creation(&self) -> Fields {
        let identity = [("username", &self.identity.username), ("email", &self.identity.email)];
        let identity =
            identity.map(|(field, value)| (field.to_owned(), json!(value.as_deref().unwrap_or_default())));
        let names = self.names().map(|(target, value)| (target.to_string(), json!(value)));
        self.marks().into_iter().chain(identity).chain(names).collect()
    }

    /// What marks a user as managed by this domain.
    pub(crate) fn marks(&self) -> Fields {
        Fields::from([
            ("external_dn".to_owned(), json!(self.external_dn)),
            ("external_source_type".to_owned(), json!(self.external_source_type)),
            ("externally_managed".to_owned(), json!(true)),
        ])
    }

    /// The record as it is right after the creation.
    pub(crate) fn created(&self) -> JumpCloudUser {
        self.marked(JumpCloudUser {
            username: self.identity.username.clone().unwrap_or_default(),
            email: self.identity.email.clone().unwrap_or_default(),
            fields: self.names().map(|(target, value)| (target.to_string(), value.clone())).collect(),
            ..JumpCloudUser::default()
        })
    }

    /// The record as it is right after it was marked as ours.
    pub(crate) fn marked(&self, mut record: JumpCloudUser) -> JumpCloudUser {
        record.externally_managed = true;
        record.external_dn = self.external_dn.clone();
        record.external_source_type = self.external_source_type.clone();
        record
    }

    /// The new username, if `record` has another.
    pub(crate) fn new_username(&self, record: &JumpCloudUser) -> Option<String> {
        self.identity.username.clone().filter(|wanted| !same(wanted, &record.username))
    }

    /// The fields to write so that `record` agrees; the username apart.
    pub(crate) fn differences(&self, record: &JumpCloudUser, empty: Empty) -> Fields {
        let mut fields = Fields::new();
        for (target, wanted) in &self.values {
            let stays = wanted.is_empty() && (empty == Empty::Keeps || is_name(target));
            if wanted != target.of(record) && !stays {
                target.put(&mut fields, wanted);
            }
        }
        for (name, wanted, now) in [
            ("external_dn", &self.external_dn, &record.external_dn),
            ("external_source_type", &self.external_source_type, &record.external_source_type),
        ] {
            if wanted != now {
                fields.insert(name.into(), json!(wanted));
            }
        }
        if let Some(email) = self.identity.email.as_deref().filter(|email| !same(email, &record.email)) {
            fields.insert("email".into(), json!(email));
        }
        fields
    }

    /// Every field by its name, parts of nested ones apart.
    pub(crate) fn by_name(&self) -> BTreeMap<String, String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let own = [
            ("username", text(&self.identity.username)),
            ("email", text(&self.identity.email)),
            ("external_dn", self.external_dn.clone()),
            ("external_source_type", self.external_source_type.clone()),
        ];
        let own = own.map(|(field, value)| (field.to_owned(), value));
        let mapped = self.values.iter().map(|(target, value)| (target.to_string(), value.clone()));
        own.into_iter().chain(mapped).collect()
    }

    /// A name that is mapped and has no value.
    pub(crate) fn lacks(&self, name: &Target) -> bool {
        self.values.get(name).is_some_and(String::is_empty)
    }

    /// Why the field stays as it is.
    pub(crate) fn refusal(&self, target: &Target) -> Option<&Reason> {
        self.refused.get(target)
    }

    /// The attributes that the field depends on and that were not read yet.
    pub(crate) fn unread(&self, target: &Target) -> impl Iterator<Item = &String> {
        self.unread.get(target).into_iter().flatten()
    }

    /// The fields that stay as they are because JumpCloud would refuse their values.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Reason> + '_ {
        self.refused.values().cloned()
    }

    fn names(&self) -> impl Iterator<Item = (&Target, &String)> {
        self.values.iter().filter(|(target, _)| is_name(target))
    }
}

fn is_name(target: &Target) -> bool {
    [FIRST_NAME, LAST_NAME].contains(target)
}

/// What JumpCloud would answer with a refusal of everything that stands beside it.
fn refusal(target: &Target, value: &str) -> Option<Reason> {
    let limit = target.limit();
    if value.chars().count() > limit {
        return Some(Reason::new(
            "value_too_long",
            format!(
                "The value for {target} has more than {limit} characters, which JumpCloud does not take; it is left as it \
                 is. Shorten it in AD."
            ),
        ));
    }
    (*target == Target::Text(ALTERNATE_EMAIL) && !value.is_empty() && !is_email(value)).then(|| {
        Reason::new(
            "value_not_valid",
            format!("The value for {target} is no email address, which JumpCloud does not take; it is left as it is. Correct it in AD."),
        )
    })
}
