//! The dashboard in a real browser, over a whole system: every page, and what an administrator does there.

use anyhow::Result;
use e2e::Server;
use e2e::browser::{self, EMAIL, PASSWORD};
use e2e::stack::{Options, Stack};
use serde_json::{Value, json};
use simulator::Seed;

/// A domain that is active, with something of everything: people, groups, exclusions, a conflict and two holds.
async fn busy(server: &std::sync::Arc<Server>) -> Result<Stack> {
    let people: Vec<String> = (0..24).map(|number| format!("p{number:02}")).collect();
    let options = Options {
        settings: json!({"guard": null}),
        people: people.clone(),
        server: Some(server.clone()),
        ..Options::default()
    };
    let stack = Stack::with(options).await?;
    let script = "<script>alert(1)</script>";
    let nobody = json!({"op": "add_user", "name": stack.account("nomail"), "in": stack.container,
        "attributes": {"givenName": "No", "sn": "Mail", "userPrincipalName": null}});
    let odd = json!({"op": "add_user", "name": stack.account("odd"), "in": stack.container, "attributes": {
        "givenName": script, "sn": script, "displayName": script, "mail": stack.mail("odd")}});
    stack.ad(json!({"op": "batch", "commands": [nobody, odd]})).await?;
    stack.join(&["nomail", "odd"]).await?;
    let members: Vec<String> = people[..6].iter().map(|name| stack.account(name)).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let group = stack.add_group("staff", &members).await?;
    stack.ad(json!({"op": "add_members", "group": stack.group, "members": [group]})).await?;
    stack.ad(json!({"op": "move", "object": stack.account("p06"), "to": stack.outside})).await?;
    let leavers: Vec<&str> = people[12..].iter().map(String::as_str).collect();
    stack.leave(&leavers).await?;
    stack.hold("suspends").await?;
    stack.hold("moved_out").await?;
    stack.caught_up().await?;
    Ok(stack)
}

/// A domain in preview, with somebody whom JumpCloud has already.
async fn quiet(server: &std::sync::Arc<Server>) -> Result<Stack> {
    let options =
        Options { server: Some(server.clone()), agent: false, activate: false, ..Options::default() };
    let mut stack = Stack::with(Options { seed: Seed::default(), ..options }).await?;
    stack.add_people(&["ada", "bob", "eve"]).await?;
    stack.start_agent().await?;
    stack.settled().await?;
    Ok(stack)
}

fn facts(stack: &Stack) -> Value {
    json!({"domain": stack.domain, "organization": stack.organization, "tag": stack.tag,
        "container": stack.container, "group": stack.group})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_sound_and_the_dashboard_can_be_worked_with() -> Result<()> {
    let server = Server::start().await?;
    server.create_admin(EMAIL, PASSWORD, "owner").await?;
    let busy = busy(&server).await?;
    let quiet = quiet(&server).await?;
    let facts = json!({"busy": facts(&busy), "quiet": facts(&quiet)});
    let answer = async |asked: Value| match &asked {
        Value::Object(wish) if wish.contains_key("ad") => busy.ad(wish["ad"].clone()).await,
        Value::Object(wish) if wish.contains_key("join") => {
            let people: Vec<String> = serde_json::from_value(wish["join"].clone())?;
            busy.add_people(&people.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            Ok(Value::Null)
        }
        other => anyhow::bail!("the script asks for something unknown: {other}"),
    };
    browser::run("dashboard.mjs", &server, facts, answer).await
}
