//! The agent between a domain controller that behaves as Windows does and a server that only writes down what it is
//! told. Nothing sleeps for luck: every wait is for a condition, with a deadline.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails says so by a panic"
)]

mod adit;
mod ber;
mod capturing;
mod certificates;
mod checks;
mod dc;
mod directory;
mod enrolment;
mod faults;
mod filter;
mod hook;
mod look_ups;
mod members;
mod settings;
mod watching;
mod world;
