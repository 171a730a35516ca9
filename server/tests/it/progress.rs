//! Long work says how far it has come, and of its end only what can be known.

use chrono::TimeDelta;
use protocol::transfer::{Kind, Part, PartAnswer, Record};
use serde_json::json;
use server::actions::progress::{self, Name, Step};
use server::actions::transfers::Received;
use server::workers::{execute, plan};
use simulator::Seed;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, people};

async fn steps(world: &World) -> Vec<Step> {
    progress::of(&world.app, world.domain).await.unwrap()
}

fn one(steps: &[Step], name: Name) -> &Step {
    steps.iter().find(|step| step.name == name).unwrap_or_else(|| panic!("{name:?} is not in {steps:?}"))
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_the_watcher_has_sent_so_far_is_counted_until_it_is_taken_over(db: PgPool) {
    let world = World::start(db).await;
    assert!(steps(&world).await.is_empty(), "nothing goes on");
    let mut dc = world.enrolled("dc1").await;
    let fence = dc.fence().await.unwrap();
    let part = Part {
        transfer: Uuid::new_v4(),
        number: 0,
        last: false,
        fence,
        revision: 0,
        invocation_id: dc.invocation_id,
        from: None,
        to: 10,
        kind: Kind::Full,
        records: people(7).into_iter().map(Record::User).collect(),
    };
    let staged = Received::Answer(PartAnswer { applied: false, cursor: None, look_up: Vec::new() });
    assert_eq!(format!("{:?}", dc.send(&part).await), format!("{staged:?}"));
    let found = steps(&world).await;
    let reading = one(&found, Name::ReadDirectory);
    assert_eq!((reading.done, reading.total, reading.remaining_seconds), (Some(7), None, None));
    world.advance(TimeDelta::minutes(5));
    assert!(steps(&world).await.is_empty(), "a transfer that was given up is not going on");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn planning_tells_its_rate_once_it_has_one(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(1000)).await;
    let found = steps(&world).await;
    let planning = one(&found, Name::Plan);
    assert_eq!((planning.left, planning.done, planning.per_minute), (Some(1001), Some(0), None));
    plan::turn(&world.app).await.unwrap();
    world.advance(TimeDelta::seconds(10));
    plan::turn(&world.app).await.unwrap();
    let found = steps(&world).await;
    let planning = one(&found, Name::Plan);
    // The group went first, and had those planned with it planned once more.
    assert_eq!((planning.left, planning.total), (Some(701), Some(1001)));
    assert_eq!((planning.per_minute, planning.remaining_seconds), (Some(3600), Some(11)));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn writing_tells_what_is_left_and_why_it_stands_still(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(40)).await;
    world.settle().await;
    assert!(steps(&world).await.is_empty(), "a domain in preview writes nothing");
    server::actions::domains::activate(&world.app, &crate::world::tester(), world.domain, None)
        .await
        .unwrap();
    let found = steps(&world).await;
    let writing = one(&found, Name::Execute);
    let all = writing.left.unwrap();
    assert_eq!((writing.done, writing.total, writing.remaining_seconds), (Some(0), Some(all), None));
    execute::turn(&world.app).await.unwrap();
    execute::turn(&world.app).await.unwrap();
    let found = steps(&world).await;
    let writing = one(&found, Name::Execute);
    let (done, left) = (writing.done.unwrap(), writing.left.unwrap());
    assert!(done >= 10, "{writing:?}");
    assert_eq!(writing.per_minute, Some(done));
    assert_eq!(writing.remaining_seconds, Some(left * 60 / done));
    server::store::organizations::update_pause(
        &world.app.db,
        world.organization,
        world.now() + TimeDelta::minutes(3),
        "throttled",
        "JumpCloud asked us to wait.",
    )
    .await
    .unwrap();
    let found = steps(&world).await;
    let note = one(&found, Name::Execute).note.clone().unwrap();
    assert!(
        note.starts_with("Stands still until") && note.ends_with("JumpCloud asked us to wait."),
        "{note}"
    );
}
