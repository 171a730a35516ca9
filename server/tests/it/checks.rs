//! The pre-flight list: each fault has its name, and a sound domain raises no alarm.

mod access;
mod agents;
mod flow;
mod members;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use protocol::checks::{CATALOGUE, Check, State, catalogue};
use protocol::heartbeat::{DirectoryState, DomainController, Heartbeat, Report, ServiceAccount};
use protocol::{DistinguishedName, Sid};
use server::actions;
use sqlx::PgPool;

use crate::passwords::synced;
use crate::world::{Dc, World};

/// When a world's clock stands still.
fn start() -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// What an agent finds where everything is as it should be.
fn sound(report: &mut Report) {
    report.bind_account = DistinguishedName::parse("CN=jcimport,OU=Staff,DC=corp,DC=example").ok();
    report.account = Some(ServiceAccount {
        sid: Sid::parse("S-1-5-21-1-2-3-1200"),
        sam_account_name: Some("jcimport".into()),
        well_known_groups: Some(vec![
            Sid::parse("S-1-5-21-1-2-3-513").unwrap(),
            Sid::parse("S-1-5-32-545").unwrap(),
        ]),
        in_integration_group: Some(false),
        password_never_expires: Some(true),
        password_expires_at: None,
        account_expires_at: None,
    });
    report.members_readable = Some(true);
    report.certificate_expires_at = Some(start() + TimeDelta::days(400));
    report.min_password_length = Some(8);
    report.domain_controllers = vec![controller("dc1.corp.example", true)];
}

fn controller(name: &str, pdc: bool) -> DomainController {
    DomainController { dns_host_name: name.into(), read_only: false, pdc }
}

/// Four synced people, and an agent that captures and works by the current settings.
async fn clean(world: &World) -> Dc<'_> {
    let mut dc = synced(world).await;
    dc.applied_revision = 1;
    dc.alter = sound;
    dc.beat().await.unwrap();
    world.settle().await;
    dc
}

async fn list(world: &World) -> Vec<Check> {
    let checks = actions::checks::list(&world.app, world.domain).await.unwrap();
    for check in &checks {
        let (subject, _) =
            catalogue::find(&check.code).unwrap_or_else(|| panic!("{} is in no catalogue", check.code));
        assert_eq!((check.subject.as_str(), check.group), (subject.name, subject.group));
        let link = check.link.as_deref().unwrap();
        assert!(link.starts_with('/') && !link.contains('{'), "{link}");
        assert_eq!(check.state == State::Ok, check.fix.is_empty(), "{check:?}");
        assert!(!check.message.is_empty());
    }
    checks
}

/// What is not well, by code.
async fn problems(world: &World) -> BTreeMap<String, State> {
    let not_well = list(world).await.into_iter().filter(|check| check.state != State::Ok);
    not_well.map(|check| (check.code, check.state)).collect()
}

async fn find(world: &World, code: &str) -> Check {
    let checks = list(world).await;
    let found = checks.iter().find(|check| check.code == code);
    found.unwrap_or_else(|| panic!("no {code} among {checks:#?}")).clone()
}

/// A heartbeat that tells something else than the usual one.
async fn beat(dc: &mut Dc<'_>, change: impl FnOnce(&mut Heartbeat)) {
    dc.sequence += 1;
    let mut beat = dc.heartbeat();
    change(&mut beat);
    let row = server::store::agents::find(&dc.world.app.db, dc.agent).await.unwrap().unwrap();
    actions::heartbeats::receive(&dc.world.app, &row, &beat).await.unwrap();
}

fn failed(code: &str) -> DirectoryState {
    DirectoryState::Failed { code: code.into(), message: "It does not work.".into() }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_sound_domain_raises_no_alarm(db: PgPool) {
    let world = World::start(db).await;
    let _dc = clean(&world).await;
    assert_eq!(problems(&world).await, BTreeMap::new());
    let checks = list(&world).await;
    let subjects: std::collections::BTreeSet<_> = checks.iter().map(|check| check.subject.as_str()).collect();
    // Told elsewhere, or only of what this domain and this server have none of.
    let absent = [
        "password_spool",
        "enrolled",
        "preferred_watchers",
        "read_only_domain_controllers",
        "replication",
        "server",
        "server_disk",
    ];
    for subject in CATALOGUE.iter().map(|subject| subject.name) {
        assert_eq!(subjects.contains(subject), !absent.contains(&subject), "{subject}");
    }
    assert!(subjects.len() > 40);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_sound_domain_that_is_only_previewed_raises_none_either(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    actions::domains::pause(&world.app, &crate::world::tester(), world.domain).await.unwrap();
    dc.beat().await.unwrap();
    assert_eq!(problems(&world).await, BTreeMap::new());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_list_stands_in_groups_and_what_needs_a_person_comes_first(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    dc.alter = |report| {
        sound(report);
        report.synchronized = Some(false);
    };
    dc.beat().await.unwrap();
    let checks = list(&world).await;
    assert!(checks.is_sorted_by_key(|check| check.group));
    let of_group = actions::checks::of_groups(&checks, &[actions::checks::Group::DomainControllers]);
    assert_eq!(of_group[0].code, "not_synchronized");
    assert_eq!(actions::checks::worst(of_group.iter().copied()), State::Warning);
    let account = actions::checks::about(&checks, &["bind", "service_account_password"]);
    assert_eq!(account.len(), 2);
    assert_eq!(actions::checks::worst(account), State::Ok);
    assert_eq!(actions::checks::worst([]), State::Unknown);
}
