//! Pages that keep themselves up to date: what an open page is told, when, and to whom nothing is told.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use server::app::{App, Topic};
use server::store::admins::Role;
use server::workers;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::task::AbortHandle;

use super::browser::{Browser, Events};
use crate::world::{Dc, World, people};

/// The part of the server that hears the database, for as long as a test runs.
struct Hearing(AbortHandle);

impl Drop for Hearing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Listens, and has told everything once.
async fn hear(app: &App) -> Hearing {
    let mut follower = app.topics.follow(Some(app.topics.here()));
    let task = tokio::spawn({
        let app = app.clone();
        async move { workers::listen::listen(&app).await }
    });
    while !follower.next().await.unwrap().0.contains(&Topic::Sessions) {}
    Hearing(task.abort_handle())
}

/// What is told on the database's channel while `what` happens.
async fn told_while(db: &PgPool, what: impl AsyncFnOnce()) -> BTreeSet<String> {
    let mut listener = PgListener::connect_with(db).await.unwrap();
    listener.listen("adit").await.unwrap();
    what().await;
    sqlx::query("select pg_notify('adit', 'end of the test')").execute(db).await.unwrap();
    let mut told = BTreeSet::new();
    loop {
        let payload = listener.recv().await.unwrap().payload().to_owned();
        if payload == "end of the test" {
            return told;
        }
        told.insert(payload);
    }
}

async fn opened(browser: &Browser, app: &App) -> Events {
    browser.events(&format!("/events?since={}", app.topics.here())).await
}

async fn settled<'a>(world: &'a World, count: u128) -> Dc<'a> {
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.read_in_full(&people(count)).await;
    world.settle().await;
    dc
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_open_page_is_told_of_what_is_planned_and_done(db: PgPool) {
    let world = World::start(db).await;
    let _hearing = hear(&world.app).await;
    let browser = Browser::of(&world.app, Role::ReadOnly).await;
    let mut page = opened(&browser, &world.app).await;
    settled(&world, 3).await;
    page.tell(&[&format!("domain-{}", world.domain), "operations", "agents"]).await;
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_open_page_is_told_of_holds_and_alerts(db: PgPool) {
    let world = World::start(db.clone()).await;
    let mut dc = settled(&world, 40).await;
    world.activate().await;
    let _hearing = hear(&world.app).await;
    let browser = Browser::owner(&world.app).await;
    let mut page = opened(&browser, &world.app).await;
    dc.read_in_full(&people(10)).await;
    let mut rest = people(40);
    for user in rest.iter_mut().skip(10) {
        user.user_account_control = Some(514);
    }
    dc.read_in_full(&rest).await;
    world.settle().await;
    page.tell(&["holds"]).await;
    sqlx::query(
        "insert into alerts (id, domain_id, code, subject, message, opened_at)
         values (gen_random_uuid(), $1, 'a_test', '', 'Something is the matter.', now())",
    )
    .bind(world.domain.0)
    .execute(&db)
    .await
    .unwrap();
    page.tell(&["alerts"]).await;
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_heartbeat_that_brings_nothing_new_tells_nobody(db: PgPool) {
    let world = World::start(db.clone()).await;
    let mut dc = settled(&world, 1).await;
    let told = told_while(&db, async || {
        for _ in 0..3 {
            world.advance(TimeDelta::seconds(3));
            dc.usn += 1;
            dc.beat().await.unwrap();
        }
        world.settle().await;
    });
    assert_eq!(told.await, BTreeSet::new());
    let told = told_while(&db, async || {
        dc.applied_revision += 1;
        dc.beat().await.unwrap();
    });
    assert_eq!(told.await, BTreeSet::from(["agents".to_owned()]));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn topics_say_that_something_changed_and_nothing_more(db: PgPool) {
    let world = World::start(db).await;
    let _hearing = hear(&world.app).await;
    let browser = Browser::of(&world.app, Role::ReadOnly).await;
    let mut page = opened(&browser, &world.app).await;
    settled(&world, 3).await;
    world.activate().await;
    page.tell(&["organizations", "operations"]).await;
    let domain = format!("domain-{}", world.domain);
    let known = ["agents", "alerts", "holds", "operations", "organizations", &domain];
    for line in page.text().lines().filter(|line| !line.is_empty()) {
        let (field, value) = line.split_once(':').unwrap();
        match (field, value.trim()) {
            ("event", topic) => assert!(known.contains(&topic), "{line}"),
            ("data", value) => assert_eq!(value, "changed"),
            ("id" | "retry", _) => {}
            other => assert_eq!(other, ("", "")),
        }
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_stream_ends_with_the_session(db: PgPool) {
    let world = World::start(db).await;
    let _hearing = hear(&world.app).await;
    let browser = Browser::owner(&world.app).await;
    let mut page = opened(&browser, &world.app).await;
    browser.submit("/logout", &[]).await.is(303);
    page.tell(&["ended"]).await;
    page.ends().await;
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_stream_ends_when_the_server_stops(db: PgPool) {
    let world = World::start(db).await;
    let browser = Browser::owner(&world.app).await;
    let mut page = opened(&browser, &world.app).await;
    world.app.topics.close();
    page.ends().await;
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn without_a_session_there_are_no_topics(db: PgPool) {
    let world = World::start(db).await;
    let browser = Browser::open(&world.app).await;
    browser.asks("/events", &[("accept", "text/event-stream")]).await.is(401);
    let asked = [("adit-live", "1"), ("hx-current-url", "http://adit.corp.example/domains?query=a")];
    let shown = browser.asks("/domains", &asked).await;
    shown.is(401);
    assert_eq!(shown.headers["hx-redirect"], "/login?next=%2Fdomains%3Fquery%3Da");
    let astray = [("adit-live", "1"), ("hx-current-url", "//evil.example/")];
    assert_eq!(browser.asks("/", &astray).await.headers["hx-redirect"], "/login");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_page_that_asks_by_itself_keeps_no_session(db: PgPool) {
    let world = World::start(db).await;
    let browser = Browser::owner(&world.app).await;
    for _ in 0..4 {
        world.advance(TimeDelta::minutes(14));
        browser.asks("/", &[("adit-live", "1")]).await.is(200);
    }
    world.advance(TimeDelta::minutes(14));
    browser.asks("/", &[("adit-live", "1")]).await.is(401);
    browser.get("/").await.leads_to("/login");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn after_a_lost_connection_everything_is_told_once(db: PgPool) {
    let world = World::start(db.clone()).await;
    let _hearing = hear(&world.app).await;
    let browser = Browser::owner(&world.app).await;
    let mut page = opened(&browser, &world.app).await;
    let ended: i64 = sqlx::query_scalar(
        "select count(*) from (
             select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and query like 'LISTEN%') ended",
    )
    .fetch_one(&db)
    .await
    .unwrap();
    assert_eq!(ended, 1);
    let domain = format!("domain-{}", world.domain);
    page.tell(&["agents", "alerts", "holds", "operations", "organizations", &domain]).await;
    settled(&world, 1).await;
    page.tell(&["operations"]).await;
}
