//! Settings are reviewed before they count; the preview is narrowed down, saved as a file and told apart from an older one.

use protocol::directory::User;
use protocol::transfer::{Kind, Record};
use serde_json::json;
use server::store;
use server::store::admins::Role;
use simulator::Seed;
use sqlx::PgPool;

use super::browser::Browser;
use crate::world::{World, people};

fn typed<'a>(revision: &'a str, grace: &'a str, disable: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("revision", revision),
        ("settings.root_user_container", "OU=Staff,DC=corp,DC=example"),
        ("settings.integration_group", "CN=JumpCloud,OU=Staff,DC=corp,DC=example"),
        ("settings.ldap.bind_user", "jcimport@corp.example"),
        ("settings.sync_additional_attributes", "true"),
        ("settings.group_sync", "true"),
        ("settings.removal_grace_days", grace),
        ("settings.user_disable_action", disable),
    ]
}

async fn revision(world: &World) -> i64 {
    store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap().revision
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_change_that_deletes_is_saved_once_its_number_was_typed(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(8)).await;
    world.activate().await;
    let disable = |user: User| Record::User(User { user_account_control: Some(514), ..user });
    dc.report(Kind::Delta, people(2).into_iter().map(disable).collect()).await;
    world.settle().await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/settings", world.domain);

    let sent = browser.submit(&path, &typed("1", "0", "remove")).await;
    let review = sent.is(303).to().to_owned();
    assert!(review.starts_with(&format!("{path}/review/")), "{review}");
    let shown = browser.get(&review).await;
    shown.is(200).says("user_disable_action").says("Type 2 to confirm").says("person0").says("person1");
    assert_eq!(revision(&world).await, 1, "nothing was saved yet");

    browser.submit(&review, &[]).await.is(422).says("confirm-error");
    browser.submit(&review, &[("confirm", "3")]).await.is(422).says("value=\"3\"");
    let saved = browser.submit(&review, &[("confirm", "2")]).await;
    browser.get(saved.to()).await.is(200).says("The settings were saved.");
    world.settle().await;
    assert_eq!(world.jumpcloud.users().len(), 6);
    browser.submit(&review, &[("confirm", "2")]).await.is(404);

    let back = browser.submit(&format!("/domains/{}/rollback", world.domain), &[("revision", "1")]).await;
    let shown = browser.get(back.to()).await;
    shown.is(200).says("Roll back to revision 1").says("user_disable_action");
    let saved = browser.submit(back.to(), &[]).await;
    browser.get(saved.to()).await.says("in force again");
    assert_eq!(revision(&world).await, 3);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_draft_is_its_authors_and_goes_stale(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/settings", world.domain);
    let mut fields = typed("1", "3", "suspend");
    fields.push(("settings.ldap.bind_password", "hush-hush"));
    let review = browser.submit(&path, &fields).await.to().to_owned();
    let shown = browser.get(&review).await;
    shown.is(200).says("ldap.bind_password").says("another one");
    assert!(!shown.text.contains("hush-hush"), "a secret is on no page");
    let draft = review.rsplit('/').next().unwrap();
    browser.get(&format!("{path}?draft={draft}")).await.is(200).says("value=\"3\"");

    let other = Browser::of(&world.app, Role::Operator).await;
    other.get(&review).await.is(404);
    other.submit(&review, &[]).await.is(404);

    world.change(json!({"poll_interval_ms": 500})).await;
    browser.submit(&review, &[]).await.is(422).says("at revision 2, not 1");
    assert_eq!(revision(&world).await, 2);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_preview_is_filtered_paged_saved_and_told_from_an_older_one(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(60)).await;
    world.settle().await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/preview", world.domain);
    let shown = browser.get(&path).await;
    shown.is(200).says("rel=\"next\"").says("preview.csv");
    let digest = shown.field("digest");
    let at = shown.text.find("rel=\"next\"").unwrap();
    let link = &shown.text[shown.text[..at].rfind("<a ").unwrap()..];
    let next = link.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let second = browser.get(&next).await;
    second.is(200).says("rel=\"next\"");
    assert!(!second.text.contains("not the one you looked at"));
    browser.get(&format!("{path}?kind=create_user&query=person7")).await.is(200).says("as person7,");
    browser.get(&format!("{path}?destructive=true")).await.is(200).says("Nothing matches the filter.");
    let file = browser.get(&format!("{path}.csv?kind=create_user&query=person7")).await;
    file.is(200).says("person7@corp.example");
    browser.get(&format!("{path}.json")).await.is(200).says("\"items\":[");

    let gone = User { user_account_control: Some(514), ..people(1).remove(0) };
    dc.report(Kind::Delta, vec![Record::User(gone)]).await;
    browser.get(&path).await.says("This plan is older than the directory");
    world.settle().await;
    browser.get(&next).await.is(200).says("not the one you looked at");
    let counted = shown.field("counted");
    let stale = [("digest", digest.as_str()), ("counted", counted.as_str()), ("confirmed", "true")];
    let refused = browser.submit(&format!("/domains/{}/activate", world.domain), &stale).await;
    refused.is(422).says("Create users: 60 before, 59 now");
    browser.get(&path).await.says("1 user is not synced");
    browser.get(&format!("/domains/{}/not-synced", world.domain)).await.is(200).says("person0");
}
