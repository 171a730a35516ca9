//! JumpCloud's REST API, small enough to run inside a test.
//!
//! Written from JumpCloud's published API description and from recorded answers, never from a client, so
//! that a client tested against it is tested against JumpCloud's words and not against its own. Facts that
//! nobody has published are marked "assumed" where they are decided, and most of those can be switched
//! through [`Settings`].

mod access;
mod action;
mod activedirectories;
mod agents;
mod associations;
mod clock;
mod directories;
mod faults;
mod fields;
mod filter;
mod filter_v1;
mod filter_v2;
mod gate;
mod graph;
mod groups;
mod ids;
mod inspect;
mod listing;
mod log;
mod members;
mod oauth;
mod organization;
mod organizations;
mod page;
mod paging;
mod password;
mod password_policy;
mod rate;
mod reply;
mod request;
mod routes;
mod search;
mod seed;
mod settings;
mod shape;
mod sim;
mod simulator;
mod state_machine;
mod systemusers;
mod traversal;
mod user;
mod user_actions;
mod user_rules;
mod user_view;
mod user_writes;
mod usergroups;
mod users;
mod wire;
mod world;

pub use faults::{Action, Fault, Scripted};
pub use log::LoggedRequest;
pub use seed::{Seed, SeedDirectory, SeedGroup};
pub use settings::Settings;
pub use simulator::{Config, Simulator, StartError};
