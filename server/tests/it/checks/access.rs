//! The same list over REST, to an agent, and on the domain's page.

use protocol::checks::ChecksAnswer;
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::http;
use sqlx::PgPool;

use super::{beat, clean, controller, failed, sound};
use crate::ui::browser::Browser;
use crate::world::{Dc, World};

async fn serve(world: &World) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = http::router(world.app.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn ask(base: &str, dc: &Dc<'_>, signed_path: &str) -> reqwest::Response {
    let body = b"{}".to_vec();
    let token = dc.key.sign(dc.agent, "POST", signed_path, &body, dc.world.now()).unwrap();
    client().post(format!("{base}/agent/v1/checks")).bearer_auth(token).body(body).send().await.unwrap()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_agent_sees_what_concerns_it_and_leaves_no_trace(db: PgPool) {
    let world = World::start(db).await;
    let mut first = clean(&world).await;
    let both = |report: &mut protocol::heartbeat::Report| {
        sound(report);
        report.domain_controllers.push(controller("dc2.corp.example", false));
    };
    let mut second = world.enrolled("dc2.corp.example").await;
    (second.applied_revision, second.capture) = (1, first.capture.clone());
    (first.alter, second.alter) = (both, both);
    first.beat().await.unwrap();
    beat(&mut second, |beat| beat.directory = failed("bind_refused")).await;

    let base = serve(&world).await;
    let before = world.versions().await;
    let answer: ChecksAnswer = ask(&base, &first, "/agent/v1/checks").await.json().await.unwrap();
    assert_eq!(before, world.versions().await, "asking writes nothing: no instance, no sequence");
    let of = |name| answer.items.iter().filter(move |check| check.domain_controller.as_deref() == Some(name));
    assert!(of("dc1.corp.example").count() > 3);
    assert_eq!(of("dc2.corp.example").count(), 0);
    assert!(answer.items.iter().any(|check| check.code == "jumpcloud_credential"));
    let answer: ChecksAnswer = ask(&base, &second, "/agent/v1/checks").await.json().await.unwrap();
    assert!(answer.items.iter().any(|check| check.code == "bind_refused"));
    // The running agent goes on as if nobody had asked.
    first.beat().await.unwrap();
    second.beat().await.unwrap();

    assert_eq!(ask(&base, &first, "/agent/v1/heartbeat").await.status(), StatusCode::UNAUTHORIZED);
}

async fn get(base: &str, token: &str, path: &str) -> (StatusCode, Value) {
    let answer = client().get(format!("{base}/api/v1{path}")).bearer_auth(token).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_api_filters_by_state_and_by_group(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    dc.alter = |report| {
        sound(report);
        report.synchronized = Some(false);
        report.members_readable = Some(false);
    };
    dc.beat().await.unwrap();
    let (_, token) = server::actions::admins::create_api_token(
        &world.app,
        &crate::world::tester(),
        "test",
        server::store::admins::Role::ReadOnly,
    )
    .await
    .unwrap();
    let (base, token) = (serve(&world).await, token.expose().to_owned());
    let here = format!("/domains/{}/checks", world.domain);
    let codes = |shown: &Value| -> Vec<String> {
        shown["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["code"].as_str().unwrap().to_owned())
            .collect()
    };
    let (status, all) = get(&base, &token, &here).await;
    assert_eq!(status, StatusCode::OK);
    assert!(codes(&all).len() > 40);
    let (_, errors) = get(&base, &token, &format!("{here}?state=error")).await;
    assert_eq!(codes(&errors), ["member_lists_unreadable"]);
    assert_eq!(
        errors["items"][0]["link"],
        json!(format!("/domains/{}/settings#settings.ldap.bind_user", world.domain))
    );
    let (_, both) = get(&base, &token, &format!("{here}?state=error,warning")).await;
    assert_eq!(codes(&both).len(), 2);
    let (_, group) = get(&base, &token, &format!("{here}?group=domain_controllers&state=warning")).await;
    assert_eq!(codes(&group), ["not_synchronized"]);
    let (status, problem) = get(&base, &token, &format!("{here}?state=bad")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(problem.to_string().contains("ok, warning, error, unknown"), "{problem}");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_domains_page_shows_problems_first_and_folds_what_is_fine(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = clean(&world).await;
    let browser = Browser::owner(&world.app).await;
    let here = format!("/domains/{}", world.domain);
    browser.get(&here).await.is(200).says("Nothing stands in the way");
    beat(&mut dc, |beat| beat.directory = failed("certificate_untrusted")).await;
    let shown = browser.get(&here).await;
    shown.is(200).says("It does not work.").says("Directory connection").says("checks are fine");
    shown.says(&format!("{here}/settings#settings.ldap.ca_pem"));
    let problem = shown.text.find("It does not work.").unwrap();
    assert!(problem < shown.text.find("JumpCloud accepts the organization").unwrap());
}
