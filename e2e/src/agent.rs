//! An agent as a process.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::place::{self, Scratch, run};
use crate::reaper::Process;
use crate::server::{Server, log_to};

/// An enrolled agent, running.
#[derive(Debug)]
pub struct Agent {
    process: Process,
    program: PathBuf,
    /// The agent's id.
    pub id: String,
    state: Scratch,
}

impl Agent {
    pub async fn enroll(server: &Server, token: &str, domain_controller: &str) -> Result<Self> {
        let (state, program) = (Scratch::new("agt")?, place::program("adit-agent")?);
        let mut command = Command::new(&program);
        command.args(["enroll", "--server", &server.url(), "--token", token]);
        command.args(["--server-fingerprint", &server.fingerprint, "--domain-controller", domain_controller]);
        command.arg("--state-dir").arg(state.path().join("state"));
        let said = run(command).await?;
        let id = said.split_once("agent ").and_then(|(_, rest)| rest.split_whitespace().next());
        let id = id.context("the agent did not tell its id")?.to_owned();
        let process = start(&program, &state)?;
        Ok(Self { process, program, id, state })
    }

    /// Everything that it logged.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.state.path().join("agent.log"))?)
    }

    pub fn stop(&mut self) {
        self.process.stop();
    }

    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again.
    pub fn resume(&mut self) -> Result<()> {
        self.process = start(&self.program, &self.state)?;
        Ok(())
    }
}

fn start(program: &PathBuf, state: &Scratch) -> Result<Process> {
    let log = log_to(&state.path().join("agent.log"))?;
    let mut command = Command::new(program);
    command.arg("run").arg("--state-dir").arg(state.path().join("state"));
    command.stdout(log.try_clone()?).stderr(log);
    Process::start(command)
}
