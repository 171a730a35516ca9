//! What is grave asks again who somebody is, and goes on with what was typed.

use chrono::TimeDelta;
use server::store::admins::Role;
use sqlx::PgPool;

use super::world;
use crate::rest::Rest;
use crate::ui::browser::{Browser, PASSWORD};

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_form_goes_on_as_it_was_typed_once_the_password_was_shown(db: PgPool) {
    let world = world(db).await;
    let owner = Browser::owner(&world.app).await;
    world.advance(TimeDelta::minutes(11));
    let path = format!("/organizations/{}/credential", world.organization);
    let typed = [("credential", "api_key"), ("api_key", crate::world::KEY)];
    let asked = owner.submit(&path, &typed).await;
    asked.is(403).says("Show that it is you").says("Nothing was changed yet");
    assert!(!asked.text.contains(crate::world::KEY), "no secret passes through the page");
    assert!(asked.text.contains(&format!("action=\"{path}\"")));
    let held = asked.field("confirm_held");

    let answer = |password| [("confirm_held", held.as_str()), ("confirm_password", password)];
    let wrong = owner.submit(&path, &answer("wrong")).await;
    wrong.is(422).says("The password or the code is wrong");
    assert_eq!(wrong.field("confirm_held"), held);
    let changed = owner.submit(&path, &answer(PASSWORD)).await;
    changed.leads_to(&format!("/organizations/{}?done=credential-changed", world.organization));
    owner.submit(&path, &answer(PASSWORD)).await.is(409).says("This was sent already");

    // Not again within ten minutes.
    world.advance(TimeDelta::minutes(9));
    owner.submit(&path, &typed).await.is(303);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_form_goes_on_only_for_its_sender_and_at_its_own_address(db: PgPool) {
    let world = world(db).await;
    let owner = Browser::owner(&world.app).await;
    let other = Browser::open(&world.app).await;
    other.sign_in("owner@corp.example", PASSWORD, "/").await.is(303);
    world.advance(TimeDelta::minutes(11));
    let asked = owner.submit("/api-tokens", &[("name", "x"), ("role", "owner")]).await;
    let held = asked.is(403).field("confirm_held");
    let answer = [("confirm_held", held.as_str()), ("confirm_password", PASSWORD)];
    other.submit("/api-tokens", &answer).await.is(409);
    owner.submit("/admins", &answer).await.is(409);
    owner.submit("/api-tokens", &answer).await.is(200).says("shown only now");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_is_not_grave_asks_nothing_and_tokens_are_never_asked(db: PgPool) {
    let world = world(db).await;
    let owner = Browser::owner(&world.app).await;
    world.advance(TimeDelta::minutes(30));
    owner.submit(&format!("/domains/{}/resync", world.domain), &[]).await.is(303);
    owner.get("/admins").await.is(200);
    owner
        .submit(&format!("/domains/{}/activate", world.domain), &[])
        .await
        .is(403)
        .says("Show that it is you");
    owner.submit("/account/second-factor/off", &[]).await.is(403).says("Show that it is you");
    let body = serde_json::json!({"name": "x", "role": "owner"});
    Rest::open(&world.app).await.post("/api-tokens", body).await.is(201);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn guessing_there_has_to_wait_too_and_a_role_that_may_not_is_not_asked(db: PgPool) {
    let world = world(db).await;
    let owner = Browser::owner(&world.app).await;
    let reader = Browser::of(&world.app, Role::ReadOnly).await;
    world.advance(TimeDelta::minutes(11));
    reader.submit("/api-tokens", &[("name", "x")]).await.is(403).says("Only an owner");
    let held = owner.submit("/api-tokens", &[("name", "x"), ("role", "owner")]).await.field("confirm_held");
    for _ in 0..5 {
        owner.submit("/api-tokens", &[("confirm_held", &held), ("confirm_password", "wrong")]).await.is(422);
    }
    let right = [("confirm_held", held.as_str()), ("confirm_password", PASSWORD)];
    owner.submit("/api-tokens", &right).await.is(429).says("Try again in");
    world.advance(TimeDelta::seconds(2));
    owner.submit("/api-tokens", &right).await.is(200);
}
