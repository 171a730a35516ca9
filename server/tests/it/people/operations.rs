//! Operations searched, refused ones by error code, and how a domain stands.

use chrono::TimeDelta;
use serde_json::json;
use simulator::Seed;
use sqlx::PgPool;

use super::{Program, strings};
use crate::world::{World, guid, people};

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_was_refused_is_grouped_by_error_code_and_tried_again_together(db: PgPool) {
    let emails: Vec<_> = people(2).into_iter().map(|user| user.mail).collect();
    let seed: Seed = serde_json::from_value(json!({"foreign_emails": emails})).unwrap();
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(3)).await;
    world.activate().await;
    let program = Program::of(&world.app).await;

    let failures = program.get("/operations/failures").await;
    let row = &failures["items"][0];
    assert_eq!(row["error_code"], "email_used_outside_organization");
    assert_eq!((&row["count"], &row["retriable"]), (&json!(2), &json!(2)));
    let conflicts = program.get("/conflicts?kind=email_used_outside").await;
    assert_eq!(conflicts["items"].as_array().unwrap().len(), 2);
    let standing = program.get(&format!("/domains/{}/standing", world.domain)).await;
    assert_eq!((&standing["in_step"], strings(&standing["gaps"], "code")), (&json!(false), vec!["failed"]));

    let found = async |query: &str| {
        program.get(&format!("/operations?{query}")).await["items"].as_array().unwrap().len()
    };
    assert_eq!(found("error_code=email_used_outside_organization").await, 2);
    assert_eq!(found("kind=create_user&state=done").await, 1);
    assert_eq!(found("query=person2&kind=create_user").await, 1);
    assert_eq!(found(&format!("subject={}&kind=create_user", guid(100))).await, 1);
    assert_eq!(program.text("/operations?kind=bogus").await.0, 422);

    let again = json!({"error_code": "email_used_outside_organization", "domain_id": world.domain});
    assert_eq!(program.post("/operations/retry", again).await, (202, json!({"retried": 2})));
    assert_eq!(found("kind=create_user&state=ready").await, 2);
    assert_eq!(program.post("/operations/retry", json!({})).await.0, 422);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn how_long_it_took_is_told_from_planned_to_accepted(db: PgPool) {
    let world = World::start(db.clone()).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    world.activate().await;
    let standing = program_standing(&world).await;
    assert_eq!(standing, json!({"in_step": true, "gaps": [], "users": 2, "groups": 1}));
    sqlx::query("update operations set created_at = settled_at - interval '2 seconds'")
        .execute(&db)
        .await
        .unwrap();
    let program = Program::of(&world.app).await;
    let activity = program.get(&format!("/domains/{}/activity", world.domain)).await;
    assert_eq!(activity["buckets"].as_array().unwrap().len(), 12);
    assert_eq!(activity["latency"], json!({"median": 2.0, "p95": 2.0, "longest": 2.0}));
    assert_eq!(activity["buckets"][11]["done"], activity["done"]);
    assert!(activity["done"].as_i64().unwrap() > 2);
    world.advance(TimeDelta::hours(2));
    let activity = program.get(&format!("/domains/{}/activity", world.domain)).await;
    assert_eq!((&activity["done"], &activity["latency"]), (&json!(0), &json!(null)));
    let day = program.get(&format!("/domains/{}/activity?window=day", world.domain)).await;
    assert!(day["done"].as_i64().unwrap() > 2);
    assert_eq!(program.text(&format!("/domains/{}/activity?window=year", world.domain)).await.0, 422);
    let standing = program_standing(&world).await;
    assert_eq!(
        strings(&standing["gaps"], "code"),
        ["not_watched"],
        "the agent has been silent for two hours"
    );
}

async fn program_standing(world: &World) -> serde_json::Value {
    Program::of(&world.app).await.get(&format!("/domains/{}/standing", world.domain)).await
}
