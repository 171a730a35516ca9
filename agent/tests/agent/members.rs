//! Who is in which group: long lists, lists that change while they are read, and deletions that touch no group.

use protocol::transfer::{Found, Kind};

use crate::directory::STAFF;
use crate::world::{World, looked_up, members, primary_members};

/// Watching, with `count` members in the integration group.
async fn with_members(count: usize) -> World {
    World::watching_after(|world| {
        world.dc.edit(|directory| {
            let users = directory.users("user", count);
            let group = directory.integration_group();
            directory.change(group, |group| group.members = users);
        });
    })
    .await
}

fn group(world: &World) -> uuid::Uuid {
    world.dc.edit(|directory| directory.integration_group())
}

fn listed(world: &World) -> Vec<uuid::Uuid> {
    world.dc.edit(|directory| directory.find(directory.integration_group()).members.clone())
}

#[tokio::test]
async fn a_list_longer_than_any_range_arrives_whole_and_in_order() {
    let world = with_members(3400).await;
    let transfer = world.server.until_applied(1).await;
    assert_eq!(members(&transfer, group(&world)).unwrap(), listed(&world));
}

#[tokio::test]
async fn a_range_read_during_which_the_group_moved_is_read_again() {
    let world = with_members(10).await;
    world.dc.after(
        |search| search.is_range(),
        |directory| {
            let group = directory.integration_group();
            // One leaves at the front, one joins at the end: the number stays.
            let joins = directory.named("CN=svc,CN=Users,DC=example,DC=com");
            directory.change(group, |group| {
                group.members.remove(0);
                group.members.push(joins);
            });
        },
    );
    let (_, transfer) = world
        .after(|directory| {
            let more = directory.users("more", 3400);
            let group = directory.integration_group();
            directory.change(group, |group| group.members.extend(more));
        })
        .await;
    assert_eq!(members(&transfer, group(&world)).unwrap(), listed(&world));
}

#[tokio::test]
async fn a_member_deleted_between_two_ranges_loses_nobody_else() {
    let world = with_members(10).await;
    // Deleting does not move the group's USN, but everybody behind moves up by one.
    world.dc.after(
        |search| search.is_range(),
        |directory| directory.delete(directory.named(&format!("CN=user0,{STAFF}"))),
    );
    let (_, transfer) = world
        .after(|directory| {
            let more = directory.users("more", 3400);
            let group = directory.integration_group();
            directory.change(group, |group| group.members.extend(more));
        })
        .await;
    assert_eq!(members(&transfer, group(&world)).unwrap(), listed(&world));
}

#[tokio::test]
async fn a_deleted_member_is_noticed_although_no_group_was_touched() {
    for count in [5, 400] {
        let world = with_members(count).await;
        let group = group(&world);
        world.watch(&[group]).await;
        let deleted = world.dc.edit(|directory| directory.named(&format!("CN=user3,{STAFF}")));
        world.dc.edit(|directory| directory.delete(deleted));
        let left = listed(&world);
        let transfer = world
            .server
            .until("the shorter list", |adit| {
                let shorter = |transfer: &&_| members(transfer, group).as_ref() == Some(&left);
                adit.applied.iter().find(shorter).cloned()
            })
            .await;
        assert_eq!(transfer.head.kind, Kind::Delta);
        assert_eq!(transfer.head.from, Some(transfer.head.to));
    }
}

#[tokio::test]
async fn lists_that_did_not_change_are_read_but_not_sent() {
    let world = with_members(5).await;
    let group = group(&world);
    world.watch(&[group]).await;
    let before = world.server.lock().applied.len();
    // Renaming a member changes its name on the list, not the membership.
    let renamed = world.dc.edit(|directory| directory.named(&format!("CN=user3,{STAFF}")));
    world.dc.edit(|directory| directory.change(renamed, |user| user.dn = format!("CN=Renamed,{STAFF}")));
    world
        .dc
        .wait_for_searches(1, |search| search.filter.names("objectguid") && search.asks_for("member"))
        .await;
    world.dc.wait_for_searches(5, |search| search.is_poll()).await;
    let adit = world.server.lock();
    assert!(adit.applied[before..].iter().all(|transfer| members(transfer, group).is_none()));
}

#[tokio::test]
async fn a_member_that_is_moved_out_of_sight_is_looked_up_and_one_that_is_only_renamed_is_not() {
    for count in [5, 400] {
        let world = with_members(count).await;
        let group = group(&world);
        world.watch(&[group]).await;
        let before = world.server.lock().applied.len();
        let [moved, renamed] = world
            .dc
            .edit(|directory| [1, 3].map(|number| directory.named(&format!("CN=user{number},{STAFF}"))));
        world.dc.edit(|directory| {
            directory.change(renamed, |user| user.dn = format!("CN=Renamed,{STAFF}"));
            directory.change(moved, |user| {
                user.dn = "CN=user1,OU=Secret,DC=example,DC=com".into();
                user.hidden = true;
            });
        });
        let found = world
            .server
            .until("the look-up", |adit| adit.applied.iter().find_map(|transfer| looked_up(transfer, moved)))
            .await;
        assert_eq!(found, Found::Unreadable);
        world.dc.wait_for_searches(5, |search| search.is_poll()).await;
        let adit = world.server.lock();
        assert!(adit.applied.iter().all(|transfer| looked_up(transfer, renamed).is_none()));
        let told = adit.applied.iter().filter(|transfer| looked_up(transfer, moved).is_some()).count();
        assert_eq!(told, 1);
        assert!(adit.applied[before..].iter().all(|transfer| members(transfer, group).is_none()));
    }
}

#[tokio::test]
async fn who_has_a_watched_group_as_primary_group_is_told_and_told_again_when_that_changes() {
    let world = with_members(3).await;
    let group = group(&world);
    let rid = world.dc.edit(|directory| directory.find(group).rid.unwrap());
    let [ada, eve] = world.dc.edit(|directory| {
        let both = [directory.user("ada", STAFF), directory.user("eve", STAFF)];
        both.map(|user| {
            directory.change(user, |user| user.set("primaryGroupID", &rid.to_string()));
            user
        })
    });
    world.watch(&[group]).await;
    let told = |who: Vec<uuid::Uuid>| {
        let world = &world;
        async move {
            let same = |adit: &crate::adit::Adit| {
                let last = adit.applied.iter().rev().find_map(|transfer| primary_members(transfer, group))?;
                (last == who).then_some(())
            };
            world.server.until("the primary group", same).await;
        }
    };
    told(vec![ada, eve]).await;
    world.dc.edit(|directory| directory.delete(ada));
    told(vec![eve]).await;
}

#[tokio::test]
async fn a_watched_group_that_vanished_is_told_once() {
    let world = with_members(3).await;
    let sales = world.dc.edit(|directory| directory.group("Sales", STAFF));
    world.watch(&[group(&world), sales]).await;
    world.dc.edit(|directory| directory.delete(sales));
    let found = world
        .server
        .until("the loss", |adit| adit.applied.iter().find_map(|transfer| looked_up(transfer, sales)))
        .await;
    assert_eq!(found, Found::Missing);
    world.dc.edit(|directory| directory.user("ada", STAFF));
    world
        .dc
        .wait_for_searches(1, |search| search.filter.names("objectguid") && search.asks_for("member"))
        .await;
    world.dc.wait_for_searches(5, |search| search.is_poll()).await;
    let times =
        world.server.lock().applied.iter().filter(|transfer| looked_up(transfer, sales).is_some()).count();
    assert_eq!(times, 1);
}
