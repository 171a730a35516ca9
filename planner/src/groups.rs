//! Security groups in scope become JumpCloud user groups. Like users, they are dissociated only when they leave the scope;
//! everything else freezes them.

use std::collections::BTreeSet;

use protocol::directory::Group;
use protocol::{ObjectGuid, Sid};

use crate::attributes::fill;
use crate::context::{Context, Planned};
use crate::eligibility::unreadable_attributes;
use crate::identity::present;
use crate::input::{GroupSubject, Input, JumpCloudGroup, Presence};
use crate::mapping::MAX_LENGTH;
use crate::plan::{Change, Plan, Verdict};
use crate::policy::GroupDissociationAction;
use crate::reason::{Reason, Status};
use crate::scope::Scope;

pub(crate) fn plan(context: &Context<'_>, plan: &mut Plan) {
    for (guid, subject) in &context.input.group_subjects {
        plan_one(context, *guid, subject).file(*guid, plan);
    }
}

/// The groups in scope whose members are planned. It depends on no subject, so that a partition plans the same.
pub(crate) fn with_members(input: &Input, scope: &Scope<'_>) -> BTreeSet<ObjectGuid> {
    let is_open = |group: &ObjectGuid| {
        !input.closed_groups.contains(group)
            && input.groups.get(group).is_some_and(|group| problems(input, group).is_empty())
    };
    if input.policy.group_sync { scope.groups().filter(is_open).collect() } else { BTreeSet::new() }
}

/// What the group is called in JumpCloud; `None` where AD has no value for the template.
pub fn group_name(input: &Input, group: &Group) -> Option<String> {
    let account = present(&group.sam_account_name);
    let template = &input.policy.group_name_template;
    if account.is_none() && template.contains("{sAMAccountName}") {
        return None;
    }
    let name = fill(template, |name| match name {
        "sAMAccountName" => account.map(str::to_owned),
        "cn" => Some(group.dn.name()),
        "domain" => Some(input.domain.name.dns()),
        _ => None,
    });
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn plan_one(context: &Context<'_>, guid: ObjectGuid, subject: &GroupSubject) -> Planned {
    let group = context.input.groups.get(&guid).filter(|_| subject.presence == Presence::Present);
    let excluded = |reasons| Planned::nothing(verdict(context, guid, Status::Excluded, reasons));
    if !context.input.policy.group_sync {
        return excluded(vec![group_sync_is_off()]);
    }
    if subject.jumpcloud.as_ref().is_some_and(|record| record.dynamic) {
        return excluded(vec![dynamic()]);
    }
    if context.scope.is_lost() {
        return while_lost(context, guid, subject, group);
    }
    match (group, subject.presence) {
        (_, Presence::Deleted) => {
            dissociate(context, guid, subject, Reason::new("deleted", "The group was deleted in AD."))
        }
        (Some(_), _) if !context.scope.has_group(guid) => dissociate(context, guid, subject, left_scope()),
        (Some(group), _) => match problems(context.input, group) {
            reasons if !reasons.is_empty() => excluded(reasons),
            _ => sync(context, guid, subject, group),
        },
        (None, Presence::Present | Presence::Unreadable) => excluded(vec![unreadable()]),
    }
}

/// Linked groups go on being renamed; nothing is made, and nothing ends.
fn while_lost(
    context: &Context<'_>,
    guid: ObjectGuid,
    subject: &GroupSubject,
    group: Option<&Group>,
) -> Planned {
    let problems = group.map(|group| problems(context.input, group));
    let mut planned = match (group, problems, linked(subject)) {
        (Some(group), Some(problems), Some(_)) if problems.is_empty() => sync(context, guid, subject, group),
        (_, problems, _) => {
            Planned::nothing(verdict(context, guid, Status::Excluded, problems.unwrap_or_default()))
        }
    };
    planned.verdict.reasons.push(integration_group_lost());
    planned
}

fn dissociate(context: &Context<'_>, guid: ObjectGuid, subject: &GroupSubject, reason: Reason) -> Planned {
    let change = linked(subject).map(|_| match context.input.policy.group_dissociation_action {
        GroupDissociationAction::Unbind => Change::UnbindGroup,
        GroupDissociationAction::Remove => Change::DeleteGroup,
    });
    let status = if change.is_some() { Status::Pending } else { Status::Excluded };
    let changes = change.map(|change| (change, None)).into_iter().collect();
    Planned { changes, verdict: verdict(context, guid, status, vec![reason]) }
}

fn sync(context: &Context<'_>, guid: ObjectGuid, subject: &GroupSubject, group: &Group) -> Planned {
    let name = group_name(context.input, group).unwrap_or_default();
    let record = linked(subject);
    let mut changes = Vec::new();
    if record.is_none_or(|record| record.name != name) {
        match naming(subject, record, name) {
            Ok(change) => changes.push((change, None)),
            Err(reason) => {
                return Planned::nothing(verdict(context, guid, Status::Conflict, vec![reason]));
            }
        }
    }
    if record.is_none() || !subject.associated {
        changes.push((Change::AssociateGroup, None));
    }
    let status = if changes.is_empty() { Status::Synced } else { Status::Pending };
    Planned { changes, verdict: verdict(context, guid, status, Vec::new()) }
}

/// The step that gives the group its name, if nobody else has it.
fn naming(subject: &GroupSubject, record: Option<&JumpCloudGroup>, name: String) -> Result<Change, Reason> {
    if let Some(other) = subject.name_claimed_by {
        let message = format!(
            "The AD group {other} gets the same name \"{name}\" in JumpCloud. Rename one of them, or use {{domain}} in \
             group_name_template."
        );
        return Err(Reason::new("group_name_duplicate", message));
    }
    match (&subject.name_taken_by, record) {
        (None, None) => Ok(Change::CreateGroup { name }),
        (None, Some(_)) => Ok(Change::RenameGroup { name }),
        (Some(taken), _) if taken.dynamic => Err(dynamic()),
        (Some(taken), None) if subject.adopt => {
            Ok(Change::AdoptGroup { jumpcloud_id: taken.id.clone(), name })
        }
        (Some(_), None) => Err(Reason::new(
            "group_name_taken",
            format!("JumpCloud already has a group \"{name}\". Adopt it, or rename one of the two."),
        )),
        (Some(_), Some(_)) => Err(Reason::new(
            "group_name_taken",
            format!(
                "JumpCloud already has another group \"{name}\", so this one keeps its old name. Rename one of the two."
            ),
        )),
    }
}

/// What keeps a group in scope from being a JumpCloud group.
fn problems(input: &Input, group: &Group) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if group.group_type.is_none() {
        reasons.push(unreadable_attributes("groupType"));
    } else if !group.is_security() {
        reasons.push(Reason::new(
            "not_a_security_group",
            "This is a distribution group: its members count, but only security groups become JumpCloud groups.",
        ));
    }
    if group.sid.as_ref().is_some_and(|sid| is_foreign(sid, input)) {
        reasons.push(Reason::new("not_in_this_domain", "The group belongs to another domain."));
    }
    if !group.dn.is_within(&input.domain.root_user_container) {
        reasons.push(Reason::new(
            "outside_root_user_container",
            "The group lies outside the root user container: its members count, but it becomes no JumpCloud group. Move it \
             in, or widen the container.",
        ));
    }
    match group_name(input, group) {
        None => reasons.push(Reason::new(
            "no_group_name",
            "AD has no value for the name that group_name_template composes. Fill in sAMAccountName.",
        )),
        Some(name) if name.chars().count() > MAX_LENGTH => reasons.push(Reason::new(
            "group_name_too_long",
            "The group's name in JumpCloud would have more than 1024 characters. Shorten it or group_name_template.",
        )),
        Some(_) => {}
    }
    reasons
}

fn is_foreign(sid: &Sid, input: &Input) -> bool {
    !sid.as_str().starts_with("S-1-5-32-")
        && input.domain.sid.as_ref().is_some_and(|domain| !sid.is_of(domain))
}

/// The group as JumpCloud has it; none without a link, or where it was deleted there.
fn linked(subject: &GroupSubject) -> Option<&JumpCloudGroup> {
    subject.jumpcloud.as_ref().filter(|_| subject.link.is_some())
}

fn verdict(context: &Context<'_>, guid: ObjectGuid, status: Status, reasons: Vec<Reason>) -> Verdict {
    let group = context.input.groups.get(&guid);
    let group =
        group.filter(|group| context.input.policy.group_sync && problems(context.input, group).is_empty());
    Verdict {
        in_scope: context.scope.has_group(guid),
        status,
        reasons,
        scope_path: context.scope.path_to(guid),
        due: None,
        leaving_since: None,
        moved_out: false,
        username: None,
        email: None,
        group_name: group.and_then(|group| group_name(context.input, group)),
    }
}

fn left_scope() -> Reason {
    Reason::new(
        "not_in_integration_group",
        "The group is not a member of the integration group, neither directly nor through another group.",
    )
}

fn group_sync_is_off() -> Reason {
    Reason::new("group_sync_off", "Groups are not synced: group_sync is off in the domain's settings.")
}

fn dynamic() -> Reason {
    Reason::new(
        "group_is_dynamic",
        "The JumpCloud group of this name chooses its members by a rule, so it is never touched. Make it a static group \
         there, or rename one of the two.",
    )
}

fn unreadable() -> Reason {
    Reason::new(
        "unreadable",
        "The service account cannot read this group; nothing is changed in JumpCloud. Give it the right to read the group.",
    )
}

/// The reason while there is no integration group to be a member of.
pub(crate) fn integration_group_lost() -> Reason {
    Reason::new(
        "integration_group_lost",
        "The integration group is missing, unreadable or suddenly empty. Until it is back nobody is added, suspended or \
         removed.",
    )
}
