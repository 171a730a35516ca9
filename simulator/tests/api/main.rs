//! The simulator as a client meets it: over HTTP, one simulator per test.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail the test, as tests do")]

mod access;
mod command_line;
mod directories;
mod faults;
mod groups;
mod lists;
mod log;
mod pages;
mod passwords;
mod scale;
mod search;
mod states;
mod users;
mod world;
