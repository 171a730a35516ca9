//! What a person has to approve.

use anyhow::{Result, ensure};
use e2e::Stack;
use e2e::stack::{Options, text};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_the_members_removed_at_once_wait_for_approval_under_the_default_guard() -> Result<()> {
    let people: Vec<String> = (0..24).map(|number| format!("p{number}")).collect();
    let settings = json!({"guard": null});
    let stack = Stack::with(Options { people: people.clone(), settings, ..Options::default() }).await?;
    let all: Vec<&str> = people.iter().map(String::as_str).collect();
    stack.leave(&all[..12]).await?;
    let hold = stack.hold("suspends").await?;
    stack.caught_up().await?;
    ensure!(stack.count("suspend") == 0, "nobody is suspended before somebody approves");
    let held = hold["operations"].as_array().cloned().unwrap_or_default();
    ensure!(held.len() == 12, "{} are held", held.len());
    stack.stands("p0", "held", "").await?;
    // Everything else goes on, for the held ones too.
    stack.set("p20", json!({"title": "Going on"})).await?;
    stack.shows("p20", "a change of another", |user| user["jobTitle"] == "Going on").await?;
    let ids: Vec<Value> = held.iter().map(|operation| operation["id"].clone()).collect();
    let path = format!("/holds/{}", text(&hold, "id"));
    stack.api.post(&format!("{path}/approve"), json!({"operations": ids[..5]})).await?;
    stack.comes("the five are suspended", |_| stack.count("suspend") == 5).await?;
    stack.api.post(&format!("{path}/reject"), json!({})).await?;
    stack.caught_up().await?;
    ensure!(stack.count("suspend") == 5 && stack.count("delete") == 0);
    // The rejected ones come back in AD: nothing is left to decide.
    stack.join(&all[..12]).await?;
    for name in &all[..12] {
        stack.stands(name, "synced", "").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_deletions_pass_the_default_guard_and_the_fourth_holds() -> Result<()> {
    let people: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
    let settings = json!({"guard": null, "removal_grace_days": 0});
    let stack = Stack::with(Options { people, settings, ..Options::default() }).await?;
    stack.leave(&["p0", "p1", "p2"]).await?;
    stack.comes("three are removed", |_| stack.count("delete") == 3).await?;
    stack.leave(&["p3"]).await?;
    let hold = stack.hold("users").await?;
    stack.stands("p3", "held", "").await?;
    ensure!(stack.find("p3").is_some(), "{hold}");
    stack.api.post(&format!("/holds/{}/approve", text(&hold, "id")), json!({})).await?;
    stack.comes("the fourth is removed", |_| stack.find("p3").is_none()).await
}
