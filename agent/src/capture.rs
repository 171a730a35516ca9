//! The password hook, Samba's `check password script`: a process of milliseconds inside the domain controller's write
//! transaction. It judges the password as the domain controller would have done without it, seals it, and leaves it in
//! the spool. Whatever goes wrong with the keeping never changes the verdict.

mod complexity;
mod guide;
mod hook;
mod install;
mod installed;
mod letters;
mod password;
mod shell;
mod smb_conf;
mod testparm;

pub use guide::Guide;
pub use hook::{Hook, judge_only, run};
pub use install::{InstallError, Installer, Wish};
pub use installed::{smb_conf_of, state_of};
