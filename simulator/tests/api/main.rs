//! The simulator as a client meets it: over HTTP, one simulator per test.

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
