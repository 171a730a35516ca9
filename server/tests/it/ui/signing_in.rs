//! Nobody sees a page without a session, and no form is taken that is not ours.

use chrono::TimeDelta;
use serde_json::json;
use server::store::admins::Role;
use simulator::Seed;
use sqlx::PgPool;

use super::browser::{Browser, PASSWORD, admin};
use crate::world::World;

async fn world(db: PgPool) -> World {
    World::in_preview(db, Seed::default(), json!({})).await
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn before_there_is_anybody_the_first_page_says_how_to_make_an_administrator(db: PgPool) {
    let world = world(db).await;
    let browser = Browser::open(&world.app).await;
    for path in ["/", "/login"] {
        browser.get(path).await.leads_to("/first-run");
    }
    let shown = browser.get("/first-run").await;
    shown
        .is(200)
        .says("adit-server create-admin --email you@example.com --role owner")
        .says("First-run code");
    browser.get("/domains").await.leads_to("/login?next=%2Fdomains");
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    browser.get("/").await.leads_to("/login");
    browser.get("/login").await.is(200).says("Sign in");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn signing_in_leads_back_to_where_one_was(db: PgPool) {
    let world = world(db).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let browser = Browser::open(&world.app).await;
    let asked = browser.get("/operations?state=parked").await;
    asked.leads_to("/login?next=%2Foperations%3Fstate%3Dparked");
    assert_eq!(browser.get(asked.to()).await.field("next"), "/operations?state=parked");
    let signed_in = browser.sign_in("Ada@corp.example", PASSWORD, "/operations?state=parked").await;
    signed_in.leads_to("/operations?state=parked");
    let cookie = signed_in.cookie();
    for part in ["__Host-adit=", "Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
        assert!(cookie.contains(part), "{part} is not in {cookie}");
    }
    browser.get("/").await.is(200).says("ada@corp.example");
    browser.get("/login").await.leads_to("/");
    for elsewhere in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        let other = Browser::open(&world.app).await;
        other.sign_in("ada@corp.example", PASSWORD, elsewhere).await.leads_to("/");
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_wrong_password_is_answered_in_the_form_and_soon_has_to_wait(db: PgPool) {
    let world = world(db).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let browser = Browser::open(&world.app).await;
    for _ in 0..5 {
        let refused = browser.sign_in("ada@corp.example", "wrong", "/").await;
        refused.is(422).says("The mail address or the password is wrong.").says("value=\"ada@corp.example\"");
        assert!(!refused.text.contains("value=\"wrong\""));
    }
    browser.sign_in("ada@corp.example", PASSWORD, "/").await.is(429).says("Too many failed attempts");
    world.advance(TimeDelta::minutes(1));
    browser.sign_in("ada@corp.example", PASSWORD, "/").await.is(303);
    browser.send("/login", &[("email", "ada@corp.example"), ("password", PASSWORD)]).await.is(403);
    browser.send("/login", &[]).await.is(403).says("Sign in");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_session_ends_when_it_is_left_alone_and_at_the_latest_after_its_hours(db: PgPool) {
    let world = world(db).await;
    let browser = Browser::owner(&world.app).await;
    world.advance(TimeDelta::minutes(59));
    browser.get("/").await.is(200);
    world.advance(TimeDelta::minutes(59));
    browser.get("/").await.is(200);
    world.advance(TimeDelta::minutes(61));
    browser.get("/").await.leads_to("/login");

    browser.sign_in("owner@corp.example", PASSWORD, "/").await.is(303);
    for _ in 0..24 {
        browser.get("/").await;
        world.advance(TimeDelta::minutes(30));
    }
    let ended = browser.send("/organizations/new", &[("name", "x")]).await;
    ended.leads_to("/login?ended=1");
    browser.get(ended.to()).await.is(200).says("what you sent was not saved");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn signing_out_ends_the_session_and_not_only_the_cookie(db: PgPool) {
    let world = world(db).await;
    let browser = Browser::of(&world.app, Role::ReadOnly).await;
    let kept = browser.cookie("__Host-adit").unwrap();
    browser.submit("/logout", &[]).await.leads_to("/login");
    browser.set_cookie("__Host-adit", &kept);
    browser.get("/").await.leads_to("/login");
    browser.set_cookie("__Host-adit", "no session of ours");
    browser.get("/").await.leads_to("/login");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_form_without_its_token_or_from_another_site_is_refused(db: PgPool) {
    let world = world(db).await;
    let browser = Browser::owner(&world.app).await;
    let pause = format!("/domains/{}/resync", world.domain);
    let csrf = browser.get("/").await.field("csrf");
    for wrong in [&[][..], &[("csrf", "")], &[("csrf", "wrong")]] {
        browser.send(&pause, wrong).await.is(403).says("Nothing was changed").says("reload the page");
    }
    let right = [("csrf", csrf.as_str())];
    browser.send_from("https://evil.example", &pause, &right).await.is(403).says("Nothing was changed");
    browser.send_from("null", &pause, &right).await.is(403);
    browser.send(&pause, &right).await.is(303);

    let other = Browser::of(&world.app, Role::Operator).await;
    other.send(&pause, &right).await.is(403);
    other.submit(&pause, &[]).await.is(303);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn who_may_only_read_sees_pages_without_forms_and_changes_nothing(db: PgPool) {
    let world = world(db).await;
    let (domain, organization) = (world.domain, world.organization);
    for role in [Role::ReadOnly, Role::Helpdesk] {
        let browser = Browser::of(&world.app, role).await;
        for path in ["/", "/organizations", "/domains", "/operations", "/holds", "/alerts"] {
            browser.get(path).await.is(200);
        }
        for path in [
            format!("/organizations/{organization}"),
            "/organizations/new".into(),
            "/domains/new".into(),
            format!("/domains/{domain}"),
            format!("/domains/{domain}/settings"),
            format!("/domains/{domain}/preview"),
            format!("/domains/{domain}/coverage"),
        ] {
            let shown = browser.get(&path).await;
            shown.is(200);
            let forms = shown.text.matches("method=\"post\"").count();
            let inert = path.ends_with("/settings");
            assert!(forms == 1 || inert && !shown.text.contains(">Save<"), "{path} has a form");
        }
        for path in [
            "/organizations/new".to_owned(),
            format!("/organizations/{organization}/credential"),
            "/domains/new".into(),
            format!("/domains/{domain}/pause"),
            format!("/domains/{domain}/resync"),
            format!("/domains/{domain}/preview"),
            format!("/domains/{domain}/activate"),
            format!("/domains/{domain}/settings"),
            format!("/domains/{domain}/rollback"),
            format!("/domains/{domain}/enrollment-tokens"),
            format!("/domains/{domain}/agents/{domain}/remove"),
            format!("/domains/{domain}/users/{domain}/takeover"),
            format!("/domains/{domain}/groups/{domain}/adopt"),
            format!("/holds/{domain}/decide"),
            format!("/holds/{domain}/answer"),
        ] {
            browser.submit(&path, &[]).await.is(403).says("This is not for your role");
        }
        browser.get("/audit").await.is(403).says("operator or owner");
    }
}
