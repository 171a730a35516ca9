//! What Samba itself reads in its configuration: includes, the registry and all.

use std::io;
use std::path::Path;
use std::process::{Command, Output};

use super::smb_conf::SETTING;

/// How to ask.
pub(super) fn command(conf: &Path) -> Command {
    let mut command = Command::new("testparm");
    command.arg("-s").arg("--suppress-prompt").arg(format!("--parameter-name={SETTING}")).arg(conf);
    command
}

/// What was answered: the script, or why Samba refuses the file.
pub(super) fn understand(output: &Output) -> Result<Option<String>, String> {
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let value = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(Some(value).filter(|value| !value.is_empty()))
}

pub(super) fn ask(conf: &Path) -> io::Result<Result<Option<String>, String>> {
    Ok(understand(&command(conf).output()?))
}
