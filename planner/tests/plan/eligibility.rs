//! What keeps a user from being created or updated, and never dissociates it.

use planner::Status;
use planner::policy::UsernameAttribute;
use protocol::directory::User;

use crate::world::{CONTAINER, World};

type Spoil = fn(&mut User);

fn spoilt(change: Spoil) -> World {
    let mut world = World::new();
    world.user("ada").edit(change);
    world.join("ada", "JumpCloud");
    world
}

const INELIGIBLE: [(&str, Spoil); 18] = [
    ("no_first_name", |user| user.given_name = None),
    ("no_first_name", |user| user.given_name = Some("  ".into())),
    ("no_last_name", |user| user.sn = None),
    ("no_username", |user| user.sam_account_name = None),
    ("username_not_allowed", |user| user.sam_account_name = Some("4da".into())),
    ("username_not_allowed", |user| user.sam_account_name = Some("ada b".into())),
    ("username_not_allowed", |user| user.sam_account_name = Some("ada@b".into())),
    ("username_not_allowed", |user| user.sam_account_name = Some("adä".into())),
    ("email_not_valid", |user| user.mail = Some("ada".into())),
    ("email_not_valid", |user| user.mail = Some("ada b@mail.example".into())),
    ("stale_admin_count", |user| user.admin_count = Some(1)),
    ("unknown_attributes", |user| user.user_account_control = None),
    ("unknown_attributes", |user| user.account_expires = None),
    ("unknown_attributes", |user| user.pwd_last_set = None),
    ("unknown_attributes", |user| user.sam_account_type = None),
    ("unknown_attributes", |user| user.primary_group_id = None),
    ("computer", |user| user.sam_account_type = Some(805_306_369)),
    ("privileged", |user| user.primary_group_id = Some(512)),
];

#[test]
fn an_ineligible_user_is_not_created_and_the_reason_is_named() {
    for (code, spoil) in INELIGIBLE {
        let world = spoilt(spoil);
        assert_eq!(world.steps("ada"), [""; 0], "{code}");
        assert_eq!(world.reasons("ada"), [code]);
        assert_eq!(world.status("ada"), Status::Excluded, "{code}");
    }
}

#[test]
fn a_linked_user_who_becomes_ineligible_is_frozen_as_it_is_and_never_dissociated() {
    for (code, spoil) in INELIGIBLE {
        let mut world = World::synced(&["ada"]);
        world
            .user("ada")
            .edit(spoil)
            .edit(|user| user.attributes = [("title".into(), "Countess".into())].into());
        assert_eq!(world.steps("ada"), [""; 0], "{code}");
        assert_eq!(world.reasons("ada"), [code]);
        assert_eq!(world.status("ada"), Status::Excluded, "{code}");
    }
}

#[test]
fn a_frozen_user_that_leaves_is_dissociated_all_the_same() {
    for (code, spoil) in INELIGIBLE {
        let mut world = World::synced(&["ada"]);
        world.user("ada").edit(spoil);
        world.leave("ada", "JumpCloud");
        let steps = world.steps("ada");
        // Without the primary group it cannot be told whether the user left.
        let expected: &[&str] =
            if world.users["ada"].user.primary_group_id.is_none() { &[] } else { &["suspend_user"] };
        assert_eq!(steps, expected, "{code}");
    }
}

#[test]
fn every_reason_is_named_at_once_and_says_what_to_fix() {
    let mut world = spoilt(|user| (user.given_name, user.sn, user.mail) = (None, None, None));
    world.user("ada").edit(|user| user.user_principal_name = None);
    let reasons = world.verdict("ada").reasons;
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["no_first_name", "no_last_name", "no_email"]);
    assert!(reasons[0].message.contains("givenName"));
    assert!(reasons[2].message.contains("mail"));
}

#[test]
fn an_unset_admin_count_counts_as_unprivileged_only_where_its_neighbours_could_be_read() {
    let world = spoilt(|user| user.admin_count = None);
    assert_eq!(world.reasons("ada"), [""; 0]);
    let world = spoilt(|user| (user.admin_count, user.pwd_last_set) = (None, None));
    assert_eq!(world.reasons("ada"), ["unknown_attributes"]);
    assert!(world.verdict("ada").reasons[0].message.contains("pwdLastSet, adminCount"));
    let world = spoilt(|user| (user.admin_count, user.pwd_last_set) = (Some(0), None));
    assert_eq!(world.reasons("ada"), [""; 0]);
}

#[test]
fn a_transitive_member_of_a_well_known_privileged_group_is_privileged() {
    let sids =
        ["S-1-5-32-544", "S-1-5-32-548", "S-1-5-32-549", "S-1-5-32-550", "S-1-5-32-551"].map(str::to_owned);
    let rids = [512, 516, 518, 519, 520].map(|rid| format!("{}-{rid}", crate::world::DOMAIN_SID));
    for sid in sids.into_iter().chain(rids) {
        let mut world = World::synced(&["ada"]);
        world.group("Powerful").of_sid(&sid);
        world.group("Helpers");
        world.join("Helpers", "Powerful");
        world.join("Powerful", "Helpers");
        world.join("ada", "Helpers");
        assert_eq!(world.reasons("ada"), ["privileged"], "{sid}");
        assert!(world.verdict("ada").reasons[0].message.contains("Helpers"));
    }
}

#[test]
fn groups_of_those_rids_in_other_domains_make_nobody_privileged() {
    let mut world = World::synced(&["ada"]);
    world.group("Theirs").of_sid("S-1-5-21-9-9-9-512");
    world.join("ada", "Theirs");
    assert_eq!(world.reasons("ada"), [""; 0]);
}

#[test]
fn an_admin_count_with_such_a_membership_is_privileged_and_without_one_stale() {
    let mut world = spoilt(|user| user.admin_count = Some(1));
    assert_eq!(world.reasons("ada"), ["stale_admin_count"]);
    assert!(world.verdict("ada").reasons[0].message.contains("Clear adminCount"));
    world.join("ada", "Domain Admins");
    assert_eq!(world.reasons("ada"), ["privileged"]);
}

#[test]
fn the_service_account_of_the_domain_is_never_synced() {
    let mut world = World::new();
    world.user("jcimport").moved_to(CONTAINER);
    world.join("jcimport", "JumpCloud");
    assert_eq!(world.reasons("jcimport"), ["service_account"]);
}

#[test]
fn a_user_principal_name_as_source_means_the_part_before_the_at() {
    let mut world = World::new();
    world.policy.username_attribute = UsernameAttribute::UserPrincipalName;
    world.user("ada").edit(|user| user.user_principal_name = Some("ada.l@corp.example".into()));
    world.join("ada", "JumpCloud");
    assert_eq!(world.verdict("ada").username.as_deref(), Some("ada.l"));
    world.user("ada").edit(|user| user.user_principal_name = None);
    assert_eq!(world.reasons("ada"), ["no_username"]);
}

#[test]
fn mail_wins_over_the_user_principal_name() {
    let mut world = spoilt(|_| ());
    assert_eq!(world.verdict("ada").email.as_deref(), Some("ada@mail.example"));
    world.user("ada").edit(|user| user.mail = Some(" ".into()));
    assert_eq!(world.verdict("ada").email.as_deref(), Some("ada@corp.example"));
}

#[test]
fn a_suffix_that_cannot_receive_mail_is_a_warning() {
    for email in ["ada@corp.local", "ada@corp"] {
        let mut world = spoilt(|_| ());
        world.user("ada").edit(|user| user.mail = Some(email.into()));
        assert_eq!(world.reasons("ada"), ["email_suffix_not_routable"]);
        world.settle();
        assert_eq!(world.status("ada"), Status::Synced);
    }
}
