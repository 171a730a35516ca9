//! The JumpCloud client against the simulator.

mod base_urls;
mod budget;
mod credentials;
mod directories;
mod faults;
mod groups;
mod marks;
mod passwords;
mod support;
mod tokens;
mod users;
mod writes;
