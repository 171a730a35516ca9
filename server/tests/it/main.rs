//! The server's behaviour over a real database and JumpCloud's simulator, with a stopped clock.

#![cfg(test)]

mod agents;
mod execution;
mod guard;
mod import_rule;
mod reading;
mod world;
