//! What the password hook needs of the system: no dumps, the bare standard input, and a script that ends in time.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, setrlimit};

/// The process holds a clear text: nothing of its memory may reach a disk, or another process.
pub fn forbid_dumps() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Standard input without the buffer that std puts before it, which nobody erases.
pub fn standard_input() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Runs a script as Samba does, with the password on its standard input. `None`: it was ended, with all that it
/// started, after `patience`.
pub fn ask_script(script: &str, password: &[u8], patience: Duration) -> io::Result<Option<bool>> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).stdin(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(mut input) = child.stdin.take() {
        // A script may answer without having read it; and no pipe is smaller than what is written here.
        let _ = input.write_all(password);
    }
    let (ended, end) = mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        let _ = ended.send(child.wait());
    })?;
    match end.recv_timeout(patience) {
        Ok(status) => Ok(Some(status?.success())),
        Err(_) => {
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            Ok(None)
        }
    }
}
