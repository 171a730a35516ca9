//! Ends of access and returns.

use chrono::TimeDelta;
use planner::input::{AccountState, MovedOutAnswer};
use planner::plan::Cause;
use planner::policy::DissociationAction::{self, Remove, Suspend, Unbind};
use planner::{Change, Status};

use crate::world::{ELSEWHERE, World};

type Departure = fn(&mut World);

/// What makes a synced ada leave, by cause.
const DEPARTURES: [(Cause, Departure); 5] = [
    (Cause::LeftGroup, |world| world.leave("ada", "JumpCloud")),
    (Cause::Deleted, |world| {
        world.user("ada").deleted();
    }),
    (Cause::Disabled, |world| {
        world.user("ada").disabled();
    }),
    (Cause::Expired, |world| {
        let now = world.now;
        world.user("ada").expires(now);
    }),
    (Cause::MovedOut, |world| {
        world.user("ada").moved_to(ELSEWHERE).moved_out_answer = Some(MovedOutAnswer::Dissociate);
    }),
];

fn actions(world: &mut World, action: DissociationAction) {
    world.policy.user_dissociation_action = action;
    world.policy.user_disable_action = action;
    world.policy.user_expire_action = action;
}

fn departed(action: DissociationAction, depart: Departure) -> World {
    let mut world = World::synced(&["ada", "bob"]);
    actions(&mut world, action);
    depart(&mut world);
    world
}

#[test]
fn whoever_leaves_is_suspended_at_once_and_removed_after_the_grace_period() {
    for (cause, depart) in DEPARTURES {
        let mut world = departed(Remove, depart);
        let suspend = Change::SuspendUser { cause, restorable: true };
        assert_eq!(world.step("ada", "suspend_user").change, suspend);
        assert_eq!(world.steps("ada"), ["suspend_user"]);
        world.settle();
        let verdict = world.verdict("ada");
        assert_eq!(verdict.leaving_since, Some(world.now));
        assert_eq!(verdict.due, Some(world.now + TimeDelta::days(7)));
        assert_eq!(verdict.status, Status::Excluded);
        assert!(verdict.reasons[0].message.contains("2026-03-09"), "{cause:?}: {:?}", verdict.reasons);

        world.days_pass(6);
        assert_eq!(world.steps("ada"), [""; 0], "{cause:?}");
        world.days_pass(1);
        assert_eq!(world.step("ada", "delete_user").change, Change::DeleteUser { cause });
        world.settle();
        assert_eq!(world.jumpcloud.users.len(), 1, "{cause:?}");
    }
}

#[test]
fn no_grace_removes_at_once() {
    for (cause, depart) in DEPARTURES {
        let mut world = departed(Remove, depart);
        world.policy.removal_grace_days = 0;
        assert_eq!(world.steps("ada"), ["delete_user"], "{cause:?}");
    }
}

#[test]
fn suspend_suspends_and_never_removes() {
    for (cause, depart) in DEPARTURES {
        let mut world = departed(Suspend, depart);
        world.settle();
        world.days_pass(1000);
        assert_eq!(world.steps("ada"), [""; 0], "{cause:?}");
        assert_eq!(world.account_of("ada").state, AccountState::Suspended);
        assert_eq!(world.verdict("ada").due, None);
    }
}

#[test]
fn unbind_leaves_the_account_active_and_cut_from_ad_and_its_memberships_stay() {
    for (cause, depart) in DEPARTURES {
        let mut world = departed(Unbind, depart);
        assert_eq!(world.step("ada", "unbind_user").change, Change::UnbindUser { cause });
        assert_eq!(world.steps("ada"), ["unbind_user"], "{cause:?}");
        let members = world.jumpcloud.members.clone();
        world.settle();
        assert_eq!(world.jumpcloud.members, members);
        let account = world.jumpcloud.users.values().find(|account| account.username == "ada").unwrap();
        assert_eq!(account.state, AccountState::Activated);
        assert_eq!(world.status("ada"), Status::Excluded);
    }
}

#[test]
fn each_cause_has_its_own_action_and_the_dissociation_action_overrides() {
    let mut world = World::synced(&["ada"]);
    world.policy.user_dissociation_action = Unbind;
    world.user("ada").disabled();
    assert_eq!(world.steps("ada"), ["suspend_user"]);
    world.leave("ada", "JumpCloud");
    assert_eq!(world.steps("ada"), ["unbind_user"]);
}

#[test]
fn by_default_a_leaver_is_removed_after_seven_days_and_a_disabled_or_expired_user_stays_suspended() {
    for (cause, depart) in DEPARTURES {
        let mut world = World::synced(&["ada"]);
        depart(&mut world);
        world.settle();
        world.days_pass(7);
        let is_kept = matches!(cause, Cause::Disabled | Cause::Expired);
        let expected: &[&str] = if is_kept { &[] } else { &["delete_user"] };
        assert_eq!(world.steps("ada"), expected, "{cause:?}");
    }
}

#[test]
fn during_grace_the_users_group_edges_stay() {
    let mut world = World::synced(&["ada"]);
    world.group("Sales");
    world.join("Sales", "JumpCloud");
    world.join("ada", "Sales");
    world.settle();
    world.leave("ada", "JumpCloud");
    world.leave("ada", "Sales");
    world.settle();
    assert_eq!(world.members_of("Sales"), ["ada"]);
}

#[test]
fn coming_back_inside_the_grace_period_restores_the_same_account() {
    let mut world = World::synced(&["ada"]);
    let before = world.jumpcloud.clone();
    world.leave("ada", "JumpCloud");
    world.settle();
    world.days_pass(6);
    world.join("ada", "JumpCloud");
    assert_eq!(world.steps("ada"), ["restore_user"]);
    world.settle();
    assert_eq!(world.jumpcloud, before);
    // The next departure starts its own grace period.
    world.days_pass(5);
    world.leave("ada", "JumpCloud");
    world.settle();
    assert_eq!(world.verdict("ada").due, Some(world.now + TimeDelta::days(7)));
}

#[test]
fn nobody_is_removed_who_was_not_suspended_throughout_the_grace_period() {
    let mut world = World::synced(&["ada"]);
    world.leave("ada", "JumpCloud");
    world.settle();
    world.days_pass(30);
    world.account_of("ada").state = AccountState::Activated;
    assert_eq!(world.steps("ada"), ["suspend_user"]);
    assert_eq!(world.verdict("ada").due, Some(world.now + TimeDelta::days(7)));
}

#[test]
fn a_disabled_or_expired_user_that_jumpcloud_does_not_know_is_not_created() {
    let mut world = World::new();
    let now = world.now;
    world.user("ada").disabled();
    world.user("bob").expires(now - TimeDelta::days(1));
    for (name, code) in [("ada", "disabled"), ("bob", "expired")] {
        world.join(name, "JumpCloud");
        assert_eq!(world.steps(name), [""; 0]);
        assert_eq!(world.reasons(name), [code]);
        assert_eq!(world.status(name), Status::Excluded);
    }
}

#[test]
fn an_account_expires_by_the_clock_alone_and_extending_restores_it() {
    let mut world = World::synced(&["ada"]);
    let end = world.now + TimeDelta::days(3);
    world.user("ada").expires(end);
    assert_eq!(world.steps("ada"), [""; 0]);
    assert_eq!(world.verdict("ada").due, Some(end));
    world.days_pass(3);
    assert_eq!(world.steps("ada"), ["suspend_user"]);
    world.settle();
    let later = world.now + TimeDelta::days(90);
    world.user("ada").expires(later);
    assert_eq!(world.steps("ada"), ["restore_user"]);
}

#[test]
fn zero_and_the_largest_number_mean_never() {
    for never in [0, i64::MAX] {
        let mut world = World::synced(&["ada"]);
        world.user("ada").edit(|user| user.account_expires = Some(never));
        assert_eq!(world.steps("ada"), [""; 0]);
        assert_eq!(world.verdict("ada").due, None);
    }
}

#[test]
fn only_a_suspension_that_we_placed_is_lifted() {
    let mut world = World::synced(&["ada"]);
    world.account_of("ada").state = AccountState::Suspended;
    assert_eq!(world.steps("ada"), [""; 0]);
    assert_eq!(world.reasons("ada"), ["suspended_in_jumpcloud"]);
    world.user("ada").disabled();
    world.settle();
    world.user("ada").enabled();
    assert_eq!(world.steps("ada"), [""; 0], "it was not ours, though ada was disabled meanwhile");
}

#[test]
fn a_staged_user_is_suspended_when_it_leaves_and_never_turned_into_an_active_one() {
    let mut world = World::new();
    world.jumpcloud.new_users_are = AccountState::Staged;
    world.user("ada");
    world.join("ada", "JumpCloud");
    world.settle();
    assert_eq!(world.account_of("ada").state, AccountState::Staged);
    world.user("ada").disabled();
    world.settle();
    assert_eq!(world.account_of("ada").state, AccountState::Suspended);
    world.user("ada").enabled();
    assert_eq!(world.steps("ada"), [""; 0]);
    assert_eq!(world.reasons("ada"), ["suspended_in_jumpcloud"]);
}

#[test]
fn lockout_password_age_and_logon_hours_never_change_state() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").edit(|user| {
        user.user_account_control = Some(0x200 | 0x10 | 0x80_0000);
        user.pwd_last_set = Some(0);
    });
    world.user("ada").with("lockoutTime", "133000000000000000").with("badPwdCount", "9");
    assert_eq!(world.steps("ada"), [""; 0]);
}

#[test]
fn a_value_that_cannot_be_read_never_reads_as_enabled_or_never_expiring() {
    let blinds: [fn(&mut protocol::directory::User); 2] =
        [|user| user.user_account_control = None, |user| user.account_expires = None];
    for blind in blinds {
        let mut world = World::synced(&["ada"]);
        world.user("ada").disabled();
        world.settle();
        world.user("ada").enabled().edit(blind);
        assert_eq!(world.steps("ada"), [""; 0], "a suspension is not lifted on a guess");
        assert_eq!(world.reasons("ada"), ["unknown_attributes"]);
    }
    // What is known is enough: disabled is disabled, whenever it expires.
    let mut world = World::synced(&["ada"]);
    world.user("ada").disabled().edit(|user| user.account_expires = None);
    assert_eq!(world.steps("ada"), ["suspend_user"]);
}

#[test]
fn what_becomes_unreadable_during_grace_is_neither_removed_nor_restored() {
    let mut world = World::synced(&["ada"]);
    actions(&mut world, Remove);
    world.user("ada").disabled();
    world.settle();
    let since = world.verdict("ada").leaving_since;
    world.days_pass(30);
    world.user("ada").edit(|user| user.user_account_control = None);
    assert_eq!(world.steps("ada"), [""; 0]);
    assert_eq!(world.verdict("ada").leaving_since, since);
}

#[test]
fn a_user_deleted_in_jumpcloud_is_created_again_if_it_is_still_a_member() {
    let mut world = World::synced(&["ada", "bob"]);
    world.jumpcloud.users.clear();
    world.jumpcloud.members.clear();
    world.leave("bob", "JumpCloud");
    assert_eq!(world.steps("ada"), ["create_user", "associate_user", "add_member JumpCloud"]);
    assert_eq!(world.steps("bob"), [""; 0]);
    assert_eq!(world.reasons("bob"), ["not_in_integration_group", "deleted_in_jumpcloud"]);
    world.settle();
    assert_eq!(world.members_of("JumpCloud"), ["ada"]);
}
