//! Groups and who is in them.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use e2e::Stack;
use e2e::wait::until;
use serde_json::json;

fn set(stack: &Stack, people: &[&str]) -> BTreeSet<String> {
    people.iter().map(|name| stack.account(name)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nested_groups_with_cycles_are_flattened_and_follow_each_change() -> Result<()> {
    let stack = Stack::of(&["ada"]).await?;
    let bob = stack.person("bob");
    stack.ad(bob).await?;
    let bobs = stack.account("bob");
    let inner = stack.add_group("inner", &[&bobs]).await?;
    let middle = stack.add_group("middle", &[&inner]).await?;
    let outer = stack.add_group("outer", &[&middle, &stack.account("ada")]).await?;
    stack.ad(json!({"op": "add_members", "group": inner, "members": [outer]})).await?;
    stack.ad(json!({"op": "add_members", "group": stack.group, "members": [outer]})).await?;
    let both = set(&stack, &["ada", "bob"]);
    for group in [&inner, &middle, &outer, &stack.group] {
        stack.comes("everybody is in every group of the cycle", |jc| jc.group_members(group) == both).await?;
    }
    // The cycle is cut: ada is no longer in the inner groups.
    stack.ad(json!({"op": "remove_members", "group": inner, "members": [outer]})).await?;
    let only = set(&stack, &["bob"]);
    stack.comes("the inner group lost ada", |jc| jc.group_members(&inner) == only).await?;
    stack.comes("the outer group kept both", |jc| jc.group_members(&outer) == both).await?;
    // The nesting is cut: bob leaves.
    stack.ad(json!({"op": "remove_members", "group": outer, "members": [middle]})).await?;
    stack.shows("bob", "bob is suspended", |bob| bob["suspended"] == true).await?;
    stack.untouched("ada").or_else(|_| {
        let done = stack.jumpcloud.actions_on(&stack.account("ada"));
        ensure!(!done.iter().any(|action| action == "suspend" || action == "delete"), "{done:?}");
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_group_keeps_its_id_and_a_deleted_one_is_cut_from_ad() -> Result<()> {
    let stack = Stack::of(&["ada"]).await?;
    let ada = stack.account("ada");
    let team = stack.add_group("team", &[&ada]).await?;
    stack.ad(json!({"op": "add_members", "group": stack.group, "members": [team]})).await?;
    let one = set(&stack, &["ada"]);
    stack.comes("the team has ada", |jc| jc.group_members(&team) == one).await?;
    let id = stack.jumpcloud.group_by_name(&team).context("the team is there")?["id"].clone();
    let crew = stack.account("crew");
    stack.ad(json!({"op": "set", "object": team, "attributes": {"sAMAccountName": crew}})).await?;
    stack.comes("the new name", |jc| jc.group_by_name(&crew).is_some_and(|group| group["id"] == id)).await?;
    ensure!(stack.jumpcloud.group_members(&crew) == one && stack.jumpcloud.group_by_name(&team).is_none());
    stack.ad(json!({"op": "delete", "object": crew})).await?;
    stack.caught_up().await?;
    stack.comes("the group stays, cut from AD", |jc| jc.group_by_name(&crew).is_some()).await?;
    stack.untouched("ada").or_else(|_| {
        ensure!(stack.find("ada").is_some_and(|ada| ada["suspended"] == false));
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_through_the_primary_group_is_a_member() -> Result<()> {
    let stack = Stack::of(&["ada"]).await?;
    stack.ad(stack.person("bob")).await?;
    let bob = stack.account("bob");
    let branch = stack.add_group("branch", &[]).await?;
    stack.ad(json!({"op": "set_primary_group", "object": bob, "group": branch})).await?;
    let members = stack.ad(json!({"op": "members", "group": branch})).await?;
    ensure!(members["members"] == json!([]), "AD leaves the primary group out of member: {members}");
    stack.ad(json!({"op": "add_members", "group": stack.group, "members": [branch]})).await?;
    let only = set(&stack, &["bob"]);
    stack.comes("bob is in the branch", |jc| jc.group_members(&branch) == only).await?;
    let both = set(&stack, &["ada", "bob"]);
    stack.comes("and in the integration group", |jc| jc.group_members(&stack.group) == both).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_integration_group_is_followed() -> Result<()> {
    let stack = Stack::of(&["ada"]).await?;
    let id = stack.jumpcloud.group_by_name(&stack.group).context("the group is there")?["id"].clone();
    let name = format!("People {}", stack.tag);
    stack.ad(json!({"op": "rename", "object": stack.group, "name": name})).await?;
    stack.ad(json!({"op": "set", "object": stack.group, "attributes": {"sAMAccountName": name}})).await?;
    stack.comes("the new name", |jc| jc.group_by_name(&name).is_some_and(|group| group["id"] == id)).await?;
    stack.check("integration_group_renamed", "warning").await?;
    stack.ad(stack.person("bob")).await?;
    stack.ad(json!({"op": "add_members", "group": name, "members": [stack.account("bob")]})).await?;
    stack.shows("bob", "bob arrives through the renamed group", |_| true).await?;
    stack.untouched("ada")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_integration_group_that_is_suddenly_empty_or_gone_destroys_nothing() -> Result<()> {
    let stack = Stack::of(&["ada", "bob"]).await?;
    stack.leave(&["ada", "bob"]).await?;
    stack.check("integration_group_lost", "error").await?;
    stack.caught_up().await?;
    ensure!(
        stack.count("suspend") == 0 && stack.count("delete") == 0 && stack.count("remove from group") == 0
    );
    stack.join(&["ada", "bob"]).await?;
    stack.stands("ada", "synced", "").await?;
    until("the group is found again", async || {
        let checks = stack.api.checks(&stack.domain).await?;
        Ok((!checks.contains_key("integration_group_lost")).then_some(()))
    })
    .await?;
    stack.ad(json!({"op": "delete", "object": stack.group})).await?;
    stack.check("integration_group_lost", "error").await?;
    stack.caught_up().await?;
    for name in ["ada", "bob"] {
        stack.untouched(name)?;
    }
    ensure!(stack.jumpcloud.group_by_name(&stack.group).is_some());
    Ok(())
}
