//! What a test program leaves behind when it ends in any way, a kill included, is cleaned up by one child of it: it
//! reads what there is from a pipe, and acts once that pipe closes.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::place;

const SCRIPT: &str = r#"
declare -A pids dirs dcs
while read -r verb kind name; do
    case "$verb $kind" in
        "keep pid") pids[$name]=1 ;;
        "keep dir") dirs[$name]=1 ;;
        "keep dc") dcs[$name]=1 ;;
        "drop pid") unset "pids[$name]" ;;
    esac
done
for pid in "${!pids[@]}"; do kill -TERM "$pid"; done
for ((i = 0; i < 60; i++)); do
    alive=0
    for pid in "${!pids[@]}"; do kill -0 "$pid" && alive=1; done
    ((alive)) || break
    sleep 0.1
done
for pid in "${!pids[@]}"; do kill -KILL "$pid"; done
for dir in "${!dirs[@]}"; do
    # The database of a server that was killed.
    for file in "$dir"/*/postmaster.pid "$dir"/*/*/postmaster.pid; do
        [[ -s $file ]] && kill -QUIT "$(head -n 1 "$file")" && sleep 0.5
    done
    rm -rf "$dir"
done
for dc in "${!dcs[@]}"; do "$0" down "$dc" --purge; done
"#;

static REAPER: Mutex<Option<ChildStdin>> = Mutex::new(None);

/// Has a `pid`, a `dir` or a `dc` ended with this process.
pub fn keep(kind: &str, name: &str) -> Result<()> {
    tell("keep", kind, name)
}

/// It has ended by itself.
pub fn forget(kind: &str, name: &str) -> Result<()> {
    tell("drop", kind, name)
}

fn tell(verb: &str, kind: &str, name: &str) -> Result<()> {
    let mut reaper = REAPER.lock().unwrap_or_else(PoisonError::into_inner);
    let pipe = match &mut *reaper {
        Some(pipe) => pipe,
        none => none.insert(start()?),
    };
    writeln!(pipe, "{verb} {kind} {name}").context("the reaper is gone")
}

fn start() -> Result<ChildStdin> {
    let mut command = Command::new("bash");
    command.arg("-c").arg(SCRIPT).arg(place::workspace().join("e2e/lab/samba-dc"));
    // A group of its own, so that Ctrl-C does not reach it.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn()?.stdin.take().context("the reaper has no pipe")
}

/// A child process that ends with its owner.
#[derive(Debug)]
pub struct Process {
    child: Child,
    ended: bool,
}

impl Process {
    pub fn start(mut command: Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).process_group(0).spawn();
        let child = child.with_context(|| format!("could not start {command:?}"))?;
        tell("keep", "pid", &child.id().to_string())?;
        Ok(Self { child, ended: false })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// True while it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Has it hang, or go on.
    pub fn freeze(&self, frozen: bool) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, if frozen { Signal::STOP } else { Signal::CONT });
        }
    }

    /// Ends it as an operator would, within six seconds.
    pub fn stop(&mut self) {
        self.end(Signal::TERM);
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    fn end(&mut self, signal: Signal) {
        if self.ended {
            return;
        }
        self.ended = true;
        self.signal(signal);
        let start = Instant::now();
        while self.runs() {
            if start.elapsed() > Duration::from_secs(6) {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = tell("drop", "pid", &self.child.id().to_string());
    }

    fn signal(&mut self, signal: Signal) {
        if self.runs()
            && let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}
