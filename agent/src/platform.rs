//! What differs between the systems that a domain controller runs on. The two rooms below export the same names;
//! nobody else asks which system this is.

#[cfg(not(windows))]
mod linux;
#[cfg(not(windows))]
pub use linux::{PLATFORM, default_state_dir, host, private_dir, stop_requested, write_private};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use windows::{PLATFORM, default_state_dir, host, private_dir, stop_requested, write_private};
