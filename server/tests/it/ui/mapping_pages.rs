//! The editor of the attribute table: every button keeps what was typed, and the result stands beside each row.

use serde_json::json;
use server::store;
use server::store::admins::Role;
use simulator::Seed;
use sqlx::PgPool;

use super::browser::Browser;
use crate::world::{World, guid, people, user};

/// The fields of one row.
fn row(at: usize, field: &str, source: &str, value: &str) -> Vec<(String, String)> {
    let name = |part: &str| format!("settings.attribute_mappings[{at}].{part}");
    [("field", field), ("source", source), ("value", value)]
        .map(|(part, text)| (name(part), text.to_owned()))
        .to_vec()
}

async fn press(
    browser: &Browser,
    path: &str,
    button: &str,
    rows: &[Vec<(String, String)>],
    more: &[(&str, &str)],
) -> super::browser::Shown {
    let mut fields = vec![("do", button), ("settings.sync_additional_attributes", "true")];
    fields.extend(rows.iter().flatten().map(|(name, value)| (name.as_str(), value.as_str())));
    fields.extend(more);
    browser.submit(path, &fields).await
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn rows_are_added_removed_and_saved_and_nothing_typed_is_lost(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/mappings", world.domain);
    let shown = browser.get(&path).await;
    shown
        .is(200)
        .says("No row yet")
        .says("<code>displayname</code>")
        .says("option value=\"departmentNumber\"");
    assert_eq!(shown.field("revision"), "1");

    let added =
        press(&browser, &path, "add", &[row(0, "company", "constant", " Ac<me ")], &[("revision", "1")])
            .await;
    added.is(200).says("value=\" Ac&#60;me \"").says("settings.attribute_mappings[1].field");
    assert!(!added.text.contains("settings.attribute_mappings[2]"));
    let rows = [
        row(0, "company", "constant", "Acme"),
        row(1, "", "attribute", " "),
        row(2, "location", "leave", ""),
    ];
    let removed = press(&browser, &path, "remove-0", &rows, &[("revision", "1")]).await;
    removed.is(200).says("value=\"location\"").says("<option value=\"leave\" selected>");
    assert!(!removed.text.contains("value=\"company\" list"));

    let wrong = [
        row(0, "company", "template", "{company"),
        row(1, "jobtitle", "constant", "x"),
        row(2, "", "constant", "y"),
    ];
    let refused = press(&browser, &path, "save", &wrong, &[("revision", "1")]).await;
    refused.is(422).says("id=\"settings.attribute_mappings[0].value-error\"").says("is wrong at character 1");
    refused
        .says("is written jobTitle")
        .says("value=\"{company\"")
        .says("settings.attribute_mappings[2].field-error");

    let rows = [row(0, "company", "template", "{company|\"Acme\"}"), row(1, "location", "leave", "")];
    let saved = press(&browser, &path, "save", &rows, &[("revision", "1")]).await;
    saved.leads_to(&format!("{path}?done=saved"));
    browser.get(saved.to()).await.is(200).says("The settings were saved.").says("{company|&#34;Acme&#34;}");
    let stored = store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap();
    let expected =
        json!([{"field": "company", "template": "{company|\"Acme\"}"}, {"field": "location", "leave": true}]);
    assert_eq!((stored.revision, json!(stored.settings.0)["attribute_mappings"].clone()), (2, expected));

    let stale = press(&browser, &path, "save", &rows[..1], &[("revision", "1")]).await;
    stale.is(422).says("were changed meanwhile");
    assert_eq!(stale.field("revision"), "2");
    let looked = press(&browser, &path, "show", &rows[..1], &[("revision", "1")]).await;
    assert_eq!(looked.field("revision"), "1", "looking does not make what was typed newer than it is");
    let same = press(&browser, &path, "save", &rows, &[("revision", "2")]).await;
    same.leads_to(&format!("{path}?done=unchanged"));

    let settings = browser.get(&format!("/domains/{}/settings", world.domain)).await;
    settings.is(200).says("2 rows").says("<code>location</code>").says(&path);
    let group = stored.settings.integration_group.clone();
    let typed = [
        ("revision", "2"),
        ("settings.integration_group", &group),
        ("settings.root_user_container", "OU=Staff,DC=corp,DC=example"),
    ];
    browser.save_settings(&format!("/domains/{}/settings", world.domain), &typed).await;
    let stored = store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap();
    assert_eq!(
        (stored.revision, stored.settings.attribute_mappings.len()),
        (3, 2),
        "the settings page leaves the table as it is"
    );
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_result_for_a_real_user_stands_beside_each_row(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    let mut ada = user(500, "ada");
    ada.attributes.insert("title".into(), "<b>Countess</b>".into());
    ada.manager = Some(guid(100));
    let mut everybody = people(12);
    everybody.push(ada);
    dc.read_in_full(&everybody).await;
    world.activate().await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/mappings", world.domain);

    let many = press(&browser, &path, "show", &[], &[("query", "person"), ("revision", "1")]).await;
    many.is(200).says("type=\"radio\"");
    assert_eq!(many.text.matches("type=\"radio\"").count(), 10);
    press(&browser, &path, "show", &[], &[("query", "nobody"), ("revision", "1")])
        .await
        .is(200)
        .says("Nobody is found");

    let rows = [
        row(0, "description", "template", "{title:upper}"),
        row(1, "costCenter", "attribute", "departmentNumber"),
        row(2, "company", "template", "{x"),
    ];
    let shown = press(&browser, &path, "show", &rows, &[("query", "ada"), ("revision", "1")]).await;
    shown.is(200).says("&#60;B&#62;COUNTESS&#60;/B&#62;").says("departmentNumber was not read yet");
    shown.says("is wrong at character 1").says("Correct the row").says("person0");
    shown.says(&format!("/domains/{}/users/{}", world.domain, guid(500)));
    let user = guid(500).to_string();
    let kept = press(&browser, &path, "add", &rows[..1], &[("user", &user), ("revision", "1")]).await;
    kept.is(200).says("COUNTESS");
    assert_eq!(kept.field("user"), user);
    let saved = press(&browser, &path, "save", &rows[..1], &[("user", &user), ("revision", "1")]).await;
    saved.leads_to(&format!("{path}?done=saved&user={user}"));
    browser.get(saved.to()).await.is(200).says("COUNTESS");
    browser.get(&format!("{path}?user=x&query=%25")).await.is(200).says("Nobody is found");
    browser.get(&format!("{path}?user={}", guid(9999))).await.is(200);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn who_may_only_look_sees_results_and_no_button_that_changes(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(1)).await;
    world.settle().await;
    let browser = Browser::of(&world.app, Role::ReadOnly).await;
    let path = format!("/domains/{}/mappings", world.domain);
    let shown = browser.get(&format!("{path}?query=person0")).await;
    shown.is(200).says("JumpCloud has no such user yet").says("person0").says("Show the result");
    assert!(!shown.text.contains("value=\"save\"") && !shown.text.contains("Add a row"));
    press(&browser, &path, "save", &[], &[("revision", "1")]).await.is(403);
}
