//! What became of an object: gone, elsewhere, hidden, or none of ours.

use protocol::transfer::{Found, Kind, Record};
use uuid::Uuid;

use crate::adit::Transfer;
use crate::directory::STAFF;
use crate::world::{World, looked_up, members};

async fn ask(world: &World, guid: Uuid) -> Transfer {
    world.server.set(|adit| adit.look_up.push(guid.into()));
    world
        .server
        .until("the answer", |adit| adit.applied.iter().find(|t| looked_up(t, guid).is_some()).cloned())
        .await
}

#[tokio::test]
async fn a_user_who_is_there_is_sent_before_the_answer() {
    let world = World::watching().await;
    let (ada, _) = world.after(|directory| directory.user("ada", STAFF)).await;
    let transfer = ask(&world, ada).await;
    assert_eq!(transfer.head.kind, Kind::Delta);
    assert_eq!(transfer.head.from, Some(transfer.head.to));
    assert!(matches!(&transfer.records[0], Record::User(user) if user.guid.0 == ada));
    assert_eq!(looked_up(&transfer, ada), Some(Found::Present));
}

#[tokio::test]
async fn a_group_who_is_there_is_sent_with_its_members() {
    let world = World::watching().await;
    let (group, _) = world
        .after(|directory| {
            let group = directory.group("Sales", STAFF);
            let users = directory.users("user", 250);
            directory.change(group, |group| group.members = users);
            group
        })
        .await;
    let transfer = ask(&world, group).await;
    assert_eq!(looked_up(&transfer, group), Some(Found::Present));
    assert_eq!(members(&transfer, group).unwrap().len(), 250);
}

#[tokio::test]
async fn what_is_none_of_ours_is_called_by_its_class() {
    let world = World::watching().await;
    let computer = ["top", "person", "organizationalPerson", "user", "computer"];
    let contact = ["top", "person", "organizationalPerson", "contact"];
    let (pc, _) = world.after(|directory| directory.add("CN=PC1,DC=example,DC=com", &computer)).await;
    assert_eq!(looked_up(&ask(&world, pc).await, pc), Some(Found::Other("computer".into())));
    let (bob, _) = world.after(|directory| directory.add("CN=Bob,DC=example,DC=com", &contact)).await;
    assert_eq!(looked_up(&ask(&world, bob).await, bob), Some(Found::Other("contact".into())));
}

#[tokio::test]
async fn who_was_deleted_is_missing() {
    let world = World::watching().await;
    let (ada, _) = world.after(|directory| directory.user("ada", STAFF)).await;
    world.after(|directory| directory.delete(ada)).await;
    assert_eq!(looked_up(&ask(&world, ada).await, ada), Some(Found::Missing));
}

#[tokio::test]
async fn who_is_hidden_but_still_listed_is_unreadable_not_missing() {
    let world = World::watching().await;
    let (ada, _) = world
        .after(|directory| {
            let ada = directory.user("ada", STAFF);
            let group = directory.integration_group();
            directory.change(group, |group| group.members = vec![ada]);
            ada
        })
        .await;
    world.after(|directory| directory.change(ada, |ada| ada.hidden = true)).await;
    assert_eq!(looked_up(&ask(&world, ada).await, ada), Some(Found::Unreadable));
}

#[tokio::test]
async fn nothing_is_missing_to_an_account_that_lost_its_rights() {
    let world = World::watching().await;
    let (ada, _) = world.after(|directory| directory.user("ada", STAFF)).await;
    world
        .after(|directory| {
            let guids: Vec<_> = directory.objects.iter().skip(1).map(|object| object.guid).collect();
            guids.into_iter().for_each(|guid| directory.change(guid, |object| object.hidden = true));
        })
        .await;
    assert_eq!(looked_up(&ask(&world, ada).await, ada), Some(Found::Unreadable));
}
