//! Each form: what it does, and how it comes back when something in it is wrong.

use serde_json::json;
use server::store;
use simulator::Seed;
use sqlx::PgPool;

use super::browser::Browser;
use crate::world::{KEY, World, guid, people, user};

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_organization_is_added_or_its_form_says_what_is_wrong(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let browser = Browser::owner(&world.app).await;
    let base = world.jumpcloud.base_url();
    let typed = |name, key| {
        [
            ("name", name),
            ("region", "custom"),
            ("base_url", base.as_str()),
            ("credential", "api_key"),
            ("api_key", key),
        ]
    };
    let refused = browser.submit("/organizations/new", &typed("Second", "wrong-key")).await;
    refused.is(422).says("value=\"Second\"").says("id=\"api_key-error\"");
    assert!(!refused.text.contains("wrong-key"));
    browser.submit("/organizations/new", &typed("", KEY)).await.is(422).says("id=\"name-error\"");
    browser.submit("/organizations/new", &typed("Corp", KEY)).await.is(422).says("already");
    let elsewhere = [("name", "x"), ("region", "custom"), ("base_url", "ftp://x"), ("api_key", KEY)];
    browser.submit("/organizations/new", &elsewhere).await.is(422).says("id=\"base_url-error\"");

    let added = browser.submit("/organizations/new", &typed("Second", KEY)).await;
    added.is(303);
    browser.get(added.to()).await.is(200).says("The organization was added.").says("Second");
    browser.submit("/organizations/new", &typed("Second", KEY)).await.is(422).says("already");

    let path = format!("/organizations/{}/credential", world.organization);
    let account = [
        ("credential", "service_account"),
        ("service_account.client_id", "an-id"),
        ("service_account.client_secret", "hush"),
    ];
    let refused = browser.submit(&path, &account).await;
    refused.is(422).says("value=\"an-id\"");
    assert!(!refused.text.contains("hush"));
    let changed = browser.submit(&path, &[("credential", "api_key"), ("api_key", KEY)]).await;
    browser.get(changed.to()).await.is(200).says("The credential was changed.");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_domain_is_added_by_any_form_of_its_name(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let browser = Browser::owner(&world.app).await;
    let organization = world.organization.to_string();
    for (at, name) in ["DC=one;DC=example", "two.example", "dc=three, dc=example"].into_iter().enumerate() {
        let group = format!("CN=JumpCloud {at},CN=Users,DC={},DC=example", ["one", "two", "three"][at]);
        let typed = [
            ("organization_id", organization.as_str()),
            ("name", name),
            ("settings.integration_group", &group),
            ("settings.ldap.bind_user", "jc@example.com"),
            ("settings.ldap.bind_password", "hush"),
        ];
        let added = browser.submit("/domains/new", &typed).await;
        added.is(303);
        browser
            .get(added.to())
            .await
            .is(200)
            .says("The domain was added.")
            .says("Agents bind as jc@example.com.");
    }
    let wrong = [
        ("organization_id", organization.as_str()),
        ("name", "four.example"),
        ("settings.root_user_container", "OU=<b>Staff,DC=other"),
        ("settings.ldap.bind_user", "jcimport"),
        ("settings.ldap.bind_password", "hush"),
    ];
    let refused = browser.submit("/domains/new", &wrong).await;
    refused.is(422).says("settings.root_user_container-error").says("settings.ldap.bind_user-error");
    refused.says("value=\"OU=&#60;b&#62;Staff,DC=other\"").says("a bare name cannot bind");
    assert!(!refused.text.contains("hush"));
    browser.submit("/domains/new", &[("name", "x.example")]).await.is(422).says("organization_id-error");
    let again = [("organization_id", organization.as_str()), ("name", "DC=corp,DC=example")];
    browser.submit("/domains/new", &again).await.is(422).says("already");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn settings_are_saved_refused_compared_and_rolled_back(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/settings", world.domain);
    let row = store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap();
    let group = row.settings.integration_group.clone();
    let with = |revision: &'static str, grace: &'static str, email: &'static str| {
        vec![
            ("revision", revision),
            ("settings.root_user_container", "OU=Staff,DC=corp,DC=example"),
            ("settings.integration_group", &group),
            ("settings.ldap.bind_user", "jcimport@corp.example"),
            ("settings.sync_additional_attributes", "true"),
            ("settings.group_sync", "true"),
            ("settings.removal_grace_days", grace),
            ("settings.email", email),
        ]
    };
    browser
        .submit(&path, &with("1", "seven", "mail"))
        .await
        .is(422)
        .says("settings.removal_grace_days-error");
    browser.submit(&path, &with("1", "400", "mail")).await.is(422).says("value=\"400\"");
    browser.submit(&path, &with("1", "3", "nonsense")).await.is(422).says("settings.email-error");

    let saved = browser.save_settings(&path, &with("1", "3", "mail")).await;
    let shown = browser.get(saved.to()).await;
    shown
        .is(200)
        .says("The settings were saved.")
        .says("removal_grace_days")
        .says("mail_else_userPrincipalName");
    let row = store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap();
    assert_eq!((row.revision, row.settings.removal_grace_days), (2, 3));
    assert!(row.bind_password.is_some(), "the password that was set is kept");

    browser.submit(&path, &with("1", "5", "mail")).await.is(422).says("were changed meanwhile");
    let same = browser.submit(&path, &with("2", "3", "mail")).await;
    browser.get(same.to()).await.says("Nothing was different");
    let rollback = format!("/domains/{}/rollback", world.domain);
    let back = browser.save_settings(&rollback, &[("revision", "1")]).await;
    browser.get(back.to()).await.is(200).says("in force again");
    let row = store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap();
    assert_eq!((row.revision, row.settings.removal_grace_days), (3, 7));
    browser.submit(&rollback, &[("revision", "77")]).await.is(404);
    browser.submit(&rollback, &[]).await.is(404);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_token_is_shown_once_with_commands_to_paste(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/enrollment-tokens", world.domain);
    let shown = browser.submit(&path, &[("expires_in_seconds", "3600"), ("max_uses", "2")]).await;
    shown.is(200).says("adit-agent enroll --server").says("adit-agent.exe enroll").says("--token adit_");
    for wrong in ["0", "many", ""] {
        let typed = [("expires_in_seconds", "3600"), ("max_uses", wrong)];
        browser.submit(&path, &typed).await.is(422).says("max_uses-error");
    }
    world.enrolled("dc1").await;
    let agent =
        store::agents::list(&world.app.db, &store::admins::Reach::EVERYTHING).await.unwrap().remove(0);
    let remove = format!("/domains/{}/agents/{}/remove", world.domain, agent.id);
    let removed = browser.submit(&remove, &[]).await;
    browser
        .get(removed.to())
        .await
        .is(200)
        .says("The agent was removed.")
        .says("No agent serves this domain yet");
    browser.submit(&remove, &[]).await.is(404);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_domain_is_activated_by_the_plan_that_was_seen(db: PgPool) {
    let world = World::start(db).await;
    let browser = Browser::owner(&world.app).await;
    let at = |page: &str| format!("/domains/{}{page}", world.domain);
    let too_early = browser.submit(&at("/activate"), &[("digest", "x"), ("confirmed", "true")]).await;
    too_early.is(422).says("have not been read in full");

    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    world.settle().await;
    let digest = browser.get(&at("/preview")).await.field("digest");
    browser.submit(&at("/activate"), &[("digest", &digest)]).await.is(422).says("confirmed-error");
    let stale = [("digest", "another"), ("confirmed", "true")];
    browser.submit(&at("/activate"), &stale).await.is(422).says("no longer the one you saw").says(&digest);
    let activated = browser.submit(&at("/activate"), &[("digest", &digest), ("confirmed", "true")]).await;
    browser.get(activated.to()).await.is(200).says("The domain is active.");
    let twice = browser.submit(&at("/activate"), &[("digest", &digest), ("confirmed", "true")]).await;
    assert!([303, 422].contains(&twice.status.as_u16()));
    for (action, words) in [("/pause", "The domain is paused."), ("/resync", "being read in full again")] {
        let done = browser.submit(&at(action), &[]).await;
        browser.get(done.to()).await.is(200).says(words);
    }
    let reading = browser.submit(&at("/preview"), &[]).await;
    browser.get(reading.to()).await.is(200).says("JumpCloud is being read again.");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_person_decides_whom_a_match_belongs_to(db: PgPool) {
    let there = json!({"username": "ada", "email": "ada@elsewhere.example"});
    let groups = json!([{"name": "JumpCloud"}]);
    let seed: Seed = serde_json::from_value(json!({"users": [there], "groups": groups})).unwrap();
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&[user(100, "ada")]).await;
    world.settle().await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/users/{}", world.domain, guid(100));
    let shown = browser.get(&path).await;
    shown.is(200).says("Which JumpCloud user is this?").says("ada@elsewhere.example");
    let takeover = format!("{path}/takeover");
    browser.submit(&takeover, &[]).await.is(422).says("jumpcloud_id-error");
    let unknown = [("choice", "other"), ("jumpcloud_id", "nobody")];
    browser.submit(&takeover, &unknown).await.is(422).says("value=\"nobody\"").says("names no user");
    let id = shown.field("choice");
    let decided = browser.submit(&takeover, &[("choice", &id)]).await;
    world.settle().await;
    browser.get(decided.to()).await.is(200).says("Your decision was kept.").says(&id);
    let synced = browser.submit(&format!("{path}/sync"), &[]).await;
    browser.get(synced.to()).await.is(200).says("The user is being planned again.");

    let group = format!("/domains/{}/groups/{}", world.domain, guid(crate::world::INTEGRATION));
    browser.get(&group).await.is(200).says("group_name_taken").says("Adopt the JumpCloud group");
    let adopted = browser.submit(&format!("{group}/adopt"), &[]).await;
    world.settle().await;
    let shown = browser.get(adopted.to()).await;
    shown.is(200).says("Adopt for group");
    assert!(!shown.text.contains("group_name_taken"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_jumpcloud_refused_is_shown_in_its_words_and_can_be_tried_again(db: PgPool) {
    let seed: Seed = serde_json::from_value(json!({"foreign_emails": ["person0@corp.example"]})).unwrap();
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(1)).await;
    world.activate().await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/users/{}", world.domain, guid(100));
    browser.get(&path).await.is(200).says("Failed").says("Parked").says("Retry");
    let parked = store::operations::list(&world.app.db, None, Some("parked"), None, None, 10).await.unwrap();
    let retry = format!("/operations/{}/retry", parked[0].id);
    browser.submit(&retry, &[("back", &path)]).await.leads_to(&format!("{path}?done=retried"));
    browser.submit(&retry, &[("back", "//evil.example")]).await.leads_to("/operations?done=retried");
    world.settle().await;
    let done = store::operations::list(&world.app.db, None, Some("done"), None, None, 10).await.unwrap();
    browser
        .submit(&format!("/operations/{}/retry", done[0].id), &[])
        .await
        .is(409)
        .says("cannot be done now");
}
