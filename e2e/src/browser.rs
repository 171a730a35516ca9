//! Tests in a real browser: a script for Node drives Chromium, and asks back for what is done outside of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::place::{self, Scratch};
use crate::{Server, reaper};

/// The owner as whom a script signs in.
pub const EMAIL: &str = "owner@e2e.example";
pub const PASSWORD: &str = "correct horse battery staple";

/// How long a script may take.
const LIMIT: Duration = Duration::from_secs(400);

/// Runs a script of `e2e/browser` against a server. `answer` does what the script asks for.
pub async fn run(
    script: &str,
    server: &Server,
    facts: Value,
    mut answer: impl AsyncFnMut(Value) -> Result<Value>,
) -> Result<()> {
    let folder = folder()?;
    // Whatever the browser leaves lies in here.
    let scratch = Scratch::new("web")?;
    let mut command = Command::new("node");
    command.arg(folder.join(script)).current_dir(&folder);
    command.env("TMPDIR", scratch.path()).env("HOME", scratch.path());
    command.env("ADIT_URL", server.url()).env("ADIT_FACTS", facts.to_string());
    command.env("ADIT_EMAIL", EMAIL).env("ADIT_PASSWORD", PASSWORD);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let child = command.process_group(0).kill_on_drop(true).spawn().context("could not start node")?;
    let id = child.id().unwrap_or_default().to_string();
    reaper::keep("pid", &id)?;
    let ended = tokio::time::timeout(LIMIT, attend(child, &mut answer)).await;
    reaper::forget("pid", &id)?;
    ended.with_context(|| format!("{script} took longer than {} s", LIMIT.as_secs()))?
}

/// Where the scripts are; what they need was put there by `scripts/setup --browser`.
fn folder() -> Result<PathBuf> {
    let folder = place::workspace().join("e2e/browser");
    let there = folder.join("node_modules/playwright-core").exists()
        && Path::new(&chromium().unwrap_or("/usr/bin/chromium".into())).exists();
    ensure!(there, "the browser or what drives it is missing: run scripts/setup --browser");
    Ok(folder)
}

fn chromium() -> Option<String> {
    std::env::var("ADIT_CHROMIUM").ok()
}

/// Answers what the script asks, until it has ended.
async fn attend(mut child: Child, answer: &mut impl AsyncFnMut(Value) -> Result<Value>) -> Result<()> {
    let mut input = child.stdin.take().context("node has no input")?;
    let mut lines = BufReader::new(child.stdout.take().context("node has no output")?).lines();
    let mut said = String::new();
    while let Some(line) = lines.next_line().await? {
        match line.strip_prefix("ask: ") {
            Some(asked) => reply(&mut input, answer(serde_json::from_str(asked)?).await).await?,
            None => {
                println!("{line}");
                said.push_str(&line);
                said.push('\n');
            }
        }
    }
    let status = child.wait().await?;
    if !status.success() {
        bail!("the browser tests failed ({status}):\n{said}");
    }
    Ok(())
}

async fn reply(input: &mut ChildStdin, done: Result<Value>) -> Result<()> {
    let line = match done {
        Ok(done) => json!({"done": done}),
        Err(error) => json!({"error": format!("{error:#}")}),
    };
    Ok(input.write_all(format!("{line}\n").as_bytes()).await?)
}
