//! What agents find on their domain controllers, each fault alone: nothing else is said to be wrong.

use chrono::TimeDelta;
use protocol::DistinguishedName;
use protocol::checks::State::{Error, Unknown, Warning};
use protocol::heartbeat::{Lookup, Report, ServiceAccount};
use protocol::{Sid, checks::State};
use server::store;
use sqlx::PgPool;

use super::{beat, clean, controller, failed, find, list, problems, sound, start};
use crate::world::{World, tester};

type Fault = (fn(&mut Report), &'static [(&'static str, State)]);

fn account(report: &mut Report, change: impl FnOnce(&mut ServiceAccount)) {
    change(report.account.as_mut().unwrap());
}

fn group_type(report: &mut Report, bits: i64) {
    if let Lookup::Present { group_type, .. } = &mut report.integration_group {
        *group_type = Some(bits);
    }
}

const FAULTS: [Fault; 27] = [
    (|report| report.root_user_container = Lookup::Missing, &[("root_user_container_renamed", Warning)]),
    (|report| report.root_user_container = Lookup::Unreadable, &[("root_user_container_unreadable", Error)]),
    (|report| report.integration_group = Lookup::Missing, &[("integration_group_renamed", Warning)]),
    (|report| report.integration_group = Lookup::Unreadable, &[("integration_group_unreadable", Error)]),
    (|report| group_type(report, 2), &[("integration_group_not_security", Error)]),
    (|report| group_type(report, -2_147_483_640), &[("integration_group_not_global", Warning)]),
    (|report| group_type(report, -2_147_483_644), &[("integration_group_not_global", Warning)]),
    (
        |report| {
            if let Lookup::Present { dn, .. } = &mut report.integration_group {
                *dn = DistinguishedName::parse("CN=JumpCloud,OU=Groups,DC=corp,DC=example").unwrap();
            }
        },
        &[("integration_group_outside_container", Warning)],
    ),
    (
        |report| {
            account(report, |account| {
                account.well_known_groups = Some(vec![Sid::parse("S-1-5-21-1-2-3-512").unwrap()])
            });
        },
        &[("service_account_privileged", Error)],
    ),
    (
        |report| {
            account(report, |account| {
                account.well_known_groups = Some(vec![Sid::parse("S-1-5-32-544").unwrap()])
            });
        },
        &[("service_account_privileged", Error)],
    ),
    (
        |report| account(report, |account| account.sid = Sid::parse("S-1-5-21-1-2-3-500")),
        &[("service_account_privileged", Error)],
    ),
    (
        |report| account(report, |account| account.in_integration_group = Some(true)),
        &[("service_account_in_integration_group", Error)],
    ),
    (
        |report| account(report, |account| account.password_expires_at = Some(start() + TimeDelta::days(3))),
        &[("service_account_password_expiring", Error)],
    ),
    (
        |report| account(report, |account| account.password_expires_at = Some(start() + TimeDelta::days(60))),
        &[("service_account_password_expires", Warning)],
    ),
    (
        |report| account(report, |account| account.password_never_expires = None),
        &[("service_account_password", Unknown)],
    ),
    (
        |report| account(report, |account| account.account_expires_at = Some(start() + TimeDelta::days(10))),
        &[("service_account_expiring", Warning)],
    ),
    (
        |report| {
            report.bind_account = None;
            report.account = None;
        },
        &[("service_account_not_found", Warning)],
    ),
    (
        |report| report.password_complexity = Some(false),
        &[("password_complexity_off", Error), ("capture_degraded", Warning)],
    ),
    (
        |report| report.password_complexity = None,
        &[("domain_root_unreadable", Warning), ("password_complexity", Unknown)],
    ),
    (|report| report.members_readable = Some(false), &[("member_lists_unreadable", Error)]),
    (
        |report| report.certificate_expires_at = Some(start() + TimeDelta::days(5)),
        &[("certificate_expiring", Warning)],
    ),
    (|report| report.clock_ahead_ms = Some(-60_000), &[("directory_clock_skew", Warning)]),
    (|report| report.clock_ahead_ms = Some(600_000), &[("directory_clock_skew", Error)]),
    (|report| report.synchronized = Some(false), &[("not_synchronized", Warning)]),
    (
        |report| report.domain_controllers.push(controller("dc2.corp.example", false)),
        &[("domain_controllers_without_agent", Warning)],
    ),
    (|report| report.users_with_hidden_attributes = 3, &[("attributes_hidden", Warning)]),
    (
        |report| report.domain_sid = Sid::parse("S-1-5-21-9-9-9"),
        &[("domain_sid_changed", Error), ("no_watcher", Warning)],
    ),
];

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn each_thing_that_an_agent_finds_wrong_has_its_name(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    for (change, expected) in FAULTS {
        beat(&mut dc, |beat| {
            if let protocol::heartbeat::DirectoryState::Connected { report, .. } = &mut beat.directory {
                change(report);
            }
        })
        .await;
        let expected = expected.iter().map(|(code, state)| ((*code).to_owned(), *state)).collect();
        assert_eq!(problems(&world).await, expected);
        dc.beat().await.unwrap();
        assert!(problems(&world).await.is_empty(), "it is mended with the next report");
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_keeps_an_agent_from_its_directory_has_its_name_and_a_place_to_mend_it(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    for (code, subject, place) in [
        ("ldaps_unreachable", "ldap", "#enroll"),
        ("strong_auth_required", "ldap", "#settings.ldap.allow_insecure"),
        ("read_timeout", "ldap", "#agents"),
        ("read_incomplete", "ldap", "#agents"),
        ("ldap_error", "ldap", "#agents"),
        ("certificate_untrusted", "certificate", "#settings.ldap.ca_pem"),
        ("certificate_name_mismatch", "certificate", "#enroll"),
        ("certificate_expired", "certificate", "#settings.ldap.ca_pem"),
        ("not_active_directory", "domain", "#enroll"),
        ("wrong_domain", "domain", "#enroll"),
        ("bind_refused", "bind", "#settings.ldap.bind_password"),
        ("account_locked", "bind", "#settings.ldap.bind_user"),
        ("account_disabled", "bind", "#settings.ldap.bind_user"),
        ("account_expired", "bind", "#settings.ldap.bind_user"),
        ("password_expired", "bind", "#settings.ldap.bind_password"),
        ("password_must_change", "bind", "#settings.ldap.bind_password"),
    ] {
        beat(&mut dc, |beat| beat.directory = failed(code)).await;
        let check = find(&world, code).await;
        assert_eq!((check.state, check.subject.as_str()), (Error, subject));
        assert_eq!(check.domain_controller.as_deref(), Some("dc1.corp.example"));
        assert!(check.link.unwrap().ends_with(place), "{code}");
    }
    beat(&mut dc, |beat| beat.directory = failed("something_that_a_newer_agent_says")).await;
    let checks = server::actions::checks::list(&world.app, world.domain).await.unwrap();
    let newer = checks.iter().find(|check| check.code == "something_that_a_newer_agent_says").unwrap();
    assert_eq!((newer.subject.as_str(), newer.state), ("ldap", Error));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_an_agent_is_itself_is_told(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    beat(&mut dc, |beat| beat.applied_revision = 0).await;
    assert_eq!(find(&world, "settings_not_applied").await.state, Warning);
    beat(&mut dc, |beat| beat.clock += TimeDelta::seconds(20)).await;
    assert_eq!(find(&world, "clock_skew").await.state, Warning);
    beat(&mut dc, |beat| beat.clock -= TimeDelta::minutes(10)).await;
    assert_eq!(find(&world, "clock_skew").await.state, Error);
    beat(&mut dc, |beat| {
        if let protocol::heartbeat::DirectoryState::Connected { secure, .. } = &mut beat.directory {
            *secure = false;
        }
    })
    .await;
    assert_eq!(find(&world, "ldap_insecure").await.state, Warning);
    beat(&mut dc, |beat| beat.capture.as_mut().unwrap().hook = protocol::captures::Hook::Missing).await;
    assert_eq!(find(&world, "capture_missing").await.state, Warning);
    beat(&mut dc, |beat| beat.directory = protocol::heartbeat::DirectoryState::Connecting).await;
    assert_eq!(find(&world, "ldap").await.state, Unknown);
    dc.beat().await.unwrap();
    world.advance(TimeDelta::seconds(30));
    assert_eq!(find(&world, "agent_silent").await.state, Warning);
    assert_eq!(find(&world, "no_watcher").await.state, Warning);
    world.advance(TimeDelta::seconds(60));
    assert_eq!(find(&world, "agent_silent").await.state, Error);
    let mut tx = world.app.db.begin().await.unwrap();
    store::agents::update_suspended(&mut tx, dc.agent, "Its state directory was copied.", world.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(find(&world, "agent_suspended").await.state, Error);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn domain_controllers_are_compared_with_each_other(db: PgPool) {
    let world = World::start(db).await;
    let mut first = clean(&world).await;
    let both = |report: &mut Report| {
        sound(report);
        report.domain_controllers.push(controller("dc2.corp.example", false));
        report.domain_controllers.push(protocol::heartbeat::DomainController {
            read_only: true,
            ..controller("rodc.corp.example", false)
        });
    };
    let mut second = world.enrolled("dc2.corp.example").await;
    (second.applied_revision, second.capture) = (1, first.capture.clone());
    (first.alter, second.alter) = (both, both);
    first.beat().await.unwrap();
    let (one, two) = (first.invocation_id, second.invocation_id);
    let saw_at = |seen: i64| {
        move |beat: &mut protocol::heartbeat::Heartbeat| {
            if let protocol::heartbeat::DirectoryState::Connected { report, .. } = &mut beat.directory {
                report.replicated_at = [(one, start() - TimeDelta::hours(seen))].into();
            }
        }
    };
    beat(&mut second, saw_at(1)).await;
    assert!(problems(&world).await.is_empty(), "{:#?}", problems(&world).await);
    assert!(find(&world, "read_only_domain_controllers").await.message.contains("rodc.corp.example"));
    assert_eq!(find(&world, "replication").await.domain_controller.as_deref(), Some("dc2.corp.example"));
    // What both say is said once, without a domain controller.
    let once: Vec<_> =
        list(&world).await.into_iter().filter(|check| check.subject == "integration_group").collect();
    assert_eq!((once.len(), once[0].domain_controller.as_deref()), (1, None));

    beat(&mut second, saw_at(9)).await;
    assert_eq!(find(&world, "replication_behind").await.state, Warning);
    beat(&mut second, |beat| beat.version = "0.9".into()).await;
    assert!(find(&world, "agent_versions_differ").await.message.contains("0.9"));
    beat(&mut second, |beat| {
        if let protocol::heartbeat::DirectoryState::Connected { report, .. } = &mut beat.directory {
            report.integration_group = Lookup::Unreadable;
        }
    })
    .await;
    let apart = find(&world, "integration_group_unreadable").await;
    assert_eq!(apart.domain_controller.as_deref(), Some("dc2.corp.example"));
    assert_ne!(one, two);

    world.change(serde_json::json!({"preferred_watchers": ["dc7.corp.example"]})).await;
    assert!(find(&world, "preferred_watcher_unknown").await.message.contains("dc7"));
    for agent in [first.agent, second.agent] {
        server::actions::agents::revoke(&world.app, &tester(), agent).await.unwrap();
    }
    assert_eq!(find(&world, "no_agent").await.state, Error);
}
