//! Who is never created, and who stays as it is.

use anyhow::{Result, ensure};
use e2e::Stack;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn privileged_nameless_and_doubled_people_are_named_and_not_created() -> Result<()> {
    let stack = Stack::of(&["ada"]).await?;
    let (admin, twin) = (stack.account("admin"), stack.mail("twin1"));
    let mut people: Vec<_> =
        ["admin", "stale", "nosn", "twin1", "twin2"].map(|name| stack.person(name)).into();
    people[1]["attributes"]["adminCount"] = json!(1);
    people[2]["attributes"]["sn"] = json!(null);
    people[4]["attributes"]["mail"] = json!(twin.to_uppercase());
    let members: Vec<_> = ["admin", "stale", "nosn", "twin1", "twin2"].map(|name| stack.account(name)).into();
    people.push(json!({"op": "add_members", "group": "Domain Admins", "members": [admin]}));
    people.push(json!({"op": "add_members", "group": stack.group, "members": members}));
    stack.ad(json!({"op": "batch", "commands": people})).await?;
    stack.stands("admin", "excluded", "privileged").await?;
    stack.stands("stale", "excluded", "stale_admin_count").await?;
    stack.stands("nosn", "excluded", "no_last_name").await?;
    stack.stands("twin1", "conflict", "").await?;
    stack.stands("twin2", "conflict", "").await?;
    stack.caught_up().await?;
    ensure!(stack.count("create") == 1, "only ada was created: {:?}", stack.jumpcloud.users());
    // Mended, they arrive.
    stack.set("nosn", json!({"sn": "Named"})).await?;
    stack.set("twin2", json!({"mail": stack.mail("twin2")})).await?;
    for name in ["nosn", "twin1", "twin2"] {
        stack.shows(name, "created once mended", |_| true).await?;
    }
    stack.ad(json!({"op": "remove_members", "group": "Domain Admins", "members": [admin]})).await?;
    stack.set("admin", json!({"adminCount": null})).await?;
    stack.shows("admin", "created once ordinary", |_| true).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linked_user_who_loses_the_surname_or_becomes_privileged_is_frozen() -> Result<()> {
    let stack = Stack::of(&["ada", "bob"]).await?;
    stack.set("ada", json!({"sn": null, "title": "Unseen"})).await?;
    let bob = stack.account("bob");
    stack.ad(json!({"op": "add_members", "group": "Domain Admins", "members": [bob]})).await?;
    stack.stands("ada", "excluded", "no_last_name").await?;
    stack.stands("bob", "excluded", "privileged").await?;
    stack.set("bob", json!({"title": "Unseen"})).await?;
    stack.caught_up().await?;
    for name in ["ada", "bob"] {
        stack.untouched(name)?;
        let user = stack.shows(name, "it is still there", |user| user["suspended"] == false).await?;
        ensure!(
            user["lastname"] == "Example" && user["jobTitle"] == "" && user["externally_managed"] == true
        );
    }
    stack.ad(json!({"op": "remove_members", "group": "Domain Admins", "members": [bob]})).await?;
    stack.set("bob", json!({"adminCount": null})).await?;
    stack.set("ada", json!({"sn": "Again"})).await?;
    stack.shows("ada", "thawed", |ada| ada["lastname"] == "Again" && ada["jobTitle"] == "Unseen").await?;
    stack.shows("bob", "thawed", |bob| bob["jobTitle"] == "Unseen").await.map(drop)
}
