//! JumpCloud users that were there before, and those that JumpCloud lost.

use anyhow::{Context, Result, ensure};
use e2e::Stack;
use e2e::stack::{API_KEY, Options, text};
use serde_json::json;
use simulator::Seed;

fn seed(users: serde_json::Value) -> Seed {
    let users = users.as_array().into_iter().flatten().filter_map(|user| user.as_object().cloned());
    Seed { users: users.collect(), ..Seed::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_existing_user_of_equal_email_is_taken_over_and_an_ambiguous_match_waits() -> Result<()> {
    let people = json!([
        {"username": "old.ada", "email": "Ada.Over@E2E.example", "firstname": "A", "lastname": "L"},
        {"username": "taken.by.name", "email": "someone@else.example", "firstname": "S", "lastname": "E"},
    ]);
    let stack = Stack::with(Options { seed: seed(people), ..Options::default() }).await?;
    let before = stack.jumpcloud.user_by_username("old.ada").context("seeded")?;
    let mut ada = stack.person("ada");
    ada["attributes"]["mail"] = json!("ada.over@e2e.example");
    let mut eve = stack.person("eve");
    eve["name"] = json!("taken.by.name");
    let join = json!({"op": "add_members", "group": stack.group, "members": [stack.account("ada"), "taken.by.name"]});
    stack.ad(json!({"op": "batch", "commands": [ada, eve, join]})).await?;
    let ada = stack.shows("ada", "ada is taken over", |ada| ada["lastname"] == "Example").await?;
    ensure!(ada["id"] == before["id"] && ada["externally_managed"] == true, "{ada}");
    ensure!(ada["state"] == before["state"], "{} became {}", before["state"], ada["state"]);
    stack.caught_up().await?;
    ensure!(stack.count("create") == 0 && stack.count("suspend") == 0);
    let found = stack.api.all(&stack.path("/users?query=taken.by.name")).await?;
    ensure!(found.len() == 1 && found[0]["status"] == "conflict", "{found:?}");
    let eve = stack.jumpcloud.user_by_username("taken.by.name").context("untouched")?;
    ensure!(eve["externally_managed"] == false && eve["email"] == "someone@else.example");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_jumpcloud_lost_is_made_again() -> Result<()> {
    let stack = Stack::of(&["ada", "bob"]).await?;
    let id = text(&stack.find("ada").context("ada is there")?, "id");
    let url = format!("{}/api/systemusers/{id}", stack.jumpcloud.base_url());
    let gone = reqwest::Client::new().delete(url).header("x-api-key", API_KEY).send().await?;
    ensure!(gone.status().is_success() && stack.find("ada").is_none());
    stack.api.post(&stack.path("/resync"), json!({})).await?;
    let ada = stack.shows("ada", "ada is made again", |ada| ada["externally_managed"] == true).await?;
    ensure!(ada["id"] != id);
    stack.settled().await?;
    let account = stack.account("ada");
    stack.comes("with her memberships", |jc| jc.group_members(&stack.group).contains(&account)).await?;
    stack.untouched("bob")
}
