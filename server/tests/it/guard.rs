//! More destruction than the limits allow waits for a person.

use protocol::OperationId;
use protocol::transfer::{Found, Kind, Record};
use server::actions::holds::{Decision, decide};
use server::store;
use server::store::holds::Which;
use sqlx::PgPool;

use crate::world::{Dc, INTEGRATION, World, members, people, tester};

async fn half_leave(dc: &mut Dc<'_>) {
    let all = people(20);
    let answer = dc.report(Kind::Delta, vec![members(INTEGRATION, &all[10..])]).await;
    let records = all[..10].iter().cloned().map(Record::User).collect();
    dc.report(Kind::Delta, records).await;
    dc.answer(&answer.look_up, &Found::Present).await;
}

fn suspended(world: &World) -> usize {
    world.jumpcloud.users().iter().filter(|user| user["state"] == "SUSPENDED").count()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn half_the_members_removed_at_once_are_held_and_some_may_pass(db: PgPool) {
    let world = World::start(db).await;
    world.change(serde_json::json!({"guard": {"suspends": {"min_count": 3}}})).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(20)).await;
    world.activate().await;

    half_leave(&mut dc).await;
    world.settle().await;
    assert_eq!(suspended(&world), 0);
    let hold = store::holds::list(&world.app.db, &store::admins::Reach::EVERYTHING).await.unwrap().remove(0);
    assert_eq!((hold.kind.as_str(), hold.state.as_str(), hold.waiting), ("suspends", "open", 10));
    assert_eq!(world.status(100).await, "held");

    let held =
        store::operations::list(&world.app.db, None, Some("held"), Some(hold.id), None, 100).await.unwrap();
    let some: Vec<OperationId> = held.iter().take(4).map(|row| row.id).collect();
    assert_eq!(
        decide(&world.app, &tester(), hold.id, Decision::Approve, Which::Named(&some)).await.unwrap(),
        4
    );
    world.settle().await;
    assert_eq!(suspended(&world), 4);

    assert_eq!(decide(&world.app, &tester(), hold.id, Decision::Reject, Which::All).await.unwrap(), 6);
    world.settle().await;
    assert_eq!(suspended(&world), 4);
    let hold = store::holds::find(&world.app.db, hold.id).await.unwrap().unwrap();
    assert_eq!((hold.state.as_str(), hold.waiting), ("rejected", 0));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_is_held_is_dropped_when_everybody_comes_back(db: PgPool) {
    let world = World::start(db).await;
    world.change(serde_json::json!({"guard": {"suspends": {"min_count": 3}}})).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(20)).await;
    world.activate().await;
    half_leave(&mut dc).await;
    world.settle().await;
    dc.report(Kind::Delta, vec![members(INTEGRATION, &people(20))]).await;
    world.settle().await;
    let hold = store::holds::list(&world.app.db, &store::admins::Reach::EVERYTHING).await.unwrap().remove(0);
    assert_eq!(hold.state, "superseded");
    assert_eq!(suspended(&world), 0);
    assert_eq!(world.status(100).await, "synced");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_was_done_in_the_window_counts(db: PgPool) {
    let world = World::start(db).await;
    world.change(serde_json::json!({"guard": {"suspends": {"min_count": 2, "max_percent": 0}}})).await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = people(5);
    dc.read_in_full(&all).await;
    world.activate().await;
    for person in all.iter_mut().take(3) {
        person.user_account_control = Some(514);
        dc.report(Kind::Delta, vec![Record::User(person.clone())]).await;
        world.settle().await;
    }
    assert_eq!(suspended(&world), 2, "the third is held");
    world.advance(chrono::TimeDelta::hours(25));
    assert_eq!(world.status(102).await, "held", "time alone lets nothing pass");
}
