//! What an end of access comes from, told from how things are and how they were.

use std::collections::BTreeMap;

use planner::input::Presence;
use planner::origin::Origins;
use protocol::ObjectGuid;

use crate::world::World;

/// Two users through two nested groups, in step.
fn nested() -> World {
    let mut world = World::new();
    for group in ["Staff", "Berlin"] {
        world.group(group);
    }
    world.join("Staff", "JumpCloud");
    world.join("Berlin", "Staff");
    for user in ["ada", "bob"] {
        world.user(user);
        world.join(user, "Berlin");
    }
    world.settle();
    world
}

/// Whose access ends, by what.
fn origins(before: &World, now: &World) -> Vec<String> {
    let verdicts = before.plan().verdicts;
    let ways: BTreeMap<ObjectGuid, Vec<ObjectGuid>> =
        verdicts.into_iter().map(|(guid, verdict)| (guid, verdict.scope_path)).collect();
    let input = now.observe();
    let origins = Origins::new(&input, &ways);
    let plan = planner::plan(&input);
    let told = plan.operations.iter().filter_map(|operation| {
        let origin = origins.of(operation)?;
        let group = origin.group().map(|group| format!(" {}", now.name(group)));
        let (kind, who) = (operation.change.kind(), now.name(operation.subject));
        Some(format!("{kind} {who}: {}{}", origin.code(), group.unwrap_or_default()))
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    told
}

#[test]
fn one_user_left_its_group() {
    let (before, mut now) = (nested(), nested());
    now.leave("ada", "Berlin");
    assert_eq!(origins(&before, &now), ["suspend_user ada: left_group Berlin"]);
}

#[test]
fn a_group_between_left_the_integration_group() {
    let (before, mut now) = (nested(), nested());
    now.leave("Staff", "JumpCloud");
    let expected = [
        "suspend_user ada: group_left Staff",
        "suspend_user bob: group_left Staff",
        "unbind_group Berlin: group_left Staff",
        "unbind_group Staff: left_group JumpCloud",
    ];
    assert_eq!(origins(&before, &now), expected);
}

#[test]
fn a_group_between_was_deleted() {
    let (before, mut now) = (nested(), nested());
    now.group("Berlin").presence = Presence::Deleted;
    let expected = [
        "suspend_user ada: group_deleted Berlin",
        "suspend_user bob: group_deleted Berlin",
        "unbind_group Berlin: deleted",
    ];
    assert_eq!(origins(&before, &now), expected);
}

#[test]
fn what_ad_says_of_the_account_itself_is_its_own_origin() {
    let (before, mut now) = (nested(), nested());
    now.user("ada").disabled();
    now.user("bob").presence = Presence::Deleted;
    assert_eq!(origins(&before, &now), ["suspend_user ada: disabled", "suspend_user bob: deleted"]);
}

#[test]
fn whoever_leaves_one_group_of_several_leaves_that_group() {
    let mut before = nested();
    before.group("Extra");
    before.join("Extra", "JumpCloud");
    before.join("ada", "Extra");
    before.settle();
    let mut now = before.clone();
    now.leave("ada", "Extra");
    assert_eq!(origins(&before, &now), ["remove_member ada: left_group Extra"]);
}
