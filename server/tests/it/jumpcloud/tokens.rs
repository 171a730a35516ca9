//! The service account's tokens.

use std::time::Duration;

use protocol::Secret;
use server::jumpcloud::{Credential, JumpCloudError, Verdict};
use simulator::{Action, Fault};

use crate::jumpcloud::support::{CLIENT_SECRET, World, client};

fn account(secret: &str, token_url: Option<String>) -> Credential {
    Credential::ServiceAccount {
        client_id: "client".into(),
        client_secret: Secret::new(secret.into()),
        token_url,
    }
}

fn fetched(world: &World) -> usize {
    world.calls().iter().filter(|call| *call == "POST /oauth2/token").count()
}

#[tokio::test]
async fn many_requests_share_one_token() {
    let world = World::start().await;
    let jumpcloud = client(&world.sim, account(CLIENT_SECRET, None), None);
    let requests = (0..8).map(|_| {
        let jumpcloud = jumpcloud.clone();
        tokio::spawn(async move { jumpcloud.list_groups().await.map(drop) })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap().unwrap();
    }
    assert!(
        world
            .sim
            .requests()
            .iter()
            .all(|request| request.path != "/api/v2/usergroups" || request.credential == "bearer")
    );
    assert_eq!(fetched(&world), 1);
}

#[tokio::test]
async fn a_rejected_token_is_fetched_again_at_once() {
    let world = World::start().await;
    let jumpcloud = client(&world.sim, account(CLIENT_SECRET, None), None);
    jumpcloud.list_groups().await.unwrap();
    world.sim.revoke_tokens();
    jumpcloud.list_groups().await.unwrap();
    assert_eq!(fetched(&world), 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let world = World::start().await;
    let made_up = |token: &str| Action::Garbage { body: Some(token.to_owned()) };
    for (token, fetches) in [
        (r#"{"access_token": "a", "expires_in": 2}"#, 2),
        (r#"{"access_token": "b", "expires_in": "2"}"#, 2),
        (r#"{"access_token": "c", "expires_in": 3600}"#, 1),
    ] {
        world.sim.script(Fault::new(made_up(token)).on("POST", "/oauth2/token"));
        let jumpcloud = client(&world.sim, account(CLIENT_SECRET, None), None);
        // Answered without a look at the token.
        for _ in 0..2 {
            let anybody = Action::Status {
                status: 200,
                body: Some(serde_json::json!([])),
                headers: Default::default(),
            };
            world.sim.script(Fault::new(anybody).on("GET", "/api/v2/usergroups"));
            jumpcloud.list_groups().await.unwrap();
            tokio::time::sleep(Duration::from_millis(1100)).await;
        }
        assert_eq!(fetched(&world), fetches, "{token}");
    }
}

#[tokio::test]
async fn a_wrong_secret_pauses_the_organization_and_is_shown_nowhere() {
    let world = World::start().await;
    let jumpcloud = client(&world.sim, account("not-the-secret", None), None);
    assert!(!format!("{jumpcloud:?}").contains("not-the-secret"));
    let error = jumpcloud.list_groups().await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::PauseOrganization { code: "credential_rejected" });
    assert!(!format!("{error:?} {error}").contains("not-the-secret"));

    let bad = Action::Status {
        status: 400,
        body: Some(serde_json::json!({ "error": "invalid_client" })),
        headers: Default::default(),
    };
    world.sim.script(Fault::new(bad).on("POST", "/oauth2/token"));
    let error = client(&world.sim, account(CLIENT_SECRET, None), None).list_groups().await.unwrap_err();
    assert!(
        matches!(&error, JumpCloudError::Unauthorized(refusal) if refusal.message == "invalid_client"),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_token_address_can_be_set() {
    let world = World::start().await;
    let other = World::start().await;
    let token_url = format!("{}/oauth2/token", other.sim.base_url());
    let jumpcloud = client(&world.sim, account(CLIENT_SECRET, Some(token_url)), None);
    let error = jumpcloud.get_user("5f0000000000000000000009").await.unwrap_err();
    assert!(
        matches!(error, JumpCloudError::Unauthorized(_)),
        "the other simulator's token is worth nothing here"
    );
    assert_eq!(fetched(&world), 0);
    assert_eq!(fetched(&other), 2);
}
