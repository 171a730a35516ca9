//! Renames and moves in the tree.

use anyhow::{Result, ensure};
use e2e::Stack;
use e2e::stack::text;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renames_moves_and_a_renamed_unit_above_change_the_external_dn_only() -> Result<()> {
    let stack = Stack::of(&["ada"]).await?;
    let id = stack.find("ada").map(|ada| ada["id"].clone());
    let account = stack.account("ada");
    stack.ad(json!({"op": "rename", "object": account, "name": "Ada, Countess"})).await?;
    let dn = format!("CN=Ada\\, Countess,{}", stack.container);
    stack.shows("ada", "the new name", |ada| ada["external_dn"] == dn).await?;
    let unit = stack.ad(json!({"op": "add_ou", "name": "Engines", "in": stack.container})).await?;
    stack.ad(json!({"op": "move", "object": account, "to": unit["dn"]})).await?;
    let dn = format!("CN=Ada\\, Countess,OU=Engines,{}", stack.container);
    stack.shows("ada", "the new place", |ada| ada["external_dn"] == dn).await?;
    // This does not touch the user in AD at all.
    stack.ad(json!({"op": "rename", "object": unit["dn"], "name": "Looms"})).await?;
    let dn = format!("CN=Ada\\, Countess,OU=Looms,{}", stack.container);
    let ada = stack.shows("ada", "the unit's new name", |ada| ada["external_dn"] == dn).await?;
    ensure!(Some(&ada["id"]) == id.as_ref() && stack.count("create") == 1);
    stack.untouched("ada")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_moved_out_of_the_container_waits_for_an_answer() -> Result<()> {
    let stack = Stack::of(&["back", "follow", "go"]).await?;
    for name in ["back", "follow", "go"] {
        stack.ad(json!({"op": "move", "object": stack.account(name), "to": stack.outside})).await?;
    }
    for name in ["back", "follow", "go"] {
        stack.stands(name, "held", "").await?;
        stack.untouched(name)?;
    }
    stack.ad(json!({"op": "move", "object": stack.account("back"), "to": stack.container})).await?;
    stack.stands("back", "synced", "").await?;
    let hold = stack.hold("moved_out").await?;
    let users = hold["users"].as_array().cloned().unwrap_or_default();
    ensure!(users.len() == 2 && hold["waiting"] == 2, "{hold}");
    let listed = stack.api.get("/holds").await?["items"].clone();
    let listed = listed.as_array().into_iter().flatten().find(|row| row["id"] == hold["id"]);
    ensure!(listed.is_some_and(|row| row["waiting"] == 2), "{listed:?}");
    for (name, answer) in [("follow", "follow"), ("go", "dissociate")] {
        let account = stack.account(name);
        let user = users.iter().find(|user| user["sam_account_name"] == *account);
        let id = text(user.unwrap_or(&json!({})), "id");
        let body = json!({"answer": answer, "users": [id]});
        stack.api.post(&format!("/holds/{}/answer", text(&hold, "id")), body).await?;
    }
    stack.shows("go", "go is suspended", |user| user["suspended"] == true).await?;
    let dn = format!("CN={},{}", stack.account("follow"), stack.outside);
    stack.shows("follow", "the place outside", |user| user["external_dn"] == dn).await?;
    stack.set("follow", json!({"title": "Remote"})).await?;
    stack.shows("follow", "changes follow", |user| user["jobTitle"] == "Remote").await?;
    stack.untouched("follow")?;
    stack.untouched("back")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_moved_to_where_the_service_account_cannot_read_is_unreadable_not_gone() -> Result<()> {
    let stack = Stack::of(&["ada", "bob"]).await?;
    let reader = stack.dc.fact("service_dn").to_owned();
    stack.ad(json!({"op": "hide", "object": stack.outside, "from": reader})).await?;
    stack.ad(json!({"op": "move", "object": stack.account("ada"), "to": stack.outside})).await?;
    stack.caught_up().await?;
    stack.untouched("ada")?;
    // Nothing but its name on the list says so.
    stack.stands("ada", "excluded", "unreadable").await?;
    stack.caught_up().await?;
    stack.untouched("ada")?;
    stack.ad(json!({"op": "move", "object": stack.account("ada"), "to": stack.container})).await?;
    stack.stands("ada", "synced", "").await?;
    stack.untouched("ada")
}
