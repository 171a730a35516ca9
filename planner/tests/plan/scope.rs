//! Who is a member of what.

use planner::Status;
use planner::input::Presence;
use protocol::Sid;

use crate::world::{ELSEWHERE, World};

type Change = fn(&mut protocol::directory::User);

#[test]
fn a_member_of_a_nested_group_is_in_scope_and_cycles_do_no_harm() {
    let mut world = World::new();
    for (member, group) in [("a", "JumpCloud"), ("b", "a"), ("c", "b"), ("a", "c")] {
        world.group(member);
        world.group(group);
        world.join(member, group);
    }
    world.user("ada");
    world.join("ada", "c");
    let verdict = world.verdict("ada");
    assert!(verdict.in_scope);
    let path: Vec<_> = verdict.scope_path.into_iter().map(|group| world.name(group)).collect();
    assert_eq!(path, ["JumpCloud", "a", "b", "c"]);
    world.settle();
    for group in ["JumpCloud", "a", "b", "c"] {
        assert_eq!(world.members_of(group), ["ada"], "{group}");
    }
}

#[test]
fn the_integration_group_may_be_a_member_of_itself() {
    let mut world = World::synced(&["ada"]);
    world.join("JumpCloud", "JumpCloud");
    assert_eq!(world.steps("ada"), [""; 0]);
    assert_eq!(world.steps("JumpCloud"), [""; 0]);
}

#[test]
fn a_user_whose_primary_group_is_in_scope_is_a_member_of_it() {
    let mut world = World::new();
    world.join("Domain Users", "JumpCloud");
    world.user("ada");
    assert!(world.verdict("ada").in_scope);
    world.user("ada").edit(|user| user.primary_group_id = Some(514));
    assert_eq!(world.reasons("ada"), ["not_in_integration_group"]);
}

#[test]
fn a_group_of_any_type_and_place_carries_membership_onwards() {
    let mut world = World::new();
    world.group("Mailing").for_distribution();
    world.group("Remote").moved_to(ELSEWHERE);
    world.join("Mailing", "JumpCloud");
    world.join("Remote", "Mailing");
    world.user("ada");
    world.join("ada", "Remote");
    world.settle();
    assert_eq!(world.members_of("JumpCloud"), ["ada"]);
    assert_eq!(world.reasons("Mailing"), ["not_a_security_group"]);
    assert_eq!(world.reasons("Remote"), ["outside_root_user_container"]);
    assert_eq!(world.jumpcloud.groups.len(), 1, "only the integration group became a JumpCloud group");
}

#[test]
fn members_of_other_domains_contacts_and_managed_service_accounts_are_listed_and_no_error() {
    let cases: [(&str, Change); 5] = [
        ("not_in_this_domain", |user| user.sid = Sid::parse("S-1-5-21-9-9-9-1104")),
        ("not_in_this_domain", |user| user.object_class = vec!["foreignSecurityPrincipal".into()]),
        ("not_a_user", |user| user.object_class = vec!["contact".into()]),
        ("not_a_user", |user| {
            user.object_class = vec!["msds-groupmanagedserviceaccount".into()];
            user.sam_account_type = Some(805_306_369);
        }),
        ("not_a_user", |user| user.sam_account_type = Some(805_306_370)),
    ];
    for (code, change) in cases {
        let mut world = World::new();
        world.user("it").edit(change);
        world.join("it", "JumpCloud");
        assert_eq!(world.reasons("it"), [code]);
        assert_eq!(world.status("it"), Status::Excluded);
        assert_eq!(world.steps("it"), [""; 0]);
    }
}

#[test]
fn nothing_is_planned_before_the_domain_is_known() {
    let mut world = World::new();
    world.user("ada");
    world.join("ada", "JumpCloud");
    let mut input = world.observe();
    input.domain.sid = None;
    assert_eq!(planner::plan(&input), planner::Plan::default());
}

#[test]
fn an_object_that_a_group_lists_but_that_cannot_be_read_is_never_taken_for_deleted() {
    let mut world = World::synced(&["ada"]);
    world.user("ada").presence = Presence::Unreadable;
    assert_eq!(world.reasons("ada"), ["unreadable"]);
    assert_eq!(world.steps("ada"), [""; 0]);
    // Whether it left the group cannot be told either.
    world.leave("ada", "JumpCloud");
    assert_eq!(world.steps("ada"), [""; 0]);

    let mut world = World::new();
    world.user("bob").edit(|user| user.sn = None).presence = Presence::Unreadable;
    world.join("bob", "JumpCloud");
    assert_eq!(world.reasons("bob"), ["unreadable"]);
    assert_eq!(world.steps("bob"), [""; 0]);
}

#[test]
fn a_lost_integration_group_is_never_read_as_everybody_left() {
    let mut world = World::synced(&["ada", "bob", "cleo", "dan", "eve"]);
    world.integration_group_lost = true;
    world.user("bob").disabled();
    world.user("cleo").deleted();
    world.leave("dan", "JumpCloud");
    world.user("eve").moved_to(ELSEWHERE);
    for name in ["bob", "cleo", "dan", "eve", "ada", "JumpCloud"] {
        assert_eq!(world.steps(name), [""; 0], "{name}");
        assert!(world.reasons(name).contains(&"integration_group_lost".to_owned()), "{name}");
    }
    assert_eq!(world.status("ada"), Status::Synced);
}

#[test]
fn while_the_integration_group_is_lost_linked_users_are_updated_and_nobody_is_created() {
    let mut world = World::synced(&["ada"]);
    world.integration_group_lost = true;
    world.user("ada").edit(|user| user.sn = Some("Byron".into()));
    world.user("bob");
    world.join("bob", "JumpCloud");
    assert_eq!(world.steps("ada"), ["update_user"]);
    assert_eq!(world.steps("bob"), [""; 0]);
    assert_eq!(world.reasons("bob"), ["integration_group_lost"]);
}

#[test]
fn while_the_integration_group_is_lost_no_suspension_is_lifted_and_grace_stands_still() {
    let mut world = World::synced(&["ada", "bob"]);
    world.user("ada").disabled();
    world.leave("bob", "JumpCloud");
    world.settle();
    let since = world.verdict("bob").leaving_since;
    world.integration_group_lost = true;
    world.user("ada").enabled();
    world.join("bob", "JumpCloud");
    world.user("bob").with("title", "Engineer");
    world.days_pass(30);
    for name in ["ada", "bob"] {
        assert_eq!(world.steps(name), [""; 0]);
    }
    assert_eq!(world.verdict("bob").leaving_since, since);
}

#[test]
fn the_scope_path_is_the_shortest() {
    let mut world = World::new();
    for (member, group) in
        [("a", "JumpCloud"), ("b", "JumpCloud"), ("c", "a"), ("d", "c"), ("d", "b"), ("e", "d")]
    {
        world.group(member);
        world.join(member, group);
    }
    world.user("ada");
    world.join("ada", "e");
    let path: Vec<_> = world.verdict("ada").scope_path.into_iter().map(|group| world.name(group)).collect();
    assert_eq!(path, ["JumpCloud", "b", "d", "e"]);
}
