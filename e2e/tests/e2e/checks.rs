//! The pre-flight list on a real domain controller: what an administrator gets wrong has its name, and is gone when mended.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use e2e::stack::{Options, names};
use e2e::{Dc, Stack};
use serde_json::{Value, json};

/// All that is not well, the room on this machine's disk aside.
async fn problems(stack: &Stack) -> Result<BTreeSet<String>> {
    let checks = stack.api.checks(&stack.domain).await?;
    let of_adit = checks.into_iter().filter(|(code, _)| !code.starts_with("server_disk"));
    Ok(of_adit.filter(|(_, state)| state != "ok").map(|(code, _)| code).collect())
}

/// Has the agent look again at once: it reports anew with each revision of the settings.
async fn look_again(stack: &Stack, number: u32) -> Result<()> {
    stack.change(json!({"poll_interval_ms": 250 + number})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_on_a_domain_controller_is_named_and_mended() -> Result<()> {
    let dc = Arc::new(Dc::start(&["--realm", "CHECKS.EXAMPLE"]).await?);
    let people = names(&["ada", "bob"]);
    let stack = Stack::with(Options { dc: Some(Arc::clone(&dc)), people, ..Options::default() }).await?;
    // What the lab is like: no hook, limits that nothing reaches, and Samba's seven characters against JumpCloud's eight.
    let usual: BTreeSet<_> =
        ["capture_missing", "guard_wide", "password_policy_length"].map(str::to_owned).into();
    stack.check("service_account_privileges", "ok").await?;
    stack.check("service_account_membership", "ok").await?;
    stack.check("member_lists", "ok").await?;
    ensure!(problems(&stack).await? == usual, "{:?}", stack.api.checks(&stack.domain).await?);
    let account = dc.fact("service_dn").to_owned();

    let admins = |op| json!({"op": op, "group": "Domain Admins", "members": [account]});
    stack.ad(admins("add_members")).await?;
    look_again(&stack, 1).await?;
    stack.check("service_account_privileged", "error").await?;
    stack.ad(admins("remove_members")).await?;

    let inner = stack.add_group("inner", &[]).await?;
    stack.ad(json!({"op": "add_members", "group": inner, "members": [account]})).await?;
    stack.ad(json!({"op": "add_members", "group": stack.group, "members": [inner]})).await?;
    look_again(&stack, 2).await?;
    stack.check("service_account_in_integration_group", "error").await?;
    stack.ad(json!({"op": "remove_members", "group": inner, "members": [account]})).await?;

    stack.ad(json!({"op": "set", "object": stack.group, "attributes": {"groupType": "-2147483640"}})).await?;
    stack.ad(json!({"op": "set", "object": account, "attributes": {"userAccountControl": "512"}})).await?;
    dc.sh("samba-tool domain passwordsettings set --complexity=off").await?;
    look_again(&stack, 3).await?;
    stack.check("integration_group_not_global", "warning").await?;
    stack.check("password_complexity_off", "error").await?;
    stack.check("service_account_password_expires", "warning").await?;
    let (sound, shown) = stack.agents[0].check().await?;
    ensure!(!sound, "errors are told by the exit code");
    said(&shown, "password_complexity_off").context("the server's list is shown on the domain controller")?;
    said(&shown, "enrolled")?;

    dc.sh("samba-tool domain passwordsettings set --complexity=on").await?;
    stack.ad(json!({"op": "set", "object": stack.group, "attributes": {"groupType": "-2147483646"}})).await?;
    stack.ad(json!({"op": "set", "object": account, "attributes": {"userAccountControl": "66048"}})).await?;
    look_again(&stack, 4).await?;
    stack.check("service_account_privileges", "ok").await?;
    stack.check("service_account_membership", "ok").await?;
    stack.check("integration_group_type", "ok").await?;
    stack.check("password_complexity", "ok").await?;
    stack.check("service_account_password", "ok").await?;

    stack.change(json!({"ldap": {"bind_password": "Wrong-Passw0rd!"}})).await?;
    stack.check("bind_refused", "error").await?;
    stack.change(json!({"ldap": {"bind_password": dc.fact("service_password")}})).await?;
    stack.check("bind", "ok").await?;
    stack.change(json!({"ldap": {"ca_pem": null}})).await?;
    stack.check("certificate_untrusted", "error").await?;
    stack.change(json!({"ldap": {"ca_pem": dc.ca_pem()?}})).await?;
    stack.check("certificate", "ok").await?;
    let (sound, shown) = stack.agents[0].check().await?;
    ensure!(sound, "{shown}");
    ensure!(problems(&stack).await? == usual, "{:?}", stack.api.checks(&stack.domain).await?);
    Ok(())
}

fn said(shown: &Value, code: &str) -> Result<()> {
    let lines = shown["checks"].as_array().context("a list")?;
    ensure!(lines.iter().any(|line| line["code"] == code), "{code} is not in {shown}");
    Ok(())
}
