//! What the server would gather from its tables for a plan.

use std::collections::{BTreeMap, BTreeSet};

use planner::input::{
    Claimant, Domain, GroupLink, GroupSubject, Input, IntegrationGroup, JumpCloudUser, Manager, Presence,
    Rival, UserSubject,
};
use planner::plan::Plan;
use planner::{Change, Status};
use protocol::{DistinguishedName, DomainName, ObjectGuid, Sid};

use super::{AD_INSTANCE, AdUser, CONTAINER, DOMAIN_SID, World};

impl World {
    /// The input for everything. Like the server, it knows other subjects by the verdicts of earlier plans.
    pub(crate) fn observe(&self) -> Input {
        let mut earlier = Plan::default();
        for _ in 0..2 {
            earlier = planner::plan(&self.observe_after(&earlier));
        }
        self.observe_after(&earlier)
    }

    fn observe_after(&self, earlier: &Plan) -> Input {
        let is_present =
            |name: &str| self.groups.get(name).is_some_and(|group| group.presence == Presence::Present);
        let edges = self.members.iter().filter(|(group, member)| is_present(group) && is_present(member));
        let mut parents = BTreeMap::<_, BTreeSet<_>>::new();
        for (group, member) in edges {
            parents.entry(self.guid(member)).or_default().insert(self.guid(group));
        }
        Input {
            now: self.now,
            policy: self.policy.clone(),
            unread: self.unread.clone(),
            domain: self.domain(),
            groups: self
                .groups
                .values()
                .filter(|group| group.presence == Presence::Present)
                .map(|group| (group.group.guid, group.group.clone()))
                .collect(),
            parents,
            group_links: self.group_links.clone(),
            closed_groups: self.closed_groups(earlier),
            users: self
                .users
                .values()
                .map(|user| (user.user.guid, self.user_subject(user, earlier)))
                .collect(),
            group_subjects: self
                .groups
                .values()
                .map(|group| (group.group.guid, self.group_subject(group)))
                .collect(),
        }
    }

    fn domain(&self) -> Domain {
        Domain {
            name: DomainName::parse("corp.example").unwrap(),
            sid: Sid::parse(DOMAIN_SID),
            root_user_container: DistinguishedName::parse(CONTAINER).unwrap(),
            integration_group: if self.integration_group_lost {
                IntegrationGroup::Lost
            } else {
                IntegrationGroup::Present(self.guid("JumpCloud"))
            },
            bind_account: Some(DistinguishedName::parse(&format!("cn=jcimport,{CONTAINER}")).unwrap()),
            activedirectory_id: Some(AD_INSTANCE.into()),
            external_source_type: "active_directory".into(),
        }
    }

    fn closed_groups(&self, earlier: &Plan) -> BTreeSet<ObjectGuid> {
        let groups = self.groups.values().map(|group| group.group.guid);
        let is_dynamic = |guid: &ObjectGuid| {
            let record = self.group_links.get(guid).and_then(|id| self.jumpcloud.groups.get(id));
            record.is_some_and(|record| record.dynamic)
        };
        let in_conflict = |guid: &ObjectGuid| {
            !self.group_links.contains_key(guid)
                && earlier.verdicts.get(guid).is_some_and(|verdict| verdict.status == Status::Conflict)
        };
        groups.filter(|guid| is_dynamic(guid) || in_conflict(guid)).collect()
    }

    fn user_subject(&self, user: &AdUser, earlier: &Plan) -> UserSubject {
        let guid = user.user.guid;
        let name = self.name(guid);
        let link = self.links.get(&guid).cloned();
        let record = link.as_ref().and_then(|link| self.jumpcloud.users.get(&link.jumpcloud_id)).cloned();
        let id = record.as_ref().map(|record| record.id.clone()).unwrap_or_default();
        let is_member =
            |id: &String, group: &String| self.jumpcloud.members.contains(&(group.clone(), id.clone()));
        let direct = self
            .members
            .iter()
            .filter(|(group, member)| *member == name && self.groups[group].presence == Presence::Present);
        UserSubject {
            presence: user.presence,
            user: Some(user.user.clone()),
            direct_groups: direct.map(|(group, _)| self.guid(group)).collect(),
            link,
            memberships: self
                .group_links
                .iter()
                .filter(|(_, group)| is_member(&id, group))
                .map(|(g, _)| *g)
                .collect(),
            associated: self.jumpcloud.associations.contains(&id),
            rivals: self.rivals(user, &id),
            claimants: self.claimants(user, earlier),
            manager: user.manager.as_ref().map(|manager| self.manager(manager, earlier)),
            moved_out_answer: user.moved_out_answer,
            takeover_decision: user.takeover_decision.clone(),
            password: user
                .password
                .clone()
                .filter(|password| self.jumpcloud.passwords.get(&id) != Some(&password.capture)),
            jumpcloud: record,
        }
    }

    fn manager(&self, name: &str, earlier: &Plan) -> Manager {
        let guid = self.guid(name);
        let makes = |change: &Change| matches!(change, Change::CreateUser { .. } | Change::LinkUser { .. });
        Manager {
            guid,
            jumpcloud_id: self.links.get(&guid).map(|link| link.jumpcloud_id.clone()),
            expected: earlier.operations.iter().any(|step| step.subject == guid && makes(&step.change)),
        }
    }

    fn rivals(&self, user: &AdUser, own: &str) -> Vec<Rival> {
        let identity = planner::identity(&self.policy, &user.user);
        let folded = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        let matches = |record: &&JumpCloudUser| {
            folded(&identity.email).is_some_and(|email| email == record.email.to_lowercase())
                || folded(&identity.username).is_some_and(|name| name == record.username.to_lowercase())
        };
        let others = self.jumpcloud.users.values().filter(|record| record.id != own).filter(matches);
        others.map(|record| Rival { linked_to: self.linked_to(&record.id), user: record.clone() }).collect()
    }

    fn linked_to(&self, id: &str) -> Option<ObjectGuid> {
        self.links.iter().find(|(_, link)| link.jumpcloud_id == id).map(|(guid, _)| *guid)
    }

    fn claimants(&self, user: &AdUser, earlier: &Plan) -> Vec<Claimant> {
        let own = planner::identity(&self.policy, &user.user);
        let same = |a: &Option<String>, b: &Option<String>| {
            a.as_ref().zip(b.as_ref()).is_some_and(|(a, b)| a.to_lowercase() == b.to_lowercase())
        };
        let others = self.users.iter().filter(|(_, other)| other.user.guid != user.user.guid);
        let claims = others.filter(|(_, other)| {
            let in_scope = earlier.verdicts.get(&other.user.guid).is_some_and(|verdict| verdict.in_scope);
            in_scope || self.links.contains_key(&other.user.guid)
        });
        claims
            .map(|(name, other)| {
                let wanted = planner::identity(&self.policy, &other.user);
                Claimant {
                    guid: other.user.guid,
                    name: name.clone(),
                    same_email: same(&own.email, &wanted.email),
                    same_username: same(&own.username, &wanted.username),
                    linked: self.links.contains_key(&other.user.guid),
                }
            })
            .filter(|claimant| claimant.same_email || claimant.same_username)
            .collect()
    }

    fn group_subject(&self, group: &super::AdGroup) -> GroupSubject {
        let guid = group.group.guid;
        let link = self.group_links.get(&guid);
        let record = link.and_then(|id| self.jumpcloud.groups.get(id));
        let input_name = |group: &super::AdGroup| group.group.sam_account_name.clone().unwrap_or_default();
        let name = input_name(group);
        let claims = |other: &&super::AdGroup| {
            let guid_of = other.group.guid;
            let is_first = self.group_links.contains_key(&guid_of) || guid_of < guid;
            guid_of != guid && input_name(other) == name && is_first
        };
        GroupSubject {
            presence: group.presence,
            link: link.map(|id| GroupLink { jumpcloud_id: id.clone() }),
            jumpcloud: record.cloned(),
            associated: record.is_some_and(|record| self.jumpcloud.associations.contains(&record.id)),
            name_taken_by: self
                .jumpcloud
                .groups
                .values()
                .find(|other| other.name == name && Some(&other.id) != link)
                .cloned(),
            name_claimed_by: self.groups.values().find(claims).map(|other| other.group.guid),
            adopt: group.adopt,
        }
    }
}
