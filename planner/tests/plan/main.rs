//! What the planner decides, told as sentences about a small domain and a model of JumpCloud.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod eligibility;
mod explaining;
mod groups;
mod mapping;
mod matching;
mod memberships;
mod moved_out;
mod origins;
mod passwords;
mod properties;
mod random;
mod scope;
mod scope_model;
mod state;
mod templates;
mod trial;
mod world;
