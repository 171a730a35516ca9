//! Everything a plan is made of. The server fills it from its tables; a test writes it by hand.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use protocol::directory::{Group, User};
use protocol::{CaptureId, DistinguishedName, DomainName, ObjectGuid, Sid};
use serde::{Deserialize, Serialize};

use crate::policy::Policy;

/// What a plan is made of.
#[derive(Clone, Debug)]
pub struct Input {
    pub now: DateTime<Utc>,
    pub policy: Policy,
    /// Attributes that the policy names and that nobody has asked for yet, in lower case: what depends on them stays as it
    /// is. Empty but where unsaved settings are tried.
    pub unread: BTreeSet<String>,
    pub domain: Domain,
    /// Every group of the domain: the graph is small, and scope needs all of it.
    pub groups: BTreeMap<ObjectGuid, Group>,
    /// Child group -> the groups that list it as a member.
    pub parents: BTreeMap<ObjectGuid, BTreeSet<ObjectGuid>>,
    /// Every group that JumpCloud has for us: group -> JumpCloud id.
    pub group_links: BTreeMap<ObjectGuid, String>,
    /// Groups whose members are not ours to change for now: JumpCloud's group is dynamic, or a person has to decide
    /// about its name. No membership is planned there, so none waits for a link that may never come.
    pub closed_groups: BTreeSet<ObjectGuid>,
    /// The users to plan.
    pub users: BTreeMap<ObjectGuid, UserSubject>,
    /// The groups to plan.
    pub group_subjects: BTreeMap<ObjectGuid, GroupSubject>,
}

/// What is known of the domain.
#[derive(Clone, Debug)]
pub struct Domain {
    pub name: DomainName,
    /// `None` until the first report: then nothing is planned.
    pub sid: Option<Sid>,
    /// The container as it is called now.
    pub root_user_container: DistinguishedName,
    pub integration_group: IntegrationGroup,
    /// The service account, where it was found.
    pub bind_account: Option<DistinguishedName>,
    /// The JumpCloud object of the domain; `None` before activation made one. Marks of other sources are told apart by it.
    pub activedirectory_id: Option<String>,
    /// What `external_source_type` is set to.
    pub external_source_type: String,
}

/// The group whose members are synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrationGroup {
    Present(ObjectGuid),
    /// Missing, unreadable or suddenly empty: creates and updates go on for linked users, nothing destructive follows.
    /// Never read as "everybody left".
    Lost,
}

/// One user to plan, and all that bears on it.
#[derive(Clone, Debug, Default)]
pub struct UserSubject {
    pub presence: Presence,
    /// The user as last read; stays known after a deletion.
    pub user: Option<User>,
    /// Groups that list the user in `member`.
    pub direct_groups: BTreeSet<ObjectGuid>,
    pub link: Option<UserLink>,
    /// What JumpCloud has for the link; `None` without a link, or where JumpCloud no longer knows the id.
    pub jumpcloud: Option<JumpCloudUser>,
    /// Groups in which JumpCloud has the linked user, as far as they are ours.
    pub memberships: BTreeSet<ObjectGuid>,
    /// True if JumpCloud has the linked user associated with our AD instance.
    pub associated: bool,
    /// JumpCloud users with the same email (case folded) or username that are not this user's link.
    pub rivals: Vec<Rival>,
    /// Other AD users of the organization, in scope, that would claim the same email or username.
    pub claimants: Vec<Claimant>,
    /// The user's manager, if there is one in the mirror.
    pub manager: Option<Manager>,
    /// What a person decided about a user that was moved out of the root user container.
    pub moved_out_answer: Option<MovedOutAnswer>,
    /// What a person decided about a match that could not be decided: the JumpCloud id to take over.
    pub takeover_decision: Option<String>,
    /// The newest password that was captured and is not in JumpCloud.
    pub password: Option<Password>,
}

/// A captured password that JumpCloud does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    pub capture: CaptureId,
    /// `pwdLastSet` was 0: the user must change it at the next log-on.
    pub must_change: bool,
    /// JumpCloud's own words, if it would not have it. Such a password is gone; only another one helps.
    pub refusal: Option<String>,
}

/// Whether an object is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    #[default]
    Present,
    /// The domain controller confirmed that there is no such object.
    Deleted,
    /// A group lists it, and the service account may not read it.
    Unreadable,
}

/// *This objectGUID is that JumpCloud user.*
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserLink {
    pub jumpcloud_id: String,
    /// The suspension that JumpCloud shows was placed by us on an ACTIVATED user (`SuspendUser::restorable`), so we may
    /// lift it.
    pub suspended_by_us: bool,
    /// Since when the user is leaving (grace period), if it is.
    pub leaving_since: Option<DateTime<Utc>>,
    /// The JumpCloud user existed before us.
    pub taken_over: bool,
    /// The password was expired after a takeover with `deactivate`, or did not have to be when the user was linked.
    pub password_expired: bool,
}

/// A JumpCloud user as last read or written, by JumpCloud's own field names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JumpCloudUser {
    pub id: String,
    pub username: String,
    pub email: String,
    /// Scalar text fields by API name: `firstname`, `lastname`, `displayname`, `jobTitle`, … Empty ones are left out.
    pub fields: BTreeMap<String, String>,
    /// `phoneNumbers`: type -> number.
    pub phones: BTreeMap<String, String>,
    /// `addresses`: type -> key -> value.
    pub addresses: BTreeMap<String, BTreeMap<String, String>>,
    /// `attributes`: name -> value.
    pub custom: BTreeMap<String, String>,
    /// JumpCloud id of the manager.
    pub manager: Option<String>,
    pub state: AccountState,
    /// Carries `admin` or `sudo`: never taken over.
    pub privileged: bool,
    pub externally_managed: bool,
    pub external_dn: String,
    pub external_source_type: String,
    /// Ids of the sources that own one of its `restrictedFields`.
    pub restricted_by: BTreeSet<String>,
}

impl JumpCloudUser {
    /// Every text that it has by the field's name, parts of nested ones apart.
    pub fn values(&self) -> BTreeMap<String, String> {
        let mut values = self.fields.clone();
        let own = [
            ("username", &self.username),
            ("email", &self.email),
            ("external_dn", &self.external_dn),
            ("external_source_type", &self.external_source_type),
        ];
        values.extend(own.map(|(field, value)| (field.to_owned(), value.clone())));
        values
            .extend(self.phones.iter().map(|(kind, value)| (format!("phoneNumbers.{kind}"), value.clone())));
        for (kind, parts) in &self.addresses {
            values
                .extend(parts.iter().map(|(key, value)| (format!("addresses.{kind}.{key}"), value.clone())));
        }
        values.extend(self.custom.iter().map(|(name, value)| (format!("attributes.{name}"), value.clone())));
        values
    }
}

/// JumpCloud's `state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    Staged,
    #[default]
    Activated,
    Suspended,
}

/// A JumpCloud user that has what ours wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    pub user: JumpCloudUser,
    /// The AD user it is linked to, if it is.
    pub linked_to: Option<ObjectGuid>,
}

/// Another AD user that wants the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    pub guid: ObjectGuid,
    pub name: String,
    pub same_email: bool,
    pub same_username: bool,
    /// It already has a link, so it was first.
    pub linked: bool,
}

/// The user's manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    pub guid: ObjectGuid,
    /// Set once the manager is linked.
    pub jumpcloud_id: Option<String>,
    /// Not linked yet, but the manager's own plan creates or links it: what is planned may wait for that.
    pub expected: bool,
}

/// What a person decides about a linked user that left the container but not the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MovedOutAnswer {
    /// Go on syncing this user where it is now.
    Follow,
    /// Treat it as having left.
    Dissociate,
}

/// One group to plan.
#[derive(Clone, Debug, Default)]
pub struct GroupSubject {
    pub presence: Presence,
    pub link: Option<GroupLink>,
    /// What JumpCloud has for the link.
    pub jumpcloud: Option<JumpCloudGroup>,
    /// True if JumpCloud has the group associated with our AD instance.
    pub associated: bool,
    /// The JumpCloud group of the wanted name that is not this group's link.
    pub name_taken_by: Option<JumpCloudGroup>,
    /// Other AD groups of the organization that want the same name and are first (linked, or of the smaller objectGUID).
    pub name_claimed_by: Option<ObjectGuid>,
    /// An administrator decided to adopt the group that has the name.
    pub adopt: bool,
}

/// *This objectGUID is that JumpCloud user group.*
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupLink {
    pub jumpcloud_id: String,
}

/// A JumpCloud user group as last read or written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JumpCloudGroup {
    pub id: String,
    pub name: String,
    /// `membershipMethod` is one of the dynamic ones: its members are never touched.
    pub dynamic: bool,
}
