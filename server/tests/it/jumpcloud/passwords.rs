//! Setting passwords.

use protocol::Secret;
use serde_json::json;
use server::jumpcloud::{JumpCloudError, Verdict};
use simulator::{Action, Fault, Seed};

use crate::jumpcloud::support::{World, impatient, object};

const PASSWORD: &str = "Gr\u{fc}n\"\\\u{7}<1843>";

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

#[tokio::test]
async fn a_password_arrives_as_it_is() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.jumpcloud.set_password(&id, &secret(PASSWORD)).await.unwrap();
    assert!(world.sim.login("ada", PASSWORD));
    assert_eq!(world.sim.actions_on("ada"), ["create", "set password"]);
    assert_eq!(world.sim.writes().last().unwrap().query, "fullValidationDetails=password");
}

#[tokio::test]
async fn a_refused_password_says_why_in_words() {
    let policy = json!({ "passwordPolicy": {
        "minLength": 12, "needsSymbolic": true, "needsNumeric": true, "needsUppercase": true, "enableMaxHistory": true,
        "maxHistory": 3, "allowUsernameSubstring": false,
    }});
    let world = World::seeded(Seed { organization_settings: object(policy), ..Seed::default() }).await;
    let id = world.user("ada").await;
    let error = world.jumpcloud.set_password(&id, &secret("adalove")).await.unwrap_err();
    assert_eq!((error.code(), error.verdict()), ("password_refused", Verdict::Park));
    let expected = [
        "it is too short",
        "it needs an upper-case letter",
        "it needs a digit",
        "it needs a special character",
        "it contains the username",
    ];
    assert_eq!(error.refusal().unwrap().details, expected);
    assert!(!error.may_be_duplicate());

    let long = "Correct-Horse-1843";
    world.jumpcloud.set_password(&id, &secret(long)).await.unwrap();
    let error = world.jumpcloud.set_password(&id, &secret(long)).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().details, ["it was used before"]);
    assert!(error.to_string().contains("it was used before"), "{error}");
}

#[tokio::test]
async fn no_error_repeats_the_password() {
    let world = World::start().await;
    let id = world.user("ada").await;
    let words = json!({ "message": format!("bad value {PASSWORD}"), "details": [
        { "fieldViolations": [{ "field": "password", "description": format!("{PASSWORD} is weak") }] },
    ]});
    let repeat = Action::Status { status: 400, body: Some(words), headers: Default::default() };
    world.sim.script(Fault::new(repeat).on("PUT", "/api/systemusers/"));
    let error = world.jumpcloud.set_password(&id, &secret(PASSWORD)).await.unwrap_err();
    assert!(error.refusal().unwrap().message.contains("[redacted]"));
    assert!(error.refusal().unwrap().details[0].contains("[redacted]"));
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("<1843>"), "{shown}");
    assert!(!shown.contains("1843"), "{shown}");
}

#[tokio::test]
async fn a_password_whose_answer_is_lost_is_set_again() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.sim.script(Fault::new(Action::ApplyThenHang).with_field("password"));
    let error = impatient(&world.sim).set_password(&id, &secret(PASSWORD)).await.unwrap_err();
    assert!(matches!(error, JumpCloudError::Unreachable(_)));
    assert_eq!(error.verdict(), Verdict::Retry);
    world.jumpcloud.set_password(&id, &secret(PASSWORD)).await.unwrap();
    assert!(world.sim.login("ada", PASSWORD));
}
