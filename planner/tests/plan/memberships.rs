//! Nesting flattened into JumpCloud groups.

use planner::Status;

use crate::world::{ELSEWHERE, World};

fn nested() -> World {
    let mut world = World::new();
    world.group("Sales");
    world.group("EMEA");
    world.join("Sales", "JumpCloud");
    world.join("EMEA", "Sales");
    world.user("ada");
    world.join("ada", "EMEA");
    world
}

#[test]
fn a_user_is_in_every_group_above_the_one_that_lists_it() {
    let world = nested();
    let steps = world.steps("ada");
    let added: Vec<_> = steps.iter().filter(|step| step.starts_with("add_member")).collect();
    assert_eq!(added, ["add_member JumpCloud", "add_member Sales", "add_member EMEA"]);
}

#[test]
fn leaving_one_group_removes_from_those_that_no_longer_have_the_user() {
    let mut world = nested();
    world.settle();
    world.join("ada", "Sales");
    world.leave("ada", "EMEA");
    assert_eq!(world.steps("ada"), ["remove_member EMEA"]);
}

#[test]
fn a_group_taken_out_of_another_takes_its_users_along() {
    let mut world = nested();
    world.settle();
    world.join("EMEA", "JumpCloud");
    world.leave("EMEA", "Sales");
    assert_eq!(world.steps("ada"), ["remove_member Sales"]);
}

#[test]
fn only_edges_of_linked_users_in_our_groups_are_removed() {
    let mut world = nested();
    world.settle();
    let ada = world.account_of("ada").id.clone();
    let sales = world.group_links[&world.guid("Sales")].clone();
    world.jumpcloud.members.insert(("somebody-elses-group".into(), ada));
    world.jumpcloud.members.insert((sales, "an unlinked user".into()));
    assert_eq!(world.plan().operations, []);
}

#[test]
fn an_edge_that_jumpcloud_lost_is_added_again() {
    let mut world = nested();
    world.settle();
    world.jumpcloud.members.clear();
    assert_eq!(world.steps("ada"), ["add_member JumpCloud", "add_member Sales", "add_member EMEA"]);
}

#[test]
fn the_memberships_of_a_held_or_frozen_user_stay() {
    let mut world = nested();
    world.settle();
    world.join("ada", "JumpCloud");
    world.leave("ada", "EMEA");
    world.user("ada").moved_to(ELSEWHERE);
    assert_eq!(world.steps("ada"), [""; 0]);

    let mut world = nested();
    world.settle();
    world.join("ada", "JumpCloud");
    world.leave("ada", "EMEA");
    world.user("ada").edit(|user| user.sn = None);
    assert_eq!(world.steps("ada"), [""; 0]);
}

#[test]
fn a_user_is_in_step_although_one_of_its_groups_is_still_to_be_made() {
    let mut world = nested();
    world.settle();
    world.group("New");
    world.join("New", "JumpCloud");
    world.join("ada", "New");
    assert_eq!(world.steps("ada"), ["add_member New"]);
    assert_eq!(world.status("ada"), Status::Synced);
}

#[test]
fn the_primary_group_becomes_a_membership_too() {
    let mut world = World::synced(&["ada"]);
    world.group("Domain Users").moved_to(crate::world::CONTAINER);
    world.join("Domain Users", "JumpCloud");
    world.settle();
    assert_eq!(world.members_of("Domain Users"), ["ada"]);
}
