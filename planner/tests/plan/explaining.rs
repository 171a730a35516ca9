//! What is said of one user agrees with what is planned for it.

use std::collections::BTreeSet;

use planner::explain::{Rule, RuleState};
use planner::input::Presence;
use planner::{Explanation, Status, explain};
use proptest::prelude::*;

use crate::random::{events, histories};
use crate::world::{ELSEWHERE, World, account};

fn explained(world: &World, name: &str) -> Explanation {
    explain(&world.observe(), world.guid(name)).unwrap()
}

fn rule(world: &World, name: &str, code: &str) -> Rule {
    explained(world, name).steps.into_iter().find(|step| step.code == code).unwrap()
}

fn failed(world: &World, name: &str) -> Vec<String> {
    let steps = explained(world, name).steps.into_iter();
    steps.filter(|step| step.state == RuleState::Failed).map(|step| step.code).collect()
}

/// Reasons that keep nobody from being synced.
const REMARKS: [&str; 5] = [
    "email_suffix_not_routable",
    "value_too_long",
    "value_not_valid",
    "suspended_in_jumpcloud",
    "password_refused",
];

fn agrees(world: &World) -> Result<(), TestCaseError> {
    let input = world.observe();
    let plan = planner::plan(&input);
    for guid in input.users.keys() {
        let steps = explain(&input, *guid).unwrap().steps;
        let verdict = &plan.verdicts[guid];
        let goes_on = verdict.in_scope && matches!(verdict.status, Status::Synced | Status::Pending);
        let passed = steps.iter().all(|step| step.state == RuleState::Passed);
        if world.integration_group_lost {
            prop_assert!(!passed);
        } else {
            prop_assert_eq!(goes_on, passed, "{:?} {:?}", verdict, steps);
        }
        let said: BTreeSet<_> = steps.iter().flat_map(|step| &step.reasons).collect();
        for reason in verdict.reasons.iter().filter(|reason| !REMARKS.contains(&reason.code.as_str())) {
            prop_assert!(said.contains(&reason.code), "{:?} is not among {:?}", reason, steps);
        }
        let codes: BTreeSet<_> = steps.iter().map(|step| &step.code).collect();
        prop_assert_eq!((codes.len(), steps.len()), (11, 11));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_fails_exactly_where_the_plan_leaves_the_user_out(
        history in histories(), later in events(12), lost in proptest::bool::weighted(0.1),
    ) {
        let mut world = history.world();
        agrees(&world)?;
        world.settle();
        world.happen(later);
        world.integration_group_lost = lost;
        agrees(&world)?;
    }

    #[test]
    fn whoever_may_be_chosen_is_taken_over_once_chosen_and_nobody_else(history in histories()) {
        let mut world = history.world();
        let input = world.observe();
        let names: Vec<_> = world.users.keys().cloned().collect();
        for name in names {
            let steps = explained(&world, &name);
            let is_ambiguous = planner::plan(&input).verdicts[&world.guid(&name)].status == Status::Conflict;
            for candidate in steps.candidates.iter().filter(|_| is_ambiguous) {
                world.user(&name).takeover_decision = Some(candidate.user.id.clone());
                let links = world.steps(&name).contains(&"link_user".to_owned());
                prop_assert_eq!(links, candidate.obstacle.is_none(), "{:?}", candidate);
                world.user(&name).takeover_decision = None;
            }
        }
    }
}

#[test]
fn a_member_is_told_the_way_through_the_groups() {
    let mut world = World::synced(&["ada"]);
    world.group("Staff");
    world.join("Staff", "JumpCloud");
    world.leave("ada", "JumpCloud");
    world.join("ada", "Staff");
    world.settle();
    assert_eq!(failed(&world, "ada"), Vec::<String>::new());
    let way = rule(&world, "ada", "integration_group").message;
    assert_eq!(way, "A member of JumpCloud → Staff, through nested groups.");
    world.join("Domain Users", "JumpCloud");
    world.leave("ada", "Staff");
    let way = rule(&world, "ada", "integration_group").message;
    assert!(way.ends_with("the last of which is its primary group."), "{way}");
}

#[test]
fn every_rule_that_fails_is_named_at_once() {
    let mut world = World::new();
    let user = &mut world.user("4da").user;
    user.given_name = None;
    user.mail = Some("nobody".into());
    world.join("4da", "Domain Admins");
    assert_eq!(failed(&world, "4da"), ["integration_group", "privileged", "names", "username", "email"]);
    assert!(rule(&world, "4da", "privileged").message.contains("Domain Admins"));
    assert_eq!(rule(&world, "4da", "jumpcloud").state, RuleState::NotReached);
}

#[test]
fn of_an_account_that_is_gone_nothing_more_is_said() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").presence = Presence::Deleted;
    assert_eq!(failed(&world, "ada"), ["read"]);
    assert_eq!(rule(&world, "ada", "names").state, RuleState::NotReached);
    let linked = rule(&world, "ada", "jumpcloud");
    assert!(linked.message.starts_with("Linked to the JumpCloud user “ada”"), "{linked:?}");
    world.join("ada", "Domain Admins");
    world.integration_group_lost = true;
    let reasons = planner::plan(&world.observe()).verdicts[&world.guid("ada")].reasons.clone();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["deleted", "integration_group_lost"]);
}

#[test]
fn whom_it_would_be_in_jumpcloud_is_said_before_anything_is_done() {
    let mut world = World::new();
    for name in ["ada", "bob", "cora", "dan"] {
        world.user(name);
        world.join(name, "JumpCloud");
    }
    let foreign = [account("f1", "someone", "bob@mail.example"), account("f2", "cora", "other@mail.example")];
    world.jumpcloud.users.extend(foreign.into_iter().map(|user| (user.id.clone(), user)));
    world.user("dan").user.mail = Some("ada@mail.example".into());
    world.user("dan").user.dn = World::new().user("dan").moved_to(ELSEWHERE).user.dn.clone();
    let found = |name| rule(&world, name, "jumpcloud").message;
    assert!(found("ada").contains("a user is created"));
    assert!(found("bob").starts_with("Takes over the JumpCloud user “someone” (f1)"));
    assert!(found("cora").contains("Decide whether it is the same person"));
    let candidates = explained(&world, "cora").candidates;
    assert!(candidates[0].same_username && !candidates[0].same_email && candidates[0].obstacle.is_none());
    assert_eq!(failed(&world, "dan"), ["root_user_container", "email"]);
}

#[test]
fn fields_show_what_they_are_made_of_on_both_sides() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").user.attributes.insert("title".into(), "Lead".into());
    let fields = explained(&world, "ada").fields;
    let row = |name: &str| {
        let row = fields.iter().find(|row| row.field == name).unwrap();
        (row.source.as_str(), row.wanted.as_str(), row.jumpcloud.as_deref())
    };
    assert_eq!(row("username"), ("sAMAccountName", "ada", Some("ada")));
    assert_eq!(row("jobTitle"), ("title", "Lead", Some("")));
    assert_eq!(row("firstname"), ("givenName", "Given ada", Some("Given ada")));
}
