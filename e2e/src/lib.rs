//! Whole systems for tests and measurements: a real Samba domain controller, the real server on a real PostgreSQL, real
//! agents, and JumpCloud's simulator.
//!
//! One domain controller and one server serve all tests of a program; each test has a [`Stack`] of its own: a JumpCloud,
//! an organization, a domain with its own container and integration group, and an agent. So tests run side by side.
//! Tests that end or restart a part start that part for themselves.

pub mod agent;
pub mod browser;
pub mod dc;
pub mod passwords;
pub mod place;
pub mod proxy;
pub mod reaper;
pub mod server;
pub mod stack;
pub mod wait;

pub use agent::Agent;
pub use dc::Dc;
pub use server::Server;
pub use stack::{Options, Stack};
