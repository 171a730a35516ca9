//! A model of JumpCloud that does what it is told and refuses what JumpCloud refuses.

use std::collections::{BTreeMap, BTreeSet};

use planner::input::{AccountState, JumpCloudGroup, JumpCloudUser, UserLink};
use planner::plan::{Fields, Plan};
use planner::{Change, Operation};
use protocol::CaptureId;
use serde_json::Value;

use super::World;

pub(crate) const AD_INSTANCE: &str = "our-ad-instance";

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct JumpCloud {
    pub(crate) users: BTreeMap<String, JumpCloudUser>,
    pub(crate) groups: BTreeMap<String, JumpCloudGroup>,
    /// Group id, user id.
    pub(crate) members: BTreeSet<(String, String)>,
    /// Users and groups associated with our AD instance.
    pub(crate) associations: BTreeSet<String>,
    /// The state that the organization gives to new users.
    pub(crate) new_users_are: AccountState,
    pub(crate) passwords_expired: BTreeSet<String>,
    /// User id, and the capture whose password it has.
    pub(crate) passwords: BTreeMap<String, CaptureId>,
    pub(crate) made: usize,
}

/// A JumpCloud user that was there before us.
pub(crate) fn account(id: &str, username: &str, email: &str) -> JumpCloudUser {
    JumpCloudUser {
        id: id.into(),
        username: username.into(),
        email: email.into(),
        ..JumpCloudUser::default()
    }
}

impl World {
    /// The JumpCloud user to which an AD user is linked.
    pub(crate) fn account_of(&mut self, name: &str) -> &mut JumpCloudUser {
        let id = self.links[&self.guid(name)].jumpcloud_id.clone();
        self.jumpcloud.users.get_mut(&id).unwrap()
    }

    /// The names of the users in a JumpCloud group, by the AD group's name.
    pub(crate) fn members_of(&self, group: &str) -> Vec<String> {
        let id = &self.group_links[&self.guid(group)];
        let users = self.jumpcloud.members.iter().filter(|(group, _)| group == id);
        users.map(|(_, user)| self.jumpcloud.users[user].username.clone()).collect()
    }

    /// Carries out whatever has the links that it needs. Returns how many steps that were.
    pub(crate) fn carry_out(&mut self, plan: &Plan) -> usize {
        for (guid, verdict) in &plan.verdicts {
            if let Some(link) = self.links.get_mut(guid) {
                link.leaving_since = verdict.leaving_since;
            }
        }
        let mut left: Vec<_> = plan.operations.clone();
        let mut done = 0;
        loop {
            left.sort_by_key(|step| step.change.rank());
            let before = left.len();
            left.retain(|step| !self.perform(step));
            done += before - left.len();
            if left.len() == before {
                return done;
            }
        }
    }

    fn perform(&mut self, step: &Operation) -> bool {
        let id = self.links.get(&step.subject).map(|link| link.jumpcloud_id.clone());
        let id = id.or_else(|| self.group_links.get(&step.subject).cloned());
        match (&step.change, id) {
            (Change::CreateUser { fields }, _) => self.create_user(step, fields),
            (Change::LinkUser { jumpcloud_id, fields }, _) => {
                self.write(jumpcloud_id, fields);
                self.link(step, jumpcloud_id.clone(), true);
            }
            (Change::CreateGroup { name }, _) => self.create_group(step, name),
            (Change::AdoptGroup { jumpcloud_id, .. }, _) => {
                self.group_links.insert(step.subject, jumpcloud_id.clone());
            }
            (_, None) => return false,
            (change, Some(id)) => return self.change(step, change, &id),
        }
        true
    }

    fn change(&mut self, step: &Operation, change: &Change, id: &str) -> bool {
        let target = step.target.and_then(|guid| {
            let user = self.links.get(&guid).map(|link| link.jumpcloud_id.clone());
            user.or_else(|| self.group_links.get(&guid).cloned())
        });
        if step.target.is_some() && target.is_none() {
            return false;
        }
        let edge = (target.clone().unwrap_or_default(), id.to_owned());
        let user = self.jumpcloud.users.get_mut(id);
        match change {
            Change::SuspendUser { restorable, .. } => {
                user.unwrap().state = AccountState::Suspended;
                self.links.get_mut(&step.subject).unwrap().suspended_by_us = *restorable;
            }
            Change::RestoreUser => {
                let link = self.links.get_mut(&step.subject).unwrap();
                assert!(link.suspended_by_us, "only our own suspension is lifted");
                link.suspended_by_us = false;
                user.unwrap().state = AccountState::Activated;
            }
            Change::ExpirePassword => {
                self.jumpcloud.passwords_expired.insert(id.to_owned());
                self.links.get_mut(&step.subject).unwrap().password_expired = true;
            }
            Change::SetPassword { capture } => {
                self.jumpcloud.passwords.insert(id.to_owned(), *capture);
            }
            Change::AssociateUser | Change::AssociateGroup => {
                self.jumpcloud.associations.insert(id.to_owned());
            }
            Change::SetUsername { username } => {
                let is_free = self.jumpcloud.users.values().all(|other| other.username != *username);
                assert!(is_free, "JumpCloud refuses the username {username}, which is taken");
                self.jumpcloud.users.get_mut(id).unwrap().username = username.clone();
            }
            Change::UpdateUser { fields } => self.write(id, fields),
            Change::SetManager => user.unwrap().manager = target,
            Change::UnbindUser { .. } => self.unbind(step, id),
            Change::DeleteUser { .. } => self.delete(step, id),
            Change::RenameGroup { name } => self.jumpcloud.groups.get_mut(id).unwrap().name = name.clone(),
            Change::UnbindGroup => {
                self.jumpcloud.associations.remove(id);
                self.group_links.remove(&step.subject);
            }
            Change::DeleteGroup => {
                self.jumpcloud.groups.remove(id);
                self.jumpcloud.members.retain(|(group, _)| group != id);
                self.group_links.remove(&step.subject);
            }
            // After a takeover the user may be in the group already: JumpCloud's 409 counts as done.
            Change::AddMember => drop(self.jumpcloud.members.insert(edge)),
            Change::RemoveMember => assert!(self.jumpcloud.members.remove(&edge), "only a member is removed"),
            Change::CreateUser { .. }
            | Change::LinkUser { .. }
            | Change::CreateGroup { .. }
            | Change::AdoptGroup { .. } => unreachable!("these need no link"),
        }
        true
    }

    fn create_user(&mut self, step: &Operation, fields: &Fields) {
        self.jumpcloud.made += 1;
        let id = format!("user-{}", self.jumpcloud.made);
        let state = self.jumpcloud.new_users_are;
        let username = fields["username"].as_str().unwrap().to_owned();
        let is_free = self.jumpcloud.users.values().all(|other| other.username != username);
        assert!(is_free, "JumpCloud refuses the username {username}, which is taken");
        let user = JumpCloudUser { id: id.clone(), username, state, ..JumpCloudUser::default() };
        self.jumpcloud.users.insert(id.clone(), user);
        self.write(&id, fields);
        self.link(step, id, false);
    }

    fn create_group(&mut self, step: &Operation, name: &str) {
        let is_free = self.jumpcloud.groups.values().all(|other| other.name != name);
        assert!(is_free, "JumpCloud refuses the group name {name}, which is taken");
        self.jumpcloud.made += 1;
        let id = format!("group-{}", self.jumpcloud.made);
        let group = JumpCloudGroup { id: id.clone(), name: name.to_owned(), dynamic: false };
        self.jumpcloud.groups.insert(id.clone(), group);
        self.group_links.insert(step.subject, id);
    }

    fn link(&mut self, step: &Operation, jumpcloud_id: String, taken_over: bool) {
        let link = UserLink {
            jumpcloud_id,
            suspended_by_us: false,
            leaving_since: None,
            taken_over,
            password_expired: !taken_over,
        };
        self.links.insert(step.subject, link);
    }

    fn unbind(&mut self, step: &Operation, id: &str) {
        let user = self.jumpcloud.users.get_mut(id).unwrap();
        user.externally_managed = false;
        user.external_dn.clear();
        user.external_source_type.clear();
        user.restricted_by.remove(AD_INSTANCE);
        self.jumpcloud.associations.remove(id);
        self.links.remove(&step.subject);
    }

    fn delete(&mut self, step: &Operation, id: &str) {
        self.jumpcloud.users.remove(id);
        self.jumpcloud.members.retain(|(_, user)| user != id);
        self.jumpcloud.associations.remove(id);
        for user in self.jumpcloud.users.values_mut() {
            user.manager = user.manager.take().filter(|manager| manager != id);
        }
        self.links.remove(&step.subject);
    }

    fn write(&mut self, id: &str, fields: &Fields) {
        let emails: Vec<_> = self.jumpcloud.users.values().filter(|other| other.id != id).collect();
        if let Some(email) = fields.get("email").and_then(Value::as_str) {
            let is_free = emails.iter().all(|other| !other.email.eq_ignore_ascii_case(email));
            assert!(is_free, "JumpCloud refuses the email address {email}, which is taken");
        }
        let user = self.jumpcloud.users.get_mut(id).unwrap();
        for (field, value) in fields {
            write_field(user, field, value);
        }
    }
}

fn write_field(user: &mut JumpCloudUser, field: &str, value: &Value) {
    let text = || value.as_str().unwrap().to_owned();
    match field {
        "username" => user.username = text(),
        "email" => user.email = text(),
        "externally_managed" => {
            user.externally_managed = value.as_bool().unwrap();
            user.restricted_by.insert(AD_INSTANCE.into());
        }
        "external_dn" => user.external_dn = text(),
        "external_source_type" => user.external_source_type = text(),
        "phoneNumbers" => merge(&mut user.phones, value),
        "attributes" => merge(&mut user.custom, value),
        "addresses" => {
            for (kind, parts) in value.as_object().unwrap() {
                merge(user.addresses.entry(kind.clone()).or_default(), parts);
            }
        }
        _ => {
            merge(&mut user.fields, &Value::Object([(field.to_owned(), value.clone())].into_iter().collect()))
        }
    }
}

/// An empty text takes an entry away.
fn merge(entries: &mut BTreeMap<String, String>, values: &Value) {
    for (name, value) in values.as_object().unwrap() {
        entries.insert(name.clone(), value.as_str().unwrap().to_owned());
    }
    entries.retain(|_, value| !value.is_empty());
}
