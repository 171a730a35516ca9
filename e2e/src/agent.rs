//! An agent as a process.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::place::{self, Scratch, run};
use crate::reaper::Process;
use crate::server::{Server, log_to};

/// An enrolled agent, running.
#[derive(Debug)]
pub struct Agent {
    process: Option<Process>,
    program: PathBuf,
    /// The agent's id.
    pub id: String,
    state: Scratch,
    smb_conf: String,
}

impl Agent {
    /// On a domain controller with this smb.conf.
    pub async fn enroll(
        server: &Server,
        token: &str,
        domain_controller: &str,
        smb_conf: &str,
    ) -> Result<Self> {
        let (state, program) = (Scratch::new("agt")?, place::program("adit-agent")?);
        let mut command = Command::new(&program);
        command.args(["enroll", "--server", &server.url(), "--token", token]);
        command.args(["--server-fingerprint", &server.fingerprint, "--domain-controller", domain_controller]);
        command.arg("--state-dir").arg(state.path().join("state"));
        let said = run(command).await?;
        let id = said.split_once("agent ").and_then(|(_, rest)| rest.split_whitespace().next());
        let id = id.context("the agent did not tell its id")?.to_owned();
        let mut agent = Self { process: None, program, id, state, smb_conf: smb_conf.to_owned() };
        agent.resume()?;
        Ok(agent)
    }

    /// Everything that it logged.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.state.path().join("agent.log"))?)
    }

    /// Has it hang, or go on.
    pub fn freeze(&self, frozen: bool) {
        if let Some(process) = &self.process {
            process.freeze(frozen);
        }
    }

    pub fn stop(&mut self) {
        if let Some(process) = &mut self.process {
            process.stop();
        }
    }

    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill();
        }
    }

    /// What it keeps, and its log beside it.
    pub fn folder(&self) -> &Path {
        self.state.path()
    }

    /// What a domain controller is to run when a password changes.
    pub fn hook(&self) -> String {
        format!(
            "{} capture --state-dir {}",
            self.program.display(),
            self.state.path().join("state").display()
        )
    }

    /// What `adit-agent check` says beside the running agent, and whether it found nothing wrong.
    pub async fn check(&self) -> Result<(bool, Value)> {
        let mut command = Command::new(&self.program);
        command.args(["check", "--json", "--smb-conf", &self.smb_conf]);
        command.arg("--state-dir").arg(self.state.path().join("state"));
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        Ok((output.status.success(), serde_json::from_slice(&output.stdout)?))
    }

    /// Starts it again.
    pub fn resume(&mut self) -> Result<()> {
        let log = log_to(&self.state.path().join("agent.log"))?;
        let mut command = Command::new(&self.program);
        command.arg("run").arg("--state-dir").arg(self.state.path().join("state"));
        command.args(["--smb-conf", &self.smb_conf]);
        command.stdout(log.try_clone()?).stderr(log);
        self.process = Some(Process::start(command)?);
        Ok(())
    }
}
