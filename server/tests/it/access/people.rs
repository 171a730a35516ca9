//! Administrators: invited by a link, changed, disabled, reset.

use chrono::TimeDelta;
use serde_json::json;
use server::store::admins::{Access, Role};
use sqlx::PgPool;

use super::{person, world};
use crate::rest::Rest;
use crate::ui::browser::{Browser, PASSWORD};

/// The path of the link that a page shows.
fn link(page: &str) -> String {
    let at = page.find("/invitation/").unwrap();
    page[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || "/-_".contains(*c)).collect()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn who_is_invited_chooses_a_password_by_a_link_that_serves_once(db: PgPool) {
    let world = world(db).await;
    let owner = Browser::owner(&world.app).await;
    let fields = [("email", "Grace@corp.example"), ("role", "helpdesk")];
    let made = owner.submit("/admins", &fields).await;
    made.is(200).says("The link is shown only now");
    let link = link(&made.text);
    owner.submit("/admins", &[("email", "grace@corp.example"), ("role", "owner")]).await.is(422);
    owner.get("/admins").await.is(200).says("Has no password yet");

    let grace = Browser::open(&world.app).await;
    grace.sign_in("grace@corp.example", "", "/").await.is(422);
    let csrf = grace.get(&link).await.field("csrf");
    let typed = |password| [("csrf", csrf.as_str()), ("password", password), ("password_again", password)];
    grace.send(&link, &typed("short")).await.is(422).says("must have 12");
    grace.send(&link, &[("password", PASSWORD), ("password_again", PASSWORD)]).await.is(403);
    grace.send(&link, &typed(PASSWORD)).await.leads_to("/login?chosen=1");
    grace.send(&link, &typed(PASSWORD)).await.is(404);
    grace.sign_in("grace@corp.example", PASSWORD, "/").await.is(303);
    grace.get("/").await.is(200).says("Helpdesk");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_link_ends_after_a_day(db: PgPool) {
    let world = world(db).await;
    let owner = Browser::owner(&world.app).await;
    let made = owner.submit("/admins", &[("email", "grace@corp.example"), ("role", "helpdesk")]).await;
    let grace = Browser::open(&world.app).await;
    grace.get(&link(&made.text)).await.is(200);
    world.advance(TimeDelta::hours(25));
    grace.get(&link(&made.text)).await.is(404);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn taking_access_away_and_another_role_hold_from_the_next_click_on(db: PgPool) {
    let world = world(db).await;
    let grace = person(&world, "grace@corp.example", &Access::Everywhere(Role::Operator)).await;
    grace.get("/audit").await.is(200);
    let rest = Rest::open(&world.app).await;
    let id = rest.get("/admins").await.json["items"][0]["id"].as_str().unwrap().to_owned();
    rest.patch(&format!("/admins/{id}"), json!({"role": "read_only"})).await.is(200);
    grace.get("/audit").await.is(403);
    let shown = rest.patch(&format!("/admins/{id}"), json!({"disabled": true})).await.is(200).json;
    assert_eq!(shown["disabled"], true);
    grace.get("/").await.leads_to("/login");
    grace.sign_in("grace@corp.example", PASSWORD, "/").await.is(422);
    rest.post(&format!("/admins/{id}/reset"), json!({})).await.refuses(409, "admin_disabled");
    rest.patch(&format!("/admins/{id}"), json!({"disabled": false})).await.is(200);
    grace.sign_in("grace@corp.example", PASSWORD, "/").await.is(303);

    let reset = rest.post(&format!("/admins/{id}/reset"), json!({})).await.is(200).json;
    grace.get("/").await.leads_to("/login");
    grace.sign_in("grace@corp.example", PASSWORD, "/").await.is(422);
    grace.get(&link(reset["invitation"]["url"].as_str().unwrap())).await.is(200).says("grace@corp.example");
    let actions: Vec<String> = rest.get("/audit?action=admin.").await.json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["action"].as_str().unwrap().to_owned())
        .collect();
    for action in [
        "admin.invited",
        "admin.password_chosen",
        "admin.changed",
        "admin.disabled",
        "admin.enabled",
        "admin.password_reset",
    ] {
        assert!(actions.iter().any(|found| found == action), "{action} is not in {actions:?}");
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_last_owner_stays(db: PgPool) {
    let world = world(db).await;
    let owner = Browser::owner(&world.app).await;
    let rest = Rest::open(&world.app).await;
    let id = rest.get("/admins").await.json["items"][0]["id"].as_str().unwrap().to_owned();
    rest.patch(&format!("/admins/{id}"), json!({"role": "operator"})).await.refuses(409, "last_owner");
    rest.patch(&format!("/admins/{id}"), json!({"disabled": true})).await.refuses(409, "last_owner");
    owner.submit(&format!("/admins/{id}/reset"), &[]).await.is(409).says("last owner");
    person(&world, "grace@corp.example", &Access::Everywhere(Role::Owner)).await;
    rest.patch(&format!("/admins/{id}"), json!({"role": "operator"})).await.is(200);
}
