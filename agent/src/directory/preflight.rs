//! A first look at a domain controller, without an account: for `check`.

use chrono::{DateTime, Utc};

use super::connect::{Connection, Controller, Patience};
use super::errors::Failure;
use super::root_dse::RootDse;
use crate::tls::{Seen, Trust};

/// What showed.
#[derive(Debug)]
pub struct Look {
    pub certificate: Option<Seen>,
    pub root: Result<RootDse, Failure>,
}

/// Connects as `trust` says and reads what everybody may read.
pub async fn look(controller: &Controller, trust: &Trust) -> Result<Look, Failure> {
    let connection = Connection::open(controller, trust, Patience::default()).await?;
    let root = connection.root_dse().await;
    Ok(Look { certificate: connection.certificate.clone(), root })
}

impl Look {
    /// The domain controller's clock, to the second.
    pub fn clock(&self) -> Option<DateTime<Utc>> {
        self.root.as_ref().ok()?.current_time
    }
}
