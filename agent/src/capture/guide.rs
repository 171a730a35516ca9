//! What the hook goes by: one small file that the running agent keeps up to date. No secret is in it.

use protocol::captures::{CaptureOrders, Exempt};
use protocol::sealing::SealingKey;
use protocol::{AgentId, DomainId};
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, Identity, StateDir};

const FILE: &str = "capture.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guide {
    pub domain: DomainId,
    pub agent: AgentId,
    #[serde(default)]
    pub sealing_key: Option<SealingKey>,
    #[serde(default)]
    pub exempt: Option<Exempt>,
}

impl Guide {
    /// Nothing is kept yet.
    pub fn new(identity: &Identity, sealing_key: Option<SealingKey>) -> Self {
        Self { domain: identity.domain, agent: identity.agent, sealing_key, exempt: None }
    }

    /// What the hook goes by from the enrollment on. Without a key, also nothing of a former one is left.
    pub fn begin(state: &StateDir, identity: &Identity, key: Option<SealingKey>) -> Result<(), ConfigError> {
        if key.is_some() || state.file(FILE).exists() {
            Self::new(identity, key).write(state)?;
        }
        Ok(())
    }

    /// What lies in the folder; `None` also if it cannot be understood.
    pub fn read(state: &StateDir) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(state.file(FILE)).ok()?).ok()
    }

    /// The same, if it is this agent's: the key of a former enrollment may be another server's.
    pub fn of(state: &StateDir, identity: &Identity) -> Self {
        let ours = |guide: &Self| guide.agent == identity.agent && guide.domain == identity.domain;
        Self::read(state).filter(ours).unwrap_or_else(|| Self::new(identity, None))
    }

    pub fn write(&self, state: &StateDir) -> Result<(), ConfigError> {
        let text = serde_json::to_vec(self).map_err(|_| ConfigError::Damaged { path: state.file(FILE) })?;
        state.write(FILE, &text)
    }

    /// Takes orders over. `true`: they say something new.
    pub fn obey(&mut self, orders: CaptureOrders) -> bool {
        let before = self.clone();
        self.sealing_key = Some(orders.sealing_key);
        self.exempt = orders.exempt.or(self.exempt.take());
        *self != before
    }

    /// True if the passwords of this account are never kept.
    pub fn exempts(&self, account: &str) -> bool {
        let account = account.to_lowercase();
        self.exempt.as_ref().is_some_and(|exempt| exempt.accounts.contains(&account))
    }
}
