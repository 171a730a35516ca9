//! Scripted faults.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Action, Fault};

use crate::world::{Answer, KEY, World, try_send};

/// Creates `ada` with little patience.
async fn create(world: &World) -> reqwest::Result<Answer> {
    let body = json!({ "username": "ada", "email": "ada@corp.example" });
    let request = world.request(Method::POST, "/api/systemusers").header("x-api-key", KEY).json(&body);
    try_send(request.timeout(Duration::from_secs(2))).await
}

fn exists(world: &World) -> bool {
    world.jumpcloud.user_by_username("ada").is_some()
}

#[tokio::test]
async fn an_answer_can_be_scripted_with_body_and_headers() {
    let world = World::start().await;
    let fault = json!({
        "method": "GET", "path": "/api/systemusers$",
        "action": { "kind": "status", "status": 503, "body": { "message": "later" }, "headers": { "x-a": "b" } },
    });
    assert_eq!(world.post("/sim/faults", fault).await.body, json!({ "id": 1 }));
    assert_eq!(world.get("/api/v2/usergroups").await.status, 200);
    let answer = world.get("/api/systemusers").await;
    assert_eq!((answer.status, answer.message(), answer.header("x-a")), (503, "later", Some("b")));
    assert_eq!(world.get("/api/systemusers").await.status, 200);
    let script = world.get("/sim/faults").await.body;
    assert_eq!((&script["faults"][0]["seen"], &script["faults"][0]["struck"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn a_throttle_comes_with_and_without_retry_after() {
    let world = World::start().await;
    world.jumpcloud.script(Fault::new(Action::throttle(Some(7))));
    world.jumpcloud.script(Fault::new(Action::throttle(None)));
    for expected in [Some("7"), None] {
        let answer = world.get("/api/systemusers").await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, expected));
    }
    assert_eq!(world.get("/api/systemusers").await.status, 200);
}

#[tokio::test]
async fn a_fault_waits_its_turn_strikes_its_count_and_can_be_removed() {
    let world = World::start().await;
    let fault = Fault::new(Action::status(500)).on("GET", "/api/systemusers");
    world.jumpcloud.script(fault.clone().after(1).times(2));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(world.get("/api/systemusers").await.status);
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    let id = world.jumpcloud.script(fault.clone().forever());
    assert_eq!(world.get("/api/systemusers").await.status, 500);
    assert_eq!(world.delete(&format!("/sim/faults/{id}")).await.status, 204);
    assert_eq!(world.get("/api/systemusers").await.status, 200);
    world.jumpcloud.script(fault.forever());
    assert_eq!(world.delete("/sim/faults").await.status, 204);
    assert_eq!(world.get("/api/systemusers").await.status, 200);
}

#[tokio::test]
async fn a_fault_can_be_meant_for_one_user_and_one_field() {
    let world = World::start().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    world.jumpcloud.script(Fault::new(Action::status(400)).about("ada").with_field("password").forever());
    let put = async |id: &str, body: Value| world.put(&format!("/api/systemusers/{id}"), body).await.status;
    assert_eq!(put(&bob, json!({ "password": "long-enough" })).await, 200);
    assert_eq!(put(&ada, json!({ "department": "x" })).await, 200);
    assert_eq!(put(&ada, json!({ "password": "long-enough" })).await, 400);
}

#[tokio::test]
async fn a_request_can_take_effect_and_never_be_answered() {
    let world = World::start().await;
    world.jumpcloud.script(Fault::new(Action::ApplyThenHang).on("POST", "/api/systemusers"));
    assert!(create(&world).await.unwrap_err().is_timeout());
    assert!(exists(&world));
    let writes = world.jumpcloud.writes_to("ada");
    assert_eq!((writes[0].applied, writes[0].status), (true, None));
    assert_eq!(writes[0].fault.as_deref(), Some("apply_then_hang"));
    assert_eq!(create(&world).await.unwrap().status, 400);
}

#[tokio::test]
async fn a_request_can_hang_without_any_effect() {
    let world = World::start().await;
    world.jumpcloud.script(Fault::new(Action::Hang).on("POST", "/api/systemusers"));
    assert!(create(&world).await.unwrap_err().is_timeout());
    assert!(!exists(&world));
}

#[tokio::test]
async fn a_connection_can_be_reset_before_or_after_the_effect() {
    let world = World::start().await;
    for (action, effect) in [(Action::Reset, false), (Action::ApplyThenReset, true)] {
        world.jumpcloud.script(Fault::new(action).on("POST", "/api/systemusers"));
        let error = create(&world).await.unwrap_err();
        assert!(!error.is_timeout() && error.status().is_none(), "{error:?}");
        assert_eq!(exists(&world), effect);
    }
    assert_eq!(world.jumpcloud.actions_on("ada"), ["create"]);
}

#[tokio::test]
async fn an_error_can_hide_an_effect() {
    let world = World::start().await;
    let fault =
        json!({ "path": "/api/systemusers", "action": { "kind": "apply_then_status", "status": 500 } });
    world.post("/sim/faults", fault).await;
    assert_eq!(create(&world).await.unwrap().status, 500);
    assert!(exists(&world));
}

#[tokio::test]
async fn an_answer_can_be_late_slow_or_garbage() {
    let world = World::start().await;
    let started = Instant::now();
    world.jumpcloud.script(Fault::new(Action::Delay { ms: 150 }));
    assert_eq!(world.get("/api/systemusers").await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(150));

    let started = Instant::now();
    world.jumpcloud.script(Fault::new(Action::Slow { ms: 20 }));
    let slow = world.get("/api/v2/usergroups").await;
    assert_eq!(slow.body[0]["name"], "All Users");
    assert!(started.elapsed() >= Duration::from_millis(100));

    world.jumpcloud.script(Fault::new(Action::Garbage { body: None }));
    let garbage = world.get("/api/systemusers").await;
    assert_eq!((garbage.status, garbage.body), (200, Value::Null));
    assert!(!garbage.text.is_empty());
}

#[tokio::test]
async fn every_answer_waits_for_the_latency_that_was_set() {
    let world = World::start().await;
    assert_eq!(world.patch("/sim/settings", json!({ "latency_ms": 120 })).await.status, 200);
    let started = Instant::now();
    world.get("/api/systemusers").await;
    assert!(started.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn a_fault_or_setting_that_cannot_be_read_is_refused() {
    let world = World::start().await;
    for fault in [
        json!({ "action": { "kind": "explode" } }),
        json!({ "path": "*" }),
        json!({ "action": { "kind": "hang" }, "moon": "full" }),
    ] {
        assert_eq!(world.post("/sim/faults", fault).await.status, 400);
    }
    for settings in
        [json!({ "moon": "full" }), json!({ "duplicate_status": 418 }), json!({ "latency_ms": "x" })]
    {
        assert_eq!(world.patch("/sim/settings", settings).await.status, 400);
    }
}

#[tokio::test]
async fn stopping_ends_requests_that_would_hang() {
    let World { jumpcloud, http } = World::start().await;
    jumpcloud.script(Fault::new(Action::Hang));
    let url = format!("{}/api/systemusers", jumpcloud.base_url());
    let waiting = tokio::spawn(http.get(url).send());
    while jumpcloud.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let address = jumpcloud.address();
    tokio::time::timeout(Duration::from_secs(3), jumpcloud.stop()).await.unwrap();
    assert!(waiting.await.unwrap().is_err());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
