//! The server's behaviour over a real database and JumpCloud's simulator, with a stopped clock.

#![cfg(test)]

mod access;
mod agents;
mod alerts;
mod api_description;
mod api_lists;
mod audit;
mod checks;
mod execution;
mod foundation;
mod guard;
mod hardening;
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
mod roles;
mod ui;
mod world;
