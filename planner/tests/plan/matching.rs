//! Whether JumpCloud already has the user, and who may be taken over.

use planner::input::{AccountState, JumpCloudUser};
use planner::policy::TakeoverAction;
use planner::{Change, Status};

use crate::world::{AD_INSTANCE, World, account};

/// An unlinked ada, and these JumpCloud users.
fn ada_and(accounts: impl IntoIterator<Item = JumpCloudUser>) -> World {
    let mut world = World::new();
    world.user("ada");
    world.join("ada", "JumpCloud");
    world.settle_group();
    world.jumpcloud.users = accounts.into_iter().map(|account| (account.id.clone(), account)).collect();
    world
}

impl World {
    fn settle_group(&mut self) {
        let mut plan = self.plan();
        let group = self.guid("JumpCloud");
        plan.operations.retain(|step| step.subject == group);
        self.carry_out(&plan);
    }

    fn is_conflict(&self, code: &str) {
        assert_eq!(self.reasons("ada"), [code]);
        assert_eq!(self.status("ada"), Status::Conflict, "{code}");
        assert_eq!(self.steps("ada"), [""; 0], "{code}");
    }
}

#[test]
fn an_unlinked_jumpcloud_user_with_the_same_email_is_linked_whatever_the_case() {
    let world = ada_and([account("u1", "lovelace", "ADA@mail.Example")]);
    let Change::LinkUser { jumpcloud_id, fields } = world.step("ada", "link_user").change else { panic!() };
    assert_eq!(jumpcloud_id, "u1");
    assert_eq!(fields["externally_managed"], true);
    assert_eq!(fields["external_dn"], "CN=ada,OU=Staff,DC=corp,DC=example");
    assert_eq!(fields["external_source_type"], "active_directory");
    let expected = ["link_user", "associate_user", "set_username", "update_user", "add_member JumpCloud"];
    assert_eq!(world.steps("ada"), expected);
}

#[test]
fn the_preview_of_a_takeover_is_what_activation_does() {
    let mut world = ada_and([account("u1", "lovelace", "ada@mail.example")]);
    world.settle();
    assert_eq!(world.jumpcloud.users.len(), 1);
    assert_eq!(world.jumpcloud.users["u1"].username, "ada");
    assert_eq!(world.status("ada"), Status::Synced);
}

#[test]
fn an_equal_username_alone_is_a_conflict_for_a_person() {
    let mut world = ada_and([account("u1", "Ada", "somebody@else.example")]);
    world.is_conflict("ambiguous_match");
    world.user("ada").takeover_decision = Some("u1".into());
    assert_eq!(world.steps("ada"), ["link_user", "associate_user", "update_user", "add_member JumpCloud"]);
}

#[test]
fn a_username_that_points_to_somebody_else_is_a_conflict_even_where_the_email_matches() {
    let mut world = ada_and([
        account("u1", "lovelace", "ada@mail.example"),
        account("u2", "ada", "somebody@else.example"),
    ]);
    world.is_conflict("ambiguous_match");
    // The username cannot be given to one while the other has it, whatever a person decides.
    world.user("ada").takeover_decision = Some("u1".into());
    world.is_conflict("ambiguous_match");
}

#[test]
fn a_decision_for_somebody_who_matches_nothing_is_not_followed() {
    let mut world = ada_and([account("u1", "ada", "a@else.example"), account("u2", "bob", "b@else.example")]);
    world.user("ada").takeover_decision = Some("u2".into());
    world.is_conflict("ambiguous_match");
}

#[test]
fn a_user_with_administrator_rights_is_never_taken_over() {
    let mut world = ada_and([JumpCloudUser { privileged: true, ..account("u1", "ada", "ada@mail.example") }]);
    world.is_conflict("matches_privileged_user");
    world.user("ada").takeover_decision = Some("u1".into());
    world.is_conflict("matches_privileged_user");
}

#[test]
fn a_user_of_another_source_is_never_taken_over() {
    let of = |source: &str| JumpCloudUser {
        restricted_by: [source.to_owned()].into(),
        ..account("u1", "ada", "ada@mail.example")
    };
    let mut world = ada_and([of("google")]);
    world.is_conflict("managed_by_other_source");
    world.user("ada").takeover_decision = Some("u1".into());
    world.is_conflict("managed_by_other_source");
    assert!(ada_and([of(AD_INSTANCE)]).steps("ada").contains(&"link_user".to_owned()));
}

#[test]
fn a_user_linked_to_another_ad_user_is_never_taken_over() {
    for (code, mail) in
        [("email_taken_by_other_user", "bob@mail.example"), ("username_taken_by_other_user", "x@y.example")]
    {
        let mut world = World::synced(&["bob"]);
        // Bob has left: JumpCloud still has him, but in AD the name is free.
        world.leave("bob", "JumpCloud");
        world.settle();
        world.user("bob").edit(|user| {
            user.mail = Some("old@mail.example".into());
            user.sam_account_name = Some("old".into());
        });
        world.user("ada").edit(|user| {
            user.mail = Some(mail.into());
            user.sam_account_name = Some("bob".into());
        });
        world.join("ada", "JumpCloud");
        world.is_conflict(code);
        world.user("ada").takeover_decision = Some("user-1".into());
        world.is_conflict(code);
    }
}

#[test]
fn retain_leaves_state_password_and_bindings_alone() {
    for state in [AccountState::Suspended, AccountState::Staged, AccountState::Activated] {
        let mut world = ada_and([JumpCloudUser { state, ..account("u1", "ada", "ada@mail.example") }]);
        world.settle();
        assert_eq!(world.jumpcloud.users["u1"].state, state);
        assert!(world.jumpcloud.passwords_expired.is_empty());
        let reasons: &[&str] =
            if state == AccountState::Suspended { &["suspended_in_jumpcloud"] } else { &[] };
        assert_eq!(world.reasons("ada"), reasons);
    }
}

#[test]
fn deactivate_expires_the_password_after_linking_and_suspends_nobody() {
    let mut world = ada_and([account("u1", "ada", "ada@mail.example")]);
    world.policy.user_takeover_action = TakeoverAction::Deactivate;
    assert!(world.steps("ada").starts_with(&["link_user".into(), "expire_password".into()]));
    world.settle();
    assert!(world.jumpcloud.passwords_expired.contains("u1"));
    assert_eq!(world.jumpcloud.users["u1"].state, AccountState::Activated);
    assert_eq!(world.steps("ada"), [""; 0], "once is enough");
}

#[test]
fn a_created_user_keeps_its_password() {
    let mut world = ada_and([]);
    world.policy.user_takeover_action = TakeoverAction::Deactivate;
    world.settle();
    assert!(world.jumpcloud.passwords_expired.is_empty());
}

#[test]
fn on_takeover_an_empty_ad_value_clears_nothing_and_phones_and_addresses_merge_by_type() {
    let pairs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let before = JumpCloudUser {
        fields: pairs(&[("jobTitle", "Countess"), ("department", "Salon"), ("costCenter", "7")]),
        phones: pairs(&[("work", "1"), ("home", "2"), ("work_mobile", "3")]),
        addresses: [
            ("work".to_owned(), pairs(&[("locality", "London"), ("country", "UK")])),
            ("home".to_owned(), pairs(&[("locality", "Ockham")])),
        ]
        .into(),
        custom: pairs(&[("badge", "9")]),
        manager: Some("boss".into()),
        ..account("u1", "ada", "ada@mail.example")
    };
    let mut world = ada_and([before]);
    world.user("ada").with("department", "Engines").with("telephoneNumber", "10").with("l", "Bath");
    world.settle();
    let after = &world.jumpcloud.users["u1"];
    assert_eq!(after.fields["jobTitle"], "Countess");
    assert_eq!(after.fields["department"], "Engines");
    assert_eq!(after.fields["costCenter"], "7");
    assert_eq!(after.phones, pairs(&[("work", "10"), ("home", "2"), ("work_mobile", "3")]));
    assert_eq!(after.addresses["work"], pairs(&[("locality", "Bath"), ("country", "UK")]));
    assert_eq!(after.addresses["home"], pairs(&[("locality", "Ockham")]));
    assert_eq!(after.custom["badge"], "9");
    assert_eq!(after.manager.as_deref(), Some("boss"));
    assert_eq!(world.steps("ada"), [""; 0], "what was kept stays kept");
}

#[test]
fn of_two_ad_users_with_the_same_email_neither_is_created() {
    let mut world = World::new();
    for name in ["ada", "ADA2"] {
        world.user(name).edit(|user| user.mail = Some("Shared@mail.example".into()));
        world.join(name, "JumpCloud");
    }
    for name in ["ada", "ADA2"] {
        assert_eq!(world.reasons(name), ["duplicate_email"]);
        assert_eq!(world.status(name), Status::Conflict);
        assert_eq!(world.steps(name), [""; 0]);
    }
    assert!(world.verdict("ada").reasons[0].message.contains("ADA2"));
}

#[test]
fn of_two_ad_users_with_the_same_email_the_linked_one_keeps_it() {
    let mut world = World::synced(&["ada"]);
    world.user("bob").edit(|user| user.mail = Some("ada@mail.example".into()));
    world.join("bob", "JumpCloud");
    assert_eq!(world.reasons("bob"), ["duplicate_email"]);
    assert_eq!(world.steps("ada"), [""; 0]);
    assert_eq!(world.status("ada"), Status::Synced);
}

#[test]
fn equal_prefixes_of_two_user_principal_names_are_a_conflict() {
    let mut world = World::new();
    world.policy.username_attribute = planner::policy::UsernameAttribute::UserPrincipalName;
    for (name, upn) in [("ada", "al@one.example"), ("bob", "AL@two.example")] {
        world.user(name).edit(|user| user.user_principal_name = Some(upn.into()));
        world.join(name, "JumpCloud");
    }
    assert_eq!(world.reasons("ada"), ["duplicate_username"]);
    assert_eq!(world.reasons("bob"), ["duplicate_username"]);
}

#[test]
fn a_disabled_account_that_was_never_synced_claims_nothing() {
    let mut world = World::new();
    for name in ["ada", "old-ada"] {
        world.user(name).edit(|user| user.mail = Some("ada@mail.example".into()));
        world.join(name, "JumpCloud");
    }
    world.user("old-ada").disabled();
    assert!(world.steps("ada").contains(&"create_user".to_owned()));
}

#[test]
fn a_linked_user_whose_new_email_or_username_is_taken_is_frozen_until_it_is_free() {
    for (code, accounts) in [
        ("email_taken_by_other_user", account("u9", "other", "new@mail.example")),
        ("username_taken_by_other_user", account("u9", "new", "other@mail.example")),
    ] {
        let mut world = World::synced(&["ada"]);
        world.jumpcloud.users.insert("u9".into(), accounts);
        world.user("ada").with("title", "Countess").edit(|user| {
            user.mail = Some("new@mail.example".into());
            user.sam_account_name = Some("new".into());
        });
        world.is_conflict(code);
        world.jumpcloud.users.remove("u9");
        assert_eq!(world.steps("ada"), ["set_username", "update_user"]);
    }
}

#[test]
fn a_person_that_returns_after_unbinding_is_linked_to_the_same_account() {
    let mut world = World::synced(&["ada"]);
    world.policy.user_dissociation_action = planner::policy::DissociationAction::Unbind;
    world.leave("ada", "JumpCloud");
    world.settle();
    assert!(world.links.is_empty());
    world.join("ada", "JumpCloud");
    assert_eq!(world.step("ada", "link_user").subject, world.guid("ada"));
    world.settle();
    assert_eq!(world.jumpcloud.users.len(), 1);
}

#[test]
fn a_linked_user_gets_a_new_email_that_an_unlinked_one_claims_too() {
    let mut world = World::synced(&["ada"]);
    for name in ["ada", "bob"] {
        world.user(name).edit(|user| user.mail = Some("shared@mail.example".into()));
    }
    world.join("bob", "JumpCloud");
    assert_eq!(world.steps("ada"), ["update_user"]);
    assert_eq!(world.reasons("bob"), ["duplicate_email"]);
}

#[test]
fn of_two_linked_users_the_one_that_has_the_email_keeps_it() {
    let mut world = World::synced(&["ada", "bob"]);
    world.user("bob").edit(|user| user.mail = Some("ada@mail.example".into()));
    assert_eq!(world.status("ada"), Status::Synced);
    assert_eq!(world.reasons("bob"), ["duplicate_email"]);
    assert_eq!(world.steps("bob"), [""; 0]);
}
