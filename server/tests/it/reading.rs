//! What the watcher reads becomes the mirror: nothing absent is taken for gone, nothing half is taken for whole.

use protocol::transfer::{Found, Kind, Part, Record};
use server::actions::transfers::Received;
use server::store;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{Dc, INTEGRATION, World, guid, members, people, user};

fn refused(received: Received) -> (&'static str, Option<i64>) {
    match received {
        Received::Refused { code, cursor, .. } => (code, cursor),
        Received::Answer(answer) => panic!("accepted: {answer:?}"),
    }
}

fn part(dc: &Dc<'_>, fence: i64, from: Option<i64>) -> Part {
    Part {
        transfer: Uuid::new_v4(),
        number: 0,
        last: true,
        fence,
        revision: dc.applied_revision,
        invocation_id: dc.invocation_id,
        from,
        to: dc.usn + 5,
        kind: if from.is_some() { Kind::Delta } else { Kind::Full },
        records: Vec::new(),
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_transfer_is_refused_without_the_lease_and_from_another_cursor(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.read_in_full(&people(1)).await;
    let fence = dc.fence().await.unwrap();

    assert_eq!(refused(dc.send(&part(&dc, fence + 1, Some(dc.usn))).await), ("lease_lost", Some(10)));
    assert_eq!(refused(dc.send(&part(&dc, fence, Some(3))).await), ("cursor_moved", Some(10)));
    let late = Part { number: 1, ..part(&dc, fence, Some(dc.usn)) };
    assert_eq!(refused(dc.send(&late).await), ("parts_missing", Some(10)));
    world.advance(chrono::TimeDelta::seconds(13));
    assert_eq!(refused(dc.send(&part(&dc, fence, Some(dc.usn))).await), ("lease_lost", Some(10)));
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn parts_are_applied_with_the_last_one_whatever_was_sent_twice(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.read_in_full(&people(1)).await;
    let fence = dc.fence().await.unwrap();
    let first =
        Part { last: false, records: vec![Record::User(user(7, "ada"))], ..part(&dc, fence, Some(dc.usn)) };
    let last = Part { number: 1, last: true, records: vec![Record::User(user(8, "bob"))], ..first.clone() };

    for part in [&first, &first, &last] {
        assert!(matches!(dc.send(part).await, Received::Answer(_)));
    }
    for number in [7, 8] {
        assert!(
            store::subjects::find_user(&world.app.db, world.domain, guid(number)).await.unwrap().is_some()
        );
    }
    assert_eq!(refused(dc.send(&last).await).0, "cursor_moved", "a replay has no effect");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_member_that_vanishes_counts_until_a_look_up_explains_it(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    let all = people(3);
    dc.read_in_full(&all).await;
    world.activate().await;

    let answer = dc.report(Kind::Delta, vec![members(INTEGRATION, &all[1..])]).await;
    world.settle().await;
    assert_eq!(answer.look_up, [guid(100)]);
    assert_eq!(world.status(100).await, "synced", "nobody knows yet whether the user left or was deleted");

    dc.answer(&answer.look_up, &Found::Unreadable).await;
    world.settle().await;
    assert_eq!(world.reasons(100).await, ["unreadable"]);
    assert_eq!(world.jumpcloud.user_by_username("person0").unwrap()["state"], "ACTIVATED");

    let answer =
        dc.report(Kind::Delta, vec![Record::User(all[0].clone()), members(INTEGRATION, &all[1..])]).await;
    dc.answer(&answer.look_up, &Found::Present).await;
    world.settle().await;
    assert_eq!(
        world.jumpcloud.user_by_username("person0").unwrap()["state"],
        "SUSPENDED",
        "the user left the group"
    );
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_deleted_user_is_suspended_at_once_and_removed_after_the_grace(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    let all = people(3);
    dc.read_in_full(&all).await;
    world.activate().await;

    let answer = dc.report(Kind::Delta, vec![members(INTEGRATION, &all[1..])]).await;
    dc.answer(&answer.look_up, &Found::Missing).await;
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("person0").unwrap()["state"], "SUSPENDED");

    world.advance(chrono::TimeDelta::days(7) + chrono::TimeDelta::minutes(1));
    world.settle().await;
    assert!(world.jumpcloud.user_by_username("person0").is_none());
    assert_eq!(world.jumpcloud.users().len(), 2);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_a_full_read_does_not_show_is_asked_for_one_by_one(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    let all = people(5);
    dc.read_in_full(&all).await;
    world.activate().await;

    let answer = dc.read_in_full(&all[..1]).await;
    world.settle().await;
    assert_eq!(answer.look_up.len(), 4);
    assert_eq!(world.jumpcloud.users().iter().filter(|user| user["state"] == "SUSPENDED").count(), 0);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_integration_group_that_is_suddenly_empty_dissociates_nobody(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    let all = people(3);
    dc.read_in_full(&all).await;
    world.activate().await;

    let answer = dc.report(Kind::Delta, vec![members(INTEGRATION, &[])]).await;
    dc.answer(&answer.look_up, &Found::Present).await;
    world.settle().await;
    assert!(store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap().integration_group_lost);
    assert_eq!(world.jumpcloud.users().iter().filter(|user| user["state"] == "ACTIVATED").count(), 3);

    dc.report(Kind::Delta, vec![members(INTEGRATION, &all)]).await;
    world.settle().await;
    assert!(
        !store::domains::find(&world.app.db, world.domain).await.unwrap().unwrap().integration_group_lost
    );
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_domain_controller_that_may_lag_behind_takes_nothing_away(db: PgPool) {
    let world = World::start(db).await;
    let all = people(3);
    let mut first = world.enrolled("dc1.corp.example").await;
    first.read_in_full(&all).await;
    world.activate().await;
    let (seen, usn) = (first.invocation_id, first.usn);

    world.advance(chrono::TimeDelta::seconds(30));
    let mut second = world.enrolled("dc2.corp.example").await;
    let mut disabled = all[1].clone();
    disabled.user_account_control = Some(514);
    let newcomer = user(200, "newcomer");
    let mut known = vec![disabled.clone(), newcomer.clone()];
    second.read_in_full(&known).await;
    world.settle().await;
    assert_eq!(world.jumpcloud.user_by_username("person1").unwrap()["state"], "ACTIVATED");
    assert!(world.jumpcloud.user_by_username("newcomer").is_some(), "creating goes on");

    second.vector.insert(seen, usn);
    known.push(all[0].clone());
    second.read_in_full(&known).await;
    world.settle().await;
    assert_eq!(
        world.jumpcloud.user_by_username("person1").unwrap()["state"],
        "SUSPENDED",
        "it has caught up"
    );
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_renamed_unit_renames_everyone_below_it(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.read_in_full(&people(2)).await;
    world.activate().await;

    let dn = protocol::DistinguishedName::parse("OU=People,DC=corp,DC=example").unwrap();
    let container = protocol::directory::Container { guid: guid(crate::world::CONTAINER), dn };
    dc.report(Kind::Delta, vec![Record::Container(container)]).await;
    world.settle().await;
    let person = world.jumpcloud.user_by_username("person0").unwrap();
    assert_eq!(person["external_dn"], "CN=person0,OU=People,DC=corp,DC=example");
    assert_eq!(world.status(100).await, "synced", "the container is followed by its objectGUID");
}
