//! Putting the hook into smb.conf and taking it out again, checked by Samba's own tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use e2e::Dc;
use e2e::place::{self, Scratch};

struct Place {
    scratch: Scratch,
    conf: PathBuf,
}

impl Place {
    /// The shared domain controller's own configuration, without a script or with this one.
    async fn with(script: Option<&str>) -> Result<Self> {
        let scratch = Scratch::new("conf")?;
        let conf = scratch.path().join("smb.conf");
        let dc = Dc::shared().await?;
        let mut text = format!("# caf\u{e9}, as it was\r\n{}", std::fs::read_to_string(dc.fact("smb_conf"))?);
        if let Some(script) = script {
            text = text.replacen("[global]\n", &format!("[global]\n\tCheck Password  Script={script}\n"), 1);
        }
        std::fs::write(&conf, text)?;
        Ok(Self { scratch, conf })
    }

    fn agent(&self, arguments: &[&str]) -> Result<(bool, String)> {
        let mut command = Command::new(place::program("adit-agent")?);
        command.arg("capture").args(arguments).arg("--smb-conf").arg(&self.conf);
        command.arg("--state-dir").arg(self.scratch.path().join("state of it"));
        let output = command.output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
    }

    fn text(&self) -> Result<Vec<u8>> {
        Ok(std::fs::read(&self.conf)?)
    }
}

/// What Samba reads.
fn script(conf: &Path) -> Result<String> {
    let mut command = Command::new("testparm");
    command.args(["-s", "--suppress-prompt", "--parameter-name=check password script"]).arg(conf);
    let output = command.output()?;
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hook_goes_in_and_out_of_smb_conf_and_leaves_it_octet_for_octet() -> Result<()> {
    for former in [None, Some("/usr/local/sbin/check -d '/a b' \"it's\"")] {
        let place = Place::with(former).await?;
        let before = place.text()?;
        let (done, said) = place.agent(&["install", "--dry-run"])?;
        ensure!(done && said.contains("+") && place.text()? == before, "{said}");
        let (done, said) = place.agent(&["install"])?;
        ensure!(!done && said.contains("--yes") && place.text()? == before, "{said}");

        let (done, said) = place.agent(&["install", "--yes"])?;
        ensure!(done && said.contains("restart"), "{said}");
        let line = script(&place.conf)?;
        ensure!(line.contains("adit-agent capture --state-dir '"), "{line}");
        ensure!(line.contains("--chain") == former.is_some(), "{line}");
        let installed = place.text()?;
        let (done, said) = place.agent(&["install", "--yes"])?;
        ensure!(done && said.contains("Nothing to do") && place.text()? == installed, "{said}");

        let (done, said) = place.agent(&["uninstall", "--yes"])?;
        ensure!(done && place.text()? == before, "{said}");
        let (done, said) = place.agent(&["uninstall", "--yes"])?;
        ensure!(done && said.contains("Nothing to do"), "{said}");

        // Somebody edits the file in between: only our line goes.
        ensure!(place.agent(&["install", "--yes"])?.0);
        let edited = [&place.text()?[..], b"\n[later]\n\tpath = /srv\n"].concat();
        std::fs::write(&place.conf, edited)?;
        ensure!(place.agent(&["uninstall", "--yes"])?.0);
        ensure!(place.text()? == [&before[..], b"\n[later]\n\tpath = /srv\n"].concat());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_samba_or_we_would_not_understand_is_left_as_it_is_and_named() -> Result<()> {
    let place = Place::with(None).await?;
    let good = place.text()?;
    let included = place.scratch.path().join("more.conf");
    std::fs::write(&included, "check password script = /elsewhere\n")?;
    let include = format!("[global]\n\tinclude = {}\n", included.display());
    for (text, expected) in [
        ("[share]\n\tpath = /x\n".to_owned(), "no [global] section"),
        ("[global]\n\tcheck password script = /a \\\n -b\n".to_owned(), "several lines"),
        (include, "another place"),
    ] {
        std::fs::write(&place.conf, &text)?;
        let (done, said) = place.agent(&["install", "--yes"])?;
        ensure!(!done && said.contains(expected), "{said}");
        ensure!(place.text()? == text.as_bytes(), "{text}");
    }
    std::fs::write(&place.conf, good)?;
    std::fs::remove_file(&place.conf)?;
    let (done, said) = place.agent(&["install", "--yes"])?;
    ensure!(!done && said.contains("--smb-conf"), "{said}");
    let left: Vec<_> = std::fs::read_dir(place.scratch.path())?.collect::<std::io::Result<_>>()?;
    ensure!(left.iter().all(|file| !file.file_name().to_string_lossy().contains("adit-new")), "{left:?}");
    Ok(())
}
