//! What AD says of a person is what JumpCloud says.

use anyhow::{Result, ensure};
use e2e::Stack;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_member_is_created_with_marks_groups_and_association() -> Result<()> {
    let stack = Stack::of(&[]).await?;
    stack.add_people(&["ada"]).await?;
    let ada = stack.shows("ada", "ada is managed", |ada| ada["externally_managed"] == true).await?;
    ensure!(ada["firstname"] == "ada" && ada["lastname"] == "Example" && ada["email"] == stack.mail("ada"));
    ensure!(ada["external_dn"] == stack.dn("ada") && ada["external_source_type"] != "", "{ada}");
    let account = stack.account("ada");
    stack
        .comes("ada is in the integration group", |jc| jc.group_members(&stack.group).contains(&account))
        .await?;
    stack.settled().await?;
    ensure!(stack.user("ada").await?["status"] == "synced");
    ensure!(stack.count("create") == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attribute_follows_and_clearing_one_clears_it() -> Result<()> {
    let stack = Stack::of(&["ada", "boss"]).await?;
    let id = stack.find("ada").map(|ada| ada["id"].clone());
    stack.set("ada", json!({"givenName": "Augusta", "sn": "King", "mail": "king@e2e.example"})).await?;
    stack
        .shows("ada", "the names and the mail", |ada| {
            ada["firstname"] == "Augusta" && ada["lastname"] == "King" && ada["email"] == "king@e2e.example"
        })
        .await?;
    let boss = stack.dn("boss");
    let more = json!({
        "title": "Analyst", "department": "Engines", "displayName": "Ada King", "mobile": "+44 1", "telephoneNumber": "+44 2",
        "company": "Babbage & Co", "streetAddress": "12 St James", "l": "London", "postalCode": "SW1", "manager": boss,
    });
    stack.set("ada", more).await?;
    let boss = stack.find("boss").map(|boss| boss["id"].clone());
    let ada = stack.shows("ada", "the manager", |ada| Some(&ada["manager"]) == boss.as_ref()).await?;
    let ada = stack.shows("ada", "the title", |shown| shown["jobTitle"] == "Analyst").await.unwrap_or(ada);
    ensure!(
        ada["department"] == "Engines"
            && ada["displayname"] == "Ada King"
            && ada["company"] == "Babbage & Co"
    );
    let text = ada.to_string();
    ensure!(
        ["+44 1", "+44 2", "12 St James", "London", "SW1"].iter().all(|part| text.contains(part)),
        "{ada}"
    );
    stack.set("ada", json!({"title": null, "mobile": null, "manager": null})).await?;
    let ada = stack
        .shows("ada", "the title is cleared", |ada| {
            ada["jobTitle"] == "" && !ada.to_string().contains("+44 1")
        })
        .await?;
    stack
        .shows("ada", "the manager is cleared", |ada| ada["manager"].as_str().is_none_or(str::is_empty))
        .await?;
    ensure!(Some(&ada["id"]) == id.as_ref() && ada["department"] == "Engines");
    // The username comes from sAMAccountName.
    stack.set("ada", json!({"sAMAccountName": stack.account("augusta")})).await?;
    let renamed = stack.shows("augusta", "the username", |_| true).await?;
    ensure!(Some(&renamed["id"]) == id.as_ref() && stack.count("create") == 2 && stack.count("delete") == 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fallback_brings_in_who_has_no_surname_and_a_custom_attribute_is_written() -> Result<()> {
    let stack = Stack::of(&["ada"]).await?;
    let mut nameless = stack.person("cher");
    nameless["attributes"]["sn"] = json!(null);
    nameless["attributes"]["employeeID"] = json!("42");
    nameless["attributes"]["otherTelephone"] = json!(["+41 1", "+41 2"]);
    let join = json!({"op": "add_members", "group": stack.group, "members": [stack.account("cher")]});
    stack.ad(json!({"op": "batch", "commands": [nameless, join]})).await?;
    let guid = stack.stands("cher", "excluded", "no_last_name").await?["object_guid"].clone();
    let rows = json!([
        {"field": "lastname", "template": "{sn|cn}"},
        {"field": "attributes.badge", "attribute": "employeeID"},
        {"field": "phoneNumbers.work_mobile", "attribute": "otherTelephone"},
        {"field": "department", "template": "{department|\"Staff\"}"},
    ]);
    let body = json!({"object_guid": guid, "attribute_mappings": rows});
    let path = stack.path("/mappings/preview");
    let tried = stack.api.post(&path, body).await?;
    ensure!(tried["status"] == "pending" && tried["fields"][0]["after"] != "", "{tried}");
    ensure!(tried["fields"][1]["not_read_yet"] == json!(["employeeID"]), "{tried}");

    stack.change(json!({"attribute_mappings": rows})).await?;
    let whole = |cher: &Value| cher["department"] == "Staff" && cher["attributes"] != json!([]);
    let cher = stack.shows("cher", "the fallback brings her in, with all that is mapped", whole).await?;
    ensure!(cher["lastname"] == tried["fields"][0]["after"], "what was shown is what was written: {cher}");
    ensure!(cher["attributes"] == json!([{"name": "badge", "value": "42"}]), "{cher}");
    ensure!(cher["phoneNumbers"].to_string().contains("work_mobile"), "{cher}");
    stack.settled().await?;
    let shown = stack.api.post(&path, json!({"object_guid": guid})).await?;
    let all = shown["fields"].as_array().cloned().unwrap_or_default();
    ensure!(all.iter().all(|field| field["before"] == field["after"]), "nothing is left to do: {shown}");
    Ok(())
}
