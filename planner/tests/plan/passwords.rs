//! Captured passwords: delivered to whoever is synced, kept back from everybody else.

use planner::policy::{MustChangeAction, TakeoverAction};

use crate::world::{ELSEWHERE, World, account};

#[test]
fn a_captured_password_is_set_once() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").password(1);
    assert_eq!(world.steps("ada"), ["set_password"]);
    world.settle();
    assert_eq!(world.steps("ada"), [""; 0]);
    world.user("ada").password(2);
    assert_eq!(world.steps("ada"), ["set_password"]);
}

#[test]
fn a_new_users_first_password_waits_for_the_user_to_be_made() {
    let mut world = World::new();
    world.user("ada").password(1);
    world.join("ada", "JumpCloud");
    let steps = world.steps("ada");
    assert_eq!(steps[..3], ["create_user", "associate_user", "set_password"]);
    world.settle();
    assert_eq!(world.jumpcloud.passwords.len(), 1);
}

#[test]
fn a_user_that_is_taken_over_gets_its_password_after_the_old_one_was_expired() {
    let mut world = World::new();
    world.policy.user_takeover_action = TakeoverAction::Deactivate;
    world.jumpcloud.users.insert("u1".into(), account("u1", "ada", "ada@mail.example"));
    world.user("ada").edit(|user| user.mail = Some("ada@mail.example".into())).password(1);
    world.join("ada", "JumpCloud");
    let steps = world.steps("ada");
    let place = |kind: &str| steps.iter().position(|step| step == kind).unwrap();
    assert!(place("link_user") < place("expire_password"));
    assert!(place("expire_password") < place("set_password"));
}

#[test]
fn a_password_that_must_be_changed_is_sent_or_kept_back_as_the_setting_says() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").password(1).must_change = true;
    assert_eq!(world.steps("ada"), ["set_password"]);
    world.policy.password_must_change_action = MustChangeAction::Hold;
    assert_eq!(world.steps("ada"), [""; 0]);
}

#[test]
fn nobody_who_is_not_synced_gets_a_password() {
    let mut world = World::synced(&["frozen", "leaver", "moved"]);
    world.user("stranger").password(1);
    world.user("frozen").edit(|user| user.sn = None).password(2);
    world.user("leaver").password(3);
    world.leave("leaver", "JumpCloud");
    world.user("moved").moved_to(ELSEWHERE).password(4);
    for name in ["stranger", "frozen", "leaver", "moved"] {
        assert!(!world.steps(name).contains(&"set_password".to_owned()), "{name}: {:?}", world.steps(name));
    }
}

#[test]
fn a_refused_password_stays_planned_and_is_named() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").password(1).refusal = Some("too short".into());
    assert_eq!(world.steps("ada"), ["set_password"]);
    assert_eq!(world.reasons("ada"), ["password_refused"]);
}
