//! Where each user's password is, on the page of the domain, of the user and of the alerts; and what is to be done.

use chrono::TimeDelta;
use protocol::captures::Hook;
use protocol::transfer::{Kind, Record};
use serde_json::json;
use server::store;
use server::store::admins::Role;
use server::workers::alerts;
use simulator::Seed;
use sqlx::PgPool;

use super::browser::Browser;
use crate::passwords::{captured, relay, synced, with_password};
use crate::world::{World, guid, people};

const SCRIPT: &str = "<script>alert(1)</script>";

/// A JumpCloud that wants twelve characters.
async fn strict(db: PgPool) -> World {
    let policy = json!({"passwordPolicy": {"enableMinLength": true, "minLength": 12}});
    let seed = Seed { organization_settings: policy.as_object().unwrap().clone(), ..Seed::default() };
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    world
}

/// Of four people the first's password is in JumpCloud, the second's was refused, the third's missed.
async fn world_with_every_kind(db: PgPool) -> World {
    let world = strict(db).await;
    let mut dc = synced(&world).await;
    let captures =
        vec![captured(&mut dc, 100, 10, "a-long-Password").await, captured(&mut dc, 101, 10, "Short1").await];
    relay(&dc, captures).await;
    let mut evil = with_password(people(4)[2].clone(), 11, &dc);
    evil.attributes.insert("displayName".into(), format!("={SCRIPT}"));
    dc.report(Kind::Delta, vec![Record::User(evil)]).await;
    dc.capture.as_mut().unwrap().counters = [("captured".into(), 7), ("disk_full".into(), 3)].into();
    world.advance(TimeDelta::seconds(61));
    dc.beat().await.unwrap();
    world.settle().await;
    alerts::turn(&world.app).await.unwrap();
    drop(dc);
    world
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_coverage_tells_where_everybodys_password_is(db: PgPool) {
    let world = world_with_every_kind(db).await;
    let here = format!("/domains/{}/coverage", world.domain);
    for role in [Role::Owner, Role::ReadOnly] {
        let browser = Browser::of(&world.app, role).await;
        let shown = browser.get(&here).await;
        shown
            .is(200)
            .says("25 %")
            .says("1 of 4 users in scope")
            .says("?state=missed#people\"><b>1</b> Missed");
        shown.says("too short").says("dc1.corp.example").says("the disk was full").says("Degraded");
        shown.says("A forced-change campaign").says("Set-ADUser").says("ldbmodify").says("&#60;script&#62;");
        assert!(!shown.text.contains("<script>"));
        assert!(!shown.text.contains("Enroll an agent"), "every domain controller has one");
    }
    let browser = Browser::owner(&world.app).await;
    let only = browser.get(&format!("{here}?state=refused")).await;
    only.is(200).says("person1").says(&format!("{here}.csv?state=refused"));
    assert!(!only.text.contains("person0@") && !only.text.contains("person3@"));
    browser.get(&format!("{here}?state=expired")).await.is(200).says("Nobody's password stands so");
    for senseless in ["state=bogus", "after=x", "after=%00", "state=%FF"] {
        browser.get(&format!("{here}?{senseless}")).await.is(200).says("person3");
    }
    let past = browser.get(&format!("{here}?state=never_captured&after={}", guid(102))).await;
    past.is(200).says("person3").says(&format!("href=\"{here}?state=never_captured\">First page"));
    browser.get(&format!("/domains/{}/coverage", guid(9))).await.is(404).says("There is no such");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_coverage_is_a_file_for_a_campaign(db: PgPool) {
    let world = world_with_every_kind(db).await;
    let here = format!("/domains/{}/coverage", world.domain);
    let browser = Browser::of(&world.app, Role::Helpdesk).await;
    let all = browser.get(&format!("{here}.csv")).await;
    all.is(200).says("object_guid,sam_account_name").says("person3").says("'=<script>");
    assert_eq!(all.headers["content-type"], "text/csv; charset=utf-8");
    assert!(all.headers["content-disposition"].to_str().unwrap().contains("password-coverage.csv"));
    assert_eq!(all.text.lines().count(), 5);
    let missed = browser.get(&format!("{here}.csv?state=missed")).await;
    assert_eq!(missed.text.lines().count(), 2);
    missed.says(&format!("{},person2", guid(102)));
    let json = browser.get(&format!("{here}.json?state=refused")).await;
    let json: serde_json::Value = serde_json::from_str(&json.is(200).text).unwrap();
    assert_eq!((json["percent"].as_f64(), json["items"][0]["state"].as_str()), (Some(25.0), Some("refused")));
    for end in ["csv", "json"] {
        browser.get(&format!("/domains/{}/coverage.{end}", guid(9))).await.is(404).says("There is no such");
        Browser::open(&world.app).await.get(&format!("{here}.{end}")).await.is(303);
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_domain_in_which_nothing_is_captured_says_what_to_do_next(db: PgPool) {
    let world = World::start(db).await;
    let here = format!("/domains/{}/coverage", world.domain);
    let browser = Browser::owner(&world.app).await;
    let shown = browser.get(&here).await;
    shown.is(200).says("Nobody is in scope yet").says("Enroll the first agent").says("None is known yet");
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.read_in_full(&people(2)).await;
    world.settle().await;
    let shown = browser.get(&here).await;
    shown
        .is(200)
        .says("adit-agent capture install")
        .says("0 %")
        .says("0 of 2 users in scope")
        .says("update it");
    browser
        .get(&format!("/domains/{}", world.domain))
        .await
        .is(200)
        .says("0 % in JumpCloud")
        .says("Not known");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_users_page_tells_where_the_password_is_and_what_to_do(db: PgPool) {
    let world = world_with_every_kind(db).await;
    let browser = Browser::owner(&world.app).await;
    let at = |number| format!("/domains/{}/users/{}", world.domain, guid(number));
    browser.get(&at(100)).await.is(200).says("Password <span class=\"badge badge-good\">In JumpCloud");
    let refused = browser.get(&at(101)).await;
    refused.is(200).says("Refused").says("too short").says("Have the user choose another one");
    refused.says("Set the password of").says("That password is erased");
    assert!(!refused.text.contains("/retry"), "there is nothing to try again");
    let missed = browser.get(&at(102)).await;
    missed.is(200).says("Missed").says("on dc1.corp.example").says("has an agent and its hook");
    browser.get(&at(103)).await.is(200).says("Never captured").says("forced-change campaign");
    let operations = browser.get("/operations?state=parked").await;
    operations.is(200).says("Set the password of").says("too short").says("trying again could not help");
    assert!(!operations.text.contains("/retry") && !operations.text.contains("Short1"));

    world.change(json!({"integration_group": "CN=Other,OU=Staff,DC=corp,DC=example"})).await;
    sqlx::query("update directory_users set in_scope = false").execute(&world.app.db).await.unwrap();
    browser.get(&at(103)).await.is(200).says("is not in scope").says("waits, sealed, for 24 h");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_password_that_is_planned_reads_well_in_the_preview(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let browser = Browser::owner(&world.app).await;
    browser.submit(&format!("/domains/{}/pause", world.domain), &[]).await.is(303);
    let capture = captured(&mut dc, 100, 1, "a-long-Password").await;
    relay(&dc, vec![capture]).await;
    world.settle().await;
    let shown = browser.get(&format!("/domains/{}/preview", world.domain)).await;
    shown.is(200).says("Set passwords</a></dt>").says("Set the password of <a");
    browser.get(&format!("/domains/{}/coverage", world.domain)).await.is(200).says("<b>1</b> Waiting");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn alerts_lead_to_what_they_are_about_and_are_counted_on_every_page(db: PgPool) {
    let world = world_with_every_kind(db).await;
    let domain = world.domain;
    let browser = Browser::of(&world.app, Role::ReadOnly).await;
    let shown = browser.get("/alerts").await;
    shown.is(200).says("JumpCloud refused a password").says("Changes of passwords were missed");
    shown.says(&format!("href=\"/domains/{domain}/users/{}\">person1", guid(101)));
    shown.says(&format!("href=\"/domains/{domain}/coverage?state=missed#people\""));
    shown.says(&format!("href=\"/domains/{domain}/coverage#controllers\">dc1.corp.example"));
    shown.says("None so far.").says("<span class=\"count\">3<");
    browser.get("/holds").await.says("<span class=\"count\">3<");
    let leads = format!("href=\"/alerts?domain={domain}\"><b>3</b> open alerts");
    browser.get("/").await.is(200).says(&leads);
    browser
        .get(&format!("/domains/{domain}"))
        .await
        .is(200)
        .says(&leads)
        .says("25 % in JumpCloud")
        .says("Degraded");

    sqlx::query("delete from passwords where state = 'refused'").execute(&world.app.db).await.unwrap();
    alerts::turn(&world.app).await.unwrap();
    let over = browser.get("/alerts?state=closed").await;
    over.is(200).says("JumpCloud refused a password").says("<span class=\"count\">2<");
    assert!(!over.text.contains("Changes of passwords were missed"));
    let open = browser.get(&format!("/alerts?state=open&domain={domain}")).await;
    open.is(200).says("Changes of passwords were missed");
    browser.get(&format!("/alerts?domain={}", guid(9))).await.is(200).says("Nothing needs you");
    for senseless in ["state=bogus", "after=x", "state=open&after=%00", "domain=x"] {
        browser.get(&format!("/alerts?{senseless}")).await.is(200).says("Changes of passwords were missed");
    }
    let last =
        store::alerts::list(&world.app.db, &store::admins::Reach::EVERYTHING, None, Some(true), None, 1)
            .await
            .unwrap()
            .remove(0);
    let rest = browser.get(&format!("/alerts?state=open&after={}", last.id)).await;
    rest.is(200).says("First page");
    assert!(!rest.text.contains(&last.message));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_an_alert_says_is_text_and_never_markup(db: PgPool) {
    let world = World::start(db.clone()).await;
    let sql =
        "insert into alerts (id, domain_id, code, subject, message, opened_at)
               values (gen_random_uuid(), $1, 'capture_missing', $2, $2, now()), (gen_random_uuid(), null, $2, '', $2, now())";
    sqlx::query(sql).bind(world.domain.0).bind(SCRIPT).execute(&db).await.unwrap();
    let shown = Browser::owner(&world.app).await.get("/alerts").await;
    shown.is(200).says("&#60;script&#62;");
    assert!(!shown.text.contains("<script>"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_missing_hook_and_a_domain_controller_without_an_agent_are_named(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    dc.capture.as_mut().unwrap().hook = Hook::Missing;
    let mut heartbeat = dc.heartbeat();
    let protocol::heartbeat::DirectoryState::Connected { report, .. } = &mut heartbeat.directory else {
        panic!("connected")
    };
    let listed = |name: &str, read_only| protocol::heartbeat::DomainController {
        dns_host_name: name.into(),
        read_only,
        pdc: false,
    };
    report.domain_controllers = vec![listed("dc2.corp.example", false), listed("rodc.corp.example", true)];
    heartbeat.sequence += 1;
    let row = store::agents::find(&world.app.db, dc.agent).await.unwrap().unwrap();
    server::actions::heartbeats::receive(&world.app, &row, &heartbeat).await.unwrap();
    let here = format!("/domains/{}/coverage", world.domain);
    let shown = Browser::owner(&world.app).await.get(&here).await;
    shown.is(200).says("Hook missing").says("run adit-agent capture install on it");
    shown.says("dc2.corp.example").says("No agent").says("Enroll an agent");
    shown.says("rodc.corp.example").says("Read-only, exempt").says("No password is changed there.");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_the_settings_say_of_passwords_is_shown_kept_and_checked(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    world.change(json!({"password_must_change_action": "hold", "password_hold_hours": 48})).await;
    let browser = Browser::owner(&world.app).await;
    let path = format!("/domains/{}/settings", world.domain);
    let shown = browser.get(&path).await;
    shown.is(200).says("<option value=\"hold\" selected>Hold it back");
    assert_eq!(shown.field("settings.password_hold_hours"), "48");

    let typed = |revision: &'static str, action: &'static str, hours: &'static str| {
        vec![
            ("revision", revision),
            ("settings.root_user_container", "OU=Staff,DC=corp,DC=example"),
            ("settings.integration_group", "CN=JumpCloud,OU=Staff,DC=corp,DC=example"),
            ("settings.ldap.bind_user", "jcimport@corp.example"),
            ("settings.password_must_change_action", action),
            ("settings.password_hold_hours", hours),
        ]
    };
    for hours in ["745", "-1", "a day"] {
        let refused = browser.submit(&path, &typed("2", "send", hours)).await;
        refused.is(422).says("settings.password_hold_hours-error").says(&format!("value=\"{hours}\""));
    }
    browser
        .submit(&path, &typed("2", "perhaps", "1"))
        .await
        .is(422)
        .says("password_must_change_action-error");
    browser.save_settings(&path, &typed("2", "hold", "0")).await;
    let row = store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap();
    let settings = json!(row.settings);
    assert_eq!(
        (&settings["password_must_change_action"], row.settings.password_hold_hours),
        (&json!("hold"), 0)
    );
    browser.save_settings(&path, &typed("3", "", "")).await;
    let row = store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap();
    let settings = json!(row.settings);
    assert_eq!(
        (&settings["password_must_change_action"], row.settings.password_hold_hours),
        (&json!("send"), 24)
    );
}
