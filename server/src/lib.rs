//! The server: holds every domain's configuration and does all the thinking.

pub mod actions;
pub mod app;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod error;
pub mod http;
pub mod jumpcloud;
pub mod logging;
pub mod notify;
pub mod oidc;
pub mod outbound;
pub mod settings;
pub mod store;
pub mod tls;
pub mod workers;
