//! STAGED, ACTIVATED, SUSPENDED, and the older `suspended`.

use serde_json::json;

use crate::world::World;

async fn staged(world: &World) -> String {
    let body = json!({ "username": "ada", "email": "ada@corp.example", "state": "STAGED" });
    format!("/api/systemusers/{}", world.post("/api/systemusers", body).await.id())
}

fn state(world: &World) -> (String, bool) {
    let user = world.seen("ada");
    (user["state"].as_str().unwrap().to_owned(), user["suspended"].as_bool().unwrap())
}

#[tokio::test]
async fn state_and_suspended_move_together() {
    let world = World::start().await;
    let path = format!("/api/systemusers/{}", world.user("ada").await);
    assert_eq!(state(&world), ("ACTIVATED".to_owned(), false));
    for (body, suspended) in [
        (json!({ "state": "SUSPENDED" }), true),
        (json!({ "suspended": false }), false),
        (json!({ "suspended": true }), true),
        (json!({ "state": "ACTIVATED" }), false),
        (json!({ "state": "SUSPENDED", "suspended": true }), true),
    ] {
        assert_eq!(world.put(&path, body).await.status, 200);
        let word = if suspended { "SUSPENDED" } else { "ACTIVATED" };
        assert_eq!(state(&world), (word.to_owned(), suspended));
    }
    let contradiction = json!({ "state": "ACTIVATED", "suspended": true });
    assert_eq!(world.put(&path, contradiction).await.status, 400);
}

#[tokio::test]
async fn staged_is_only_a_beginning() {
    let world = World::start().await;
    let path = staged(&world).await;
    assert_eq!(world.put(&path, json!({ "suspended": false })).await.status, 200);
    assert_eq!(state(&world).0, "STAGED");
    assert_eq!(world.post(&format!("{path}/state/activate"), json!({ "email": false })).await.status, 200);
    assert_eq!(state(&world).0, "ACTIVATED");
    assert_eq!(world.post(&format!("{path}/state/activate"), json!({})).await.status, 400);
    assert_eq!(world.put(&path, json!({ "state": "STAGED" })).await.status, 400);
}

#[tokio::test]
async fn a_user_is_created_in_the_state_that_the_organization_says() {
    let world = World::start().await;
    let id = world.jumpcloud.state()["organization"]["id"].as_str().unwrap().to_owned();
    let settings = json!({ "settings": { "newSystemUserStateDefaults": { "manualEntry": "STAGED" } } });
    let answer = world.put(&format!("/api/organizations/{id}"), settings).await;
    assert_eq!(answer.body["settings"]["newSystemUserStateDefaults"]["csvImport"], "ACTIVATED");
    world.user("ada").await;
    assert_eq!(state(&world).0, "STAGED");
}

#[tokio::test]
async fn suspend_unlock_expire_and_reset_answer_200_without_a_body() {
    let world = World::start().await;
    let path = format!("/api/systemusers/{}", world.user("ada").await);
    world.put(&path, json!({ "account_locked": true })).await;
    assert!(world.seen("ada")["account_locked_date"].is_string());
    for action in ["state/suspend", "unlock", "expire", "resetmfa"] {
        let answer = world.post(&format!("{path}/{action}"), json!({})).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{action}");
        assert_eq!(world.post(&format!("/api/systemusers/nobody/{action}"), json!({})).await.status, 404);
        assert_eq!(world.put(&format!("{path}/{action}"), json!({})).await.status, 405);
    }
    let user = world.seen("ada");
    assert_eq!((&user["state"], &user["password_expired"]), (&json!("SUSPENDED"), &json!(true)));
    assert_eq!((&user["account_locked"], &user["account_locked_date"]), (&json!(false), &json!(null)));
}
