//! Held operations by what they come from.

use protocol::transfer::{Found, Kind, Record};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::Program;
use crate::world::{Dc, INTEGRATION, World, guid, members, people};

/// Ten of twenty leave the group, and four more are disabled.
async fn held(world: &World) -> Dc<'_> {
    world.change(json!({"guard": {"suspends": {"min_count": 3}}})).await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = people(20);
    dc.read_in_full(&all).await;
    world.activate().await;
    for person in &mut all[16..] {
        person.user_account_control = Some(514);
    }
    let answer = dc.report(Kind::Delta, vec![members(INTEGRATION, &all[10..])]).await;
    dc.report(Kind::Delta, all.iter().cloned().map(Record::User).collect()).await;
    dc.answer(&answer.look_up, &Found::Present).await;
    world.settle().await;
    dc
}

fn suspended(world: &World) -> usize {
    world.jumpcloud.users().iter().filter(|user| user["state"] == "SUSPENDED").count()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_comes_from_one_thing_is_decided_together(db: PgPool) {
    let world = World::start(db).await;
    let _dc = held(&world).await;
    let program = Program::of(&world.app).await;
    let holds = program.get("/holds").await;
    assert_eq!(holds["items"].as_array().unwrap().len(), 1, "one hold for all of it");
    let at = format!("/holds/{}", holds["items"][0]["id"].as_str().unwrap());
    let hold = program.get(&at).await;
    assert_eq!(
        (&hold["waiting"], &hold["done_in_window"], &hold["ready"]),
        (&json!(14), &json!(0), &json!(14))
    );
    let left = format!("left_group:{}", guid(INTEGRATION));
    let causes = |hold: &Value| -> Vec<(String, i64)> {
        let causes = hold["causes"].as_array().unwrap().iter();
        causes.map(|row| (row["cause"].as_str().unwrap().into(), row["count"].as_i64().unwrap())).collect()
    };
    assert_eq!(causes(&hold), [(left.clone(), 10), ("disabled".into(), 4)]);
    assert_eq!(hold["causes"][0]["message"], "No longer a member of the group JumpCloud");
    let listed = program.get(&format!("{at}/operations?cause=disabled&limit=3")).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    assert_eq!(suspended(&world), 0, "nothing was taken away so far");

    let both = json!({"cause": "disabled", "operations": []});
    assert_eq!(program.post(&format!("{at}/approve"), both).await.0, 422);
    assert_eq!(program.post(&format!("{at}/approve"), json!({"cause": "bogus"})).await.0, 422);
    let (status, told) = program.post(&format!("{at}/approve"), json!({"cause": "disabled"})).await;
    assert_eq!((status, &told["decided"], &told["state"]), (200, &json!(4), &json!("open")));
    world.settle().await;
    assert_eq!(suspended(&world), 4);
    assert_eq!(causes(&program.get(&at).await), [(left.clone(), 10)]);

    let (_, told) = program.post(&format!("{at}/reject"), json!({"cause": left})).await;
    assert_eq!((&told["decided"], &told["state"]), (&json!(10), &json!("rejected")));
    world.settle().await;
    assert_eq!(suspended(&world), 4);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_cause_stays_with_its_operations_when_their_users_are_planned_again(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = held(&world).await;
    let mut one = people(1).remove(0);
    one.given_name = Some("Renamed".into());
    dc.report(Kind::Delta, vec![Record::User(one)]).await;
    world.settle().await;
    let program = Program::of(&world.app).await;
    let holds = program.get("/holds").await;
    let hold = program.get(&format!("/holds/{}", holds["items"][0]["id"].as_str().unwrap())).await;
    assert_eq!(hold["causes"][0]["count"], 10);
}
