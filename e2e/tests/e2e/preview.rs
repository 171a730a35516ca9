//! The preview is the plan.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use e2e::Stack;
use e2e::stack::{Options, text};
use e2e::wait::until;
use reqwest::Method;
use serde_json::{Value, json};
use simulator::Seed;

fn steps(operations: &[Value]) -> BTreeSet<(String, String, String)> {
    let step = |row: &Value| (text(row, "kind"), text(row, "subject"), text(row, "target"));
    operations.iter().map(step).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activation_does_what_the_preview_lists_and_nothing_is_written_before() -> Result<()> {
    let user =
        json!({"username": "was.here", "email": "was.here@e2e.example", "firstname": "W", "lastname": "H"});
    let seed = Seed { users: user.as_object().cloned().into_iter().collect(), ..Seed::default() };
    let options = Options { seed, activate: false, agent: false, ..Options::default() };
    let mut stack = Stack::with(options).await?;
    stack.add_people(&["ada", "bob", "eve", "out"]).await?;
    stack
        .set("ada", json!({"mail": "was.here@e2e.example", "manager": stack.dn("bob"), "title": "Analyst"}))
        .await?;
    stack.to("disable", "eve").await?;
    let (ada, bob) = (stack.account("ada"), stack.account("bob"));
    let inner = stack.add_group("inner", &[&ada, &bob]).await?;
    stack.ad(json!({"op": "add_members", "group": stack.group, "members": [inner]})).await?;
    stack.start_agent().await?;
    stack.settled().await?;
    stack.caught_up().await?;
    ensure!(stack.jumpcloud.writes().is_empty(), "{:?}", stack.jumpcloud.writes());
    // Others change the same AD, and while their changes are looked at there is no whole plan to activate.
    let planned = until("the preview is activated", async || {
        let preview = stack.api.get(&stack.path("/preview")).await?;
        let planned = steps(preview["operations"].as_array().map(Vec::as_slice).unwrap_or_default());
        let body = json!({"digest": preview["digest"]});
        let (status, answer) = stack.api.ask(Method::POST, &stack.path("/activate"), Some(body)).await?;
        ensure!(status == 200 || answer["code"] == "preview_stale", "{status} {answer}");
        Ok((status == 200).then_some(planned))
    })
    .await?;
    ensure!(planned.iter().any(|(kind, ..)| kind == "link_user") && planned.len() > 8, "{planned:?}");
    stack.settled().await?;
    let done = stack.api.all(&format!("/operations?domain_id={}&state=done", stack.domain)).await?;
    let done = steps(&done);
    ensure!(done == planned, "not previewed: {:?}; not done: {:?}", &done - &planned, &planned - &done);
    ensure!(stack.find("eve").is_none());
    let again = stack.api.get(&stack.path("/preview")).await?;
    ensure!(again["operations"] == json!([]), "a plan remains: {again}");
    Ok(())
}
