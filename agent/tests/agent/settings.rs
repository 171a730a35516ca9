//! The connection follows the settings, and each thing that is wrong with them has a name and a remedy.

use chrono::TimeDelta;
use protocol::Secret;
use protocol::heartbeat::{DirectoryState, Lookup, Role};
use protocol::problem::Problem;

use crate::dc::Fault;
use crate::world::World;

async fn started(prepare: impl FnOnce(&World)) -> World {
    let mut world = World::enrolled().await;
    prepare(&world);
    world.start();
    world
}

#[tokio::test]
async fn a_wrong_password_is_named_and_a_corrected_one_is_used_at_once() {
    let world = started(|world| {
        world.server.configure(|settings| settings.bind_password = Secret::new("old".into()))
    })
    .await;
    let message = world.server.until_failed("bind_refused").await;
    assert!(message.contains(r"EXAMPLE\svc") && message.contains("domain's settings"), "{message}");
    world.server.configure(|settings| settings.bind_password = Secret::new("Secret-1".into()));
    world.server.until_connected().await;
    let revision = world.server.lock().settings.revision;
    world
        .server
        .until("the revision", |adit| (adit.heartbeats.last()?.applied_revision == revision).then_some(()))
        .await;
}

#[tokio::test]
async fn a_password_that_changes_while_connected_is_used_at_once() {
    let world = World::watching().await;
    world.dc.lock().behaviour.password = "Secret-2".into();
    world.server.configure(|settings| settings.bind_password = Secret::new("Secret-2".into()));
    world.server.until("a second bind", |_| (world.dc.lock().binds.len() >= 2).then_some(())).await;
    world.server.until_connected().await;
}

#[tokio::test]
async fn without_a_password_nothing_is_bound() {
    let world = started(|world| {
        world.server.configure(|settings| settings.bind_password = Secret::new(String::new()))
    })
    .await;
    world.server.until_failed("bind_refused").await;
    assert!(world.dc.lock().binds.is_empty());
}

#[tokio::test]
async fn what_active_directory_says_about_the_account_is_passed_on() {
    for (data, code) in [
        ("775", "account_locked"),
        ("701", "account_expired"),
        ("533", "account_disabled"),
        ("532", "password_expired"),
        ("773", "password_must_change"),
    ] {
        let world = started(|world| world.dc.lock().behaviour.refuse_bind = Some(data)).await;
        world.server.until_failed(code).await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_again_and_again() {
    let world = started(|world| world.dc.lock().behaviour.refuse_bind = Some("52e")).await;
    world.server.until_failed("bind_refused").await;
    let seen = world.server.lock().heartbeats.len();
    world
        .server
        .until("ten more heartbeats", |adit| (adit.heartbeats.len() >= seen + 10).then_some(()))
        .await;
    assert_eq!(world.dc.lock().binds.len(), 1);
}

#[tokio::test]
async fn the_service_account_binds_by_each_form_of_its_name() {
    for name in [r"EXAMPLE\svc", "svc@example.com", "CN=svc,CN=Users,DC=example,DC=com"] {
        let world =
            started(|world| world.server.configure(|settings| settings.bind_user = name.into())).await;
        let account = world
            .server
            .until("connected", |adit| match &adit.heartbeats.last()?.directory {
                DirectoryState::Connected { secure: true, report } => Some(report.bind_account.clone()),
                _ => None,
            })
            .await;
        assert_eq!(account.unwrap().as_str(), "CN=svc,CN=Users,DC=example,DC=com", "{name}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_shown() {
    let world = started(|world| world.server.configure(|settings| settings.ca_pem = None)).await;
    let fingerprint = world.dc.lock().behaviour.identity.as_ref().unwrap().fingerprint();
    assert!(world.server.until_failed("certificate_untrusted").await.contains(&fingerprint));
    world.server.configure(|settings| settings.server_fingerprint = Some(fingerprint));
    world.server.until_connected().await;
}

#[tokio::test]
async fn a_certificate_that_changed_is_not_trusted_by_its_old_fingerprint() {
    let world = World::watching_after(|world| {
        let fingerprint = world.dc.lock().behaviour.identity.as_ref().unwrap().fingerprint();
        world.server.configure(|settings| settings.server_fingerprint = Some(fingerprint));
    })
    .await;
    let fresh = world.dc.authority.issue(&["127.0.0.1"]);
    world.dc.lock().behaviour.identity = Some(fresh);
    world.dc.fail_once(|search| search.is_poll(), Fault::Reset(0));
    world.server.until_failed("certificate_untrusted").await;
    assert_eq!(world.server.lock().applied.len(), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_or_of_another_time_is_named() {
    let world = started(|world| {
        let other = world.dc.authority.issue(&["dc9.example.com"]);
        world.dc.lock().behaviour.identity = Some(other);
    })
    .await;
    world.server.until_failed("certificate_name_mismatch").await;
    let world = started(|world| {
        let old = world.dc.authority.issue_expired(&["127.0.0.1"]);
        world.dc.lock().behaviour.identity = Some(old);
    })
    .await;
    assert!(world.server.until_failed("certificate_expired").await.contains("2020-01-01"));
}

#[tokio::test]
async fn plain_ldap_is_used_only_where_ldaps_fails_and_it_is_permitted() {
    let world = started(|world| {
        let behaviour = &mut world.dc.lock().behaviour;
        behaviour.identity = None;
        behaviour.accept_plain = true;
    })
    .await;
    world.server.until_failed("ldaps_unreachable").await;
    assert!(world.dc.lock().binds.is_empty());
    world.server.configure(|settings| settings.allow_insecure = true);
    world
        .server
        .until("connected without TLS", |adit| {
            matches!(adit.heartbeats.last()?.directory, DirectoryState::Connected { secure: false, .. })
                .then_some(())
        })
        .await;
}

#[tokio::test]
async fn the_password_never_goes_in_clear_because_a_certificate_is_refused() {
    let world = started(|world| {
        world.dc.lock().behaviour.accept_plain = true;
        world.server.configure(|settings| {
            settings.ca_pem = None;
            settings.allow_insecure = true;
        });
    })
    .await;
    world.server.until_failed("certificate_untrusted").await;
    assert!(world.dc.lock().binds.is_empty());
}

#[tokio::test]
async fn a_domain_controller_that_wants_tls_says_so() {
    let world = started(|world| {
        world.dc.lock().behaviour.identity = None;
        world.server.configure(|settings| settings.allow_insecure = true);
    })
    .await;
    world.server.until_failed("strong_auth_required").await;
}

#[tokio::test]
async fn another_kind_of_server_and_another_domain_are_named() {
    let world = started(|world| world.dc.edit(|directory| directory.capabilities.clear())).await;
    world.server.until_failed("not_active_directory").await;
    let world = started(|world| world.dc.edit(|directory| directory.domain = "DC=other,DC=org".into())).await;
    let message = world.server.until_failed("wrong_domain").await;
    assert!(message.contains("DC=other,DC=org") && message.contains("DC=example,DC=com"), "{message}");
    assert!(world.server.lock().parts.is_empty());
}

#[tokio::test]
async fn what_the_names_in_the_settings_are_is_reported_and_followed() {
    let world = World::watching().await;
    let report = || {
        let adit = world.server.lock();
        match &adit.heartbeats.last()?.directory {
            DirectoryState::Connected { report, .. } => Some(report.clone()),
            _ => None,
        }
    };
    let group = world.dc.edit(|directory| directory.integration_group());
    let first = report().unwrap();
    assert!(matches!(first.integration_group, Lookup::Present { guid, .. } if guid.0 == group));
    assert_eq!(first.domain_sid.unwrap().as_str(), "S-1-5-21-1-2-3");
    assert!(first.certificate_expires_at.is_some());
    world.server.configure(|settings| {
        settings.root_user_container =
            protocol::DistinguishedName::parse("OU=None,DC=example,DC=com").unwrap();
    });
    world
        .server
        .until("the missing container", |adit| match &adit.heartbeats.last()?.directory {
            DirectoryState::Connected { report, .. } => {
                (report.root_user_container == Lookup::Missing).then_some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn who_stands_by_reads_nothing_and_who_is_idle_is_not_connected() {
    let world = started(|world| world.server.set(|adit| adit.role = Some(Role::Standby))).await;
    world.server.until_connected().await;
    let seen = world.server.lock().heartbeats.len();
    world
        .server
        .until("ten more heartbeats", |adit| (adit.heartbeats.len() >= seen + 10).then_some(()))
        .await;
    assert!(world.server.lock().parts.is_empty());
    world.server.set(|adit| adit.role = Some(Role::Idle));
    world
        .server
        .until("disconnected", |adit| {
            let told = adit.heartbeats.last()?.directory == DirectoryState::Connecting;
            (told && world.dc.lock().open == 0).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_revoked_agent_lets_go_of_the_directory() {
    let world = World::watching().await;
    let revoked = Problem::new(401, "Unauthorized", "agent_revoked", "This agent was removed.");
    world.server.set(|adit| adit.refusals.push_back(("heartbeat", revoked)));
    world.dc.wait_until_closed().await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_keeps_nobody_out() {
    let mut world = World::enrolled().await;
    world.server.set(|adit| adit.ahead = TimeDelta::hours(3));
    world.start();
    world.server.until_applied(1).await;
}
