//! Whole-system tests: what is done in Active Directory is what JumpCloud shows.

#![cfg(test)]

mod access;
mod attributes;
mod bad_input;
mod browser;
mod capture;
mod capture_install;
mod checks;
mod crashes;
mod dice;
mod eligibility;
mod groups;
mod guard;
mod passwords;
mod places;
mod preview;
mod random;
mod rest_setup;
mod restarts;
mod settings;
mod takeover;
