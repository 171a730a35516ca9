//! The way to the server: enrolling, and signed requests from then on.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use protocol::captures::{Captures, CapturesAnswer};
use protocol::checks::{ChecksAnswer, ChecksRequest};
use protocol::heartbeat::{Directives, Heartbeat};
use protocol::problem::Problem;
use protocol::signing::AgentKey;
use protocol::transfer::{Part, PartAnswer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock;
use crate::config::Identity;

mod enrolling;
mod errors;
mod server;

pub use enrolling::{EnrollError, enroll};
pub use errors::UplinkError;
pub use server::{Server, ServerError};

const HEARTBEAT: &str = "/agent/v1/heartbeat";
const TRANSFERS: &str = "/agent/v1/transfers";
const CAPTURES: &str = "/agent/v1/captures";
const CHECKS: &str = "/agent/v1/checks";

/// A heartbeat that takes longer is of no use.
const HEARTBEAT_PATIENCE: Duration = Duration::from_secs(10);

/// One that takes longer is sent again.
const CAPTURES_PATIENCE: Duration = Duration::from_secs(20);

/// The last part of a large transfer is answered when all of it has been applied.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(120);

/// The server, spoken to as this agent.
#[derive(Debug)]
pub struct Uplink {
    server: Server,
    identity: Identity,
    key: AgentKey,
    /// The server's clock minus ours, in seconds, once it has refused us for it.
    ahead: AtomicI64,
}

impl Uplink {
    pub fn new(identity: Identity, key: AgentKey) -> Result<Self, ServerError> {
        let server = Server::new(
            &identity.server,
            identity.server_fingerprint.as_deref(),
            identity.server_ca_pem.as_deref(),
        )?;
        Ok(Self { server, identity, key, ahead: AtomicI64::new(0) })
    }

    pub async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Directives, UplinkError> {
        self.post(HEARTBEAT, heartbeat, HEARTBEAT_PATIENCE).await
    }

    pub async fn send(&self, part: &Part) -> Result<PartAnswer, UplinkError> {
        self.post(TRANSFERS, part, TRANSFER_PATIENCE).await
    }

    pub async fn captures(&self, captures: &Captures) -> Result<CapturesAnswer, UplinkError> {
        self.post(CAPTURES, captures, CAPTURES_PATIENCE).await
    }

    /// What the server finds. It is no heartbeat, so a process that asks beside the running agent disturbs nothing.
    pub async fn checks(&self) -> Result<ChecksAnswer, UplinkError> {
        self.post(CHECKS, &ChecksRequest {}, HEARTBEAT_PATIENCE).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
        patience: Duration,
    ) -> Result<T, UplinkError> {
        let body = serde_json::to_vec(message).map_err(|error| UplinkError::Answer(error.to_string()))?;
        match self.post_signed(path, body.clone(), patience).await {
            Err(UplinkError::Refused(problem)) if self.adopt_time(&problem) => {
                self.post_signed(path, body, patience).await
            }
            answer => answer,
        }
    }

    async fn post_signed<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
        patience: Duration,
    ) -> Result<T, UplinkError> {
        let now = clock::now() + TimeDelta::seconds(self.ahead.load(Ordering::Relaxed));
        let token = self
            .key
            .sign(self.identity.agent, "POST", path, &body, now)
            .map_err(|error| UplinkError::Answer(error.to_string()))?;
        self.server.post(path, body, Some(&token), patience).await
    }

    /// Signs by the server's clock from now on. Ours stays as it is: it is the domain controller's.
    fn adopt_time(&self, problem: &Problem) -> bool {
        let Some(theirs) = problem.server_time.filter(|_| problem.code == "clock_skew") else { return false };
        let ahead = (theirs - clock::now()).num_seconds();
        tracing::warn!(seconds = ahead, "the server's clock differs from this machine's; check both");
        self.ahead.store(ahead, Ordering::Relaxed);
        true
    }
}
