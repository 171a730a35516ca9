//! Active Directory instances, their agents and associations.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_instance_is_created_read_changed_and_deleted() {
    let world = World::start().await;
    let id = world.directory().await;
    let path = format!("/api/v2/activedirectories/{id}");
    let created = world.get(&path).await.body;
    assert_eq!(created["domain"], "DC=corp;DC=example");
    assert_eq!((&created["useCase"], &created["groupsEnabled"]), (&json!("UNSET"), &json!(false)));
    let changed = world.put(&path, json!({ "useCase": "ADASAUTHORITY", "groupsEnabled": true })).await;
    assert_eq!((changed.status, &changed.body["useCase"]), (200, &json!("ADASAUTHORITY")));
    assert_eq!(changed.body["domain"], "DC=corp;DC=example");
    assert_eq!(world.put(&path, json!({ "useCase": "MAGIC" })).await.status, 400);

    let listed = world.get("/api/v2/activedirectories").await;
    assert_eq!((listed.header("x-total-count"), &listed.body[0]["id"]), (Some("1"), &json!(id)));
    let directories = world.get("/api/v2/directories").await.body;
    let expected = json!([{ "id": id, "name": "DC=corp;DC=example", "type": "active_directory" }]);
    assert_eq!(directories, expected);
    assert_eq!(world.delete(&path).await.body["id"], id.as_str());
    assert_eq!(world.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_domain_is_written_with_dc_and_exists_once() {
    let world = World::start().await;
    world.directory().await;
    let post =
        async |domain| world.post("/api/v2/activedirectories", json!({ "domain": domain })).await.status;
    assert_eq!(post("dc=CORP, dc=example").await, 409);
    assert_eq!(post("corp.example").await, 400);
    assert_eq!(post("DC=other,DC=example").await, 201);
}

#[tokio::test]
async fn an_agent_gets_a_connect_key_once_and_stays_unsealed() {
    let world = World::start().await;
    let agents = format!("/api/v2/activedirectories/{}/agents", world.directory().await);
    let created = world.post(&agents, json!({ "agentType": "IMPORT" })).await;
    assert_eq!(created.status, 201);
    assert!(created.body["connectKey"].is_string());
    let row = &world.get(&agents).await.body[0];
    assert_eq!((&row["agentType"], &row["state"]), (&json!("IMPORT"), &json!("unsealed")));
    assert!(row.get("connectKey").is_none());
    let one = format!("{agents}/{}", created.id());
    assert_eq!(world.get(&one).await.status, 200);
    assert_eq!(world.delete(&one).await.status, 204);
    assert_eq!(world.get(&one).await.status, 404);
    assert_eq!(world.post(&agents, json!({ "agentType": "EXPORT" })).await.status, 400);
}

#[tokio::test]
async fn users_and_groups_are_associated_from_either_side() {
    let world = World::start().await;
    let (directory, ada, staff) =
        (world.directory().await, world.user("ada").await, world.group("Staff").await);
    let of_directory = format!("/api/v2/activedirectories/{directory}/associations");
    let of_user = format!("/api/v2/users/{ada}/associations");
    let of_group = format!("/api/v2/usergroups/{staff}/associations");
    assert_eq!(world.edge(&of_user, "add", "active_directory", &directory).await.status, 204);
    assert_eq!(world.edge(&of_directory, "add", "user", &ada).await.status, 409);
    assert_eq!(world.edge(&of_directory, "add", "user_group", &staff).await.status, 204);
    assert_eq!(world.edge(&of_group, "add", "active_directory", &directory).await.status, 409);

    let users = world.get(&format!("{of_directory}?targets=user")).await;
    assert_eq!(users.body[0]["to"]["id"], ada.as_str());
    let groups = world.get(&format!("{of_group}?targets=active_directory")).await;
    assert_eq!(groups.body[0]["to"]["id"], directory.as_str());
    assert_eq!(world.get(&of_directory).await.status, 400);
    assert_eq!(world.get(&format!("{of_directory}?targets=system")).await.status, 400);
    assert_eq!(world.get(&format!("{of_user}?targets=user_group")).await.status, 400);

    assert_eq!(world.edge(&of_user, "remove", "active_directory", &directory).await.status, 204);
    assert_eq!(world.edge(&of_directory, "remove", "user", &ada).await.status, 404);
    assert_eq!(world.edge(&of_user, "add", "active_directory", &staff).await.status, 404);
}

#[tokio::test]
async fn a_directory_reaches_users_directly_and_through_their_groups() {
    let world = World::start().await;
    let (directory, staff) = (world.directory().await, world.group("Staff").await);
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let associations = format!("/api/v2/activedirectories/{directory}/associations");
    world.edge(&associations, "add", "user", &ada).await;
    world.edge(&associations, "add", "user_group", &staff).await;
    for user in [&ada, &bob] {
        world.edge(&format!("/api/v2/usergroups/{staff}/members"), "add", "user", user).await;
    }
    let users = world.get(&format!("/api/v2/activedirectories/{directory}/users")).await.body;
    let paths = |row: usize| {
        users[row]["paths"].as_array().unwrap().iter().map(|path| path.as_array().unwrap().len())
    };
    assert_eq!(paths(0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(paths(1).collect::<Vec<_>>(), [2]);
    assert_eq!(users[1]["paths"][0][0]["to"]["id"], staff.as_str());
    for path in [
        format!("/api/v2/activedirectories/{directory}/usergroups"),
        format!("/api/v2/usergroups/{staff}/activedirectories"),
        format!("/api/v2/users/{bob}/activedirectories"),
    ] {
        assert_eq!(world.get(&path).await.header("x-total-count"), Some("1"), "{path}");
    }
}
