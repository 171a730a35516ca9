//! The server's behaviour over a real database and JumpCloud's simulator, with a stopped clock.

#![cfg(test)]

mod agents;
mod audit;
mod checks;
mod execution;
mod foundation;
mod guard;
mod import_rule;
mod jumpcloud;
mod mappings;
mod passwords;
mod reading;
mod ui;
mod world;
