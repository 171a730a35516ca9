//! Security groups in scope become JumpCloud user groups.

use planner::input::JumpCloudGroup;
use planner::policy::GroupDissociationAction;
use planner::{Change, Status};

use crate::world::{ELSEWHERE, World};

type Spoil = fn(&mut World);

fn with_sales() -> World {
    let mut world = World::new();
    world.group("Sales");
    world.join("Sales", "JumpCloud");
    world.user("ada");
    world.join("ada", "Sales");
    world
}

fn existing(name: &str, dynamic: bool) -> JumpCloudGroup {
    JumpCloudGroup { id: "old".into(), name: name.into(), dynamic }
}

#[test]
fn each_security_group_in_scope_and_the_integration_group_itself_become_associated_groups() {
    let world = with_sales();
    for name in ["Sales", "JumpCloud"] {
        assert_eq!(world.step(name, "create_group").change, Change::CreateGroup { name: name.into() });
        assert_eq!(world.steps(name), ["create_group", "associate_group"]);
    }
    assert_eq!(world.steps("Domain Users"), [""; 0]);
    assert_eq!(world.reasons("Domain Users"), ["not_in_integration_group"]);
}

#[test]
fn a_group_is_named_by_the_template() {
    let templates =
        [("{sAMAccountName}", "Sales"), ("{cn} ({domain})", "Sales (corp.example)"), ("AD {cn}", "AD Sales")];
    for (template, name) in templates {
        let mut world = with_sales();
        world.policy.group_name_template = template.into();
        assert_eq!(world.verdict("Sales").group_name.as_deref(), Some(name));
        assert_eq!(world.step("Sales", "create_group").change, Change::CreateGroup { name: name.into() });
    }
}

#[test]
fn a_rename_in_ad_keeps_the_jumpcloud_group() {
    let mut world = with_sales();
    world.settle();
    world.group("Sales").named("Selling");
    assert_eq!(world.steps("Sales"), ["rename_group"]);
    let id = world.group_links[&world.guid("Sales")].clone();
    world.settle();
    assert_eq!(world.jumpcloud.groups[&id].name, "Selling");
    assert_eq!(world.members_of("Sales"), ["ada"]);
}

#[test]
fn an_existing_group_of_that_name_is_a_conflict_until_an_administrator_adopts_it() {
    let mut world = with_sales();
    world.jumpcloud.groups.insert("old".into(), existing("Sales", false));
    assert_eq!(world.reasons("Sales"), ["group_name_taken"]);
    assert_eq!(world.status("Sales"), Status::Conflict);
    world.settle();
    assert!(!world.group_links.contains_key(&world.guid("Sales")));
    assert_eq!(world.steps("ada"), [""; 0], "its members are not kept waiting");

    world.group("Sales").adopt = true;
    assert_eq!(world.steps("Sales"), ["adopt_group", "associate_group"]);
    world.settle();
    assert_eq!(world.members_of("Sales"), ["ada"]);
    assert_eq!(world.group_links[&world.guid("Sales")], "old");
}

#[test]
fn a_linked_group_keeps_its_old_name_while_somebody_else_has_the_new_one() {
    let mut world = with_sales();
    world.settle();
    world.jumpcloud.groups.insert("old".into(), existing("Selling", false));
    world.group("Sales").named("Selling").adopt = true;
    assert_eq!(world.steps("Sales"), [""; 0]);
    assert_eq!(world.reasons("Sales"), ["group_name_taken"]);
    world.leave("ada", "Sales");
    world.join("ada", "JumpCloud");
    assert_eq!(world.steps("ada"), ["remove_member Sales"], "its members are synced all the same");
}

#[test]
fn groups_with_dynamic_membership_are_never_touched() {
    let mut world = with_sales();
    world.jumpcloud.groups.insert("old".into(), existing("Sales", true));
    world.group("Sales").adopt = true;
    assert_eq!(world.reasons("Sales"), ["group_is_dynamic"]);
    world.settle();
    assert_eq!(world.jumpcloud.members.iter().filter(|(group, _)| group == "old").count(), 0);

    let mut world = with_sales();
    world.settle();
    let id = world.group_links[&world.guid("Sales")].clone();
    world.jumpcloud.groups.get_mut(&id).unwrap().dynamic = true;
    world.group("Sales").named("Selling");
    world.leave("ada", "Sales");
    world.join("ada", "JumpCloud");
    assert_eq!(world.plan().operations, []);
    world.leave("Sales", "JumpCloud");
    assert_eq!(world.plan().operations, []);
    assert_eq!(world.reasons("Sales"), ["group_is_dynamic"]);
}

#[test]
fn of_two_ad_groups_that_want_one_name_the_first_has_it() {
    let mut world = with_sales();
    world.group("Sales2").named("Sales");
    world.join("Sales2", "JumpCloud");
    assert_eq!(world.status("Sales"), Status::Pending);
    assert_eq!(world.reasons("Sales2"), ["group_name_duplicate"]);
    assert_eq!(world.status("Sales2"), Status::Conflict);
}

#[test]
fn a_group_that_leaves_the_scope_is_unbound_and_stays_with_its_members() {
    let mut world = with_sales();
    world.join("ada", "JumpCloud");
    world.settle();
    let before = world.jumpcloud.clone();
    world.leave("Sales", "JumpCloud");
    assert_eq!(world.steps("Sales"), ["unbind_group"]);
    assert_eq!(world.steps("ada"), [""; 0]);
    world.settle();
    assert_eq!(world.jumpcloud.groups, before.groups);
    assert_eq!(world.jumpcloud.members, before.members);
}

#[test]
fn a_deleted_group_is_dissociated_by_the_setting() {
    for (action, step) in
        [(GroupDissociationAction::Unbind, "unbind_group"), (GroupDissociationAction::Remove, "delete_group")]
    {
        let mut world = with_sales();
        world.settle();
        world.policy.group_dissociation_action = action;
        world.group("Sales").deleted();
        assert_eq!(world.steps("Sales"), [step]);
        assert_eq!(world.reasons("Sales"), ["deleted"]);
        assert_eq!(world.steps("ada"), ["suspend_user"], "who was a member through it has left");
    }
}

#[test]
fn a_linked_group_that_no_longer_qualifies_is_frozen_with_its_members() {
    let spoils: [(&str, Spoil); 4] = [
        ("not_a_security_group", |world| {
            world.group("Sales").for_distribution();
        }),
        ("outside_root_user_container", |world| {
            world.group("Sales").moved_to(ELSEWHERE);
        }),
        ("no_group_name", |world| world.group("Sales").group.sam_account_name = None),
        ("unknown_attributes", |world| world.group("Sales").group.group_type = None),
    ];
    for (code, spoil) in spoils {
        let mut world = with_sales();
        world.settle();
        spoil(&mut world);
        world.join("ada", "JumpCloud");
        world.leave("ada", "Sales");
        assert_eq!(world.reasons("Sales"), [code]);
        assert_eq!(world.plan().operations, [], "{code}");
    }
}

#[test]
fn a_name_that_is_too_long_is_named() {
    let mut world = with_sales();
    world.policy.group_name_template = "x".repeat(1020) + "{cn}";
    assert_eq!(world.reasons("Sales"), ["group_name_too_long"]);
}

#[test]
fn without_group_sync_groups_and_memberships_stay_as_they_are() {
    let mut world = with_sales();
    world.settle();
    world.policy.group_sync = false;
    world.group("Sales").deleted();
    world.join("ada", "JumpCloud");
    world.group("New");
    world.join("New", "JumpCloud");
    world.join("ada", "New");
    assert_eq!(world.plan().operations, []);
    assert_eq!(world.reasons("New"), ["group_sync_off"]);
}

#[test]
fn a_group_deleted_in_jumpcloud_is_made_again_with_its_members() {
    let mut world = with_sales();
    world.settle();
    let id = world.group_links[&world.guid("Sales")].clone();
    world.jumpcloud.groups.remove(&id);
    world.jumpcloud.members.retain(|(group, _)| *group != id);
    assert_eq!(world.steps("Sales"), ["create_group", "associate_group"]);
    world.settle();
    assert_eq!(world.members_of("Sales"), ["ada"]);
}

#[test]
fn the_association_is_healed() {
    let mut world = with_sales();
    world.settle();
    world.jumpcloud.associations.clear();
    assert_eq!(world.steps("Sales"), ["associate_group"]);
    assert_eq!(world.steps("ada"), ["associate_user"]);
}
