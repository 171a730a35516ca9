//! The request log, and what tests read from it.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn writes_to_a_user_are_named_by_what_they_do() {
    let world = World::start().await;
    let (ada, staff, directory) =
        (world.user("ada").await, world.group("Staff").await, world.directory().await);
    let path = format!("/api/systemusers/{ada}");
    let members = format!("/api/v2/usergroups/{staff}/members");
    world.put(&path, json!({ "password": "long-enough" })).await;
    world.put(&path, json!({ "department": "x" })).await;
    world.edge(&members, "add", "user", &ada).await;
    world.edge(&members, "add", "user", &ada).await;
    world.edge(&format!("/api/v2/activedirectories/{directory}/associations"), "add", "user", &ada).await;
    world.put(&path, json!({ "state": "SUSPENDED" })).await;
    world.put(&path, json!({ "suspended": false })).await;
    world.put(&path, json!({ "username": "ada2" })).await;
    world.put(&path, json!({ "username": "ada" })).await;
    world.post(&format!("{path}/expire"), json!({})).await;
    world.edge(&members, "remove", "user", &ada).await;
    world.delete(&path).await;
    assert_eq!(
        world.jumpcloud.actions_on("ada"),
        [
            "create",
            "set password",
            "update",
            "add to group",
            "associate",
            "suspend",
            "activate",
            "rename",
            "expire password",
            "remove from group",
            "delete",
        ]
    );
    assert_eq!(world.jumpcloud.actions_on("ada2"), ["rename"]);
    let refused = world.jumpcloud.writes_to("ada").into_iter().find(|write| !write.applied).unwrap();
    assert_eq!((refused.status, refused.group.as_deref()), (Some(409), Some("Staff")));
}

#[tokio::test]
async fn reads_searches_and_logins_are_not_writes() {
    let world = World::start().await;
    world.get("/api/systemusers").await;
    world.post("/api/search/systemusers", json!({})).await;
    world.post("/sim/login", json!({ "username": "a", "password": "b" })).await;
    assert!(world.jumpcloud.writes().is_empty());
    assert_eq!(world.jumpcloud.requests().len(), 2);
}

#[tokio::test]
async fn the_log_can_be_narrowed_and_cleared() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.user("bob").await;
    world.get("/api/systemusers?limit=5").await;
    world.put(&format!("/api/systemusers/{id}"), json!({ "department": "x" })).await;
    world.put("/api/systemusers/none", json!({})).await;

    let seqs = async |query: &str| {
        let answer = world.get(&format!("/sim/requests?{query}")).await.body;
        let seqs: Vec<u64> =
            answer["requests"].as_array().unwrap().iter().map(|row| row["seq"].as_u64().unwrap()).collect();
        assert_eq!(answer["last"], 5);
        seqs
    };
    assert_eq!(seqs("").await, [1, 2, 3, 4, 5]);
    assert_eq!(seqs("since=3").await, [4, 5]);
    assert_eq!(seqs("since=2000-01-01T00:00:00.000Z").await.len(), 5);
    assert_eq!(seqs("since=2999-01-01T00:00:00.000Z").await.len(), 0);
    assert_eq!(seqs("method=post").await, [1, 2]);
    assert_eq!(seqs("path=/api/systemusers/*").await, [4, 5]);
    assert_eq!(seqs("writes=true").await, [1, 2, 4, 5]);
    assert_eq!(seqs("writes=false").await, [3]);
    assert_eq!(seqs("applied=true").await, [1, 2, 4]);
    assert_eq!(seqs("user=ada").await, [1, 4]);
    assert_eq!(seqs("action=update&status=404").await, [5]);
    assert_eq!(seqs("limit=2").await, [4, 5]);
    assert_eq!(world.delete("/sim/requests").await.status, 204);
    assert_eq!(seqs("").await, [0; 0]);
    world.get("/api/systemusers").await;
    assert_eq!(world.jumpcloud.requests()[0].seq, 6);
}

#[tokio::test]
async fn an_entry_says_when_what_and_how_it_ended() {
    let world = World::start().await;
    world.post("/api/systemusers?fullValidationDetails=password", json!({ "username": "ada" })).await;
    let entry = &world.get("/sim/requests").await.body["requests"][0];
    assert_eq!((&entry["method"], &entry["path"]), (&json!("POST"), &json!("/api/systemusers")));
    assert_eq!(entry["query"], "fullValidationDetails=password");
    assert_eq!((&entry["status"], &entry["applied"]), (&json!(400), &json!(false)));
    assert_eq!((&entry["credential"], &entry["fault"]), (&json!("api_key"), &Value::Null));
    let time = entry["time"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    assert!(entry["answered"].as_str().unwrap() >= time);
}

#[tokio::test]
async fn the_log_forgets_the_oldest_beyond_its_limit() {
    let world = World::start().await;
    world.jumpcloud.change_settings(|settings| settings.log_limit = 2);
    for _ in 0..4 {
        world.get("/api/systemusers").await;
    }
    let seqs: Vec<u64> = world.jumpcloud.requests().iter().map(|request| request.seq).collect();
    assert_eq!(seqs, [3, 4]);
    assert!(world.jumpcloud.requests().iter().all(|request| request.status == Some(200)));
}

#[tokio::test]
async fn fields_can_be_set_from_outside_without_a_request() {
    let world = World::start().await;
    world.user("ada").await;
    let fields = json!({ "admin": { "id": "1", "roleName": "Administrator" }, "suspended": true, "id": "x" });
    assert_eq!(world.patch("/sim/users/ada", fields).await.status, 204);
    let ada = world.seen("ada");
    assert_eq!((&ada["state"], &ada["admin"]["id"]), (&json!("SUSPENDED"), &json!("1")));
    assert_ne!(ada["id"], "x");
    assert_eq!(world.patch("/sim/users/eve", json!({})).await.status, 404);
    assert_eq!(world.jumpcloud.writes().len(), 1);
}
