//! From entries to the objects of the wire. What could not be read stays unknown.

use std::collections::BTreeMap;

use protocol::ObjectGuid;
use protocol::directory::{Container, Group, SAM_USER_OBJECT, User};

use super::entry::Entry;
use super::meta_data::password_version;
use super::name::{Name, without_identity};

/// Members that come with the search itself; longer lists are read on, group by group, so that a page of large groups
/// does not fill the memory.
pub(crate) const FIRST_MEMBERS: &str = "member;range=0-99";

/// What makes an object one that we read. Computers are users to the schema and change all the time.
pub(crate) const KINDS: &str = "(|(&(objectClass=user)(!(objectClass=computer)))\
                                (objectClass=group)(objectClass=organizationalUnit)(objectClass=container))";

/// No attribute that reaches JumpCloud is longer.
const MAX_VALUE_BYTES: usize = 16 * 1024;

const ALWAYS: [&str; 20] = [
    "objectClass",
    "objectGUID",
    "objectSid",
    "uSNChanged",
    "sAMAccountType",
    "sAMAccountName",
    "userPrincipalName",
    "mail",
    "givenName",
    "sn",
    "userAccountControl",
    "accountExpires",
    "pwdLastSet",
    "replPropertyMetaData",
    "adminCount",
    "primaryGroupID",
    "manager",
    "groupType",
    "description",
    FIRST_MEMBERS,
];

/// The attributes to ask for.
pub(crate) fn attributes(additional: &[String]) -> Vec<String> {
    let mut all: Vec<String> = ALWAYS.iter().map(|name| (*name).to_owned()).collect();
    for name in additional {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            all.push(name.clone());
        }
    }
    all
}

/// What an entry is.
#[derive(Debug)]
pub(crate) enum Object {
    User(Box<User>),
    Group(Group),
    Container(Container),
    /// None of those: its most specific class.
    Other(String),
}

/// Reads an entry; `None` if it does not even tell its GUID, its name and its class.
pub(crate) fn read(entry: &Entry, additional: &[String]) -> Option<Object> {
    let name = entry.name()?;
    let guid = entry.guid().or(name.guid)?;
    let classes = entry.classes();
    let most_specific = classes.last()?.clone();
    let is = |class: &str| classes.iter().any(|known| known == class);
    let object = if is("computer") {
        Object::Other(most_specific)
    } else if is("user") {
        match entry.number::<i64>("sAMAccountType") {
            Some(kind) if kind != SAM_USER_OBJECT => Object::Other(most_specific),
            _ => Object::User(Box::new(user(entry, guid, name, classes, additional))),
        }
    } else if is("group") {
        Object::Group(group(entry, guid, name))
    } else if is("organizationalunit") || is("container") {
        Object::Container(Container { guid, dn: name.dn })
    } else {
        Object::Other(most_specific)
    };
    Some(object)
}

fn user(entry: &Entry, guid: ObjectGuid, name: Name, classes: Vec<String>, additional: &[String]) -> User {
    let general = ["top", "person", "organizationalperson"];
    User {
        guid,
        sid: entry.sid().or(name.sid),
        dn: name.dn,
        sam_account_type: entry.number("sAMAccountType"),
        object_class: classes.into_iter().filter(|class| !general.contains(&class.as_str())).collect(),
        sam_account_name: entry.owned("sAMAccountName"),
        user_principal_name: entry.owned("userPrincipalName"),
        mail: entry.owned("mail"),
        given_name: entry.owned("givenName"),
        sn: entry.owned("sn"),
        user_account_control: entry.number("userAccountControl"),
        account_expires: entry.number("accountExpires"),
        pwd_last_set: entry.number("pwdLastSet"),
        password_version: entry.octets("replPropertyMetaData").and_then(password_version),
        admin_count: entry.number("adminCount"),
        primary_group_id: entry.number("primaryGroupID"),
        manager: entry.text("manager").and_then(Name::parse).and_then(|name| name.guid),
        attributes: additional_values(entry, additional),
    }
}

fn additional_values(entry: &Entry, additional: &[String]) -> BTreeMap<String, String> {
    let value = |name: &String| {
        let value = without_identity(entry.text(name)?);
        (value.len() <= MAX_VALUE_BYTES).then(|| (name.clone(), value.to_owned()))
    };
    additional.iter().filter_map(value).collect()
}

fn group(entry: &Entry, guid: ObjectGuid, name: Name) -> Group {
    Group {
        guid,
        sid: entry.sid().or(name.sid),
        dn: name.dn,
        sam_account_name: entry.owned("sAMAccountName"),
        group_type: entry.number("groupType"),
        description: entry.owned("description").filter(|text| text.len() <= MAX_VALUE_BYTES),
        admin_count: entry.number("adminCount"),
    }
}
