//! The JumpCloud client against the simulator.

#![cfg(test)]

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
