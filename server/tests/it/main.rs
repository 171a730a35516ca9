//! The server's behaviour over a real database and JumpCloud's simulator, with a stopped clock.

#![cfg(test)]

mod access;
mod agents;
mod alerts;
mod audit;
mod checks;
mod execution;
mod foundation;
mod guard;
mod impact;
mod import_rule;
mod jumpcloud;
mod mappings;
mod passwords;
mod people;
mod previews;
mod progress;
mod reading;
mod rest;
mod ui;
mod world;
