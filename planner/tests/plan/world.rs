//! A domain, a JumpCloud and what is known of both, by names instead of identifiers.

mod directory;
mod jumpcloud;
mod observe;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use planner::input::UserLink;
use planner::plan::{Plan, Verdict};
use planner::{Operation, Policy, Status};
use protocol::ObjectGuid;

pub(crate) use directory::{AdGroup, AdUser, CONTAINER, DOMAIN_SID, ELSEWHERE};
pub(crate) use jumpcloud::{AD_INSTANCE, JumpCloud, account};

/// Everything there is.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) now: DateTime<Utc>,
    pub(crate) policy: Policy,
    pub(crate) unread: BTreeSet<String>,
    pub(crate) users: BTreeMap<String, AdUser>,
    pub(crate) groups: BTreeMap<String, AdGroup>,
    /// Group -> user or group that its `member` lists.
    pub(crate) members: BTreeSet<(String, String)>,
    pub(crate) integration_group_lost: bool,
    pub(crate) jumpcloud: JumpCloud,
    pub(crate) links: BTreeMap<ObjectGuid, UserLink>,
    pub(crate) group_links: BTreeMap<ObjectGuid, String>,
}

impl World {
    /// A domain with the integration group, the groups that every domain has, and nobody in it.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            now: "2026-03-02T09:00:00Z".parse().unwrap(),
            policy: Policy::default(),
            unread: BTreeSet::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            members: BTreeSet::new(),
            integration_group_lost: false,
            jumpcloud: JumpCloud::default(),
            links: BTreeMap::new(),
            group_links: BTreeMap::new(),
        };
        world.group("JumpCloud");
        for (name, rid) in [("Domain Users", 513), ("Domain Admins", 512)] {
            world.group(name).of_rid(rid).moved_to(ELSEWHERE);
        }
        world
    }

    /// A world in which these users are members of the integration group and JumpCloud agrees.
    pub(crate) fn synced(users: &[&str]) -> Self {
        let mut world = Self::new();
        for user in users {
            world.user(user);
            world.join(user, "JumpCloud");
        }
        world.settle();
        world
    }

    /// The user of that name, made at the first mention: an ordinary one, in no group.
    pub(crate) fn user(&mut self, name: &str) -> &mut AdUser {
        let number = self.users.len() + 1000;
        self.users.entry(name.to_owned()).or_insert_with(|| AdUser::new(name, number))
    }

    /// The group of that name, made at the first mention: a security group in the container, in no group.
    pub(crate) fn group(&mut self, name: &str) -> &mut AdGroup {
        let number = self.groups.len() + 1;
        self.groups.entry(name.to_owned()).or_insert_with(|| AdGroup::new(name, number))
    }

    pub(crate) fn join(&mut self, member: &str, group: &str) {
        self.members.insert((group.to_owned(), member.to_owned()));
    }

    pub(crate) fn leave(&mut self, member: &str, group: &str) {
        self.members.remove(&(group.to_owned(), member.to_owned()));
    }

    pub(crate) fn days_pass(&mut self, days: i64) {
        self.now += TimeDelta::days(days);
    }

    /// The identifier of a user or group.
    pub(crate) fn guid(&self, name: &str) -> ObjectGuid {
        self.users.get(name).map(|user| user.user.guid).unwrap_or_else(|| self.groups[name].group.guid)
    }

    /// The name of a user or group.
    pub(crate) fn name(&self, guid: ObjectGuid) -> String {
        let users = self.users.iter().map(|(name, user)| (name, user.user.guid));
        let groups = self.groups.iter().map(|(name, group)| (name, group.group.guid));
        users.chain(groups).find(|(_, known)| *known == guid).map(|(name, _)| name.clone()).unwrap()
    }

    /// The plan for everything.
    pub(crate) fn plan(&self) -> Plan {
        planner::plan(&self.observe())
    }

    /// The steps planned for one subject: kind, and the target's name if there is one.
    pub(crate) fn steps(&self, name: &str) -> Vec<String> {
        let guid = self.guid(name);
        let plan = self.plan();
        let steps = plan.operations.iter().filter(|step| step.subject == guid);
        steps.map(|step| self.sentence(step)).collect()
    }

    /// One step in words.
    pub(crate) fn sentence(&self, step: &Operation) -> String {
        let target = step.target.map(|target| format!(" {}", self.name(target)));
        format!("{}{}", step.change.kind(), target.unwrap_or_default())
    }

    /// The one step of that kind for one subject.
    pub(crate) fn step(&self, name: &str, kind: &str) -> Operation {
        let guid = self.guid(name);
        let plan = self.plan();
        let step = plan.operations.iter().find(|step| step.subject == guid && step.change.kind() == kind);
        step.cloned().unwrap_or_else(|| panic!("no {kind} is planned for {name}: {:?}", self.steps(name)))
    }

    pub(crate) fn verdict(&self, name: &str) -> Verdict {
        self.plan().verdicts[&self.guid(name)].clone()
    }

    pub(crate) fn status(&self, name: &str) -> Status {
        self.verdict(name).status
    }

    /// The codes of a subject's reasons.
    pub(crate) fn reasons(&self, name: &str) -> Vec<String> {
        self.verdict(name).reasons.into_iter().map(|reason| reason.code).collect()
    }

    /// Carries out plans until nothing is left to do.
    pub(crate) fn settle(&mut self) {
        for _ in 0..6 {
            let plan = self.plan();
            if self.carry_out(&plan) == 0 {
                return;
            }
        }
        let plan = self.plan();
        let left: Vec<_> = plan.operations.iter().map(|step| self.sentence(step)).collect();
        panic!("the plans do not come to an end: {left:?}");
    }
}
