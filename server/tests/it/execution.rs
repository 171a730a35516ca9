//! Carrying out: nothing is written before activation, nothing is done twice, nothing is lost when JumpCloud fails.

use chrono::TimeDelta;
use protocol::Secret;
use protocol::heartbeat::Role;
use protocol::transfer::{Kind, Record};
use serde_json::json;
use server::actions::organizations::{NewCredential, change_credential};
use server::store;
use simulator::{Action, Fault, Seed};
use sqlx::PgPool;

use crate::world::{KEY, World, people, tester, user};

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn nothing_is_written_before_activation_and_then_what_the_preview_said(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(4)).await;
    world.settle().await;
    assert!(world.jumpcloud.writes().is_empty());
    let planned = world.outbox().await;
    assert_eq!(planned["create_user ready"], 4);
    assert_eq!(planned["add_member ready"], 4);

    world.activate().await;
    assert!(world.outbox().await.is_empty());
    let done = store::operations::list(&world.app.db, Some(world.domain), Some("done"), None, None, 1000)
        .await
        .unwrap();
    let total: i64 = planned.values().sum();
    assert_eq!(
        i64::try_from(done.len()).unwrap(),
        total,
        "activation did what the preview listed, and nothing else"
    );
    assert_eq!(world.jumpcloud.group_members("JumpCloud").len(), 4);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn while_nothing_happens_nothing_is_written_but_when_the_agent_was_seen(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    world.activate().await;
    dc.beat().await.unwrap();
    let before = world.versions().await;
    for _ in 0..10 {
        world.advance(TimeDelta::seconds(3));
        let role = dc.beat().await.unwrap().role;
        assert!(matches!(role, Role::Watcher { fence: 1, .. }), "{role:?}");
        world.settle().await;
    }
    let after = world.versions().await;
    let written: Vec<_> = after.iter().filter(|(table, rows)| before[*table] != **rows).collect();
    assert_eq!(written.iter().map(|(table, _)| &***table).collect::<Vec<_>>(), ["agents"]);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn another_process_that_has_the_request_budget_is_waited_for(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    world.settle().await;
    sqlx::query("update organizations set executor = gen_random_uuid(), executor_until = $1")
        .bind(world.now() + TimeDelta::seconds(15))
        .execute(&world.app.db)
        .await
        .unwrap();
    world.activate().await;
    assert!(world.jumpcloud.writes().is_empty());
    world.advance(TimeDelta::seconds(16));
    world.settle().await;
    assert_eq!(world.jumpcloud.users().len(), 2);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_a_process_that_died_had_under_way_goes_on_once_its_budget_has_lapsed(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    world.settle().await;
    let died = "with others as (update organizations set executor = gen_random_uuid(), executor_until = $1)
                update operations set state = 'leased', lease_token = gen_random_uuid(), lease_until = $2
                where kind = 'create_user'";
    let lapses = world.now() + TimeDelta::seconds(15);
    let ends = world.now() + TimeDelta::seconds(120);
    sqlx::query(died).bind(lapses).bind(ends).execute(&world.app.db).await.unwrap();
    world.activate().await;
    assert!(world.jumpcloud.users().is_empty());
    world.advance(TimeDelta::seconds(16));
    world.settle().await;
    world.settle().await;
    assert_eq!(world.jumpcloud.users().len(), 2);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_create_whose_answer_was_lost_is_not_made_twice(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    world.jumpcloud.script(Fault::new(Action::ApplyThenReset).on("POST", "/api/systemusers$"));
    dc.read_in_full(&people(1)).await;
    world.activate().await;
    world.advance(TimeDelta::seconds(10));
    world.settle().await;
    assert_eq!(world.jumpcloud.users().len(), 1);
    assert_eq!(world.status(100).await, "synced");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_failing_jumpcloud_delays_and_loses_nothing(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    world.jumpcloud.script(Fault::new(Action::status(503)).on("POST", "/api/systemusers$").times(3));
    dc.read_in_full(&people(3)).await;
    world.activate().await;
    assert!(world.jumpcloud.users().is_empty());
    for _ in 0..5 {
        world.advance(TimeDelta::minutes(2));
        world.settle().await;
    }
    assert_eq!(world.jumpcloud.users().len(), 3);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_refused_field_parks_that_operation_and_a_leaver_still_loses_access(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(3)).await;
    world.activate().await;
    world.jumpcloud.script(
        Fault::new(Action::status(400)).on("PUT", "/api/systemusers/*").with_field("lastname").forever(),
    );

    let mut leaver = user(100, "person0");
    leaver.sn = Some("Refused".into());
    leaver.user_account_control = Some(514);
    dc.report(Kind::Delta, vec![Record::User(leaver.clone())]).await;
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("person0").unwrap()["state"], "SUSPENDED");

    leaver.user_account_control = Some(512);
    dc.report(Kind::Delta, vec![Record::User(leaver)]).await;
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("person0").unwrap()["state"], "ACTIVATED");
    assert_eq!(world.status(100).await, "failed");
    assert_eq!(world.outbox().await["update_user parked"], 1);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_revoked_key_pauses_the_organization_until_a_new_one_is_entered(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    world.activate().await;
    world.jumpcloud.revoke_key(KEY);

    let mut renamed = user(100, "person0");
    renamed.sn = Some("Newname".into());
    dc.report(Kind::Delta, vec![Record::User(renamed)]).await;
    world.settle().await;
    let row = store::organizations::find(&world.app.db, world.organization).await.unwrap().unwrap();
    assert_eq!(row.problem_code.as_deref(), Some("credential_rejected"));

    world.jumpcloud.add_key("another-key");
    let new = NewCredential::ApiKey(Secret::new("another-key".into()));
    change_credential(&world.app, &tester(), world.organization, new).await.unwrap();
    world.advance(TimeDelta::seconds(10));
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("person0").unwrap()["lastname"], "Newname");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_user_that_vanished_in_jumpcloud_is_made_again(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(1)).await;
    world.activate().await;
    let id = world.jumpcloud_id(100).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/api/systemusers/{id}", world.jumpcloud.base_url());
    http.delete(url).header("x-api-key", KEY).send().await.unwrap().error_for_status().unwrap();

    server::actions::domains::resync(&world.app, &tester(), world.domain).await.unwrap();
    world.settle().await;
    assert_ne!(world.jumpcloud_id(100).await.unwrap(), id);
    assert_eq!(world.jumpcloud.group_members("JumpCloud").len(), 1);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_existing_user_of_the_same_email_is_taken_over_and_one_of_the_same_username_is_not(db: PgPool) {
    let existing = |username: &str, email: &str| {
        json!({"username": username, "email": email, "firstname": "Old", "lastname": "Name"})
            .as_object()
            .unwrap()
            .clone()
    };
    let seed = Seed {
        users: vec![existing("somebody", "Person0@corp.example"), existing("person1", "else@corp.example")],
        ..Seed::default()
    };
    let world = World::in_preview(db, seed, json!({})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(2)).await;
    world.settle().await;
    world.activate().await;
    assert_eq!(world.jumpcloud.users().len(), 2, "nobody was made");
    assert_eq!(world.jumpcloud.user_by_username("person0").unwrap()["externally_managed"], true);
    assert_eq!(world.status(101).await, "conflict");
    assert_eq!(world.reasons(101).await, ["ambiguous_match"]);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_value_that_jumpcloud_keeps_changing_is_parked_instead_of_written_for_ever(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(1)).await;
    world.activate().await;
    let refused = Action::Status {
        status: 200,
        body: Some(world.jumpcloud.user_by_username("person0").unwrap()),
        headers: Default::default(),
    };
    world
        .jumpcloud
        .script(Fault::new(refused).on("PUT", "/api/systemusers/*").with_field("lastname").forever());

    let mut renamed = user(100, "person0");
    renamed.sn = Some("Normalised".into());
    dc.report(Kind::Delta, vec![Record::User(renamed)]).await;
    world.settle().await;
    let parked = store::operations::list(&world.app.db, Some(world.domain), Some("parked"), None, None, 10)
        .await
        .unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].error_code.as_deref(), Some("jumpcloud_keeps_another_value"));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_attribute_that_was_never_read_clears_nothing(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({"sync_additional_attributes": false})).await;
    world.settle().await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(1)).await;
    world.settle().await;
    world.activate().await;
    let fields = json!({"department": "Set in JumpCloud"}).as_object().unwrap().clone();
    assert!(world.jumpcloud.force("person0", &fields));
    server::actions::domains::resync(&world.app, &tester(), world.domain).await.unwrap();
    world.settle().await;

    world.change(json!({"sync_additional_attributes": true})).await;
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("person0").unwrap()["department"], "Set in JumpCloud");

    let mut read = user(100, "person0");
    read.attributes.insert("department".into(), "Sales".into());
    dc.applied_revision = 2;
    let read_again = dc.beat().await.unwrap().read_again;
    dc.reads_by = Some(1);
    dc.read_in_full(&people(1)).await;
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("person0").unwrap()["department"], "Set in JumpCloud");
    assert_eq!(
        dc.beat().await.unwrap().read_again,
        read_again + 1,
        "that read began before the settings came"
    );

    dc.reads_by = None;
    dc.read_in_full(&[read]).await;
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("person0").unwrap()["department"], "Sales");
}
