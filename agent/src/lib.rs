//! The agent on a domain controller: it watches the directory and relays what it sees. It decides nothing.

pub mod capture;
pub mod check;
pub mod clock;
pub mod config;
pub mod directory;
pub mod enroll;
pub mod platform;
pub mod run;
pub mod spool;
pub mod status;
pub mod tls;
pub mod uplink;
