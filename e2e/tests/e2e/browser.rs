//! The dashboard in a real browser, over a whole system: every page, and what an administrator does there.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use e2e::browser::{self, EMAIL, PASSWORD};
use e2e::stack::{API_KEY, Options, names};
use e2e::{Agent, Dc, Server, Stack};
use serde_json::{Value, json};
use simulator::Seed;

/// A domain that is active, with something of everything: people, groups, exclusions, a conflict and two holds.
async fn busy(server: &Arc<Server>) -> Result<Stack> {
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
async fn quiet(server: &Arc<Server>) -> Result<Stack> {
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
        // As if everybody had signed in a while ago.
        Value::Object(wish) if wish.contains_key("later") => {
            server.sql("update sessions set confirmed_at = now() - interval '11 minutes'").await?;
            Ok(Value::Null)
        }
        other => anyhow::bail!("the script asks for something unknown: {other}"),
    };
    browser::run("dashboard.mjs", &server, facts, answer).await
}

/// The commands that a page shows are run as an administrator would.
async fn enroll(command: &str, server: &Server, dc: &Dc) -> Result<Agent> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let after = |name: &str| words.iter().skip_while(|word| **word != name).nth(1).copied();
    let told = (after("--server"), after("--server-fingerprint"), after("--token"));
    let (Some(address), Some(fingerprint), Some(token)) = told else {
        bail!("the command lacks something: {command}")
    };
    ensure!(address.trim_matches('\'') == server.url(), "the command names another server: {command}");
    ensure!(
        fingerprint.trim_matches('\'') == server.fingerprint,
        "the command pins another certificate: {command}"
    );
    Agent::enroll(server, token.trim_matches('\''), dc.fact("ldaps_url"), dc.fact("smb_conf")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_sets_everything_up_in_the_dashboard() -> Result<()> {
    let realm = format!("NEW{}.EXAMPLE", e2e::place::number());
    let dc = Arc::new(Dc::start(&["--realm", &realm, "--lean"]).await?);
    // Only the people and their places are used; this domain of another server never gets an agent.
    let people = names(&["ada", "bob", "eve"]);
    let options =
        Options { people, agent: false, activate: false, dc: Some(dc.clone()), ..Options::default() };
    let there = Stack::with(options).await?;
    let server = Server::start().await?;
    let log = server.log()?;
    let code = log.split("first-run code ").nth(1).and_then(|rest| rest.split(',').next());
    let facts = json!({
        "code": code.context("the log tells no first-run code")?, "jumpcloud": there.jumpcloud.base_url(), "api_key": API_KEY, "name": dc.base(), "ca_pem": dc.ca_pem()?,
        "service_account": dc.fact("service_upn"), "service_password": dc.fact("service_password"),
        "tag": there.tag, "container": there.container, "group": there.group, "people": 3,
    });
    let mut agent = None;
    let answer = async |asked: Value| {
        if let Some(command) = asked["enroll"].as_str() {
            agent = Some(enroll(command, &server, &dc).await?);
        } else if let (Some(_), Some(agent)) = (asked.get("capture"), &agent) {
            dc.hook(&agent.hook()).await?;
            there.set_password("ada", "Set-up-Password-1").await?;
        } else {
            bail!("the script asks for something unknown: {asked}");
        }
        Ok(Value::Null)
    };
    browser::run("setup.mjs", &server, facts, answer).await?;
    for name in ["ada", "bob", "eve"] {
        ensure!(there.find(name).is_some(), "{name} is not in JumpCloud");
    }
    ensure!(there.jumpcloud.login(&there.account("ada"), "Set-up-Password-1"), "the first password works");
    Ok(())
}
