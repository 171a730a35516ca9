//! What is read, and when.

use protocol::heartbeat::{DirectoryState, Lookup, Role};
use protocol::transfer::{Found, Kind, Record};
use uuid::Uuid;

use crate::adit::conflict;
use crate::directory::{DOMAIN, STAFF};
use crate::world::{World, looked_up, members, users};

#[tokio::test]
async fn the_first_contact_reads_everything_but_computers() {
    let world = World::watching_after(|world| {
        world.dc.edit(|directory| {
            let ada = directory.user("ada", STAFF);
            directory.change(ada, |ada| {
                ada.set("displayName", "Ada");
                ada.set("secretary", "<GUID=00000000-0000-0000-0000-000000000001>;CN=x,DC=example,DC=com");
                ada.set(
                    "manager",
                    "<GUID=00000000-0000-0000-0000-000000000002>;<SID=S-1-5-21-1>;CN=y,DC=example,DC=com",
                );
            });
            let computer = ["top", "person", "organizationalPerson", "user", "computer"];
            let dc = directory.add("CN=DC1,DC=example,DC=com", &computer);
            directory.change(dc, |dc| dc.set("sAMAccountName", "DC1$"));
            let trust = directory.user("OTHER$", "CN=Users,DC=example,DC=com");
            directory.change(trust, |trust| trust.set("sAMAccountType", "805306370"));
            let group = directory.integration_group();
            directory.change(group, |group| group.members = vec![ada, dc]);
        });
    })
    .await;
    let transfer = world.server.until_applied(1).await;
    assert_eq!((transfer.head.kind, transfer.head.from), (Kind::Full, None));
    assert_eq!(transfer.head.to, world.dc.edit(|directory| directory.usn));
    assert_eq!(users(&transfer), ["svc", "ada"]);
    let ada = transfer.records.iter().find_map(|record| match record {
        Record::User(user) if user.sam_account_name.as_deref() == Some("ada") => Some(user.clone()),
        _ => None,
    });
    let ada = ada.unwrap();
    assert_eq!(ada.attributes["displayName"], "Ada");
    assert_eq!(ada.attributes["secretary"], "CN=x,DC=example,DC=com");
    assert_eq!(ada.manager.unwrap().0, Uuid::from_u128(2));
    assert_eq!(ada.dn.as_str(), "CN=ada,OU=Staff,DC=example,DC=com");
    assert_eq!(ada.object_class, ["user"]);
    let group = world.dc.edit(|directory| directory.integration_group());
    assert_eq!(members(&transfer, group).unwrap().len(), 2);
    let containers = transfer.records.iter().filter(|record| matches!(record, Record::Container(_))).count();
    assert_eq!(containers, 2);
}

#[tokio::test]
async fn a_poll_of_a_directory_that_did_not_move_costs_one_tiny_search() {
    let world = World::watching().await;
    world.dc.wait_for_searches(3, |search| search.is_poll()).await;
    let (before, sent) = (world.dc.lock().searches.len(), world.server.lock().parts.len());
    world.dc.wait_for_searches(10, |search| search.is_poll()).await;
    let others: Vec<_> =
        world.dc.lock().searches[before..].iter().filter(|search| !search.is_poll()).cloned().collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(world.server.lock().parts.len(), sent);
}

#[tokio::test]
async fn a_change_arrives_as_a_delta_between_two_cursors() {
    let world = World::watching().await;
    let from = world.dc.edit(|directory| directory.usn);
    let (_, transfer) = world.after(|directory| directory.user("ada", STAFF)).await;
    assert_eq!(transfer.head.kind, Kind::Delta);
    assert_eq!(transfer.head.from, Some(from));
    assert_eq!(users(&transfer), ["ada"]);
}

#[tokio::test]
async fn a_renamed_unit_arrives_although_its_children_were_not_touched() {
    let world = World::watching().await;
    let (_, transfer) = world
        .after(|directory| {
            directory.add(&format!("OU=Sales,{DOMAIN}"), &["top", "organizationalUnit"]);
            directory.user("ada", &format!("OU=Sales,{DOMAIN}"));
            directory.rename_unit(&format!("OU=Sales,{DOMAIN}"), &format!("OU=Vertrieb,{DOMAIN}"));
        })
        .await;
    let names: Vec<_> = transfer
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Container(container) => Some(container.dn.as_str().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["OU=Vertrieb,DC=example,DC=com"]);
}

#[tokio::test]
async fn a_renamed_integration_group_is_reported_at_once() {
    let world = World::watching().await;
    let group = world.dc.edit(|directory| directory.integration_group());
    world.dc.edit(|directory| directory.change(group, |group| group.dn = format!("CN=Jump,{STAFF}")));
    world
        .server
        .until("the report", |adit| match &adit.heartbeats.last()?.directory {
            DirectoryState::Connected { report, .. } => {
                matches!(report.integration_group, Lookup::Missing).then_some(())
            }
            DirectoryState::Connecting | DirectoryState::Failed { .. } => None,
        })
        .await;
}

#[tokio::test]
async fn a_directory_larger_than_a_page_arrives_whole_in_parts() {
    let world = World::watching_after(|world| {
        world.dc.edit(|directory| directory.users("user", 2300));
    })
    .await;
    let transfer = world.server.until_applied(1).await;
    assert_eq!(users(&transfer).len(), 2301);
    let numbers: Vec<u32> = world.server.lock().parts.iter().map(|part| part.number).collect();
    assert!(numbers.len() > 2);
    assert_eq!(numbers, (0..numbers.len() as u32).collect::<Vec<_>>());
}

#[tokio::test]
async fn another_database_behind_the_same_name_is_read_in_full() {
    let mut world = World::watching().await;
    world.stop().await;
    world.dc.edit(|directory| directory.invocation_id = Uuid::from_u128(0xbbbb));
    world.start();
    let transfer = world.server.until_applied(2).await;
    assert_eq!((transfer.head.kind, transfer.head.invocation_id), (Kind::Full, Uuid::from_u128(0xbbbb)));
}

#[tokio::test]
async fn a_usn_that_goes_backwards_is_read_in_full() {
    let world = World::watching().await;
    let (_, transfer) = world.after(|directory| directory.usn -= 5).await;
    assert_eq!((transfer.head.kind, transfer.head.from), (Kind::Full, None));
}

#[tokio::test]
async fn a_wish_to_read_everything_again_is_carried_out_once_even_over_a_restart() {
    let mut world = World::watching().await;
    world.server.set(|adit| adit.read_again = 4);
    assert_eq!(world.server.until_applied(2).await.head.kind, Kind::Full);
    world.server.until("done", |adit| (adit.heartbeats.last()?.read_again_done == 4).then_some(())).await;
    world.stop().await;
    let seen = world.server.lock().heartbeats.len();
    world.start();
    world
        .server
        .until("ten more heartbeats", |adit| (adit.heartbeats.len() >= seen + 10).then_some(()))
        .await;
    assert_eq!(world.server.lock().applied.len(), 2);
}

#[tokio::test]
async fn after_a_restart_the_agent_goes_on_from_where_the_server_stands() {
    let mut world = World::watching().await;
    world.stop().await;
    world.dc.edit(|directory| directory.user("ada", STAFF));
    world.start();
    let transfer = world.server.until_applied(2).await;
    assert_eq!(transfer.head.kind, Kind::Delta);
    assert_eq!(users(&transfer), ["ada"]);
}

#[tokio::test]
async fn a_refused_cursor_is_resumed_from_where_the_server_stands() {
    let world = World::watching().await;
    let stands = world.dc.edit(|directory| directory.usn);
    world.server.set(|adit| adit.refusals.push_back(("transfers", conflict("cursor_moved", Some(stands)))));
    let (_, transfer) = world.after(|directory| directory.user("ada", STAFF)).await;
    assert_eq!(transfer.head.from, Some(stands));
    assert_eq!(users(&transfer), ["ada"]);
}

#[tokio::test]
async fn a_lost_lease_stops_a_read_at_once() {
    let world = World::watching().await;
    // The answer never comes; without the new role the read would go on waiting for it.
    world.dc.fail_once(|search| search.is_delta(), crate::dc::Fault::Silence);
    world.dc.edit(|directory| directory.user("ada", STAFF));
    world.dc.wait_for_searches(1, |search| search.is_delta()).await;
    world.server.set(|adit| adit.role = Some(Role::Standby));
    world.dc.wait_until_closed().await;
    world.server.set(|adit| {
        adit.role = None;
        adit.fence = 2;
    });
    let transfer = world.server.until_applied(2).await;
    assert_eq!(transfer.head.fence, 2);
    assert_eq!(users(&transfer), ["ada"]);
}

#[tokio::test]
async fn a_part_refused_for_its_lease_is_not_sent_again_under_it() {
    let world = World::watching().await;
    world.server.set(|adit| {
        adit.fence = 2;
        adit.role = Some(Role::Watcher { fence: 1, cursor: None });
    });
    world.dc.edit(|directory| directory.user("ada", STAFF));
    world.server.until("the refused part", |adit| (adit.parts.len() >= 2).then_some(())).await;
    world.server.set(|adit| adit.role = None);
    assert_eq!(world.server.until_applied(2).await.head.fence, 2);
}

#[tokio::test]
async fn what_was_deleted_is_told_where_tombstones_can_be_read() {
    let world = World::watching_after(|world| {
        world.dc.edit(|directory| {
            directory.tombstones_readable = true;
            directory.user("ada", STAFF);
        });
    })
    .await;
    let ada = world.dc.edit(|directory| directory.named(&format!("CN=ada,{STAFF}")));
    let (_, transfer) = world.after(|directory| directory.delete(ada)).await;
    assert_eq!(looked_up(&transfer, ada), Some(Found::Missing));
}
