//! What settings would change is known before they count, and what they would delete is confirmed by its number.

use protocol::directory::User;
use protocol::transfer::{Kind, Record};
use serde_json::json;
use simulator::Seed;
use sqlx::PgPool;

use crate::rest::Rest;
use crate::world::{Dc, World, people};

/// Eight people in JumpCloud, of whom three were disabled since and are suspended.
async fn with_disabled(world: &World) -> Dc<'_> {
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(8)).await;
    world.activate().await;
    dc.report(Kind::Delta, disabled(3)).await;
    world.settle().await;
    dc
}

fn disabled(count: usize) -> Vec<Record> {
    let disable = |user: User| Record::User(User { user_account_control: Some(514), ..user });
    people(8).into_iter().take(count).map(disable).collect()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn deletions_that_a_change_brings_are_counted_and_must_be_those_that_were_confirmed(db: PgPool) {
    let world = World::start(db).await;
    let _dc = with_disabled(&world).await;
    let rest = Rest::open(&world.app).await;
    let domain = format!("/domains/{}", world.domain);
    let settings = json!({"user_disable_action": "remove", "removal_grace_days": 0});

    let told = rest.post(&format!("{domain}/preview"), json!({"settings": settings})).await.is(200);
    assert_eq!(told.json["counts"], json!({"delete_user": 3}));
    assert_eq!(told.json["impact"]["deletes"], 3);
    assert_eq!(
        told.json["impact"]["kinds"]["delete_user"],
        json!({"now": 0, "then": 3, "added": 3, "dropped": 0})
    );

    let none = json!({"settings": settings, "confirm_deletes": 0});
    let refused = rest.patch(&domain, none).await;
    let refused = refused.refuses(409, "deletes_not_confirmed");
    assert_eq!((&refused.json["deletes"], &refused.json["impact"]["counted"]), (&json!(3), &json!(9)));
    let wrong = json!({"settings": settings, "confirm_deletes": 2});
    rest.patch(&domain, wrong).await.refuses(409, "deletes_not_confirmed");
    assert_eq!(rest.get(&domain).await.json["revision"], 1);

    rest.patch(&domain, json!({"settings": settings, "confirm_deletes": 3})).await.is(200);
    world.settle().await;
    assert_eq!(world.jumpcloud.users().len(), 5, "the change did what was counted, and no more");

    // Going back deletes nobody.
    rest.post(&format!("{domain}/rollback"), json!({"revision": 1})).await.is(200);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn only_what_takes_effect_at_once_must_be_confirmed(db: PgPool) {
    let world = World::start(db).await;
    let _dc = with_disabled(&world).await;
    let rest = Rest::open(&world.app).await;
    let domain = format!("/domains/{}", world.domain);
    rest.patch(&domain, json!({"settings": {"poll_interval_ms": 500, "guard": {"users": {"max_count": 7}}}}))
        .await
        .is(200);
    rest.post(&format!("{domain}/pause"), json!({})).await.is(200);
    let settings = json!({"user_disable_action": "remove", "removal_grace_days": 0});
    rest.patch(&domain, json!({"settings": settings})).await.is(200);
    world.settle().await;
    assert_eq!(world.outbox().await["delete_user ready"], 3, "the plan shows it, and nothing is done");
    let shown = rest.get(&format!("{domain}/preview")).await;
    assert_eq!(shown.json["counts"], json!({"delete_user": 3}));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_the_plan_does_already_is_no_effect_of_a_change(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(8)).await;
    world.activate().await;
    dc.report(Kind::Delta, disabled(2)).await;
    let rest = Rest::open(&world.app).await;
    let preview = format!("/domains/{}/preview", world.domain);
    let told = rest.post(&preview, json!({"settings": {"sync_additional_attributes": false}})).await.is(200);
    assert_eq!(told.json["counts"], json!({"suspend_user": 2}));
    let suspends = &told.json["impact"]["kinds"]["suspend_user"];
    assert_eq!(suspends, &json!({"now": 2, "then": 2, "added": 0, "dropped": 0}));
    assert_eq!(told.json["impact"]["users_losing"], 0);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_what_if_plan_is_stored_nowhere(db: PgPool) {
    let world = World::start(db).await;
    let _dc = with_disabled(&world).await;
    let rest = Rest::open(&world.app).await;
    let before = world.versions().await;
    let settings = json!({"user_disable_action": "remove", "group_sync": false, "username_attribute": "userPrincipalName"});
    rest.post(&format!("/domains/{}/preview", world.domain), json!({"settings": settings})).await.is(200);
    let after = world.versions().await;
    let written: Vec<_> = after.iter().filter(|(table, rows)| before[*table] != **rows).collect();
    let written: Vec<_> = written.iter().map(|(table, _)| &***table).collect();
    assert_eq!(written, ["api_tokens"], "only when the token was used last");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_cannot_be_counted_is_said(db: PgPool) {
    let world = World::start(db).await;
    let rest = Rest::open(&world.app).await;
    let preview = format!("/domains/{}/preview", world.domain);
    let notes = async |settings| {
        let told = rest.post(&preview, json!({"settings": settings})).await.is(200);
        let notes = told.json["impact"]["notes"].as_array().unwrap().clone();
        notes.iter().map(|note| note["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(notes(json!({"group_sync": false})).await, ["directory_not_read"]);
    let _dc = with_disabled(&world).await;
    let attribute = json!({"attribute_mappings": [{"field": "costCenter", "attribute": "departmentNumber"}]});
    assert_eq!(notes(attribute).await, ["attributes_not_read"]);
    let group = json!({"integration_group": "CN=Elsewhere,OU=Staff,DC=corp,DC=example"});
    assert_eq!(notes(group).await, ["integration_group_not_found"]);
    assert_eq!(notes(json!({"username_attribute": "userPrincipalName"})).await, ["names_not_compared"]);
    let many = json!({"user_disable_action": "remove", "removal_grace_days": 0, "guard": {"users": {"min_count": 1}}});
    assert_eq!(notes(many).await, ["held_by_guard"]);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_update_of_settings_that_have_moved_on_is_refused(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let rest = Rest::open(&world.app).await;
    let domain = format!("/domains/{}", world.domain);
    let first = rest.get(&domain).await.tag();
    let grace = |days| json!({"settings": {"removal_grace_days": days}});
    let second = rest.patch_if(&first, &domain, grace(3)).await.is(200).tag();
    assert_ne!(first, second);
    rest.patch_if(&first, &domain, grace(4)).await.refuses(412, "revision_changed");
    rest.patch_if("\"nonsense\"", &domain, grace(4)).await.refuses(412, "revision_changed");
    assert_eq!(rest.get(&domain).await.json["settings"]["removal_grace_days"], 3);
    rest.patch_if(&second, &domain, grace(5)).await.is(200);
    rest.patch_if("*", &domain, grace(6)).await.is(200);
    rest.patch(&domain, grace(7)).await.is(200);
}
