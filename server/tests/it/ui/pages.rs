//! Every page with something in it, and what ends well although it should not have been asked for.

use protocol::transfer::Kind;
use protocol::transfer::Record;
use serde_json::json;
use simulator::Seed;
use sqlx::PgPool;

use super::browser::Browser;
use crate::world::{INTEGRATION, World, group, guid, members, people, user};

const SCRIPT: &str = "<script>alert(1)</script>";

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_empty_server_teaches_the_next_step(db: PgPool) {
    let world = World::in_preview(db.clone(), Seed::default(), json!({})).await;
    sqlx::query("truncate organizations cascade").execute(&db).await.unwrap();
    let browser = Browser::owner(&world.app).await;
    browser.get("/").await.is(200).says("Getting started").says("href=\"/setup/organization\"");
    browser.get("/organizations").await.is(200).says("No organization yet");
    browser.get("/domains").await.is(200).says("No domain yet");
    browser.get("/domains/new").await.is(200).says("First the organization");
    browser.get("/operations").await.is(200).says("No operations");
    browser.get("/holds").await.is(200).says("Nothing was held");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn every_page_shows_what_there_is(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    let mut all = people(3);
    all[1].mail = None;
    all[1].user_principal_name = None;
    dc.read_in_full(&all).await;
    world.settle().await;
    let browser = Browser::owner(&world.app).await;
    let (domain, organization) = (world.domain, world.organization);
    let at = |page: &str| format!("/domains/{domain}{page}");

    let shown = browser.get("/").await;
    shown.is(200).says("DC=corp,DC=example").says("Preview").says("dc1.corp.example").says("Online");
    browser.get("/organizations").await.is(200).says("Corp").says("API key");
    let shown = browser.get(&format!("/organizations/{organization}")).await;
    shown.is(200).says(&world.jumpcloud.base_url()).says("Change the credential");
    browser.get("/domains").await.is(200).says("DC=corp,DC=example");
    let shown = browser.get(&at("")).await;
    shown.is(200).says("Review and activate").says("Agents bind as jcimport@corp.example.").says("LDAPS");
    browser
        .get(&at("/settings"))
        .await
        .is(200)
        .says("OU=Staff,DC=corp,DC=example")
        .says("Its password (set)");
    browser.get(&at("/users")).await.is(200).says("person0").says("person2");
    browser.get(&at("/users?query=person2")).await.is(200).says("person2@corp.example");
    browser.get(&at("/users?status=excluded")).await.is(200).says("person1");
    browser.get(&at("/users?query=nobody")).await.is(200).says("Nobody is found");
    let shown = browser.get(&at(&format!("/users/{}", guid(101)))).await;
    shown.is(200).says("no_email").says("sAMAccountName").says("Sync now").says(">JumpCloud</a>");
    browser.get(&at("/groups")).await.is(200).says("JumpCloud");
    let shown = browser.get(&at(&format!("/groups/{}", guid(INTEGRATION)))).await;
    shown.is(200).says("3 direct members").says("person0");
    browser.get(&at("/preview")).await.is(200).says("Create users").says("as person0, person0@corp.example");
    browser.get("/operations").await.is(200).says("Create user").says("Ready");
    browser.get(&format!("/operations?domain={domain}&state=ready")).await.is(200).says("Create group");
    browser.get("/holds").await.is(200);
    browser.get("/audit").await.is(200).says("organization.added").says("agent.enrolled").says("tester");

    world.activate().await;
    browser.get(&at("")).await.is(200).says("Active").says("Pause");
    let shown = browser.get(&at(&format!("/users/{}", guid(100)))).await;
    shown.is(200).says("JumpCloud agrees").says("Activated").says("Done");
    let shown = browser.get("/operations?state=done").await;
    shown.is(200).says("Details");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_the_directory_says_is_text_and_never_markup(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut evil = user(100, "evil");
    evil.given_name = Some(SCRIPT.into());
    evil.attributes.insert("displayName".into(), SCRIPT.into());
    evil.attributes.insert("title".into(), "\"><img src=x onerror=alert(1)>".into());
    let mut named = group(50, "evil");
    named.sam_account_name = Some(SCRIPT.into());
    let answer = vec![
        Record::Group(group(INTEGRATION, "JumpCloud")),
        Record::Group(named),
        Record::User(evil.clone()),
        members(INTEGRATION, std::slice::from_ref(&evil)),
        members(50, std::slice::from_ref(&evil)),
    ];
    dc.report(Kind::Full, answer).await;
    world.settle().await;
    let browser = Browser::owner(&world.app).await;
    let at = |page: &str| format!("/domains/{}{page}", world.domain);
    for path in [
        at("/users"),
        at(&format!("/users/{}", guid(100))),
        at("/groups"),
        at(&format!("/groups/{}", guid(50))),
        at("/preview"),
        "/operations".into(),
    ] {
        let shown = browser.get(&path).await;
        shown.is(200).says("&#60;script&#62;");
        assert!(!shown.text.contains("<script>") && !shown.text.contains("<img"), "{path}");
    }
    let shown = browser.get("/domains?done=%3Cscript%3E").await;
    assert!(!shown.text.contains("<script>"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_does_not_exist_is_a_page_that_says_so(db: PgPool) {
    let world = World::start(db).await;
    let browser = Browser::owner(&world.app).await;
    let nobody = guid(999_999);
    let domain = world.domain;
    for path in [
        "/nowhere".to_owned(),
        "/domains/x".into(),
        format!("/domains/{nobody}"),
        format!("/domains/{nobody}/settings"),
        format!("/domains/{nobody}/users"),
        format!("/domains/{nobody}/preview"),
        format!("/domains/{domain}/users/{nobody}"),
        format!("/domains/{domain}/users/x"),
        format!("/domains/{domain}/groups/{nobody}"),
        format!("/organizations/{nobody}"),
        format!("/holds/{nobody}"),
    ] {
        browser.get(&path).await.is(404).says("There is no such").says("aria-label=\"Main\"");
    }
    for path in [
        format!("/domains/{nobody}/pause"),
        format!("/domains/{nobody}/settings"),
        format!("/domains/{nobody}/enrollment-tokens"),
        format!("/domains/{domain}/agents/{nobody}/remove"),
        format!("/domains/{domain}/users/{nobody}/sync"),
        format!("/operations/{nobody}/retry"),
    ] {
        browser.submit(&path, &[]).await.is(404).says("There is no such");
    }
    browser.get(&format!("/domains/{domain}/pause")).await.is(405).says("only takes a form");
    let machine = browser.get("/agent/v1/nowhere").await;
    machine.is(404);
    assert_eq!(machine.headers["content-type"], "application/problem+json");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn senseless_filters_and_huge_values_end_well(db: PgPool) {
    let world = World::start(db).await;
    let browser = Browser::owner(&world.app).await;
    let domain = world.domain;
    for query in
        ["status=bogus", "after=x", "query=%00", "query=%25_%5C", "query=%FF", "page=-1", "done=bogus"]
    {
        browser.get(&format!("/domains/{domain}/users?{query}")).await.is(200);
        browser.get(&format!("/domains/{domain}/preview?{query}")).await.is(200);
        browser.get(&format!("/operations?{query}")).await.is(200);
        browser.get(&format!("/audit?{query}")).await.is(200);
    }
    let huge = "x".repeat(64 * 1024);
    let typed = [("settings.root_user_container", huge.as_str()), ("revision", "1")];
    browser.submit(&format!("/domains/{domain}/settings"), &typed).await.is(422).says(&huge);
    browser.submit("/domains/new", &[("name", &huge)]).await.is(422);
    browser.submit("/organizations/new", &[("name", "a\0b"), ("region", "custom")]).await.is(422);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn files_are_kept_by_browsers_until_they_change(db: PgPool) {
    let world = World::start(db).await;
    let browser = Browser::open(&world.app).await;
    let page = browser.get("/first-run").await;
    for (name, kind, holds) in [
        ("app.css", "text/css; charset=utf-8", "color-scheme"),
        ("tabler.min.css", "text/css; charset=utf-8", ".navbar-vertical"),
        ("app.js", "text/javascript; charset=utf-8", "addEventListener"),
        ("htmx.min.js", "text/javascript; charset=utf-8", "htmx"),
        ("sse.min.js", "text/javascript; charset=utf-8", "EventSource"),
    ] {
        let at = page.text.find(&format!("/static/{name}?v=")).unwrap();
        let url = &page.text[at..at + page.text[at..].find('"').unwrap()];
        let file = browser.get(url).await;
        file.is(200).says(holds);
        assert_eq!(file.headers["content-type"], kind);
        assert_eq!(file.headers["cache-control"], "public, max-age=31536000, immutable");
    }
    let small = browser.asks("/static/tabler.min.css", &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(small.is(200).headers["content-encoding"], "gzip");
    let tag = small.headers["etag"].to_str().unwrap();
    let known = browser.asks("/static/tabler.min.css", &[("if-none-match", tag)]).await;
    assert!(known.is(304).text.is_empty());
    browser.get("/static/nothing.css").await.is(404);
}
