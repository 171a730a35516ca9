//! Reads that go wrong: what is incomplete is never sent as complete, has a name, and is made up for.

use std::time::Duration;

use protocol::problem::Problem;
use protocol::transfer::Kind;

use crate::dc::{Fault, Search};
use crate::directory::STAFF;
use crate::world::{World, users};

async fn fails(
    picks: fn(&Search) -> bool,
    fault: Fault,
    code: &str,
    change: impl FnOnce(&World) + Send,
) -> World {
    let world = World::watching_after(|world| {
        world.dc.edit(|directory| directory.users("user", 600));
    })
    .await;
    let before = world.server.lock().applied.len();
    world.dc.fail(picks, fault);
    change(&world);
    world.server.until_failed(code).await;
    {
        let adit = world.server.lock();
        assert_eq!(adit.applied.len(), before, "{fault:?}: an incomplete read was sent as complete");
        assert!(
            adit.parts.iter().skip(1).all(|part| !part.last || part.kind == Kind::Full && part.number > 0)
        );
    }
    world.dc.heal();
    world
}

#[tokio::test]
async fn an_incomplete_read_is_never_sent_as_complete_and_is_made_up_for() {
    for (fault, code) in [
        (Fault::Reset(3), "read_incomplete"),
        (Fault::Result(3, 4), "read_incomplete"),
        (Fault::Result(3, 3), "read_timeout"),
        (Fault::Result(0, 50), "ldap_error"),
        (Fault::Result(2, 51), "ldap_error"),
        (Fault::NoCookie, "read_incomplete"),
        (Fault::Silence, "read_timeout"),
    ] {
        let change = |world: &World| {
            world.dc.edit(|directory| directory.users("more", 20));
        };
        let world = fails(Search::is_delta, fault, code, change).await;
        let transfer = world.server.until_applied(2).await;
        assert_eq!(transfer.head.kind, Kind::Delta);
        assert_eq!(users(&transfer).len(), 20, "{fault:?}");
    }
}

#[tokio::test]
async fn a_full_read_that_breaks_off_on_a_later_page_is_not_complete() {
    let later_page = |search: &Search| {
        search.is_full() && search.paged.as_ref().is_some_and(|(_, cookie)| !cookie.is_empty())
    };
    for fault in [Fault::Reset(3), Fault::Result(3, 4), Fault::NoCookie] {
        let world = fails(later_page, fault, "read_incomplete", |world| {
            world.server.set(|adit| adit.read_again = 1);
        })
        .await;
        let transfer = world.server.until_applied(2).await;
        assert_eq!(transfer.head.kind, Kind::Full);
        assert_eq!(users(&transfer).len(), 601, "{fault:?}");
    }
}

#[tokio::test]
async fn a_domain_that_seems_empty_is_not_reported_as_empty() {
    let world = fails(Search::is_full, Fault::Nothing, "read_incomplete", |world| {
        world.server.set(|adit| adit.read_again = 1);
    })
    .await;
    assert_eq!(users(&world.server.until_applied(2).await).len(), 601);
}

#[tokio::test]
async fn a_range_that_fails_fails_the_whole_read() {
    let world = fails(Search::is_range, Fault::Reset(0), "read_incomplete", |world| {
        world.dc.edit(|directory| {
            let users: Vec<_> =
                directory.objects.iter().filter(|o| o.rid.is_some()).map(|o| o.guid).collect();
            let group = directory.integration_group();
            directory.change(group, |group| group.members = users);
        });
    })
    .await;
    world.server.until_applied(2).await;
}

#[tokio::test]
async fn a_domain_controller_that_went_away_is_named_and_found_again() {
    let world = World::watching().await;
    world.dc.lock().behaviour.identity = None;
    world.dc.fail_once(Search::is_poll, Fault::Reset(0));
    world.server.until_failed("ldaps_unreachable").await;
    let identity = world.dc.authority.issue(&["127.0.0.1"]);
    world.dc.lock().behaviour.identity = Some(identity);
    let (_, transfer) = world.after(|directory| directory.user("ada", STAFF)).await;
    assert_eq!(users(&transfer), ["ada"]);
}

#[tokio::test]
async fn a_server_in_trouble_is_sent_the_same_part_again() {
    let world = World::watching().await;
    let trouble = Problem::new(503, "Service Unavailable", "unavailable", "scripted");
    world.server.set(|adit| adit.refusals.push_back(("transfers", trouble)));
    let (_, transfer) = world.after(|directory| directory.user("ada", STAFF)).await;
    assert_eq!(users(&transfer), ["ada"]);
}

#[tokio::test]
async fn the_agent_starts_and_stays_up_while_nobody_answers() {
    let mut world = World::enrolled().await;
    let nobody =
        agent::config::Identity { server: "http://127.0.0.1:1".into(), ..world.state.identity().unwrap() };
    let text = serde_json::to_vec(&nobody).unwrap();
    world.state.write("agent.json", &text).unwrap();
    world.start();
    let status = async {
        loop {
            if let Ok(Some(status)) = agent::status::read(&world.state)
                && status.server_problem.is_some()
            {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let status = tokio::time::timeout(crate::world::DEADLINE, status).await.unwrap();
    assert!(!status.server_answers);
    assert!(status.server_problem.unwrap().contains("cannot be reached"));
}
