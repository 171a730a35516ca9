//! Enrollment, heartbeats and the watcher role.

use chrono::TimeDelta;
use protocol::heartbeat::Role;
use serde_json::json;
use server::actions;
use server::error::Error;
use server::store;
use sqlx::PgPool;

use crate::world::{CONTAINER, INTEGRATION, World, guid, tester};

fn code(error: &Error) -> &'static str {
    match error {
        Error::Conflict { code, .. } => code,
        other => panic!("{other}"),
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_token_works_once_and_not_after_it_has_expired(db: PgPool) {
    let world = World::start(db).await;
    let by = tester();
    let issue = || actions::enrollment::issue_token(&world.app, &by, world.domain, 60, 1);

    let once = issue().await.unwrap();
    world.join("dc1", &once.token).await.unwrap();
    assert_eq!(code(&world.join("dc2", &once.token).await.unwrap_err()), "token_used");

    let late = issue().await.unwrap();
    world.advance(TimeDelta::seconds(61));
    assert_eq!(code(&world.join("dc3", &late.token).await.unwrap_err()), "token_expired");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn enrolling_the_same_domain_controller_again_replaces_its_key(db: PgPool) {
    let world = World::start(db).await;
    let first = world.enrolled("dc1.corp.example").await.agent;
    let key = store::agents::find(&world.app.db, first).await.unwrap().unwrap().public_key;
    let second = world.enrolled("DC1.corp.example").await.agent;
    assert_eq!(first, second);
    assert_ne!(key, store::agents::find(&world.app.db, first).await.unwrap().unwrap().public_key);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_replayed_heartbeat_has_no_effect(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.beat().await.unwrap();
    dc.sequence -= 1;
    assert_eq!(code(&dc.beat().await.unwrap_err()), "heartbeat_replayed");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn two_instances_under_one_key_are_suspended(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let (one, other) = (dc.instance, uuid::Uuid::new_v4());
    for instance in [one, other, one] {
        dc.instance = instance;
        let _ = dc.beat().await;
    }
    let row = store::agents::find(&world.app.db, dc.agent).await.unwrap().unwrap();
    assert!(row.suspended_reason.is_some());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn one_agent_watches_and_another_takes_over_when_it_falls_silent(db: PgPool) {
    let world = World::start(db).await;
    let mut first = world.enrolled("dc1").await;
    let mut second = world.enrolled("dc2").await;
    let fence = first.fence().await.unwrap();
    assert_eq!(second.fence().await, None);
    world.advance(TimeDelta::seconds(6));
    assert_eq!(first.fence().await, Some(fence), "the lease is kept");
    world.advance(TimeDelta::seconds(13));
    assert!(second.fence().await.unwrap() > fence);
    assert_eq!(first.fence().await, None);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_saved_setting_is_in_the_next_heartbeats_answer(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    world.change(serde_json::json!({"ldap": {"bind_password": "another"}, "poll_interval_ms": 500})).await;
    let answer = dc.beat().await.unwrap();
    let settings = answer.settings.unwrap();
    assert_eq!((settings.revision, settings.poll_interval_ms), (2, 500));
    assert_eq!(settings.bind_password.expose(), "another");
    assert!(matches!(answer.role, Role::Watcher { .. }));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_domain_controller_of_another_domain_never_watches(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.fence().await.unwrap();
    sqlx::query("update domains set domain_sid = 'S-1-5-21-9-9-9'").execute(&world.app.db).await.unwrap();
    world.advance(TimeDelta::seconds(13));
    assert_eq!(dc.fence().await, None);
    let checks = actions::checks::list(&world.app, world.domain).await.unwrap();
    assert!(checks.iter().any(|check| check.code == "domain_sid_changed"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_was_looked_for_by_earlier_settings_is_not_taken_for_what_the_present_ones_name(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.applied_revision = 1;
    dc.beat().await.unwrap();
    let pins = async || {
        let domain = store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap();
        (domain.root_user_container, domain.integration_group)
    };
    let pinned = (Some(guid(CONTAINER)), Some(guid(INTEGRATION)));
    assert_eq!(pins().await, pinned);

    let moved = json!({"root_user_container": "OU=People,DC=corp,DC=example"});
    actions::domains::change_settings(&world.app, &tester(), world.domain, &moved).await.unwrap();
    // The heartbeat that brings the new settings tells what the former ones named.
    dc.beat().await.unwrap();
    assert_eq!(pins().await, (None, None));
    dc.applied_revision = 2;
    dc.reads_by = Some(1);
    dc.beat().await.unwrap();
    assert_eq!(pins().await, (None, None));
    dc.reads_by = None;
    dc.beat().await.unwrap();
    assert_eq!(pins().await, pinned);
}
