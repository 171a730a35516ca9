//! JumpCloud's side, what flows there, and the server itself.

use chrono::TimeDelta;
use protocol::checks::State::{Error, Ok, Unknown, Warning};
use protocol::directory::User;
use protocol::transfer::{Found, Kind, Record};
use serde_json::json;
use server::workers::{execute, mirror, plan};
use server::{actions, store};
use simulator::{Action, Fault, Seed};
use sqlx::PgPool;

use super::{clean, find, problems};
use crate::passwords::{captured, relay};
use crate::world::{INTEGRATION, World, guid, members, people, tester, user};

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_credential_that_is_refused_or_lacks_rights_is_named(db: PgPool) {
    let world = World::start(db).await;
    let _dc = clean(&world).await;
    world.jumpcloud.script(Fault::new(Action::status(401)).on("GET", "/api/systemusers*"));
    store::organizations::update_mirror_wanted(&world.app.db, world.organization).await.unwrap();
    mirror::turn(&world.app).await.unwrap();
    let check = find(&world, "credential_rejected").await;
    assert_eq!((check.state, check.subject.as_str()), (Error, "jumpcloud_credential"));
    assert_eq!(check.link.unwrap(), format!("/organizations/{}", world.organization));

    world.advance(TimeDelta::minutes(10));
    world.jumpcloud.script(Fault::new(Action::status(403)).on("GET", "/api/systemusers*"));
    mirror::turn(&world.app).await.unwrap();
    assert_eq!(find(&world, "permission_denied").await.state, Error);
    assert_eq!(find(&world, "credential_lacks_rights").await.state, Error);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_organization_id_that_is_not_the_credentials_is_named(db: PgPool) {
    let world = World::start(db).await;
    let _dc = clean(&world).await;
    let visible = store::checks::VisibleOrganization { id: "5".repeat(24), name: "Other".into() };
    let several =
        [visible.clone(), store::checks::VisibleOrganization { id: "6".repeat(24), name: "More".into() }];
    let db = &world.app.db;
    store::checks::update_visible_organizations(db, world.organization, Some(&several)).await.unwrap();
    assert!(find(&world, "organization_id_missing").await.message.contains("Other"));
    sqlx::query("update organizations set jumpcloud_org_id = $1")
        .bind("7".repeat(24))
        .execute(db)
        .await
        .unwrap();
    assert_eq!(find(&world, "organization_id_differs").await.state, Error);
    sqlx::query("update organizations set jumpcloud_org_id = $1")
        .bind("5".repeat(24))
        .execute(db)
        .await
        .unwrap();
    assert_eq!(find(&world, "jumpcloud_organization").await.state, Ok);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_ad_instance_that_does_not_take_ad_as_its_authority_is_named(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    world.jumpcloud.script(Fault::new(Action::status(400)).on("PUT", "/api/v2/activedirectories*").forever());
    world.settle().await;
    let _dc = clean(&world).await;
    assert_eq!(find(&world, "activedirectory_not_authority").await.state, Warning);
    store::organizations::update_mirror_wanted(&world.app.db, world.organization).await.unwrap();
    world.settle().await;
    let kept = find(&world, "activedirectory_not_authority").await;
    assert!(kept.message.contains("JumpCloud said"), "{kept:?}");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn takeovers_are_counted_before_and_after(db: PgPool) {
    let existing = json!({"username": "person0", "email": "person0@corp.example"});
    let seed = Seed { users: vec![existing.as_object().unwrap().clone()], ..Seed::default() };
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.read_in_full(&people(2)).await;
    world.settle().await;
    assert!(find(&world, "takeovers").await.message.contains("1 more are planned"));
    world.activate().await;
    let after = find(&world, "takeovers").await;
    assert!(after.message.starts_with("1 user that JumpCloud had before was taken over"), "{after:?}");
    assert_eq!(after.state, Ok);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_is_refused_held_or_stuck_is_named(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    let mut all = people(4);
    all.push(user(300, "refused"));
    world
        .jumpcloud
        .script(Fault::new(Action::status(400)).on("POST", "/api/systemusers").about("refused").forever());
    dc.read_in_full(&all).await;
    world.settle().await;
    let parked = find(&world, "operations_parked").await;
    assert_eq!(parked.state, Warning);
    assert!(parked.link.unwrap().contains("state=parked"));

    all.push(user(301, "stuck"));
    dc.read_in_full(&all).await;
    plan::turn(&world.app).await.unwrap();
    world.advance(TimeDelta::minutes(11));
    dc.beat().await.unwrap();
    assert_eq!(find(&world, "queue_not_draining").await.state, Error);
    execute::turn(&world.app).await.unwrap();
    world.settle().await;
    assert_eq!(find(&world, "queue").await.state, Ok);

    world.change(json!({"guard": {"suspends": {"min_count": 0, "max_count": 1}}})).await;
    dc.applied_revision = 2;
    let answer = dc.report(Kind::Delta, vec![members(INTEGRATION, &all[2..])]).await;
    dc.answer(&answer.look_up, &Found::Present).await;
    world.settle().await;
    assert!(find(&world, "holds").await.message.starts_with("1 hold waits"));

    world.change(json!({"guard": {"users": {"max_percent": 100}}})).await;
    let wide = find(&world, "guard_wide").await;
    assert!(wide.state == Warning && wide.message.contains("users"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_a_person_did_in_jumpcloud_against_ad_is_named(db: PgPool) {
    let world = World::start(db).await;
    let _dc = clean(&world).await;
    let id = world.jumpcloud_id(100).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client
        .put(format!("{}/api/systemusers/{id}", world.jumpcloud.base_url()))
        .header("x-api-key", crate::world::KEY)
        .json(&json!({"state": "SUSPENDED"}))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
    store::organizations::update_mirror_wanted(&world.app.db, world.organization).await.unwrap();
    world.settle().await;
    assert!(find(&world, "users_changed_in_jumpcloud").await.message.contains("person0"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_has_become_old_is_named(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    world.advance(TimeDelta::hours(13));
    dc.beat().await.unwrap();
    assert_eq!(
        problems(&world).await.into_iter().collect::<Vec<_>>(),
        [("jumpcloud_read_outdated".into(), Warning)]
    );
    world.advance(TimeDelta::hours(40));
    dc.beat().await.unwrap();
    assert_eq!(find(&world, "directory_read_outdated").await.state, Warning);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn before_anything_is_there_the_list_says_what_is_missing(db: PgPool) {
    let world =
        World::in_preview(db, Seed::default(), json!({"ldap": {"bind_user": "JumpCloud@corp.example"}}))
            .await;
    let found = problems(&world).await;
    let expected = [
        ("credential_rights_unknown", Unknown),
        ("directory_read", Unknown),
        ("jumpcloud_read", Unknown),
        ("no_agent", Error),
        ("sealing_key_missing", Error),
        ("service_account_missing", Error),
    ];
    assert_eq!(found, expected.map(|(code, state)| (code.to_owned(), state)).into());
    world.change(json!({"ldap": {"bind_password": "secret"}})).await;
    assert_eq!(find(&world, "service_account_named_jumpcloud").await.state, Error);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_lost_group_and_a_namesake_are_named(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    let other = json!({"integration_group": "CN=Else,CN=Users,DC=other,DC=example"});
    let other =
        actions::domains::add(&world.app, &tester(), world.organization, "DC=other,DC=example", &other)
            .await
            .unwrap();
    let copied = "insert into directory_groups (domain_id, guid, body, dn, dn_key, sam_account_name)
                  select $1, guid, body, dn, dn_key, 'JUMPCLOUD' from directory_groups where guid = $2";
    let group = guid(INTEGRATION).0;
    sqlx::query(copied).bind(other.0).bind(group).execute(&world.app.db).await.unwrap();
    let pinned = "update domains set integration_group = $2 where id = $1";
    sqlx::query(pinned).bind(other.0).bind(group).execute(&world.app.db).await.unwrap();
    let shared = find(&world, "integration_group_name_shared").await;
    assert!(shared.state == Error && shared.message.contains("DC=other,DC=example"));

    dc.report(Kind::Delta, vec![members(INTEGRATION, &[])]).await;
    world.settle().await;
    assert_eq!(find(&world, "integration_group_lost").await.state, Error);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn passwords_that_did_not_arrive_are_counted(db: PgPool) {
    let policy = json!({"passwordPolicy": {"enableMinLength": true, "minLength": 12}});
    let seed = Seed { organization_settings: policy.as_object().unwrap().clone(), ..Seed::default() };
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = clean(&world).await;
    let capture = captured(&mut dc, 100, 10, "Short1").await;
    relay(&dc, vec![capture]).await;
    let missed: User = crate::passwords::with_password(people(4)[2].clone(), 11, &dc);
    dc.report(Kind::Delta, vec![Record::User(missed)]).await;
    world.advance(TimeDelta::seconds(61));
    dc.beat().await.unwrap();
    world.settle().await;
    assert!(find(&world, "passwords_refused").await.message.starts_with("1 user's password"));
    assert!(find(&world, "passwords_missed").await.link.unwrap().ends_with("/coverage?state=missed"));
    assert_eq!(find(&world, "password_policy_length").await.state, Warning);
}
