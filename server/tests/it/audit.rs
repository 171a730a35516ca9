//! The audit cannot be changed unnoticed, and says who did what.

use serde_json::{Value, json};
use server::actions::audit::{Finding, verify};
use server::actions::{admins, sealing};
use server::app::Actor;
use server::store;
use server::store::admins::Role;
use server::store::audit::{Filter, Record};
use sqlx::{Acquire, Executor, PgPool};
use uuid::Uuid;

use crate::ui::browser::{Browser, PASSWORD};
use crate::world::{KEY, World, tester};

async fn events(db: &PgPool, count: u32) {
    for number in 0..count {
        let mut tx = db.begin().await.unwrap();
        store::audit::insert(&mut tx, record(&tester(), number), chrono::DateTime::UNIX_EPOCH).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn record(actor: &Actor, number: u32) -> Record<'_> {
    let detail = json!({"number": number, "text": "Zoë, \"quoted\"\n", "z": 1, "a": [1.5, null]});
    Record { actor, action: "test.made", subject: Some(format!("{number}")), domain: None, detail }
}

/// What somebody with every right on the database does.
async fn tamper(db: &PgPool, statements: &str) {
    let whole = format!(
        "alter table audit_events disable trigger all; alter table audit_chain disable trigger all; {statements};
         alter table audit_events enable trigger all; alter table audit_chain enable trigger all"
    );
    db.execute(sqlx::AssertSqlSafe(whole)).await.unwrap();
}

async fn found(db: &PgPool) -> Vec<Finding> {
    verify(db, None).await.unwrap().findings
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn many_at_once_make_one_chain(db: PgPool) {
    let writers = (0..8).map(|_| {
        let db = db.clone();
        tokio::spawn(async move { events(&db, 25).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let walk = verify(&db, None).await.unwrap();
    assert_eq!((walk.events, walk.findings), (200, Vec::new()));
    let again = verify(&db, Some(&walk.head)).await.unwrap();
    assert_eq!(again.findings, []);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_is_rolled_back_leaves_no_gap(db: PgPool) {
    let mut tx = db.begin().await.unwrap();
    store::audit::insert(&mut tx, record(&tester(), 1), chrono::DateTime::UNIX_EPOCH).await.unwrap();
    tx.rollback().await.unwrap();
    events(&db, 3).await;
    let walk = verify(&db, None).await.unwrap();
    assert_eq!((walk.events, walk.findings), (3, Vec::new()));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_database_refuses_every_change(db: PgPool) {
    events(&db, 2).await;
    for statement in [
        "update audit_events set actor = 'somebody else'",
        "delete from audit_events",
        "truncate audit_events cascade",
        "update audit_chain set hash = previous",
        "delete from audit_chain",
        "truncate audit_chain",
        "set session_replication_role = replica; delete from audit_chain",
    ] {
        let refused = db.execute(sqlx::AssertSqlSafe(statement)).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
    assert_eq!(found(&db).await, []);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_owner_of_the_tables_has_no_right_to_change_what_was_written(db: PgPool) {
    events(&db, 2).await;
    let mut tx = db.begin().await.unwrap();
    // Tests run as a superuser, whom no right binds.
    for statement in [
        "create role adit_audit_owner",
        "alter table audit_events owner to adit_audit_owner",
        "alter table audit_chain owner to adit_audit_owner",
        "set local role adit_audit_owner",
        "select count(*) from audit_events",
    ] {
        tx.execute(statement).await.unwrap();
    }
    for statement in [
        "update audit_events set actor = 'somebody else'",
        "delete from audit_events",
        "truncate audit_events",
        "update audit_chain set hash = previous",
        "delete from audit_chain",
        "truncate audit_chain",
    ] {
        let mut attempt = tx.begin().await.unwrap();
        let refused = attempt.execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied for table"), "{statement}: {refused}");
        attempt.rollback().await.unwrap();
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn each_kind_of_tampering_is_found_and_named(db: PgPool) {
    events(&db, 6).await;
    let ids: Vec<i64> =
        sqlx::query_scalar("select id from audit_events order by id").fetch_all(&db).await.unwrap();
    let (first, third) = (ids[0], ids[2]);

    for (column, value) in [
        ("at", "at + interval '1 microsecond'"),
        ("actor_kind", "'api_token'"),
        ("actor_id", "gen_random_uuid()"),
        ("actor", "'nobody'"),
        ("action", "'test.unmade'"),
        ("subject", "null"),
        ("domain_id", "gen_random_uuid()"),
        ("detail", "detail || '{\"number\": 7}'"),
    ] {
        tamper(&db, "create table kept as select * from audit_events").await;
        tamper(&db, &format!("update audit_events set {column} = {value} where id = {third}")).await;
        assert_eq!(found(&db).await, [Finding::Changed { event: third }], "{column}");
        tamper(
            &db,
            &format!(
                "update audit_events e set {column} = k.{column} from kept k where k.id = e.id; drop table kept"
            ),
        )
        .await;
        assert_eq!(found(&db).await, []);
    }

    tamper(&db, "insert into audit_events (at, actor_kind, actor, action) values (now(), 'admin', 'eve', 'test.faked')")
        .await;
    let faked: i64 = sqlx::query_scalar("select max(id) from audit_events").fetch_one(&db).await.unwrap();
    assert_eq!(found(&db).await, [Finding::Inserted { event: faked }]);
    tamper(&db, &format!("delete from audit_events where id = {faked}")).await;

    tamper(&db, &format!("create table gone as select * from audit_events where id = {third}; delete from audit_events where id = {third}"))
        .await;
    assert_eq!(found(&db).await, [Finding::Removed { event: third }]);
    tamper(&db, &format!("delete from audit_chain where event_id = {third}")).await;
    assert_eq!(found(&db).await, [Finding::Missing { from: 3, to: 3 }]);
    tamper(&db, "update audit_chain set position = position - 1 where position > 3").await;
    assert_eq!(found(&db).await, [Finding::Broken { event: ids[3] }]);

    // Whoever rewrites an event and its own hash is given away by the one after it.
    tamper(
        &db,
        &format!(
            "update audit_events set actor = 'eve' where id = {first};
             update audit_chain c set hash = audit_hash(c.previous, e) from audit_events e where e.id = c.event_id and e.id = {first}"
        ),
    )
    .await;
    assert_eq!(found(&db).await, [Finding::Broken { event: ids[1] }, Finding::Broken { event: ids[3] }]);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_head_that_was_kept_elsewhere_shows_that_the_end_was_cut_off(db: PgPool) {
    events(&db, 4).await;
    let kept = verify(&db, None).await.unwrap().head;
    events(&db, 1).await;
    assert_eq!(verify(&db, Some(&kept)).await.unwrap().findings, []);
    tamper(&db, "delete from audit_chain where position > 3; delete from audit_events where id not in (select event_id from audit_chain)")
        .await;
    assert_eq!(found(&db).await, []);
    assert_eq!(verify(&db, Some(&kept)).await.unwrap().findings, [Finding::HeadGone { head: kept }]);
    assert!(verify(&db, Some("abc")).await.is_err());
}

#[sqlx::test(migrations = false)]
async fn events_of_before_the_chain_are_chained(db: PgPool) {
    let before = server::store::MIGRATOR.iter().filter(|migration| migration.version < 9);
    for migration in before {
        db.execute(sqlx::AssertSqlSafe(migration.sql.as_str().to_owned())).await.unwrap();
    }
    db.execute(
        "insert into audit_events (at, actor, action, detail) values
           (now(), 'ada@corp.example', 'domain.added', '{\"b\": 1, \"a\": 2}'), (now(), 'API token ci', 'domain.paused', '{}'),
           (now(), 'command line', 'admin.created', '{}')",
    )
    .await
    .unwrap();
    let this = server::store::MIGRATOR.iter().find(|migration| migration.version == 9).unwrap();
    db.execute(sqlx::AssertSqlSafe(this.sql.as_str().to_owned())).await.unwrap();
    let walk = verify(&db, None).await.unwrap();
    assert_eq!((walk.events, walk.findings), (3, Vec::new()));
    let kinds: Vec<String> =
        sqlx::query_scalar("select actor_kind from audit_events order by id").fetch_all(&db).await.unwrap();
    assert_eq!(kinds, ["admin", "api_token", "command_line"]);
}

async fn actions(db: &PgPool) -> Vec<String> {
    let all = store::audit::list(db, &store::admins::Reach::EVERYTHING, &Filter::default(), None, 1000)
        .await
        .unwrap();
    all.into_iter().rev().map(|event| format!("{} {}", event.actor, event.action)).collect()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn signing_in_and_out_is_written_down_and_so_are_failures(db: PgPool) {
    let world = World::start(db).await;
    let browser = Browser::owner(&world.app).await;
    browser.submit("/logout", &[]).await.is(303);
    for _ in 0..6 {
        browser.sign_in("owner@corp.example", "wrong", "/").await;
    }
    let all = actions(&world.app.db).await;
    let from = all.iter().position(|event| event.ends_with("admin.signed_in")).unwrap();
    let mut expected = vec!["owner@corp.example admin.signed_in", "owner@corp.example admin.signed_out"];
    expected.extend(["nobody signed in admin.sign_in_failed"; 4]);
    expected.push("nobody signed in admin.sign_in_throttled");
    assert_eq!(all[from..], expected, "what is refused while the account waits is not written down again");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn no_secret_stands_in_the_audit(db: PgPool) {
    let world = World::start(db).await;
    let (id, token) = admins::create_api_token(&world.app, &tester(), "ci", Role::Operator).await.unwrap();
    server::actions::api_tokens::delete(&world.app, &tester(), id).await.unwrap();
    let browser = Browser::owner(&world.app).await;
    let _ = world.enrolled("dc1").await;
    world.change(json!({"ldap": {"bind_password": "a-new-bind-password"}})).await;
    let cookie = browser.cookie("__Host-adit").or(browser.cookie("adit")).unwrap();
    sealing::ensure(&world.app).await.unwrap();
    sealing::rotate(&world.app, &tester()).await.unwrap();

    let text: String = sqlx::query_scalar("select string_agg(e::text, ' ') from audit_events e")
        .fetch_one(&world.app.db)
        .await
        .unwrap();
    for secret in [KEY, "\"secret\"", "a-new-bind-password", PASSWORD, token.expose(), &cookie] {
        assert!(!text.contains(secret), "{secret} stands in the audit");
    }
    assert!(text.contains("bind_password_changed"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_audit_is_filtered_and_exported(db: PgPool) {
    let world = World::start(db).await;
    world.change(json!({"poll_interval_ms": 2000})).await;
    let (_, token) = admins::create_api_token(&world.app, &tester(), "siem", Role::Operator).await.unwrap();
    let browser = Browser::owner(&world.app).await;

    let page = browser.get("/audit?action=domain.settings_changed&actor=TEST").await;
    page.is(200).says("poll_interval_ms").says("1000").says("2000").says("tester");
    assert!(!page.text.contains("<code>organization.added"));
    browser.get("/audit?from=2099-01-01T00:00").await.says("Nothing like that");
    let lines = browser.get("/audit.jsonl?action=domain.").await;
    let first: Value = serde_json::from_str(lines.text.lines().next().unwrap()).unwrap();
    assert_eq!(
        (first["action"].as_str(), first["actor_kind"].as_str()),
        (Some("domain.settings_changed"), Some("admin"))
    );
    assert_eq!(lines.text.lines().count(), 2);

    let api = async |path: &str, accept: &str| browser.api(path, token.expose(), accept).await;
    let found = api("/api/v1/audit?action=audit.exported", "application/json").await;
    let found: Value = serde_json::from_str(&found.text).unwrap();
    assert_eq!(found["items"][0]["detail"]["filter"]["action"], "domain.");
    let lines = api("/api/v1/audit", "application/x-ndjson").await;
    assert!(
        lines
            .text
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok_and(|event| event["hash"].is_string()))
    );
    api("/api/v1/audit?actor_kind=person", "application/json").await.is(422).says("actor_kind");
    assert!(Uuid::parse_str(first["domain_id"].as_str().unwrap()).is_ok());
}
