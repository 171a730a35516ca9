//! Ends and returns of access: disabled, expired, deleted.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use e2e::Stack;
use e2e::stack::{Options, names};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_account_is_suspended_and_restored_when_it_is_enabled() -> Result<()> {
    let stack = Stack::of(&["ada"]).await?;
    stack.to("disable", "ada").await?;
    stack.shows("ada", "ada is suspended", |ada| ada["suspended"] == true).await?;
    stack.to("enable", "ada").await?;
    stack.shows("ada", "ada is restored", |ada| ada["state"] == "ACTIVATED").await?;
    stack.settled().await?;
    let mut done = stack.jumpcloud.actions_on(&stack.account("ada"));
    done.retain(|action| action == "suspend" || action == "activate" || action == "delete");
    ensure!(done == ["suspend", "activate"], "{done:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_expires_at_once_or_by_the_clock_alone_and_extending_restores() -> Result<()> {
    let stack = Stack::of(&["past", "soon"]).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    stack.ad(json!({"op": "expire", "object": stack.account("past"), "at": now - 60})).await?;
    // Read while it is still ahead, so that nothing in AD changes when the time comes.
    stack.ad(json!({"op": "expire", "object": stack.account("soon"), "at": now + 8})).await?;
    stack.caught_up().await?;
    stack.shows("past", "the expired one is suspended", |user| user["suspended"] == true).await?;
    stack.shows("soon", "the other one expires", |user| user["suspended"] == true).await?;
    let after = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    ensure!(after >= now + 8, "suspended before its time");
    stack.ad(json!({"op": "expire", "object": stack.account("past"), "at": null})).await?;
    stack.ad(json!({"op": "expire", "object": stack.account("soon"), "at": now + 86_400})).await?;
    for name in ["past", "soon"] {
        stack.shows(name, "extending restores", |user| user["state"] == "ACTIVATED").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_user_is_suspended_at_once_and_removed_after_the_grace_only() -> Result<()> {
    // Somebody stays: a group that is suddenly empty would stop everything.
    let stack = Stack::of(&["ada", "bob", "stays"]).await?;
    stack.to("delete", "ada").await?;
    stack.shows("ada", "ada is suspended", |ada| ada["suspended"] == true).await?;
    stack.caught_up().await?;
    ensure!(stack.count("delete") == 0);
    stack.untouched("bob")?;
    let ada = stack.stands("ada", "excluded", "deleted").await?;
    ensure!(ada["leaving_since"] != json!(null) && ada["due"] != json!(null), "{ada}");
    // Without grace, what the article does.
    stack.change(json!({"removal_grace_days": 0})).await?;
    stack.comes("ada is removed", |_| stack.find("ada").is_none()).await?;
    stack.to("delete", "bob").await?;
    stack.comes("bob is removed", |_| stack.find("bob").is_none()).await?;
    ensure!(!stack.jumpcloud.actions_on(&stack.account("bob")).iter().any(|action| action == "suspend"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_leaves_the_group_is_suspended_and_comes_back_with_the_same_id() -> Result<()> {
    let stack = Stack::of(&["ada", "bob"]).await?;
    let id = stack.find("ada").map(|ada| ada["id"].clone());
    stack.leave(&["ada"]).await?;
    stack.shows("ada", "ada is suspended", |ada| ada["suspended"] == true).await?;
    stack.join(&["ada"]).await?;
    let ada = stack.shows("ada", "ada is back", |ada| ada["state"] == "ACTIVATED").await?;
    ensure!(Some(&ada["id"]) == id.as_ref());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_user_that_jumpcloud_does_not_know_is_not_created() -> Result<()> {
    let settings = json!({"user_disable_action": "unbind"});
    let stack = Stack::with(Options { settings, people: names(&["bob"]), ..Options::default() }).await?;
    let mut ada = stack.person("ada");
    ada["enabled"] = json!(false);
    let join = json!({"op": "add_members", "group": stack.group, "members": [stack.account("ada")]});
    stack.ad(json!({"op": "batch", "commands": [ada, join]})).await?;
    stack.to("disable", "bob").await?;
    stack.shows("bob", "bob is cut from AD", |bob| bob["externally_managed"] == false).await?;
    stack.stands("ada", "excluded", "disabled").await?;
    stack.caught_up().await?;
    ensure!(stack.find("ada").is_none() && stack.count("delete") == 0 && stack.count("suspend") == 0);
    Ok(())
}
