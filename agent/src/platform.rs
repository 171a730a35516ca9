//! What differs between the systems that a domain controller runs on. The two rooms below export the same names;
//! nobody else asks which system this is.

#[cfg(not(windows))]
mod linux;
#[cfg(not(windows))]
pub use linux::{
    CAPTURES, Nudges, PLATFORM, append_private, ask_script, default_state_dir, forbid_dumps, host, nudge,
    place_private, private_dir, reserve, standard_input, stop_requested, sync_dir, sync_file, write_like,
    write_private,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use windows::{
    CAPTURES, Nudges, PLATFORM, append_private, ask_script, default_state_dir, forbid_dumps, host, nudge,
    place_private, private_dir, reserve, standard_input, stop_requested, sync_dir, sync_file, write_like,
    write_private,
};
