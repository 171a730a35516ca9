//! Passwords: the policy, the history, and that they are nowhere to be read.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::World;

async fn policy(world: &World, policy: Value) {
    let id = world.jumpcloud.state()["organization"]["id"].as_str().unwrap().to_owned();
    let body = json!({ "settings": { "passwordPolicy": policy } });
    assert_eq!(world.put(&format!("/api/organizations/{id}"), body).await.status, 200);
}

fn rules(details: &Value) -> Vec<&str> {
    let violations = details[0]["fieldViolationsList"].as_array().unwrap();
    violations.iter().map(|violation| violation["description"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_password_lets_its_user_in_and_is_never_returned() {
    let world = World::start().await;
    let path = format!("/api/systemusers/{}", world.user("ada").await);
    assert!(!world.jumpcloud.login("ada", "Correct-Horse-1"));
    let answer = world.put(&path, json!({ "password": "Correct-Horse-1" })).await;
    assert_eq!((answer.status, &answer.body["activated"]), (200, &json!(true)));
    assert!(answer.body.get("password").is_none());
    assert!(answer.body["password_date"].is_string());

    let login = |password: &str| json!({ "username": "ada", "password": password });
    assert_eq!(world.post("/sim/login", login("Correct-Horse-1")).await.status, 200);
    assert_eq!(world.post("/sim/login", login("correct-horse-1")).await.status, 401);
    let stranger = json!({ "username": "eve", "password": "Correct-Horse-1" });
    assert_eq!(world.post("/sim/login", stranger).await.status, 401);
}

#[tokio::test]
async fn suspended_locked_staged_and_expired_users_cannot_log_in() {
    let world = World::start().await;
    let path = format!("/api/systemusers/{}", world.user("ada").await);
    world.put(&path, json!({ "password": "Correct-Horse-1" })).await;
    for (off, on) in [
        (json!({ "suspended": true }), json!({ "suspended": false })),
        (json!({ "account_locked": true }), json!({ "account_locked": false })),
    ] {
        world.put(&path, off).await;
        assert!(!world.jumpcloud.login("ada", "Correct-Horse-1"));
        world.put(&path, on).await;
        assert!(world.jumpcloud.login("ada", "Correct-Horse-1"));
    }
    world.post(&format!("{path}/expire"), json!({})).await;
    assert!(!world.jumpcloud.login("ada", "Correct-Horse-1"));
    world.put(&path, json!({ "password": "Another-Horse-2" })).await;
    assert!(world.jumpcloud.login("ada", "Another-Horse-2"));
    let staged = json!({ "username": "bob", "email": "b@c.example", "state": "STAGED", "password": "Correct-Horse-1" });
    world.post("/api/systemusers", staged).await;
    assert!(!world.jumpcloud.login("bob", "Correct-Horse-1"));
}

#[tokio::test]
async fn a_password_expires_with_time_unless_it_never_does() {
    let world = World::start().await;
    policy(&world, json!({ "enablePasswordExpirationInDays": true, "passwordExpirationInDays": 30 })).await;
    for (name, never) in [("ada", false), ("bob", true)] {
        let body = json!({
            "username": name, "email": format!("{name}@c.example"),
            "password": "Correct-Horse-1", "password_never_expires": never,
        });
        world.post("/api/systemusers", body).await;
    }
    assert!(world.seen("ada")["password_expiration_date"].is_string());
    world.jumpcloud.advance(Duration::from_secs(31 * 24 * 3600));
    assert!(!world.jumpcloud.login("ada", "Correct-Horse-1"));
    assert!(world.jumpcloud.login("bob", "Correct-Horse-1"));
}

#[tokio::test]
async fn every_broken_rule_is_listed_when_the_details_are_asked_for() {
    let world = World::start().await;
    let strict = json!({
        "minLength": 12, "needsLowercase": true, "needsUppercase": true, "needsNumeric": true,
        "needsSymbolic": true, "allowUsernameSubstring": false,
        "disallowSequentialOrRepetitiveChars": true, "disallowCommonlyUsedPasswords": true,
    });
    policy(&world, strict).await;
    let path = format!("/api/systemusers/{}", world.user("ada").await);
    let detailed = format!("{path}?fullValidationDetails=password");

    let answer = world.put(&detailed, json!({ "password": "xada" })).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.message(), "Password validation fail");
    assert_eq!(answer.body["status"], "INVALID_ARGUMENT");
    assert_eq!(answer.body["details"][0]["@type"], "type.googleapis.com/google.rpc.BadRequest");
    let expected = ["minLength", "uppercase", "number", "specialCharacter", "usernameSubstring"];
    assert_eq!(rules(&answer.body["details"]), expected);
    let repeated = world.put(&detailed, json!({ "password": "AAAbcd-12-Long" })).await;
    assert_eq!(rules(&repeated.body["details"]), ["sequentialOrRepetitive"]);
    let common = world.put(&detailed, json!({ "password": "Password1" })).await;
    assert!(rules(&common.body["details"]).contains(&"commonlyUsed"));

    let plain = world.put(&path, json!({ "password": "short" })).await;
    assert_eq!((plain.status, plain.body.get("details")), (400, None));
    assert!(!world.jumpcloud.login("ada", "short"));
    assert_eq!(world.put(&path, json!({ "password": "Kv9-rTz!mQx2" })).await.status, 200);
}

#[tokio::test]
async fn a_password_of_the_history_is_refused() {
    let world = World::start().await;
    policy(&world, json!({ "enableMaxHistory": true, "maxHistory": 2 })).await;
    let path = format!("/api/systemusers/{}?fullValidationDetails=password", world.user("ada").await);
    let mut statuses = Vec::new();
    for password in ["first-one", "first-one", "second-one", "first-one", "third-one", "first-one"] {
        let answer = world.put(&path, json!({ "password": password })).await;
        if answer.status == 400 {
            assert_eq!(rules(&answer.body["details"]), ["passwordHistory"]);
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [200, 400, 200, 400, 200, 200]);
}

#[tokio::test]
async fn a_password_cannot_be_changed_again_before_its_time() {
    let world = World::start().await;
    policy(&world, json!({ "enableMinChangePeriodInDays": true, "minChangePeriodInDays": 1 })).await;
    let path = format!("/api/systemusers/{}", world.user("ada").await);
    assert_eq!(world.put(&path, json!({ "password": "first-one" })).await.status, 200);
    assert_eq!(world.put(&path, json!({ "password": "second-one" })).await.status, 400);
    world.jumpcloud.advance(Duration::from_secs(25 * 3600));
    assert_eq!(world.put(&path, json!({ "password": "second-one" })).await.status, 200);
}

#[tokio::test]
async fn a_password_can_be_read_nowhere() {
    const CANARY: &str = "Canary-Tweet-77";
    let world = World::start().await;
    let body = json!({ "username": "ada", "email": "ada@corp.example", "password": CANARY });
    let created = world.post("/api/systemusers", body).await;
    let path = format!("/api/systemusers/{}", created.id());
    world.put(&path, json!({ "PASSWORD": CANARY, "nested": [{ "password": CANARY }] })).await;
    let numeric = world.put(&path, json!({ "password": { "text": CANARY } })).await;
    assert_eq!(numeric.status, 400);
    world.post("/sim/login", json!({ "username": "ada", "password": CANARY })).await;
    let wrong_shape = world.post("/sim/login", json!({ "username": 7, "password": CANARY })).await;
    assert!(!wrong_shape.text.contains(CANARY));

    for page in [
        "/sim/requests",
        "/sim/state",
        "/sim/faults",
        "/api/systemusers",
        "/",
        &format!("/users/{}", created.id()),
    ] {
        let answer = world.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        assert!(!answer.text.contains(CANARY), "{page}");
    }
    assert!(!format!("{:?}", world.jumpcloud).contains(CANARY));
    assert_eq!(world.jumpcloud.writes()[0].body["password"], "[password]");
}
