//! Users outside the root user container: moved there, or never inside.

use planner::Status;
use planner::input::MovedOutAnswer;
use planner::policy::DissociationAction;

use crate::world::{ELSEWHERE, World};

#[test]
fn a_linked_user_moved_out_of_the_container_is_held_until_a_person_answers() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").moved_to(ELSEWHERE).with("title", "Countess");
    let verdict = world.verdict("ada");
    assert!(verdict.moved_out && !verdict.in_scope);
    assert_eq!(verdict.status, Status::Held);
    assert_eq!(world.reasons("ada"), ["outside_root_user_container"]);
    assert_eq!(world.steps("ada"), [""; 0]);

    world.user("ada").moved_out_answer = Some(MovedOutAnswer::Follow);
    assert_eq!(world.steps("ada"), ["update_user"]);
    assert!(!world.verdict("ada").moved_out);
}

#[test]
fn a_user_moved_out_that_ad_has_disabled_too_is_locked_out_and_nothing_more() {
    let mut world = World::synced(&["ada"]);
    world.policy.user_disable_action = DissociationAction::Remove;
    world.user("ada").moved_to(ELSEWHERE).disabled();
    assert_eq!(world.steps("ada"), ["suspend_user"]);
    assert_eq!(world.status("ada"), Status::Held);
    world.settle();
    world.days_pass(30);
    assert_eq!(world.steps("ada"), [""; 0]);
}

#[test]
fn a_user_that_was_never_in_the_container_is_simply_not_synced() {
    let mut world = World::new();
    world.user("ada").moved_to(ELSEWHERE);
    world.join("ada", "JumpCloud");
    assert_eq!(world.reasons("ada"), ["outside_root_user_container"]);
    assert_eq!(world.status("ada"), Status::Excluded);
    assert!(!world.verdict("ada").moved_out);
}

#[test]
fn a_leaver_moved_out_within_its_grace_period_is_not_removed_before_the_answer() {
    let mut world = World::synced(&["ada"]);
    world.policy.user_disable_action = DissociationAction::Remove;
    world.user("ada").disabled();
    world.settle();
    let since = world.verdict("ada").leaving_since;
    world.user("ada").moved_to(ELSEWHERE);
    world.settle();
    world.days_pass(30);
    assert_eq!(world.steps("ada"), [""; 0]);
    assert_eq!(world.verdict("ada").leaving_since, since);
    world.user("ada").moved_out_answer = Some(MovedOutAnswer::Dissociate);
    assert_eq!(world.steps("ada"), ["delete_user"]);
}
