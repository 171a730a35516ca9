//! The first administrator is made by whoever reads what the server printed.

use chrono::TimeDelta;
use protocol::Secret;
use server::actions::{admins, first_run};
use server::store::admins::Role;
use sqlx::PgPool;

use super::world;
use crate::ui::browser::{Browser, PASSWORD, Shown};
use crate::world::{World, tester};

async fn begin(browser: &Browser, code: &str, password: &str) -> Shown {
    let csrf = browser.get("/first-run").await.field("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("code", code),
        ("email", "ada@corp.example"),
        ("password", password),
        ("password_again", password),
    ];
    browser.send("/first-run", &fields).await
}

async fn code(world: &World) -> String {
    first_run::code(&world.app).await.unwrap().unwrap().expose().to_owned()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_code_makes_the_first_owner_once(db: PgPool) {
    let world = world(db).await;
    let code = code(&world).await;
    let browser = Browser::open(&world.app).await;
    begin(&browser, "ABCDE-FGHJK-LMNPQ-RSTUV", PASSWORD).await.is(422).says("the server printed");
    begin(&browser, &code, "short").await.is(422).says("must have 12");
    begin(&browser, &code.to_lowercase(), PASSWORD).await.leads_to("/");
    browser.get("/").await.is(200).says("Owner").says("ada@corp.example");

    let another = Browser::open(&world.app).await;
    another.get("/first-run").await.leads_to("/login");
    another.send("/first-run", &[("code", &code)]).await.leads_to("/login");
    assert!(first_run::code(&world.app).await.unwrap().is_none());
    let kept: i64 =
        sqlx::query_scalar("select count(*) from first_run_codes").fetch_one(&world.app.db).await.unwrap();
    assert_eq!(kept, 0);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_code_ends_with_its_server_and_with_an_administrator_made_on_the_machine(db: PgPool) {
    let world = world(db).await;
    let browser = Browser::open(&world.app).await;
    let first = code(&world).await;
    first_run::end(&world.app).await.unwrap();
    begin(&browser, &first, PASSWORD).await.is(422);

    let second = code(&world).await;
    world.advance(TimeDelta::minutes(11));
    begin(&browser, &second, PASSWORD).await.is(422).says("the server printed");
    world.advance(TimeDelta::minutes(-11));
    world.settle().await;
    let third = code(&world).await;
    admins::create(&world.app, &tester(), "ops@corp.example", Role::Owner, Secret::new(PASSWORD.into()))
        .await
        .unwrap();
    let refused = first_run::begin(
        &world.app,
        &server::actions::sign_in::From::default(),
        &third,
        "ada@corp.example",
        Secret::new(PASSWORD.into()),
    )
    .await;
    assert!(refused.is_err());
    browser.get("/").await.leads_to("/login");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn guessing_the_code_has_to_wait(db: PgPool) {
    let world = world(db).await;
    let code = code(&world).await;
    let browser = Browser::open(&world.app).await;
    for _ in 0..5 {
        begin(&browser, "wrong", PASSWORD).await.is(422);
    }
    begin(&browser, &code, PASSWORD).await.is(429).says("Try again in");
    world.advance(TimeDelta::minutes(1));
    begin(&browser, &code, PASSWORD).await.is(303);
}
