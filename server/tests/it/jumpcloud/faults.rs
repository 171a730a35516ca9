//! When JumpCloud, or the way to it, fails.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use server::clock::Clock;
use server::jumpcloud::{JumpCloudError, Lane, Tenure, Verdict};
use simulator::{Action, Fault};

use crate::jumpcloud::support::{World, impatient, person};

fn answer(status: u16, body: Value, headers: &[(&str, &str)]) -> Action {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Action::Status { status, body: Some(body), headers: headers.collect::<BTreeMap<_, _>>() }
}

#[tokio::test]
async fn a_throttled_organization_waits_as_long_as_jumpcloud_asks() {
    let world = World::start().await;
    world.sim.script(Fault::new(Action::throttle(Some(120))));
    let error = world.jumpcloud.create_group("Staff").await.unwrap_err();
    let Verdict::RetryAfter(Some(wait)) = error.verdict() else { panic!("{error:?}") };
    assert_eq!(wait.as_secs_f64().round(), 120.0);

    let started = Instant::now();
    let error = world.jumpcloud.in_lane(Lane::Urgent).create_group("Staff").await.unwrap_err();
    assert!(matches!(error, JumpCloudError::Throttled { retry_after: Some(_) }));
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "nobody waits through a long pause with a lease in hand"
    );
    assert_eq!(world.sim.requests().len(), 1, "and nothing is sent");
    assert!(world.jumpcloud.budget().paused_for().is_some());
}

#[tokio::test]
async fn a_short_pause_is_waited_through() {
    let world = World::start().await;
    world.sim.script(Fault::new(Action::throttle(Some(1))));
    world.jumpcloud.create_group("Staff").await.unwrap_err();
    let started = Instant::now();
    world.jumpcloud.create_group("Staff").await.unwrap();
    assert!(started.elapsed() > Duration::from_millis(800));
}

#[tokio::test]
async fn without_a_time_the_waits_grow() {
    let world = World::start().await;
    world.sim.script(Fault::new(Action::throttle(None)));
    let error = world.jumpcloud.list_activedirectories();
    let error = tokio::time::timeout(Duration::from_millis(500), error).await;
    assert!(error.is_err(), "a list waits");
    let wait = world.jumpcloud.budget().paused_for().unwrap();
    assert!((29.0..=33.0).contains(&wait.as_secs_f64()), "{wait:?}");
}

#[tokio::test]
async fn a_date_is_a_time_too() {
    let world = World::start().await;
    let headers =
        [("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")];
    world.sim.script(Fault::new(answer(429, json!({}), &headers)));
    world.jumpcloud.create_group("Staff").await.unwrap_err();
    let wait = world.jumpcloud.budget().paused_for().unwrap();
    assert!((29.0..=30.0).contains(&wait.as_secs_f64()), "{wait:?}");
}

#[tokio::test]
async fn a_server_error_is_tried_again() {
    let world = World::start().await;
    for status in [500, 502, 503, 504, 408] {
        world.sim.script(Fault::new(Action::status(status)));
        let error = world.jumpcloud.create_group("Staff").await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Retry, "{status}");
        assert!(matches!(error, JumpCloudError::Server { status: found } if found == status));
    }
}

#[tokio::test]
async fn a_lost_answer_is_tried_again_and_what_was_done_is_found() {
    let world = World::start().await;
    for (name, lost) in [
        ("ada", Action::ApplyThenHang),
        ("bob", Action::ApplyThenReset),
        ("eve", Action::ApplyThenStatus { status: 503, body: None, headers: BTreeMap::new() }),
    ] {
        world.sim.script(Fault::new(lost).on("POST", "/api/systemusers"));
        let error = impatient(&world.sim).create_user(&person(name)).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Retry, "{error:?}");
        let again = world.jumpcloud.create_user(&person(name)).await.unwrap_err();
        assert!(again.may_be_duplicate());
        let found = world.jumpcloud.search_users_by_email(&format!("{name}@corp.example")).await.unwrap();
        assert_eq!(found.len(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let world = World::start().await;
    let id = world.user("ada").await;
    world.sim.script(Fault::new(Action::Slow { ms: 100 }).on("GET", "/api/systemusers/"));
    let error = impatient(&world.sim).get_user(&id).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Retry);
    world.sim.script(Fault::new(Action::Reset).on("GET", "/api/systemusers/"));
    assert_eq!(world.jumpcloud.get_user(&id).await.unwrap_err().verdict(), Verdict::Retry);
}

#[tokio::test]
async fn wrong_json_is_no_success() {
    let world = World::start().await;
    let id = world.user("ada").await;
    for body in ["{\"results\": [", "<html>", "null", "[]", "\"no\"", "{}"] {
        world
            .sim
            .script(Fault::new(Action::Garbage { body: Some(body.into()) }).on("PUT", "/api/systemusers/"));
        let error = world.jumpcloud.suspend_user(&id).await.unwrap_err();
        assert_eq!((error.code(), error.verdict()), ("malformed_answer", Verdict::Retry), "{body}");
    }
    for call in ["/api/systemusers/*/expire", "/api/systemusers/"] {
        world.sim.script(Fault::new(Action::Garbage { body: Some("<html>".into()) }).on("POST", call));
    }
    assert_eq!(world.jumpcloud.expire_password(&id).await.unwrap_err().code(), "malformed_answer");
}

#[tokio::test]
async fn what_is_left_out_of_an_answer_is_not_missed() {
    let world = World::start().await;
    world.sim.change_settings(|settings| {
        settings.bare_errors = true;
        settings.recorded_nulls = true;
    });
    let id = world.user("ada").await;
    assert!(world.jumpcloud.get_user(&id).await.unwrap().is_some());
    let error = world.jumpcloud.create_user(&person("ada")).await.unwrap_err();
    assert!(error.may_be_duplicate() && error.refusal().unwrap().message.contains("already exists"));
    world.jumpcloud.check_credential().await.unwrap();
}

#[tokio::test]
async fn refusals_carry_jumpclouds_own_words_within_bounds() {
    let world = World::start().await;
    let long = "é".repeat(3000);
    world.sim.script(Fault::new(answer(422, json!({ "message": long }), &[])));
    let error = world.jumpcloud.create_group("Staff").await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(error.verdict(), Verdict::Park);
    assert!(refusal.answer.len() <= 2048 && refusal.message.len() <= 2048);
    assert!(refusal.answer.starts_with("{\"message\":\"é"));

    world.sim.script(Fault::new(answer(402, json!({}), &[])));
    let error = world.jumpcloud.create_group("Staff").await.unwrap_err();
    assert_eq!(error.code(), "plan_limit_reached");
    assert_eq!(error.refusal().unwrap().message, "status 402 without a reason");
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let world = World::start().await;
    let elsewhere = World::start().await;
    let location = format!("{}/api/v2/usergroups", elsewhere.sim.base_url());
    for status in [301, 302, 307, 308] {
        world.sim.script(Fault::new(answer(status, json!({}), &[("location", &location)])));
        let error = world.jumpcloud.create_group("Staff").await.unwrap_err();
        assert_eq!(error.code(), "malformed_answer");
    }
    assert!(elsewhere.sim.requests().is_empty());
}

#[tokio::test]
async fn an_error_names_no_address() {
    let world = World::start().await;
    world.sim.script(Fault::new(Action::Reset));
    let error = world.jumpcloud.search_users_by_email("ada@corp.example").await.unwrap_err();
    let mut chain = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    assert!(!chain.contains("systemusers") && !chain.contains("ada"), "{chain}");
}

#[tokio::test]
async fn after_its_tenure_a_client_begins_no_request() {
    let world = World::start().await;
    let clock = Clock::stopped_at(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let tenure = Tenure::new(clock.clone());
    let client = world.jumpcloud.during(&tenure);
    let refused = |answer| matches!(answer, Err(JumpCloudError::NotOurs));
    assert!(refused(client.create_user(&person("ada")).await));
    tenure.extend(clock.now() + TimeDelta::seconds(15));
    client.create_user(&person("ada")).await.unwrap();
    clock.advance(TimeDelta::seconds(15));
    assert!(refused(client.create_user(&person("bob")).await));
    assert!(world.sim.user_by_username("bob").is_none());
}
