//! What the agent is, kept between its starts: the server it belongs to, and its key. No password of any kind is here.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use protocol::signing::AgentKey;
use protocol::{AgentId, DomainId, DomainName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::platform;

/// The folder in which everything is kept.
#[derive(Clone, Debug)]
pub struct StateDir(PathBuf);

/// Who this agent is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub server: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_fingerprint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_ca_pem: Option<String>,
    pub agent: AgentId,
    pub domain: DomainId,
    pub domain_name: DomainName,
    /// `ldaps://dc1.example.com:636`
    pub domain_controller: String,
    /// The file in the same folder that holds the key, PKCS#8 DER.
    pub key_file: String,
}

/// Why the state cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "this machine is not enrolled (nothing in {0}): run `adit-agent enroll` with a token from the domain's page"
    )]
    NotEnrolled(PathBuf),
    #[error("{path} cannot be read: run as the user that enrolled the agent")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} is damaged: enroll this machine again, which replaces it")]
    Damaged { path: PathBuf },
    #[error(
        "{path} cannot be written: run as root or administrator, or name another folder with --state-dir"
    )]
    NotWritable { path: PathBuf, source: io::Error },
}

impl StateDir {
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes the folder and tries whether it can be written, before anything depends on it.
    pub fn prepare(&self) -> Result<(), ConfigError> {
        let trial = self.file("trial");
        platform::private_dir(&self.0)
            .and_then(|()| platform::write_private(&trial, b""))
            .and_then(|()| std::fs::remove_file(&trial))
            .map_err(|source| ConfigError::NotWritable { path: self.0.clone(), source })
    }

    /// Who this agent is, and its key.
    pub fn load(&self) -> Result<(Identity, AgentKey), ConfigError> {
        let identity = self.identity()?;
        let path = self.file(&identity.key_file);
        let octets = std::fs::read(&path)
            .map(zeroize::Zeroizing::new)
            .map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
        let key = AgentKey::from_pkcs8(&octets).map_err(|_| ConfigError::Damaged { path })?;
        Ok((identity, key))
    }

    /// Who this agent is.
    pub fn identity(&self) -> Result<Identity, ConfigError> {
        let path = self.identity_file();
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ConfigError::NotEnrolled(self.0.clone()));
            }
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        serde_json::from_slice(&text).map_err(|_| ConfigError::Damaged { path })
    }

    /// Becomes somebody. The key goes first, under a name of its own, so that no moment has one without the other.
    pub fn save(&self, mut identity: Identity, key: &[u8]) -> Result<(), ConfigError> {
        let former = self.identity().ok().map(|former| former.key_file);
        identity.key_file = format!("agent-{}.key", Uuid::new_v4().simple());
        self.write(&identity.key_file, key)?;
        let text = serde_json::to_vec_pretty(&identity)
            .map_err(|_| ConfigError::Damaged { path: self.identity_file() })?;
        self.write("agent.json", &text)?;
        if let Some(former) = former {
            // A key that nothing names any more; it is refused by the server already.
            let _ = std::fs::remove_file(self.file(&former));
        }
        Ok(())
    }

    /// Replaces a private file in the folder.
    pub fn write(&self, name: &str, octets: &[u8]) -> Result<(), ConfigError> {
        let path = self.file(name);
        platform::write_private(&path, octets).map_err(|source| ConfigError::NotWritable { path, source })
    }

    /// Changes when the machine is enrolled again.
    pub fn stamp(&self) -> Option<SystemTime> {
        std::fs::metadata(self.identity_file()).and_then(|metadata| metadata.modified()).ok()
    }

    fn identity_file(&self) -> PathBuf {
        self.file("agent.json")
    }
}
