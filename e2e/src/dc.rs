//! A domain controller of the lab, and changes to what it holds.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::place::{self, run};
use crate::reaper;

/// One domain controller, running.
#[derive(Debug)]
pub struct Dc {
    pub name: String,
    /// What `samba-dc info` tells.
    pub info: Value,
    editor: Arc<Mutex<Option<Editor>>>,
    /// The test program shares it, so it ends with the process instead.
    shared: bool,
}

/// A long-running `ad`, which changes the database of the domain controller.
#[derive(Debug)]
struct Editor {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Dc {
    /// The domain controller that all tests of this process share. It can be joined.
    pub async fn shared() -> Result<Arc<Self>> {
        static SHARED: tokio::sync::OnceCell<Arc<Dc>> = tokio::sync::OnceCell::const_new();
        let start = async || {
            run(lab("samba-dc", &["sweep"])).await?;
            Self::up(&["--realm", "E2E.EXAMPLE"], true).await.map(Arc::new)
        };
        SHARED.get_or_try_init(start).await.cloned()
    }

    /// One for a test alone. `options` are those of `samba-dc up`.
    pub async fn start(options: &[&str]) -> Result<Self> {
        Self::up(options, false).await
    }

    async fn up(options: &[&str], shared: bool) -> Result<Self> {
        let name = format!("e{}-{}", std::process::id() % 1_000_000, place::number() % 1000);
        let owner = std::process::id().to_string();
        reaper::keep("dc", &name)?;
        let mut command = lab("samba-dc", &["up", &name, "--owner", &owner]);
        command.args(options);
        let info = serde_json::from_str(&run(command).await?)?;
        let dc = Self { name, info, editor: Arc::default(), shared };
        dc.ad(json!({"op": "usn"})).await?;
        Ok(dc)
    }

    /// A text of `samba-dc info`.
    pub fn fact(&self, name: &str) -> &str {
        self.info[name].as_str().unwrap_or_default()
    }

    pub fn base(&self) -> &str {
        self.fact("base_dn")
    }

    /// The CA that signed its certificate.
    pub fn ca_pem(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.fact("ca_cert"))?)
    }

    /// Changes or reads the directory; the commands are those of `e2e/lab/ad`.
    pub async fn ad(&self, command: Value) -> Result<Value> {
        let (editor, name) = (Arc::clone(&self.editor), self.name.clone());
        let answer = tokio::task::spawn_blocking(move || {
            let mut editor = editor.lock().unwrap_or_else(PoisonError::into_inner);
            let editor = match &mut *editor {
                Some(editor) => editor,
                none => none.insert(Editor::start(&name)?),
            };
            editor.ask(&command)
        });
        answer.await?
    }

    /// Runs a shell command with this domain controller's configuration.
    pub async fn sh(&self, command: &str) -> Result<String> {
        run(lab("samba-dc", &["exec", &self.name, "sh", "-c", command])).await
    }

    /// Fills it by `people.py`; what that tells.
    pub async fn fill(&self, people: usize) -> Result<Value> {
        let command = lab("people.py", &[&self.name, "--count", &people.to_string(), "--json"]);
        Ok(serde_json::from_str(&run(command).await?)?)
    }

    /// Ends it and starts it again, as a reboot would.
    pub async fn restart(&self) -> Result<()> {
        run(lab("samba-dc", &["down", &self.name])).await?;
        let owner = std::process::id().to_string();
        run(lab("samba-dc", &["up", &self.name, "--owner", &owner])).await.map(drop)
    }

    /// Starts it again with another password hook.
    pub async fn hook(&self, command: &str) -> Result<()> {
        run(lab("samba-dc", &["down", &self.name])).await?;
        let owner = std::process::id().to_string();
        run(lab("samba-dc", &["up", &self.name, "--owner", &owner, "--password-hook", command]))
            .await
            .map(drop)
    }

    pub async fn stop(&self) -> Result<()> {
        run(lab("samba-dc", &["down", &self.name])).await.map(drop)
    }
}

impl Drop for Dc {
    fn drop(&mut self) {
        if !self.shared {
            let _ = lab("samba-dc", &["down", &self.name, "--purge"]).output();
        }
    }
}

fn lab(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(place::workspace().join("e2e/lab").join(script));
    command.args(arguments);
    command
}

impl Editor {
    fn start(dc: &str) -> Result<Self> {
        let mut command = lab("ad", &[dc]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        let input = child.stdin.take().context("ad has no input")?;
        let output = BufReader::new(child.stdout.take().context("ad has no output")?);
        Ok(Self { child, input, output })
    }

    fn ask(&mut self, command: &Value) -> Result<Value> {
        writeln!(self.input, "{command}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line).context("ad ended")?;
        if answer["ok"] != true {
            bail!("AD refused {command}: {}", answer["error"]);
        }
        Ok(answer)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
