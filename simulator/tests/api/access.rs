//! Credentials, organizations, roles and the rate limit.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use simulator::Config;

use crate::world::{Answer, KEY, World, send};

const ORGANIZATION: &str = "5f3b1c2d4e5f60718293a4b5";

async fn in_organization() -> World {
    World::start_with(Config { org_id: Some(ORGANIZATION.to_owned()), ..Config::default() }).await
}

async fn get_as(world: &World, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = world.request(Method::GET, path);
    send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

#[tokio::test]
async fn without_a_valid_key_every_path_answers_401() {
    let world = World::start().await;
    for path in ["/api/systemusers", "/api/v2/usergroups", "/api/organizations", "/api/nothing"] {
        assert_eq!(get_as(&world, path, &[]).await.status, 401, "{path}");
        assert_eq!(get_as(&world, path, &[("x-api-key", "wrong")]).await.status, 401, "{path}");
        assert_eq!(get_as(&world, path, &[("authorization", "Bearer wrong")]).await.status, 401, "{path}");
    }
    assert_eq!(world.get("/api/nothing").await.status, 404);
}

#[tokio::test]
async fn keys_come_and_go() {
    let world = World::start().await;
    assert_eq!(world.post("/sim/keys", json!({ "key": "second" })).await.status, 204);
    assert_eq!(get_as(&world, "/api/systemusers", &[("x-api-key", "second")]).await.status, 200);
    assert_eq!(world.delete(&format!("/sim/keys/{KEY}")).await.status, 204);
    assert_eq!(world.delete(&format!("/sim/keys/{KEY}")).await.status, 404);
    assert_eq!(world.get("/api/systemusers").await.status, 401);
}

#[tokio::test]
async fn a_read_only_administrator_may_read_and_search_but_not_write() {
    let world = World::start().await;
    world.jumpcloud.add_read_only_key("viewer");
    let attempt = async |method, path| {
        send(world.request(method, path).header("x-api-key", "viewer").json(&json!({}))).await.status
    };
    assert_eq!(attempt(Method::GET, "/api/systemusers").await, 200);
    assert_eq!(attempt(Method::POST, "/api/search/systemusers").await, 200);
    assert_eq!(attempt(Method::POST, "/api/systemusers").await, 403);
    assert_eq!(attempt(Method::DELETE, "/api/v2/usergroups/x").await, 403);
}

#[tokio::test]
async fn the_organization_header_has_its_documented_codes() {
    let world = in_organization().await;
    let status = async |path: &str, organization: &str| {
        get_as(&world, path, &[("x-api-key", KEY), ("x-org-id", organization)]).await.status
    };
    let other = "5f3b1c2d4e5f60718293a4b6";
    assert_eq!(status("/api/systemusers", ORGANIZATION).await, 200);
    assert_eq!(status("/api/systemusers", "").await, 200);
    assert_eq!(status("/api/systemusers", "corp").await, 400);
    assert_eq!(status("/api/systemusers", other).await, 404);
    assert_eq!(status("/api/organizations", ORGANIZATION).await, 403);
    assert_eq!(status(&format!("/api/organizations/{ORGANIZATION}"), other).await, 400);
    assert_eq!(status(&format!("/api/organizations/{ORGANIZATION}"), ORGANIZATION).await, 200);

    world.jumpcloud.add_multi_tenant_key("many");
    assert_eq!(get_as(&world, "/api/systemusers", &[("x-api-key", "many")]).await.status, 401);
    assert_eq!(get_as(&world, "/api/organizations", &[("x-api-key", "many")]).await.status, 200);
    let named = [("x-api-key", "many"), ("x-org-id", ORGANIZATION)];
    assert_eq!(get_as(&world, "/api/systemusers", &named).await.status, 200);
}

#[tokio::test]
async fn the_organization_can_be_read_by_its_id() {
    let world = in_organization().await;
    let list = world.get("/api/organizations").await.body;
    assert_eq!((&list["totalCount"], &list["results"][0]["_id"]), (&json!(1), &json!(ORGANIZATION)));
    let one = world.get(&format!("/api/organizations/{ORGANIZATION}")).await.body;
    assert_eq!(one["settings"]["passwordPolicy"]["minLength"], 8);
    assert_eq!(one["settings"]["newSystemUserStateDefaults"]["manualEntry"], "ACTIVATED");
    assert_eq!(one["settings"]["systemUserDefaults"]["restrictedFields"], json!([]));
    assert_eq!(world.get("/api/organizations/5f3b1c2d4e5f60718293a4b6").await.status, 404);
}

async fn token(world: &World, id: &str, secret: &str, form: &str) -> Answer {
    let request = world.request(Method::POST, "/oauth2/token").basic_auth(id, Some(secret));
    send(request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())).await
}

async fn with_service_account() -> World {
    let (client_id, client_secret) = (Some("client".to_owned()), Some("s3cret".to_owned()));
    World::start_with(Config { client_id, client_secret, ..Config::default() }).await
}

#[tokio::test]
async fn a_service_account_gets_a_token_that_lasts_an_hour() {
    let world = with_service_account().await;
    let answer = token(&world, "client", "s3cret", "scope=api&grant_type=client_credentials").await;
    assert_eq!((answer.status, &answer.body["token_type"]), (200, &json!("bearer")));
    assert_eq!(answer.body["expires_in"], 3600);
    let bearer = format!("Bearer {}", answer.body["access_token"].as_str().unwrap());
    let as_bearer = async || get_as(&world, "/api/systemusers", &[("authorization", &bearer)]).await.status;
    assert_eq!(as_bearer().await, 200);
    world.jumpcloud.advance(Duration::from_secs(3500));
    assert_eq!(as_bearer().await, 200);
    world.jumpcloud.advance(Duration::from_secs(101));
    assert_eq!(as_bearer().await, 401);
}

#[tokio::test]
async fn tokens_are_refused_to_strangers_and_can_be_revoked() {
    let world = with_service_account().await;
    const GOOD: &str = "grant_type=client_credentials&scope=api";
    let wrong = token(&world, "client", "wrong", GOOD).await;
    assert_eq!((wrong.status, &wrong.body["error"]), (401, &json!("invalid_client")));
    assert_eq!(token(&world, "client", "s3cret", "grant_type=password").await.status, 400);
    assert_eq!(token(&world, "client", "s3cret", "grant_type=client_credentials&scope=x").await.status, 400);
    let token = token(&world, "client", "s3cret", GOOD).await.body["access_token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    assert_eq!(world.delete("/sim/tokens").await.status, 204);
    assert_eq!(get_as(&world, "/api/systemusers", &[("authorization", &bearer)]).await.status, 401);

    let without = World::start().await;
    let form = without.request(Method::POST, "/oauth2/token").basic_auth("", Some("")).body(GOOD);
    assert_eq!(send(form).await.status, 401);
}

#[tokio::test]
async fn beyond_the_rate_limit_requests_are_refused_and_told_when_to_come_back() {
    let world = World::start_with(Config { rate_limit_per_minute: Some(3), ..Config::default() }).await;
    for _ in 0..3 {
        assert_eq!(world.get("/api/systemusers").await.status, 200);
    }
    let refused = world.get("/api/systemusers").await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((10..=20).contains(&wait), "{wait}");
    assert_eq!(world.get("/sim/state").await.status, 200);
    world.jumpcloud.change_settings(|settings| settings.retry_after = false);
    let refused = world.get("/api/v2/usergroups").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, None));
    world.jumpcloud.advance(Duration::from_secs(20));
    assert_eq!(world.get("/api/systemusers").await.status, 200);
}

#[tokio::test]
async fn bare_errors_carry_a_message_alone() {
    let world = World::start().await;
    let full = world.get("/api/systemusers/none").await.body;
    assert_eq!(full, json!({ "code": 404, "message": "Not Found", "status": "NOT_FOUND" }));
    world.patch("/sim/settings", json!({ "bare_errors": true })).await;
    assert_eq!(world.get("/api/systemusers/none").await.body, json!({ "message": "Not Found" }));
}

#[tokio::test]
async fn a_body_must_be_json() {
    let world = World::start().await;
    let post = async |kind: &str, body: &'static str| {
        let request = world.request(Method::POST, "/api/systemusers").header("x-api-key", KEY);
        send(request.header("content-type", kind).body(body)).await.status
    };
    assert_eq!(post("application/json", "{").await, 400);
    assert_eq!(post("application/json", "[]").await, 400);
    assert_eq!(post("text/plain", "{}").await, 415);
}
