//! What the planner decides, told as sentences about a small domain and a model of JumpCloud.

mod eligibility;
mod groups;
mod mapping;
mod matching;
mod memberships;
mod properties;
mod random;
mod scope;
mod scope_model;
mod state;
mod world;
