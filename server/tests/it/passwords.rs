//! Captured passwords: the newest of each user reaches JumpCloud, and none is kept longer than it must be.

use chrono::{DateTime, TimeDelta, Utc};
use protocol::captures::{
    CaptureOutcome, CaptureState, Captured, Captures, Hook, MAX_CAPTURES, PasswordStamp,
};
use protocol::directory::{PasswordVersion, User};
use protocol::sealing::{Label, SealingKey};
use protocol::transfer::{Kind, Record};
use protocol::{CaptureId, DomainId};
use serde_json::json;
use server::workers::{alerts, plan};
use server::{actions, store};
use simulator::{Action, Fault, Seed};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{Dc, World, group, guid, members, people, tester, user};

/// When a test's passwords are set, in the world's own time.
const EPOCH: i64 = 1_800_000_000;

pub(crate) fn version(number: u32, dc: &Dc<'_>) -> PasswordVersion {
    PasswordVersion {
        version: number,
        changed_at: DateTime::from_timestamp(EPOCH + i64::from(number), 0).unwrap(),
        invocation_id: dc.invocation_id,
    }
}

fn filetime(at: DateTime<Utc>) -> i64 {
    (at.timestamp() + 11_644_473_600) * 10_000_000
}

pub(crate) fn stamp(number: u32, dc: &Dc<'_>) -> PasswordStamp {
    let version = version(number, dc);
    PasswordStamp { pwd_last_set: filetime(version.changed_at), version: Some(version) }
}

/// The user as AD has it after the password of that number was set.
pub(crate) fn with_password(user: User, number: u32, dc: &Dc<'_>) -> User {
    let stamp = stamp(number, dc);
    User { pwd_last_set: Some(stamp.pwd_last_set), password_version: stamp.version, ..user }
}

async fn key(dc: &mut Dc<'_>) -> SealingKey {
    dc.beat().await.unwrap().capture.expect("the heartbeat brings the key").sealing_key
}

pub(crate) async fn captured(dc: &mut Dc<'_>, user: u128, number: u32, password: &str) -> Captured {
    let label = Label {
        capture: CaptureId(Uuid::new_v4()),
        domain: dc.world.domain,
        agent: dc.agent,
        account: format!("person{user}"),
        captured_at: dc.world.now(),
        key: 0,
    };
    let envelope = key(dc).await.seal(label, password.as_bytes()).unwrap();
    Captured { envelope, user: guid(user), stamp: stamp(number, dc) }
}

pub(crate) async fn relay(dc: &Dc<'_>, captures: Vec<Captured>) -> Vec<CaptureOutcome> {
    let agent = store::agents::find(&dc.world.app.db, dc.agent).await.unwrap().unwrap();
    let answer = actions::captures::receive(&dc.world.app, &agent, &Captures { captures }).await.unwrap();
    answer.results.into_iter().map(|result| result.outcome).collect()
}

fn refused(outcome: &CaptureOutcome) -> &str {
    match outcome {
        CaptureOutcome::Refused { code, .. } => code,
        CaptureOutcome::Kept | CaptureOutcome::Superseded => panic!("not refused"),
    }
}

/// How many ciphertexts the database holds.
async fn ciphertexts(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from passwords where sealed is not null")
        .fetch_one(&world.app.db)
        .await
        .unwrap()
}

async fn open_alerts(world: &World) -> Vec<String> {
    let rows = store::alerts::list(
        &world.app.db,
        &store::admins::Reach::EVERYTHING,
        Some(world.domain),
        Some(true),
        None,
        100,
    )
    .await
    .unwrap();
    rows.into_iter().map(|row| row.code).collect()
}

async fn coverage(world: &World, user: u128) -> String {
    let found = store::coverage::find(&world.app.db, world.domain, world.now(), guid(user)).await.unwrap();
    found.expect("the user is in scope").state
}

/// Four synced people, and the agent on their domain controller, which captures.
pub(crate) async fn synced(world: &World) -> Dc<'_> {
    actions::sealing::ensure(&world.app).await.unwrap();
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.capture = Some(CaptureState {
        hook: Hook::Installed { chained: false },
        sealing_key: Some(1),
        exempt_version: None,
        waiting: 0,
        oldest_waiting: None,
        last_captured_at: None,
        counters: [].into(),
    });
    dc.read_in_full(&people(4)).await;
    world.activate().await;
    dc
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_captured_password_works_in_jumpcloud_and_its_ciphertext_is_gone(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let capture = captured(&mut dc, 100, 1, "Grüße-€-1").await;
    assert_eq!(relay(&dc, vec![capture.clone()]).await, [CaptureOutcome::Kept]);
    assert_eq!(ciphertexts(&world).await, 1);
    world.settle().await;
    assert!(world.jumpcloud.login("person0", "Grüße-€-1"));
    assert_eq!((ciphertexts(&world).await, world.status(100).await.as_str()), (0, "synced"));

    // The agent did not hear the answer and sends it again.
    assert_eq!(relay(&dc, vec![capture]).await, [CaptureOutcome::Kept]);
    world.settle().await;
    let actions = world.jumpcloud.actions_on("person0");
    assert_eq!(actions.iter().filter(|action| *action == "set password").count(), 1);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_newest_wins_by_the_domain_controllers_own_order_and_not_by_arrival(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let older = captured(&mut dc, 100, 1, "older-Password").await;
    let newer = captured(&mut dc, 100, 2, "newer-Password").await;
    assert_eq!(relay(&dc, vec![newer]).await, [CaptureOutcome::Kept]);
    assert_eq!(relay(&dc, vec![older]).await, [CaptureOutcome::Superseded]);
    world.settle().await;
    assert!(world.jumpcloud.login("person0", "newer-Password"));
    let latest = captured(&mut dc, 100, 3, "latest-Password").await;
    relay(&dc, vec![latest]).await;
    world.settle().await;
    assert!(world.jumpcloud.login("person0", "latest-Password"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_new_hires_password_waits_for_the_user_to_be_made(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let capture = captured(&mut dc, 200, 1, "first-Password").await;
    assert_eq!(relay(&dc, vec![capture]).await, [CaptureOutcome::Kept], "nobody knows the user yet");
    world.settle().await;
    let mut all = people(4);
    let newcomer = with_password(user(200, "newcomer"), 1, &dc);
    all.push(newcomer.clone());
    dc.report(Kind::Delta, vec![Record::User(newcomer), members(2, &all)]).await;
    world.settle().await;
    assert!(world.jumpcloud.login("newcomer", "first-Password"));
    assert_eq!(coverage(&world, 200).await, "delivered");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_password_nobody_is_synced_for_expires_with_a_reason(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let capture = captured(&mut dc, 999, 1, "some-Password").await;
    relay(&dc, vec![capture]).await;
    world.advance(TimeDelta::hours(23));
    world.settle().await;
    assert_eq!(ciphertexts(&world).await, 1);
    world.advance(TimeDelta::hours(2));
    world.settle().await;
    assert_eq!(ciphertexts(&world).await, 0);
    let row: (String, String) =
        sqlx::query_as("select state, code from passwords").fetch_one(&world.app.db).await.unwrap();
    assert_eq!(row, ("expired".into(), "hold_expired".into()));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_password_that_only_waits_for_jumpcloud_does_not_expire(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    world.jumpcloud.script(Fault::new(Action::status(503)).on("PUT", "/api/systemusers/*").times(2));
    let capture = captured(&mut dc, 100, 1, "late-Password").await;
    relay(&dc, vec![capture]).await;
    world.settle().await;
    world.advance(TimeDelta::hours(48));
    world.settle().await;
    world.advance(TimeDelta::hours(1));
    world.settle().await;
    assert!(world.jumpcloud.login("person0", "late-Password"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_refused_password_is_explained_and_gone_until_another_is_set(db: PgPool) {
    let policy = json!({"passwordPolicy": {"enableMinLength": true, "minLength": 12, "needsSymbolic": true}});
    let seed = Seed { organization_settings: policy.as_object().unwrap().clone(), ..Seed::default() };
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = synced(&world).await;
    let capture = captured(&mut dc, 100, 1, "Short1").await;
    relay(&dc, vec![capture]).await;
    world.settle().await;
    assert_eq!((world.status(100).await.as_str(), ciphertexts(&world).await), ("failed", 0));
    assert_eq!(world.reasons(100).await, ["password_refused"]);
    let user = store::subjects::find_user(&world.app.db, world.domain, guid(100)).await.unwrap().unwrap();
    let words = &user.reasons.0[0].message;
    assert!(words.contains("too short") && words.contains("special character"), "{words}");
    assert!(!words.contains("Short1"), "{words}");
    assert_eq!(coverage(&world, 100).await, "refused");
    alerts::turn(&world.app).await.unwrap();
    alerts::turn(&world.app).await.unwrap();
    assert_eq!(open_alerts(&world).await, ["password_refused"], "opened once");

    // Trying again does not help: the password is gone.
    let parked = store::operations::list(&world.app.db, Some(world.domain), Some("parked"), None, None, 10);
    let parked = parked.await.unwrap();
    actions::subjects::retry(&world.app, &tester(), parked[0].id).await.unwrap();
    world.settle().await;
    assert_eq!(world.reasons(100).await, ["password_refused"]);

    let capture = captured(&mut dc, 100, 2, "long-enough-Password!").await;
    relay(&dc, vec![capture]).await;
    world.settle().await;
    assert!(world.jumpcloud.login("person0", "long-enough-Password!"));
    assert_eq!(world.status(100).await, "synced");
    alerts::turn(&world.app).await.unwrap();
    assert!(open_alerts(&world).await.is_empty());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_password_whose_answer_was_lost_is_not_taken_for_refused(db: PgPool) {
    let policy = json!({"passwordPolicy": {"enableMaxHistory": true, "maxHistory": 5}});
    let seed = Seed { organization_settings: policy.as_object().unwrap().clone(), ..Seed::default() };
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = synced(&world).await;
    // JumpCloud's clock is the real one, ours stands still in the future.
    world.jumpcloud.advance(std::time::Duration::from_hours(24 * 365));
    world.jumpcloud.script(Fault::new(Action::ApplyThenReset).on("PUT", "/api/systemusers/*"));
    let capture = captured(&mut dc, 100, 1, "a-Password-1").await;
    relay(&dc, vec![capture]).await;
    world.settle().await;
    world.advance(TimeDelta::seconds(10));
    world.settle().await;
    assert!(world.jumpcloud.login("person0", "a-Password-1"));
    assert_eq!(
        (world.status(100).await.as_str(), coverage(&world, 100).await.as_str()),
        ("synced", "delivered")
    );
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn privileged_accounts_are_named_to_the_agents_and_what_was_kept_of_one_is_erased(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let capture = captured(&mut dc, 999, 1, "some-Password").await;
    relay(&dc, vec![capture]).await;
    let mut admins = group(900, "Domain Admins");
    admins.sid = protocol::Sid::parse("S-1-5-21-1-2-3-512");
    let root = user(999, "Root");
    let records =
        vec![Record::User(root.clone()), Record::Group(admins), members(900, &[root, people(4)[3].clone()])];
    dc.report(Kind::Delta, records).await;
    world.settle().await;
    assert_eq!(ciphertexts(&world).await, 0);
    let exempt = dc.beat().await.unwrap().capture.unwrap().exempt.unwrap();
    assert_eq!(exempt.accounts, ["person3", "root"]);
    let capture = captured(&mut dc, 999, 2, "another-Password").await;
    assert_eq!(refused(&relay(&dc, vec![capture]).await[0]), "privileged");

    // The agent has the list by now: it does not travel again.
    dc.capture.as_mut().unwrap().exempt_version = Some(exempt.version);
    assert_eq!(dc.beat().await.unwrap().capture.unwrap().exempt, None);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_was_captured_before_a_rotation_of_the_key_still_arrives(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let before = captured(&mut dc, 100, 1, "before-Rotation").await;
    assert_eq!(actions::sealing::rotate(&world.app, &tester()).await.unwrap(), 2);
    let after = captured(&mut dc, 101, 1, "after-Rotation").await;
    assert_eq!((before.envelope.label.key, after.envelope.label.key), (1, 2));
    relay(&dc, vec![before, after]).await;
    world.settle().await;
    assert!(world.jumpcloud.login("person0", "before-Rotation"));
    assert!(world.jumpcloud.login("person1", "after-Rotation"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_cannot_be_of_use_is_refused_and_a_damaged_one_is_named(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let good = captured(&mut dc, 100, 1, "a-Password").await;
    let mut elsewhere = good.clone();
    elsewhere.envelope.label.domain = DomainId(Uuid::new_v4());
    let mut unknown_key = good.clone();
    unknown_key.envelope.label.key = 77;
    let outcomes = relay(&dc, vec![elsewhere, unknown_key]).await;
    assert_eq!(outcomes.iter().map(refused).collect::<Vec<_>>(), ["not_this_domain", "key_unknown"]);

    let mut damaged = good.clone();
    damaged.envelope.label.account.push('x');
    relay(&dc, vec![damaged]).await;
    world.settle().await;
    assert_eq!((world.status(100).await.as_str(), ciphertexts(&world).await), ("failed", 0));
    let parked = store::operations::list(&world.app.db, Some(world.domain), Some("parked"), None, None, 10);
    assert_eq!(parked.await.unwrap()[0].error_code.as_deref(), Some("password_unreadable"));

    let agent = store::agents::find(&world.app.db, dc.agent).await.unwrap().unwrap();
    let many = Captures { captures: vec![good; MAX_CAPTURES + 1] };
    assert!(actions::captures::receive(&world.app, &agent, &many).await.is_err());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn coverage_tells_for_everybody_in_scope_where_the_current_password_is(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    // Nobody's password was changed since anything is captured.
    for number in 100..104 {
        assert_eq!(coverage(&world, number).await, "never_captured");
    }
    world.advance(TimeDelta::seconds(30));
    let people = people(4);
    let first = captured(&mut dc, 100, 10, "delivered-Password").await;
    relay(&dc, vec![first]).await;
    world.settle().await;
    assert_eq!(coverage(&world, 100).await, "delivered", "before the watcher has seen the change");
    let changed = |user: usize, number| with_password(people[user].clone(), number, &dc);
    let records = vec![Record::User(changed(0, 10)), Record::User(changed(1, 10))];
    dc.report(Kind::Delta, records).await;
    world.settle().await;
    assert_eq!(coverage(&world, 100).await, "delivered");
    assert_eq!(coverage(&world, 101).await, "waiting", "its capture may still come");
    world.advance(TimeDelta::seconds(61));
    assert_eq!(coverage(&world, 101).await, "missed");
    let missed = store::coverage::list_missed(&world.app.db, world.domain, world.now()).await.unwrap();
    assert_eq!((missed[0].invocation_id, missed[0].users), (Some(dc.invocation_id), 1));

    // A later change elsewhere that nobody captured: what was delivered is no longer current.
    let mut elsewhere = with_password(people[0].clone(), 11, &dc);
    elsewhere.password_version.as_mut().unwrap().invocation_id = Uuid::from_u128(5);
    dc.report(Kind::Delta, vec![Record::User(elsewhere)]).await;
    world.advance(TimeDelta::seconds(61));
    assert_eq!(coverage(&world, 100).await, "missed");
    let all = store::coverage::list(&world.app.db, world.domain, world.now(), None, None, 3).await.unwrap();
    assert_eq!(all.iter().map(|row| row.guid).collect::<Vec<_>>(), [guid(100), guid(101), guid(102)]);
    let counts = store::coverage::count(&world.app.db, world.domain, world.now()).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|row| (row.state.as_str(), row.count)).collect();
    assert_eq!(counts, [("missed", 2), ("never_captured", 2)]);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_domain_controller_that_loses_or_misses_passwords_is_named(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let capture = async |dc: &Dc<'_>| {
        let report = actions::coverage::of(&dc.world.app, dc.world.domain).await.unwrap();
        report.domain_controllers[0].capture.as_str()
    };
    dc.beat().await.unwrap();
    assert_eq!(capture(&dc).await, "healthy");
    dc.capture.as_mut().unwrap().counters.insert("disk_full".into(), 2);
    dc.beat().await.unwrap();
    assert_eq!(capture(&dc).await, "degraded");
    world.advance(TimeDelta::hours(25));
    dc.beat().await.unwrap();
    assert_eq!(capture(&dc).await, "healthy", "what was lost is not shown for ever");

    let changed = with_password(people(4)[1].clone(), 100_000, &dc);
    dc.report(Kind::Delta, vec![Record::User(changed)]).await;
    dc.capture.as_mut().unwrap().hook = Hook::Missing;
    dc.beat().await.unwrap();
    world.advance(TimeDelta::seconds(61));
    alerts::turn(&world.app).await.unwrap();
    let rows = store::alerts::list(
        &world.app.db,
        &store::admins::Reach::EVERYTHING,
        Some(world.domain),
        Some(true),
        None,
        100,
    )
    .await
    .unwrap();
    let found: Vec<_> = rows.iter().map(|row| row.code.as_str()).collect();
    assert!(found.contains(&"password_missed") && found.contains(&"capture_missing"), "{found:?}");
    assert!(rows.iter().all(|row| row.message.contains("dc1.corp.example")), "{rows:?}");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn jumpclouds_password_policy_is_compared_rule_by_rule(db: PgPool) {
    let policy = json!({"passwordPolicy": {
        "enableMinLength": true, "minLength": 12, "enableMaxHistory": true, "maxHistory": 5, "needsSymbolic": true,
    }});
    let seed = Seed { organization_settings: policy.as_object().unwrap().clone(), ..Seed::default() };
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    synced(&world).await;
    let checks = actions::checks::list(&world.app, world.domain).await.unwrap();
    let state = |code: &str| {
        let check = checks.iter().find(|check| check.code == code);
        check.map(|check| serde_json::to_value(check.state).unwrap().as_str().unwrap().to_owned())
    };
    assert_eq!(state("password_policy_length").as_deref(), Some("warning"));
    assert_eq!(state("password_policy_history").as_deref(), Some("ok"));
    assert_eq!(state("password_policy_symbol").as_deref(), Some("warning"));
    assert_eq!(state("password_policy_uppercase"), None);
    assert_eq!(state("password_complexity").as_deref(), Some("ok"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_password_that_must_be_changed_is_kept_back_where_the_setting_says_so(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    world.change(json!({"password_must_change_action": "hold"})).await;
    let must_change =
        |capture: Captured| Captured { stamp: PasswordStamp { pwd_last_set: 0, ..capture.stamp }, ..capture };
    let capture = must_change(captured(&mut dc, 100, 1, "temporary-Password").await);
    relay(&dc, vec![capture]).await;
    world.settle().await;
    assert!(!world.jumpcloud.login("person0", "temporary-Password"));
    let chosen = captured(&mut dc, 100, 2, "chosen-Password").await;
    relay(&dc, vec![chosen]).await;
    world.settle().await;
    assert!(world.jumpcloud.login("person0", "chosen-Password"));

    world.change(json!({"password_must_change_action": "send"})).await;
    let capture = must_change(captured(&mut dc, 101, 1, "temporary-Password").await);
    relay(&dc, vec![capture]).await;
    world.settle().await;
    assert!(world.jumpcloud.login("person1", "temporary-Password"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn passwords_go_ahead_of_everything_bulk(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    let mut all = people(60);
    dc.read_in_full(&all).await;
    all.truncate(1);
    let capture = captured(&mut dc, 100, 1, "urgent-Password").await;
    relay(&dc, vec![capture]).await;
    world.jumpcloud.forget_requests();
    world.settle().await;
    let writes = world.jumpcloud.writes();
    let place = writes.iter().position(|write| write.action.as_deref() == Some("set password")).unwrap();
    assert!(place < 16, "place {place} of {}", writes.len());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_password_is_planned_before_a_long_queue(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    world.settle().await;
    actions::sealing::ensure(&world.app).await.unwrap();
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.read_in_full(&people(700)).await;
    let capture = captured(&mut dc, 799, 1, "last-but-urgent").await;
    relay(&dc, vec![capture]).await;
    plan::turn(&world.app).await.unwrap();
    let planned = world.outbox().await;
    assert_eq!(planned["set_password ready"], 1);
    assert!(planned["create_user ready"] < 700, "the queue is longer than one turn");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn no_readable_password_is_in_the_database(db: PgPool) {
    const CANARY: &str = "Canary-Password-4711!";
    let world = World::start(db).await;
    let mut dc = synced(&world).await;
    world.jumpcloud.script(Fault::new(Action::status(500)).on("PUT", "/api/systemusers/*").times(1));
    let captures = vec![captured(&mut dc, 100, 1, CANARY).await, captured(&mut dc, 999, 1, CANARY).await];
    relay(&dc, captures).await;
    world.settle().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public'",
    )
    .fetch_all(&world.app.db)
    .await
    .unwrap();
    for table in tables {
        let statement = format!("select count(*) from {table} t where t::text like '%' || $1 || '%'");
        let hits: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .bind(CANARY)
            .fetch_one(&world.app.db)
            .await
            .unwrap();
        assert_eq!(hits, 0, "{table}");
    }
}
