//! The walk of docs/rest-setup.md, as it stands there, on a real domain controller.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::place::{self, Scratch};
use e2e::stack::{API_KEY, Options, names};
use e2e::{Server, Stack};

const DOCUMENT: &str = include_str!("../../../docs/rest-setup.md");

/// The document's blocks of shell, one after the other.
fn script() -> String {
    let blocks = DOCUMENT.split("```sh\n").skip(1);
    let code: Vec<&str> = blocks.filter_map(|block| block.split("```").next()).collect();
    format!("set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n{}", code.join("\n"))
}

/// A program of ours under its own name, with what the place it runs at adds to it.
fn program(folder: &Path, name: &str, settings: &str) -> Result<()> {
    let path = folder.join(name);
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o755).open(&path)?;
    let real = place::program(name)?;
    write!(file, "#!/bin/sh\n{settings}\nexec '{}' \"$@\"\n", real.display())?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_walk_leads_from_a_token_to_users_in_jumpcloud() -> Result<()> {
    let server = Server::start().await?;
    let people = names(&["ada", "bob"]);
    let options =
        Options { server: Some(server.clone()), activate: false, agent: false, people, ..Options::default() };
    let stack = Stack::with(options).await?;
    let scratch = Scratch::new("doc")?;
    let bin = scratch.path().join("bin");
    std::fs::create_dir_all(&bin)?;
    let data = server.data_dir();
    program(&bin, "adit-server", &format!("export ADIT_DATA_DIR='{}'", data.display()))?;
    let state = scratch.path().join("agent");
    let (ldaps, smb_conf) = (stack.dc.fact("ldaps_url"), stack.dc.fact("smb_conf"));
    let settings = format!(
        "export ADIT_STATE_DIR='{}' ADIT_SMB_CONF='{smb_conf}'\n\
         if [ \"$1\" = enroll ]; then set -- \"$@\" --domain-controller '{ldaps}'; fi",
        state.display(),
    );
    program(&bin, "adit-agent", &settings)?;
    let mut command = Command::new("timeout");
    let path = std::env::var("PATH").unwrap_or_default();
    command.args(["120", "bash", "-c", &script()]).current_dir(scratch.path());
    command.env("PATH", format!("{}:{path}", bin.display()));
    command.env("URL", server.url()).env("FINGERPRINT", &server.fingerprint);
    command.env("CURL_CA_BUNDLE", data.join("tls-certificate.pem"));
    command.env("JUMPCLOUD_URL", stack.jumpcloud.base_url()).env("JUMPCLOUD_API_KEY", API_KEY);
    command.env("BASE_DN", stack.dc.base()).env("CONTAINER", &stack.container);
    command.env("GROUP", format!("CN={},{}", stack.group, stack.container));
    command.env("BIND_USER", stack.dc.fact("service_upn"));
    command.env("BIND_PASSWORD", stack.dc.fact("service_password"));
    command.env("CA_FILE", stack.dc.fact("ca_cert"));
    let said = place::run(command).await?;
    ensure!(stack.find("ada").is_some() && stack.find("bob").is_some(), "{said}");
    let users = said.lines().last().context("the walk said nothing")?;
    ensure!(users.contains(&stack.account("ada")) && users.contains("\"status\":\"synced\""), "{said}");
    let log = server.log()?;
    for secret in [API_KEY, &server.token, stack.dc.fact("service_password")] {
        ensure!(!log.contains(secret), "the server has logged a secret");
    }
    Ok(())
}
