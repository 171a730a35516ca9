//! What only a person can decide, in one list.

use protocol::transfer::Kind;
use protocol::transfer::Record;
use serde_json::json;
use simulator::Seed;
use sqlx::PgPool;

use super::{Program, strings};
use crate::world::{INTEGRATION, World, group, guid, members, people};

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn conflicts_are_listed_by_kind_with_whom_it_could_be(db: PgPool) {
    let seed: Seed = serde_json::from_value(json!({
        "users": [{"username": "person0", "email": "somebody@else.example"}],
        "groups": [{"name": "JumpCloud"}],
    }))
    .unwrap();
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1").await;
    let mut all = people(4);
    all[3].mail = all[2].mail.clone();
    let records = [
        vec![Record::Group(group(INTEGRATION, "JumpCloud"))],
        all.iter().cloned().map(Record::User).collect(),
        vec![members(INTEGRATION, &all)],
    ]
    .concat();
    dc.report(Kind::Full, records).await;
    world.settle().await;
    let program = Program::of(&world.app).await;

    let found = program.get("/conflicts").await;
    assert_eq!(found["counts"], json!({"duplicate_name": 2, "group_name": 1, "takeover": 1}), "{found:#}");
    let one = program.get(&format!("/conflicts?kind=takeover&domain_id={}", world.domain)).await;
    let item = &one["items"][0];
    assert_eq!((&item["object"], &item["object_guid"]), (&json!("user"), &json!(guid(100))));
    assert_eq!(item["candidates"][0]["user"]["username"], "person0");
    assert_eq!(item["candidates"][0]["obstacle"], json!(null));
    let groups = program.get("/conflicts?kind=group_name").await;
    assert_eq!(strings(&groups["items"], "name"), ["JumpCloud"]);
    assert_eq!(program.text("/conflicts?kind=bogus").await.0, 422);

    let takeover = format!("/domains/{}/users/{}/takeover", world.domain, guid(100));
    let id = item["candidates"][0]["user"]["id"].clone();
    assert_eq!(program.post(&takeover, json!({"jumpcloud_id": id})).await.0, 202);
    let adopt = format!("/domains/{}/groups/{}/adopt", world.domain, guid(INTEGRATION));
    assert_eq!(program.post(&adopt, json!({})).await.0, 202);
    world.settle().await;
    assert_eq!(program.get("/conflicts").await["counts"], json!({"duplicate_name": 2}));
}
