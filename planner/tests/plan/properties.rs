//! What holds for every domain, every JumpCloud and every history.

use std::collections::BTreeSet;

use planner::input::{AccountState, Input};
use planner::plan::{GuardKind, Plan};
use planner::{Change, Operation, Status};
use proptest::prelude::*;

use crate::random::{Event, events, histories};
use crate::world::World;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn a_plan_that_was_applied_and_planned_again_is_empty(history in histories(), later in events(12)) {
        let mut world = history.world();
        once_and_for_all(&mut world);
        world.happen(later);
        once_and_for_all(&mut world);
    }

    #[test]
    fn planning_all_subjects_equals_the_union_of_any_partition(
        history in histories(), later in events(12), parts in proptest::collection::vec(0..3_u8, 20),
    ) {
        let mut world = history.world();
        world.settle();
        world.happen(later);
        let input = world.observe();
        let mut union = Plan::default();
        for part in 0..3 {
            let plan = planner::plan(&part_of(&input, &parts, part));
            union.operations.extend(plan.operations);
            union.verdicts.extend(plan.verdicts);
        }
        union.operations.sort_by_key(|step| step.subject);
        prop_assert_eq!(planner::plan(&input), union);
    }

    #[test]
    fn the_order_in_which_rivals_and_claimants_are_listed_does_not_matter(history in histories(), later in events(12)) {
        let mut world = history.world();
        world.settle();
        world.happen(later);
        let input = world.observe();
        let mut turned = input.clone();
        for subject in turned.users.values_mut() {
            subject.rivals.reverse();
            subject.claimants.reverse();
        }
        prop_assert_eq!(planner::plan(&input), planner::plan(&turned));
    }

    #[test]
    fn an_unlinked_jumpcloud_user_is_never_touched_without_a_match(history in histories(), later in events(12)) {
        let mut world = history.world();
        for round in [Vec::new(), later] {
            world.happen(round);
            let before = world.jumpcloud.users.clone();
            let linked: BTreeSet<_> = world.links.values().map(|link| link.jumpcloud_id.clone()).collect();
            let matched: BTreeSet<_> = world.plan().operations.iter().filter_map(|step| match_of(&world, step)).collect();
            let plan = world.plan();
            world.carry_out(&plan);
            for (id, user) in before {
                let is_ours = linked.contains(&id) || matched.contains(&id);
                prop_assert!(is_ours || world.jumpcloud.users.get(&id) == Some(&user), "{id} was touched");
            }
        }
    }

    #[test]
    fn nothing_destructive_follows_from_a_lost_integration_group(history in histories(), later in events(20)) {
        let mut world = history.world();
        world.settle();
        world.happen(later);
        world.integration_group_lost = true;
        for step in world.plan().operations {
            prop_assert_eq!(step.change.guard(), None, "{:?}", step);
            prop_assert!(!matches!(step.change, Change::CreateUser { .. } | Change::LinkUser { .. }), "{:?}", step);
        }
    }

    #[test]
    fn a_held_or_excluded_user_loses_nothing_but_by_its_own_departure(history in histories(), later in events(12)) {
        let mut world = history.world();
        world.settle();
        world.happen(later);
        let plan = world.plan();
        for step in &plan.operations {
            let verdict = &plan.verdicts[&step.subject];
            let is_removal = step.change.guard() == Some(GuardKind::Memberships);
            prop_assert!(!is_removal || verdict.in_scope, "{:?}", step);
            let is_final = step.change.guard() == Some(GuardKind::Users);
            prop_assert!(!is_final || verdict.status == Status::Pending, "{:?}", step);
        }
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn staged_users_are_never_activated(history in histories(), later in events(20)) {
        let mut world = history.world();
        world.settle();
        let staged: Vec<_> = world.jumpcloud.users.values_mut().take(2).map(|user| {
            user.state = AccountState::Staged;
            user.id.clone()
        }).collect();
        world.settle();
        for event in later {
            // JumpCloud's administrators may do as they like; this is about us.
            let is_theirs = match &event {
                Event::ForeignState(..) => true,
                Event::Foreign(user) => staged.contains(&user.id),
                _ => false,
            };
            if !is_theirs {
                world.happen(vec![event]);
                world.settle();
            }
            for id in &staged {
                let state = world.jumpcloud.users.get(id).map(|user| user.state);
                prop_assert_ne!(state, Some(AccountState::Activated));
            }
        }
    }
}

/// Applies plans until conflicts have resolved each other, then expects silence; without conflicts one plan is enough.
fn once_and_for_all(world: &mut World) {
    let plan = world.plan();
    let had_conflict = plan.verdicts.values().any(|verdict| verdict.status == Status::Conflict);
    let done = world.carry_out(&plan);
    if had_conflict {
        world.settle();
    } else {
        assert_eq!(done, plan.operations.len(), "everything in the plan could be done");
    }
    let again = world.plan();
    let left: Vec<_> = again.operations.iter().map(|step| world.sentence(step)).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn part_of(input: &Input, parts: &[u8], part: u8) -> Input {
    let mut input = input.clone();
    let mut at = 0;
    let mut is_in = || {
        at += 1;
        parts[(at - 1) % parts.len()] == part
    };
    input.users.retain(|_, _| is_in());
    input.group_subjects.retain(|_, _| is_in());
    input
}

/// The JumpCloud user that a step links, if it is a match: by email, or as a person decided.
fn match_of(world: &World, step: &Operation) -> Option<String> {
    let Change::LinkUser { jumpcloud_id, .. } = &step.change else { return None };
    let user = world.users.values().find(|user| user.user.guid == step.subject)?;
    let email = planner::identity(&world.policy, &user.user).email?;
    let has_email = world.jumpcloud.users[jumpcloud_id].email.eq_ignore_ascii_case(&email);
    let is_decided = user.takeover_decision.as_ref() == Some(jumpcloud_id);
    (has_email || is_decided).then(|| jumpcloud_id.clone())
}
