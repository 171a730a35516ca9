//! Random domains, random JumpClouds, and random things that happen to them. Names come from small pools, so that they
//! collide often.

use planner::input::{AccountState, JumpCloudUser, MovedOutAnswer, Presence};
use planner::policy::{
    AttributeMapping, DissociationAction, GroupDissociationAction, Policy, TakeoverAction, UsernameAttribute,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{CONTAINER, ELSEWHERE, World, account};

const GROUPS: [&str; 7] = ["JumpCloud", "Domain Users", "Domain Admins", "g1", "g2", "g3", "g4"];
const USERS: [&str; 5] = ["u1", "u2", "u3", "u4", "u5"];

/// Something that happens in AD, in JumpCloud, or in the settings.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Join(&'static str, &'static str),
    Leave(&'static str, &'static str),
    Account(&'static str, String),
    Mail(&'static str, Option<String>),
    Surname(&'static str, Option<&'static str>),
    Attribute(&'static str, &'static str, &'static str),
    Control(&'static str, Option<i64>),
    Expires(&'static str, Option<i64>),
    AdminCount(&'static str, Option<i64>),
    PrimaryGroup(&'static str, Option<u32>),
    Presence(&'static str, Presence),
    MoveUser(&'static str, &'static str),
    Answer(&'static str, Option<MovedOutAnswer>),
    Decision(&'static str, Option<String>),
    Manager(&'static str, Option<&'static str>),
    RenameGroup(&'static str, &'static str),
    MoveGroup(&'static str, &'static str),
    Distribution(&'static str),
    Adopt(&'static str),
    DeleteGroup(&'static str),
    Foreign(Box<JumpCloudUser>),
    ForeignState(usize, AccountState),
    VanishUser(usize),
    Policy(Box<Policy>),
    NewUsersAre(AccountState),
    Days(i64),
}

/// How a domain came about; shrinks and reads better than the domain itself.
#[derive(Clone, Debug)]
pub(crate) struct History {
    listed: Vec<(&'static str, &'static str)>,
    events: Vec<Event>,
}

pub(crate) fn histories() -> impl Strategy<Value = History> {
    let listed = proptest::collection::vec((select(&USERS[..]), select(&GROUPS[..])), 3..8);
    (listed, events(20)).prop_map(|(listed, events)| History { listed, events })
}

impl History {
    /// The domain at the end of it; JumpCloud knows nothing yet.
    pub(crate) fn world(self) -> World {
        let mut world = World::new();
        for user in USERS {
            world.user(user);
        }
        for group in &GROUPS[3..] {
            world.group(group);
        }
        for (user, group) in self.listed {
            world.join(user, group);
        }
        world.join("g1", "JumpCloud");
        world.join("u1", "JumpCloud");
        world.happen(self.events);
        world
    }
}

pub(crate) fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec(event(), 0..most)
}

impl World {
    pub(crate) fn happen(&mut self, events: Vec<Event>) {
        for event in events {
            self.happens(event);
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Join(member, group) => self.join(member, group),
            Event::Leave(member, group) => self.leave(member, group),
            Event::Account(user, name) => {
                self.user(user).edit(|user| user.sam_account_name = Some(name));
            }
            Event::Mail(user, mail) => {
                self.user(user).edit(|user| user.mail = mail);
            }
            Event::Surname(user, name) => {
                self.user(user).edit(|user| user.sn = name.map(str::to_owned));
            }
            Event::Attribute(user, name, value) => {
                self.user(user).with(name, value);
            }
            Event::Control(user, bits) => {
                self.user(user).edit(|user| user.user_account_control = bits);
            }
            Event::Expires(user, days) => self.expires_in(user, days),
            Event::AdminCount(user, count) => {
                self.user(user).edit(|user| user.admin_count = count);
            }
            Event::PrimaryGroup(user, rid) => {
                self.user(user).edit(|user| user.primary_group_id = rid);
            }
            Event::Presence(user, presence) => self.user(user).presence = presence,
            Event::MoveUser(user, container) => {
                self.user(user).moved_to(container);
            }
            Event::Answer(user, answer) => self.user(user).moved_out_answer = answer,
            Event::Decision(user, id) => self.user(user).takeover_decision = id,
            Event::Manager(user, manager) => self.user(user).manager = manager.map(str::to_owned),
            Event::RenameGroup(group, name) => {
                self.group(group).named(name);
            }
            Event::MoveGroup(group, container) => {
                self.group(group).moved_to(container);
            }
            Event::Distribution(group) => {
                self.group(group).for_distribution();
            }
            Event::Adopt(group) => self.group(group).adopt = true,
            Event::DeleteGroup(group) => {
                self.group(group).deleted();
            }
            Event::Foreign(user) => self.add_foreign(*user),
            Event::ForeignState(at, state) => {
                if let Some(user) = self.jumpcloud.users.values_mut().nth(at) {
                    user.state = state;
                }
            }
            Event::VanishUser(at) => self.vanish(at),
            Event::Policy(policy) => self.policy = *policy,
            Event::NewUsersAre(state) => self.jumpcloud.new_users_are = state,
            Event::Days(days) => self.days_pass(days),
        }
    }

    fn expires_in(&mut self, user: &str, days: Option<i64>) {
        let at = days.map(|days| self.now + chrono::TimeDelta::days(days));
        match at {
            Some(at) => self.user(user).expires(at),
            None => self.user(user).edit(|user| user.account_expires = Some(0)),
        };
    }

    /// JumpCloud itself allows no second user of that name or address.
    fn add_foreign(&mut self, user: JumpCloudUser) {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let is_free = |other: &JumpCloudUser| {
            !same(&other.username, &user.username) && !same(&other.email, &user.email)
        };
        let is_new = !self.jumpcloud.users.contains_key(&user.id);
        if is_new && self.jumpcloud.users.values().all(is_free) {
            self.jumpcloud.users.insert(user.id.clone(), user);
        }
    }

    fn vanish(&mut self, at: usize) {
        if let Some(id) = self.jumpcloud.users.keys().nth(at).cloned() {
            self.jumpcloud.users.remove(&id);
            self.jumpcloud.members.retain(|(_, user)| *user != id);
            self.jumpcloud.associations.remove(&id);
            for user in self.jumpcloud.users.values_mut() {
                user.manager = user.manager.take().filter(|manager| *manager != id);
            }
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    let user = || select(&USERS[..]);
    let group = || select(&GROUPS[..]);
    let own = || select(&GROUPS[3..]);
    let days = || proptest::option::of(select(vec![-1, 1, 30]));
    let answers = vec![None, Some(MovedOutAnswer::Follow), Some(MovedOutAnswer::Dissociate)];
    let presences = vec![Presence::Present, Presence::Deleted, Presence::Unreadable];
    let places = || select(vec![CONTAINER, CONTAINER, ELSEWHERE]);
    let who = select(vec![Some("u1"), Some("u2"), Some("u3"), None]);
    let texts = select(vec![
        ("title", "a"),
        ("title", "b"),
        ("title", ""),
        ("mobile", "1"),
        ("l", "Bern"),
        ("l", ""),
    ]);
    let subjects = prop_oneof![
        6 => (member(), group()).prop_map(|(member, group)| Event::Join(member, group)),
        3 => (member(), group()).prop_map(|(member, group)| Event::Leave(member, group)),
        2 => (user(), name()).prop_map(|(user, name)| Event::Account(user, name)),
        2 => (user(), proptest::option::of(address())).prop_map(|(user, mail)| Event::Mail(user, mail)),
        1 => (user(), select(vec![None, Some("x"), Some("y")])).prop_map(|(user, name)| Event::Surname(user, name)),
        3 => (user(), texts).prop_map(|(user, (name, value))| Event::Attribute(user, name, value)),
        2 => (user(), select(vec![None, Some(0x200), Some(0x202)])).prop_map(|(user, bits)| Event::Control(user, bits)),
        1 => (user(), days()).prop_map(|(user, days)| Event::Expires(user, days)),
        1 => (user(), select(vec![None, Some(0), Some(1)])).prop_map(|(user, count)| Event::AdminCount(user, count)),
        1 => (user(), select(vec![None, Some(512), Some(513)])).prop_map(|(user, rid)| Event::PrimaryGroup(user, rid)),
        1 => (user(), select(presences)).prop_map(|(user, presence)| Event::Presence(user, presence)),
        2 => (user(), places()).prop_map(|(user, place)| Event::MoveUser(user, place)),
        1 => (user(), select(answers)).prop_map(|(user, answer)| Event::Answer(user, answer)),
        1 => (user(), proptest::option::of(select(vec!["f1".to_owned(), "f2".to_owned()])))
            .prop_map(|(user, id)| Event::Decision(user, id)),
        1 => (user(), who).prop_map(|(user, manager)| Event::Manager(user, manager)),
    ];
    let others = prop_oneof![
        (own(), select(vec!["g1", "g2", "renamed"]))
            .prop_map(|(group, name)| Event::RenameGroup(group, name)),
        (own(), places()).prop_map(|(group, place)| Event::MoveGroup(group, place)),
        own().prop_map(Event::Distribution),
        own().prop_map(Event::Adopt),
        own().prop_map(Event::DeleteGroup),
        foreign().prop_map(|user| Event::Foreign(Box::new(user))),
        (0..8_usize, state()).prop_map(|(at, state)| Event::ForeignState(at, state)),
        (0..8_usize).prop_map(Event::VanishUser),
        policy().prop_map(|policy| Event::Policy(Box::new(policy))),
        state().prop_map(Event::NewUsersAre),
        select(vec![1, 3, 7, 30]).prop_map(Event::Days),
    ];
    prop_oneof![3 => subjects, 1 => others]
}

fn member() -> impl Strategy<Value = &'static str> {
    prop_oneof![2 => select(&USERS[..]), 1 => select(&GROUPS[..])]
}

fn name() -> impl Strategy<Value = String> {
    select(vec!["u1", "u2", "U3", "fresh", "4wrong", "f1"]).prop_map(str::to_owned)
}

fn address() -> impl Strategy<Value = String> {
    select(vec!["u1", "U2", "shared", "fresh", "f1"]).prop_map(|name| format!("{name}@mail.example"))
}

fn state() -> impl Strategy<Value = AccountState> {
    select(vec![AccountState::Staged, AccountState::Activated, AccountState::Suspended])
}

fn foreign() -> impl Strategy<Value = JumpCloudUser> {
    let ids = select(vec!["f1", "f2", "f3"]);
    (ids, name(), address(), state(), 0..8_u8).prop_map(|(id, username, email, state, kind)| JumpCloudUser {
        state,
        privileged: kind == 0,
        restricted_by: if kind == 1 { ["google".to_owned()].into() } else { Default::default() },
        ..account(id, &username, &email)
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let action =
        || select(vec![DissociationAction::Remove, DissociationAction::Unbind, DissociationAction::Suspend]);
    let flags = any::<[bool; 5]>();
    (action(), action(), action(), select(vec![0, 7]), flags, tables()).prop_map(
        |(left, disabled, expired, grace, flags, attribute_mappings)| {
            let [additional, groups, upn, deactivate, remove] = flags;
            Policy {
                user_dissociation_action: left,
                user_disable_action: disabled,
                user_expire_action: expired,
                removal_grace_days: grace,
                sync_additional_attributes: additional,
                attribute_mappings,
                group_sync: groups,
                username_attribute: if upn {
                    UsernameAttribute::UserPrincipalName
                } else {
                    UsernameAttribute::SamAccountName
                },
                user_takeover_action: if deactivate {
                    TakeoverAction::Deactivate
                } else {
                    TakeoverAction::Retain
                },
                group_dissociation_action: if remove {
                    GroupDissociationAction::Remove
                } else {
                    GroupDissociationAction::Unbind
                },
                ..Policy::default()
            }
        },
    )
}

/// Tables that replace, add to and leave alone what the defaults have; one row is wrong.
fn tables() -> impl Strategy<Value = Vec<AttributeMapping>> {
    let rows = serde_json::json!([
        {"field": "lastname", "template": "{sn|title:upper|\"Nobody\"}"},
        {"field": "firstname", "leave": true},
        {"field": "jobTitle", "leave": true},
        {"field": "company", "template": "{l} {title}"},
        {"field": "description", "constant": "made"},
        {"field": "location", "template": "{l"},
        {"field": "attributes.city", "attribute": "l"},
        {"field": "phoneNumbers.home", "attribute": "mobile"},
        {"field": "manager", "leave": true},
    ]);
    let rows: Vec<AttributeMapping> = serde_json::from_value(rows).unwrap();
    proptest::sample::subsequence(rows, 0..4)
}
