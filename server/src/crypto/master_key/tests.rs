//! The key file's life: made, read back, refused, rotated.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// A directory that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let unique: String = random_bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("adit-master-key-{unique}"));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn own(&self) -> MasterKeyFile {
        MasterKeyFile::Own(self.0.join("master.key"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn a_key_is_made_once_for_its_owner_only() {
    let scratch = Scratch::new();
    let made = MasterKey::load(&scratch.own()).unwrap();
    let mode = fs::metadata(scratch.own().path()).unwrap().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(MasterKey::load(&scratch.own()).unwrap().0, made.0);
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1, "no draft is left");
}

#[test]
fn a_given_key_is_never_made() {
    let scratch = Scratch::new();
    let given = MasterKeyFile::Given(scratch.0.join("elsewhere.key"));
    assert!(matches!(MasterKey::load(&given), Err(MasterKeyError::Unreadable { .. })));
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_command_that_helps() {
    let scratch = Scratch::new();
    MasterKey::load(&scratch.own()).unwrap();
    fs::set_permissions(scratch.own().path(), fs::Permissions::from_mode(0o640)).unwrap();
    let refused = MasterKey::load(&scratch.own()).unwrap_err().to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
    assert!(refused.contains("0640"), "{refused}");
}

#[test]
fn what_is_no_key_is_refused() {
    let scratch = Scratch::new();
    for text in ["", "adit-master-key-v1:", "adit-master-key-v1:AAAA", "adit-master-key-v9:AAAA", "\n"] {
        let path = scratch.0.join("bad.key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let loaded = MasterKey::load(&MasterKeyFile::Own(path));
        assert!(matches!(loaded, Err(MasterKeyError::Malformed { .. })), "{text:?}");
    }
}

#[test]
fn a_staged_key_takes_over_when_promoted() {
    let scratch = Scratch::new();
    MasterKey::load(&scratch.own()).unwrap();
    assert!(MasterKey::staged(&scratch.own()).unwrap().is_none());
    let next = MasterKey::generate();
    MasterKey::generate().stage(&scratch.own()).unwrap();
    next.stage(&scratch.own()).unwrap();
    assert_eq!(MasterKey::staged(&scratch.own()).unwrap().unwrap().0, next.0);
    MasterKey::promote(&scratch.own()).unwrap();
    assert_eq!(MasterKey::load(&scratch.own()).unwrap().0, next.0);
    assert!(MasterKey::staged(&scratch.own()).unwrap().is_none());
}
