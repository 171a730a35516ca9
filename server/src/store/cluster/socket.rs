//! The directory of the unix socket: private to the cluster's account, and short enough for the kernel.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::ClusterError;
use super::account::Account;
use super::layout::Layout;

/// Only names the socket's file; there is no network port.
pub(super) const PORT: u16 = 5432;
/// The kernel's limit is 108 bytes with the terminating zero.
const LONGEST: usize = 107 - "/.s.PGSQL.5432".len();

/// Makes the socket's directory: in the data directory, or where the path is shorter.
pub(super) fn make(layout: &Layout, account: &Account) -> Result<PathBuf, ClusterError> {
    let inside = layout.data_dir.join("postgres.socket");
    if fits(&inside) {
        return make_at(&inside, account).map(|()| inside);
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, layout.data_dir.as_os_str().as_bytes());
    let name: String = digest.as_ref().iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    let name = format!("adit-{name}");
    let mut outcome = Err(ClusterError::files("find a short place for the socket of", &layout.data_dir)(
        io::ErrorKind::InvalidFilename.into(),
    ));
    for place in short_places() {
        let directory = place.join(&name);
        outcome = make_at(&directory, account).map(|()| directory);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Makes one that an earlier run chose.
pub(super) fn make_at(directory: &Path, account: &Account) -> Result<(), ClusterError> {
    let failed = |error| ClusterError::files("make the private directory", directory)(error);
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => account.give(directory).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Somebody else's directory, or a link to one, would let them in.
            let found = fs::symlink_metadata(directory).map_err(failed)?;
            let private = found.is_dir() && account.owns(&found) && found.mode() & 0o077 == 0;
            if private { Ok(()) } else { Err(failed(io::ErrorKind::PermissionDenied.into())) }
        }
        Err(error) => Err(failed(error)),
    }
}

/// Tidies up a directory outside the data directory.
pub(super) fn remove(directory: &Path, layout: &Layout) {
    if !directory.starts_with(&layout.data_dir) {
        // It may hold a file of a cluster that was killed; then it stays for the next start.
        drop(fs::remove_dir(directory));
    }
}

/// The kernel limits the length, and PostgreSQL reads the setting as a list.
fn fits(directory: &Path) -> bool {
    let bytes = directory.as_os_str().as_bytes();
    bytes.len() <= LONGEST && !bytes.iter().any(|byte| b",\"\\".contains(byte))
}

/// The same for every process of one user, whatever its environment.
fn short_places() -> Vec<&'static Path> {
    let own = rustix::process::geteuid().is_root().then_some("/run");
    own.into_iter().chain(["/tmp"]).map(Path::new).filter(|place| place.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_the_kernel_would_cut_does_not_fit() {
        assert!(fits(Path::new("/var/lib/adit/postgres.socket")));
        assert!(fits(Path::new(&format!("/{}", "x".repeat(LONGEST - 1)))));
        assert!(!fits(Path::new(&format!("/{}", "x".repeat(LONGEST)))));
        assert!(!fits(Path::new("/a,b")));
    }
}
