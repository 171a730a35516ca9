//! What is set up wrong is named within seconds, and nothing is written to JumpCloud.

use anyhow::{Context, Result, ensure};
use e2e::stack::{Options, text};
use e2e::{Dc, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use crate::bad_input::stand_in::not_active_directory;

mod stand_in;

async fn with(settings: Value) -> Result<Stack> {
    let options = Options { settings, agent: false, activate: false, ..Options::default() };
    let mut stack = Stack::with(options).await?;
    stack.add_people(&["ada"]).await?;
    stack.start_agent().await?;
    Ok(stack)
}

/// The check names it, activation is refused or does nothing, and JumpCloud has seen no write.
async fn is_named(stack: &Stack, code: &str) -> Result<()> {
    stack.check(code, "error").await?;
    let (_, answer) = stack.api.ask(Method::POST, &stack.path("/activate"), Some(json!({}))).await?;
    ensure!(stack.jumpcloud.writes().is_empty(), "{answer} {:?}", stack.jumpcloud.writes());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_bind_password_is_named_and_mended_in_the_settings() -> Result<()> {
    let stack = with(json!({"ldap": {"bind_password": "wrong"}})).await?;
    is_named(&stack, "bind_refused").await?;
    stack.change(json!({"ldap": {"bind_password": stack.dc.fact("service_password")}})).await?;
    stack.settled().await?;
    stack.activate().await?;
    stack.shows("ada", "ada arrives once it is mended", |_| true).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_container_and_an_unknown_group_are_named() -> Result<()> {
    let dc = Dc::shared().await?;
    let nowhere = format!("OU=Nowhere,{}", dc.base());
    let stack = with(json!({"root_user_container": nowhere})).await?;
    is_named(&stack, "root_user_container_missing").await?;
    let nobody = format!("CN=Nobody at all,{}", dc.base());
    let stack = with(json!({"integration_group": nobody})).await?;
    is_named(&stack, "integration_group_missing").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_untrusted_certificate_is_named() -> Result<()> {
    let server = e2e::Server::shared().await?;
    let other = std::fs::read_to_string(server.data_dir().join("tls-certificate.pem"))?;
    let stack = with(json!({"ldap": {"ca_pem": other}})).await?;
    is_named(&stack, "certificate_untrusted").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ldap_server_that_is_no_active_directory_is_named() -> Result<()> {
    let options = Options { agent: false, activate: false, ..Options::default() };
    let mut stack = Stack::with(options).await?;
    let url = not_active_directory(&stack.dc).await?;
    stack.start_agent_at(&url).await?;
    is_named(&stack, "not_active_directory").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_api_key_is_refused_when_it_is_entered() -> Result<()> {
    let options = Options { agent: false, activate: false, ..Options::default() };
    let stack = Stack::with(options).await?;
    let body = json!({"name": "Wrong", "api_key": "no such key", "base_url": stack.jumpcloud.base_url()});
    let (status, answer) = stack.api.ask(Method::POST, "/organizations", Some(body)).await?;
    ensure!(status == 422 && text(&answer, "code") == "credential_rejected", "{status} {answer}");
    let path = format!("/organizations/{}/credential", stack.organization);
    let (status, answer) =
        stack.api.ask(Method::POST, &path, Some(json!({"api_key": "no such key"}))).await?;
    ensure!(status == 422 && !answer["detail"].as_str().context("a detail")?.is_empty(), "{status} {answer}");
    ensure!(stack.jumpcloud.writes().is_empty());
    stack.check("jumpcloud_credential", "ok").await
}
