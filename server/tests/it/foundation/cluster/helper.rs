//! A second process that holds the cluster as a server or a command would: this test program itself,
//! started again for one ignored test.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use server::store::cluster::{Cluster, Mode};

use crate::foundation::scratch::{self, Scratch};

const DATA_DIR: &str = "ADIT_TEST_HELPER_DATA_DIR";
const MODE: &str = "ADIT_TEST_HELPER_MODE";
const OPEN: &str = "the cluster is open";

/// The other process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Helper(Child);

impl Helper {
    /// Returns when it has the cluster open.
    pub(crate) fn start(scratch: &Scratch, mode: Mode) -> Self {
        let (_, module) = module_path!().split_once("::").unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::hold_the_cluster"), "--ignored", "--nocapture"])
            .env(DATA_DIR, scratch.data_dir())
            .env(MODE, format!("{mode:?}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let opened = lines.map_while(Result::ok).any(|line| line.contains(OPEN));
        let helper = Self(child);
        assert!(opened, "the helper opens the cluster");
        helper
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// As `kill -9` does it.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Lets it close the cluster.
    pub(crate) fn finish(&mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
#[ignore = "runs in the other process"]
async fn hold_the_cluster() {
    let (Some(data_dir), Ok(mode)) = (std::env::var_os(DATA_DIR), std::env::var(MODE)) else { return };
    let mode = if mode == "Serve" { Mode::Serve } else { Mode::Command };
    let cluster = Cluster::open(&scratch::config(&PathBuf::from(data_dir)), mode).await.unwrap();
    println!("{OPEN}");
    std::io::stdout().flush().unwrap();
    // Ends when the other side lets go.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
    cluster.close().await.unwrap();
}
