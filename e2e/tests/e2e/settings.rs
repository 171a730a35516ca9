//! Settings at work, and more than one domain controller.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::stack::{Options, names};
use e2e::wait::until;
use e2e::{Dc, Stack};
use serde_json::{Value, json};

async fn agents(stack: &Stack) -> Result<Vec<Value>> {
    let mut agents = stack.api.all("/agents").await?;
    agents.retain(|agent| agent["domain_id"] == *stack.domain);
    Ok(agents)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_of_the_service_account_is_used_at_once() -> Result<()> {
    let dc = Dc::shared().await?;
    let reader = format!("reader{}", std::process::id());
    let first = "First-Passw0rd!";
    let add =
        json!({"op": "add_user", "name": reader, "in": format!("CN=Users,{}", dc.base()), "password": first});
    dc.ad(add).await?;
    let upn = format!("{reader}@{}", dc.fact("domain"));
    let settings = json!({"ldap": {"bind_user": upn, "bind_password": first}});
    let stack = Stack::with(Options { settings, people: names(&["ada"]), ..Options::default() }).await?;
    let second = "Second-Passw0rd!";
    stack.ad(json!({"op": "set_password", "object": reader, "password": second})).await?;
    stack.change(json!({"ldap": {"bind_password": second}})).await?;
    let start = Instant::now();
    let revision = stack.api.get(&stack.path("")).await?["revision"].clone();
    until("the agent works by the new settings", async || {
        Ok((agents(&stack).await?.iter().all(|agent| agent["applied_revision"] == revision)).then_some(()))
    })
    .await?;
    let took = start.elapsed();
    ensure!(took < Duration::from_secs(7), "settings took {took:?} to reach the agent");
    stack.set("ada", json!({"title": "Seen"})).await?;
    stack.shows("ada", "changes go on with the new password", |ada| ada["jobTitle"] == "Seen").await?;
    stack.check("ldap", "ok").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_of_another_domain_controller_takes_over_and_misses_nothing() -> Result<()> {
    let first = Dc::shared().await?;
    let second = Dc::start(&["--join", &first.name]).await?;
    let mut stack = Stack::of(&["ada"]).await?;
    stack.start_agent_at(second.fact("ldaps_url")).await?;
    until("the second agent stands by, connected", async || {
        let agents = agents(&stack).await?;
        let ready = agents.iter().filter(|agent| agent["directory"]["state"] == "connected").count();
        Ok((agents.len() == 2 && ready == 2).then_some(()))
    })
    .await?;
    let watcher = stack.api.get(&stack.path("")).await?["watcher"].clone();
    let position = stack.agents.iter().position(|agent| watcher == *agent.id).unwrap_or_default();
    stack.agents[position].kill();
    let killed = Instant::now();
    stack.set("ada", json!({"title": "While nobody watched"})).await?;
    stack.add_people(&["bob"]).await?;
    until("another agent watches", async || {
        let now = stack.api.get(&stack.path("")).await?["watcher"].clone();
        Ok((now != watcher && !now.is_null()).then_some(()))
    })
    .await?;
    let took = killed.elapsed();
    ensure!(took < Duration::from_secs(16), "the takeover took {took:?}");
    stack.shows("ada", "the change of that time", |ada| ada["jobTitle"] == "While nobody watched").await?;
    stack.shows("bob", "the newcomer of that time", |_| true).await?;
    ensure!(stack.count("create") == 2);
    for name in ["ada", "bob"] {
        stack.untouched(name)?;
    }
    // The first one comes back, and what is deleted then is noticed.
    stack.agents[position].resume()?;
    stack.to("delete", "bob").await?;
    stack.shows("bob", "bob is suspended", |bob| bob["suspended"] == true).await?;
    drop(stack);
    drop(Arc::new(second));
    Ok(())
}
