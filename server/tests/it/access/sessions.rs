//! Sessions: each can be told from the others, and ended.

use chrono::TimeDelta;
use serde_json::Value;
use server::store::admins::Role;
use sqlx::PgPool;

use super::world;
use crate::rest::Rest;
use crate::ui::browser::{Browser, PASSWORD, admin};

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn one_sees_ones_sessions_and_ends_the_others(db: PgPool) {
    let world = world(db).await;
    let here = Browser::owner(&world.app).await;
    let there = Browser::open(&world.app).await;
    there.sign_in("owner@corp.example", PASSWORD, "/").await.is(303);
    let shown = here.get("/account").await;
    shown.is(200).says("This one").says("127.0.0.1").says("End all but this one");
    assert_eq!(shown.text.matches("/account/sessions/").count(), 3, "two sessions, and all the others");

    here.submit("/account/sessions/end-others", &[]).await.leads_to("/account?done=sessions-ended");
    there.get("/").await.leads_to("/login");
    here.get("/account").await.is(200);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn signing_in_gives_a_new_session_whatever_the_browser_had(db: PgPool) {
    let world = world(db).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let browser = Browser::open(&world.app).await;
    browser.set_cookie("__Host-adit", "chosen by somebody else");
    browser.sign_in("ada@corp.example", PASSWORD, "/").await.is(303);
    let first = browser.cookie("__Host-adit").unwrap();
    assert_ne!(first, "chosen by somebody else");
    let digests: Vec<Vec<u8>> =
        sqlx::query_scalar("select digest from sessions").fetch_all(&world.app.db).await.unwrap();
    assert_eq!(digests, [server::crypto::sha256(first.as_bytes()).to_vec()], "only its hash is kept");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn nobody_ends_the_session_of_somebody_else_but_an_owner(db: PgPool) {
    let world = world(db).await;
    let operator = Browser::of(&world.app, Role::Operator).await;
    let rest = Rest::open(&world.app).await;
    let admins = rest.get("/admins").await.is(200).json;
    let id = admins["items"][0]["id"].as_str().unwrap().to_owned();
    let sessions = rest.get(&format!("/admins/{id}/sessions")).await.is(200).json;
    let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(sessions["items"][0]["address"], "127.0.0.1");

    let helpdesk = Browser::of(&world.app, Role::Helpdesk).await;
    helpdesk.submit(&format!("/account/sessions/{session}/end"), &[]).await.is(404);
    helpdesk.submit(&format!("/admins/{id}/sessions/{session}/end"), &[]).await.is(403);
    operator.get("/").await.is(200);

    let owner = Browser::owner(&world.app).await;
    owner.get(&format!("/admins/{id}")).await.is(200).says(&session);
    rest.delete(&format!("/admins/{id}/sessions/{session}")).await.is(204);
    operator.get("/").await.leads_to("/login");
    rest.delete(&format!("/admins/{id}/sessions/{session}")).await.refuses(404, "not_found");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_new_password_ends_every_other_session(db: PgPool) {
    let world = world(db).await;
    let here = Browser::owner(&world.app).await;
    let there = Browser::open(&world.app).await;
    there.sign_in("owner@corp.example", PASSWORD, "/").await.is(303);
    let new = "a password of one's own";
    let typed = |again| [("new_password", new), ("new_password_again", again)];
    here.submit("/account/password", &typed("another one")).await.is(422).says("is not the same");
    here.submit("/account/password", &[("new_password", "short"), ("new_password_again", "short")])
        .await
        .is(422)
        .says("must have 12 to 1024 characters");
    here.submit("/account/password", &typed(new)).await.leads_to("/account?done=password-changed");
    there.get("/").await.leads_to("/login");
    here.get("/").await.is(200);
    there.sign_in("owner@corp.example", PASSWORD, "/").await.is(422);
    there.sign_in("owner@corp.example", new, "/").await.is(303);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_has_ended_is_cleared_away(db: PgPool) {
    let world = world(db).await;
    Browser::owner(&world.app).await;
    world.advance(TimeDelta::hours(2));
    world.settle().await;
    let left: i64 =
        sqlx::query_scalar("select count(*) from sessions").fetch_one(&world.app.db).await.unwrap();
    assert_eq!(left, 0);
    let events = Rest::open(&world.app).await.get("/audit?action=admin.signed_in").await.json;
    assert_eq!(
        events["items"].as_array().map(Vec::len),
        Some(1),
        "the audit keeps it: {}",
        Value::from(left)
    );
}
