//! Creates a cluster beside its final place and moves it there whole, so that an interrupted creation
//! leaves nothing that looks like a database.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Output;

use super::ClusterError;
use super::account::Account;
use super::binaries::Binaries;
use super::layout::Layout;

/// The database's superuser, its owner and its name.
pub(super) const OWNER: &str = "adit";
const DRAFT: &str = "postgres.new-";

/// Creates the cluster as `account`. Call it inside the gate.
pub(super) async fn create(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
) -> Result<(), ClusterError> {
    remove_drafts(&layout.data_dir);
    let draft = layout.data_dir.join(format!("{DRAFT}{}", std::process::id()));
    DirBuilder::new()
        .mode(0o700)
        .create(&draft)
        .and_then(|()| account.give(&draft))
        .map_err(ClusterError::files("make", &draft))?;
    tracing::info!(path = %layout.cluster.display(), user = account.name, "creating the database");
    let created = initialize(&draft, account, binaries).await;
    if created.is_err() {
        remove_drafts(&layout.data_dir);
    }
    created?;
    fs::rename(&draft, &layout.cluster)
        .and_then(|()| File::open(&layout.data_dir)?.sync_all())
        .map_err(ClusterError::files("put into place", &layout.cluster))
}

/// Sorts by bytes, which any index can serve, and knows upper and lower case of all letters where the
/// system has the locale for it.
async fn initialize(draft: &Path, account: &Account, binaries: &Binaries) -> Result<(), ClusterError> {
    let mut output = initdb(draft, account, binaries, &["--lc-ctype=C.UTF-8"]).await?;
    if !output.status.success() && said(&output).contains("invalid locale") {
        output = initdb(draft, account, binaries, &[]).await?;
    }
    if output.status.success() { Ok(()) } else { Err(ClusterError::Creation(said(&output))) }
}

async fn initdb(
    draft: &Path,
    account: &Account,
    binaries: &Binaries,
    more: &[&str],
) -> Result<Output, ClusterError> {
    let program = binaries.program("initdb");
    let mut command = account.command(&program);
    command
        .arg("--pgdata")
        .arg(draft)
        .args(["--username", OWNER, "--encoding=UTF8", "--locale=C"])
        .args(more);
    command.args(["--data-checksums", "--auth-local=peer", "--auth-host=reject"]);
    let mut command = tokio::process::Command::from(command);
    command.kill_on_drop(true).output().await.map_err(ClusterError::files("run", &program))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ")
}

/// What a killed creation left. One that is still alive fails without its directory, and harms nobody.
fn remove_drafts(data_dir: &Path) {
    for entry in fs::read_dir(data_dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(DRAFT) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
