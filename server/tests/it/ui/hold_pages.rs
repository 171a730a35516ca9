//! Holds are announced everywhere and decided on their own page, and so are users that were moved away.

use protocol::DistinguishedName;
use protocol::transfer::{Found, Kind, Record};
use server::store;
use server::store::admins::Role;
use server::store::holds::Hold;
use sqlx::PgPool;

use super::browser::Browser;
use crate::world::{INTEGRATION, World, guid, members, people};

async fn world_with_a_hold(db: PgPool) -> World {
    let world = World::start(db).await;
    world.change(serde_json::json!({"guard": {"suspends": {"min_count": 3}}})).await;
    let mut dc = world.enrolled("dc1").await;
    let all = people(20);
    dc.read_in_full(&all).await;
    world.activate().await;
    let answer = dc.report(Kind::Delta, vec![members(INTEGRATION, &all[10..])]).await;
    dc.report(Kind::Delta, all[..10].iter().cloned().map(Record::User).collect()).await;
    dc.answer(&answer.look_up, &Found::Present).await;
    world.settle().await;
    world
}

async fn hold(world: &World) -> Hold {
    store::holds::list(&world.app.db, &store::admins::Reach::EVERYTHING).await.unwrap().remove(0)
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_hold_is_announced_everywhere_and_decided_in_part_or_whole(db: PgPool) {
    let world = world_with_a_hold(db).await;
    let browser = Browser::owner(&world.app).await;
    let held = hold(&world).await;
    let path = format!("/holds/{}", held.id);
    for page in ["/", "/audit", &format!("/domains/{}/settings", world.domain), "/nowhere"] {
        browser.get(page).await.says("10 suspensions of users").says(&format!("href=\"{path}\""));
    }
    let shown = browser.get(&path).await;
    shown.is(200).says("the guard lets 3 suspensions of users pass").says("person3 Example");
    let first = shown.field("chosen");

    let decide = format!("{path}/decide");
    browser
        .submit(&decide, &[("decision", "approve"), ("which", "ticked")])
        .await
        .is(422)
        .says("Nothing was ticked");
    browser.submit(&decide, &[("decision", "destroy"), ("chosen", &first)]).await.is(403);
    let fewer = [("decision", "approve"), ("which", "all"), ("shown", "9")];
    browser.submit(&decide, &fewer).await.is(422).says("More waits by now");
    let one = [("decision", "approve"), ("which", "ticked"), ("chosen", first.as_str())];
    let approved = browser.submit(&decide, &one).await;
    browser.get(approved.to()).await.is(200).says("Approved.").says("9 wait");
    let rest = [("decision", "reject"), ("which", "all"), ("shown", "9")];
    let rejected = browser.submit(&decide, &rest).await;
    browser.get(rejected.to()).await.is(200).says("Rejected").says("What was held");
    browser.submit(&decide, &rest).await.is(422).says("decided already");
    browser.get("/holds").await.is(200).says("owner@corp.example");
    assert_eq!(hold(&world).await.state, "rejected");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn who_may_only_read_sees_the_hold_without_boxes(db: PgPool) {
    let world = world_with_a_hold(db).await;
    let browser = Browser::of(&world.app, Role::ReadOnly).await;
    let shown = browser.get(&format!("/holds/{}", hold(&world).await.id)).await;
    shown.is(200).says("person3 Example");
    assert!(!shown.text.contains("name=\"chosen\"") && !shown.text.contains("name=\"decision\""));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn users_that_were_moved_away_are_followed_or_let_go(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = people(3);
    dc.read_in_full(&all).await;
    world.activate().await;
    for user in &mut all[..2] {
        let name = user.sam_account_name.clone().unwrap();
        user.dn = DistinguishedName::parse(&format!("CN={name},OU=Away,DC=corp,DC=example")).unwrap();
    }
    dc.report(Kind::Delta, all[..2].iter().cloned().map(Record::User).collect()).await;
    world.settle().await;
    let browser = Browser::owner(&world.app).await;
    let held = hold(&world).await;
    let path = format!("/holds/{}", held.id);
    browser.get("/").await.says("2 users moved out of the root user container");
    browser.get(&path).await.is(200).says("OU=Away").says("2 users wait");

    let answer = format!("{path}/answer");
    let chosen = guid(100).to_string();
    let one = [("decision", "follow"), ("which", "ticked"), ("chosen", chosen.as_str())];
    let followed = browser.submit(&answer, &one).await;
    browser.get(followed.to()).await.is(200).says("Your answer was kept.").says("1 user waits");
    let rest = [("decision", "dissociate"), ("which", "all"), ("shown", "1")];
    browser.submit(&answer, &rest).await.is(303);
    world.settle().await;
    assert_eq!(world.status(100).await, "synced");
    browser.get(&path).await.is(200).says("Nothing is left of it.");
    browser
        .submit(&format!("{path}/decide"), &[("decision", "approve"), ("which", "all"), ("shown", "9")])
        .await
        .is(422);
}
