//! API tokens: shown once, with an end if that is wanted, gone at once when they are removed.

use chrono::TimeDelta;
use serde_json::json;
use server::store::admins::Role;
use sqlx::PgPool;

use super::world;
use crate::rest::Rest;
use crate::ui::browser::Browser;

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_token_is_shown_once_and_is_refused_from_its_removal_on(db: PgPool) {
    let world = world(db).await;
    let owner = Browser::owner(&world.app).await;
    let made = owner.submit("/api-tokens", &[("name", "backup"), ("role", "read_only")]).await;
    made.is(200).says("The token is shown only now");
    let at = made.text.find("adit_api_").unwrap();
    let token = &made.text[at..at + 9 + 43];
    let program = Rest::with(&world.app, token).await;
    program.get("/domains").await.is(200);
    program.post("/domains", json!({})).await.refuses(403, "forbidden");

    let listed = owner.get("/api-tokens").await;
    listed.is(200).says("backup").says("Read only").says("Never");
    assert!(!listed.text.contains(token));
    let rest = Rest::open(&world.app).await;
    let items = rest.get("/api-tokens").await.is(200).json["items"].clone();
    let row = items.as_array().unwrap().iter().find(|row| row["name"] == "backup").unwrap();
    assert!(!row["last_used_at"].is_null());
    let id = row["id"].as_str().unwrap();
    owner.submit(&format!("/api-tokens/{id}/remove"), &[]).await.leads_to("/api-tokens?done=token-removed");
    program.get("/domains").await.refuses(401, "unauthorized");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_token_ends_when_it_was_to(db: PgPool) {
    let world = world(db).await;
    let rest = Rest::open(&world.app).await;
    let ends = (world.now() + TimeDelta::hours(1)).to_rfc3339();
    let made = rest
        .post("/api-tokens", json!({"name": "for now", "role": "owner", "expires_at": ends}))
        .await
        .is(201)
        .json;
    let program = Rest::with(&world.app, made["token"].as_str().unwrap()).await;
    program.get("/domains").await.is(200);
    world.advance(TimeDelta::minutes(61));
    program.get("/domains").await.refuses(401, "unauthorized");
    let past = (world.now() - TimeDelta::hours(1)).to_rfc3339();
    rest.post("/api-tokens", json!({"name": "x", "role": "owner", "expires_at": past}))
        .await
        .refuses(422, "invalid_request");
    rest.post("/api-tokens", json!({"name": "x"})).await.refuses(422, "invalid_request");
    rest.post("/api-tokens", json!({"name": "x", "organizations": {}})).await.refuses(422, "invalid_request");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn tokens_are_the_owners(db: PgPool) {
    let world = world(db).await;
    let operator = Browser::of(&world.app, Role::Operator).await;
    operator.get("/api-tokens").await.is(403);
    operator.submit("/api-tokens", &[("name", "x"), ("role", "owner")]).await.is(403).says("Only an owner");
    let owner = Browser::owner(&world.app).await;
    owner
        .submit("/api-tokens", &[("name", ""), ("role", "owner")])
        .await
        .is(422)
        .says("say what the token is for");
    owner.submit("/api-tokens", &[("name", "x"), ("role", "some")]).await.is(422).says("organizations");
}
