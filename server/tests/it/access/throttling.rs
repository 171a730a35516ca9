//! Guessing gets slower, on whichever server, and tells nothing.

use chrono::TimeDelta;
use server::app::App;
use server::store::admins::Role;
use sqlx::PgPool;

use super::world;
use crate::ui::browser::{Browser, PASSWORD, admin};
use crate::world::World;

/// Another server over the same database.
fn another_server(world: &World) -> App {
    let app = &world.app;
    let master = server::crypto::MasterKey::generate();
    let key = server::crypto::Vault::new_data_key(&master, 1).unwrap();
    let vault = server::crypto::Vault::from_sealed(&master, vec![(1, key)]).unwrap();
    App::new(app.db.clone(), app.clock.clone(), vault, app.config.clone(), app.public_url.clone(), None)
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn who_guesses_on_one_server_waits_on_the_other(db: PgPool) {
    let world = world(db).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let (one, other) = (Browser::open(&world.app).await, Browser::open(&another_server(&world)).await);
    for _ in 0..5 {
        one.sign_in("ada@corp.example", "wrong", "/").await.is(422);
    }
    other.sign_in("ada@corp.example", PASSWORD, "/").await.is(429).says("Try again in 1 s.");
    world.advance(TimeDelta::seconds(2));
    other.sign_in("ada@corp.example", "wrong", "/").await.is(422);
    one.sign_in("ada@corp.example", PASSWORD, "/").await.is(429).says("Try again in 2 s.");
    world.advance(TimeDelta::seconds(3));
    one.sign_in("ada@corp.example", PASSWORD, "/").await.is(303);
    one.submit("/logout", &[]).await.is(303);
    one.sign_in("ada@corp.example", "wrong", "/").await.is(422);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_account_that_is_not_there_is_answered_as_one_that_is(db: PgPool) {
    let world = world(db).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let browser = Browser::open(&world.app).await;
    for _ in 0..6 {
        let known = browser.sign_in("ada@corp.example", "wrong", "/").await;
        let unknown = browser.sign_in("eve@corp.example", "wrong", "/").await;
        assert_eq!(known.status, unknown.status);
        assert_eq!(known.text.replace("ada@", "eve@"), unknown.text);
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_address_that_tries_many_accounts_waits(db: PgPool) {
    let world = world(db).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let browser = Browser::open(&world.app).await;
    for number in 0..20 {
        browser.sign_in(&format!("user{number}@corp.example"), "wrong", "/").await.is(422);
    }
    browser.sign_in("ada@corp.example", PASSWORD, "/").await.is(429).says("Too many failed attempts");
    world.advance(TimeDelta::seconds(2));
    browser.sign_in("ada@corp.example", PASSWORD, "/").await.is(303);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn many_guesses_at_once_are_no_way_around_the_wait(db: PgPool) {
    let world = world(db).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let guess = || async {
        let password = protocol::Secret::new("wrong".into());
        let from = server::actions::sign_in::From::default();
        server::actions::sign_in::sign_in(&world.app, &from, "ada@corp.example", password, "")
            .await
            .unwrap_err()
    };
    let answers = futures_util::future::join_all((0..20).map(|_| guess())).await;
    let looked_at = answers.iter().filter(|error| matches!(error, server::error::Error::Invalid(_))).count();
    assert_eq!(looked_at, 5);
}
