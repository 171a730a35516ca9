//! Each part ends and comes back; nothing is lost.

use std::sync::Arc;

use anyhow::{Result, ensure};
use e2e::stack::{API_KEY, Options, names};
use e2e::{Dc, Server, Stack};
use serde_json::json;

async fn title(stack: &Stack, title: &str) -> Result<()> {
    stack.set("ada", json!({"title": title})).await
}

async fn arrives(stack: &Stack, title: &str) -> Result<()> {
    stack.shows("ada", title, |ada| ada["jobTitle"] == title).await?;
    ensure!(stack.count("create") == 2 && stack.count("delete") == 0, "nothing is doubled");
    stack.untouched("ada")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agent_server_and_database_end_and_nothing_is_lost() -> Result<()> {
    let server = Some(Server::start().await?);
    let mut stack =
        Stack::with(Options { server, people: names(&["ada", "bob"]), ..Options::default() }).await?;

    stack.agents[0].kill();
    title(&stack, "while the agent was dead").await?;
    stack.agents[0].resume()?;
    arrives(&stack, "while the agent was dead").await?;

    stack.server.stop();
    title(&stack, "while the server was stopped").await?;
    stack.server.resume_shared().await?;
    arrives(&stack, "while the server was stopped").await?;

    title(&stack, "as the server was killed").await?;
    stack.server.kill();
    stack.server.resume_shared().await?;
    arrives(&stack, "as the server was killed").await?;

    title(&stack, "as the database crashed").await?;
    stack.server.crash_database()?;
    arrives(&stack, "as the database crashed").await?;
    stack.caught_up().await?;
    stack.untouched("bob")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_controller_restarts_and_nothing_is_lost() -> Result<()> {
    let dc = Some(Arc::new(Dc::start(&["--realm", "RESTART.EXAMPLE", "--lean"]).await?));
    let stack = Stack::with(Options { dc, people: names(&["ada", "bob"]), ..Options::default() }).await?;
    stack.dc.stop().await?;
    title(&stack, "while the domain controller was down").await?;
    stack.dc.restart().await?;
    arrives(&stack, "while the domain controller was down").await?;
    stack.leave(&["bob"]).await?;
    stack.shows("bob", "bob is suspended", |bob| bob["suspended"] == true).await?;
    stack.untouched("ada")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_named_and_with_a_new_one_everything_goes_on() -> Result<()> {
    let stack = Stack::of(&["ada", "bob"]).await?;
    ensure!(stack.jumpcloud.revoke_key(API_KEY));
    title(&stack, "without a key").await?;
    stack.check("credential_rejected", "error").await?;
    let organization = stack.api.get(&format!("/organizations/{}", stack.organization)).await?;
    ensure!(organization["problem"]["code"] == "credential_rejected", "{organization}");
    stack.jumpcloud.add_key("another-key");
    let path = format!("/organizations/{}/credential", stack.organization);
    stack.api.post(&path, json!({"api_key": "another-key"})).await?;
    arrives(&stack, "without a key").await?;
    stack.settled().await?;
    stack.check("jumpcloud_credential", "ok").await
}
