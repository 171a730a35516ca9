//! (to come)
pub mod clock;
pub mod config;
pub mod crypto;
pub mod jumpcloud;
pub mod logging;
pub mod tls;
