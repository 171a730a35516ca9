//! What every action and worker works with: the database, the clock, the vault, and the bells that wake workers.

mod topics;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use protocol::sealing::OpeningKey;
use protocol::{DomainId, OrganizationId, Secret};
use sqlx::PgPool;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{Config, PrivateUpstream, PublicUrl};
use crate::crypto::Vault;
use crate::error::{Error, Result};
use crate::jumpcloud::{BaseUrl, Budget, Client, Credential, Settings, SettingsError};
use crate::oidc::Discovered;
use crate::outbound::Outbound;
pub use crate::store::audit::Actor;
use crate::store::{self, organizations::Organization};

pub use topics::{Follower, Place, Topic, Topics};

/// Cheap to clone; every part is shared.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    pub db: PgPool,
    pub clock: Clock,
    pub vault: Vault,
    pub config: Config,
    pub public_url: PublicUrl,
    /// `sha256:…` of the certificate that this server shows; `None` behind a proxy.
    pub fingerprint: Option<String>,
    /// When that certificate ends; set once it is known.
    pub certificate_ends: OnceLock<DateTime<Utc>>,
    /// Names this process in leases.
    pub process: Uuid,
    pub wake: Bells,
    /// What pages that are open are told.
    pub topics: Topics,
    /// What the single sign-on provider says of itself.
    pub discovered: Discovered,
    clients: Mutex<HashMap<OrganizationId, Known>>,
    executors: Mutex<HashMap<OrganizationId, Arc<Notify>>>,
    opening_keys: Mutex<HashMap<i32, Arc<OpeningKey>>>,
}

/// One bell for each worker. Rung after a commit; a worker also looks by itself from time to time.
#[derive(Debug, Default)]
pub struct Bells {
    pub plan: Notify,
    pub execute: Notify,
    pub mirror: Notify,
    pub housekeeping: Notify,
    pub alerts: Notify,
    pub deliver: Notify,
}

#[derive(Debug)]
struct Known {
    credential: Vec<u8>,
    client: Client,
}

/// The longest that JumpCloud may take for one request.
const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(30);

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Joins the parts.
    pub fn new(
        db: PgPool,
        clock: Clock,
        vault: Vault,
        config: Config,
        public_url: PublicUrl,
        fingerprint: Option<String>,
    ) -> Self {
        let process = Uuid::new_v4();
        Self(Arc::new(Parts {
            db,
            clock,
            vault,
            config,
            public_url,
            fingerprint,
            certificate_ends: OnceLock::new(),
            process,
            wake: Bells::default(),
            topics: Topics::new(process),
            discovered: Discovered::default(),
            clients: Mutex::new(HashMap::new()),
            executors: Mutex::new(HashMap::new()),
            opening_keys: Mutex::new(HashMap::new()),
        }))
    }

    /// Seals a secret of one row.
    pub fn seal(&self, purpose: &str, secret: &Secret) -> Result<Vec<u8>> {
        self.vault
            .seal(purpose, secret.expose().as_bytes())
            .map_err(|error| Error::internal(format!("could not seal a secret: {error}")))
    }

    /// Opens what [`seal`](Self::seal) made.
    pub fn open(&self, purpose: &str, blob: &[u8]) -> Result<Secret> {
        let octets = self
            .vault
            .open(purpose, blob)
            .map_err(|error| Error::internal(format!("could not open a sealed secret: {error}")))?;
        let text = std::str::from_utf8(&octets).map_err(|_| Error::internal("a sealed secret is no text"))?;
        Ok(Secret::new(text.to_owned()))
    }

    /// The key that opens what agents sealed to the key of this id; none if it is not there any more.
    pub async fn opening_key(&self, id: i32) -> Result<Option<Arc<OpeningKey>>> {
        let known = self.opening_keys().get(&id).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(sealed) = store::sealing_keys::find_private(&self.db, id).await? else { return Ok(None) };
        let octets = self
            .vault
            .open(&sealing_key_purpose(id), &sealed)
            .map_err(|error| Error::internal(format!("could not open a sealing key: {error}")))?;
        let key = Arc::new(OpeningKey::from_octets(id, octets));
        self.opening_keys().insert(id, Arc::clone(&key));
        Ok(Some(key))
    }

    fn opening_keys(&self) -> MutexGuard<'_, HashMap<i32, Arc<OpeningKey>>> {
        self.opening_keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of an organization; made anew when its credential was swapped. The request budget stays the same.
    pub fn jumpcloud(&self, organization: &Organization) -> Result<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let known = clients.get(&organization.id);
        if let Some(known) = known.filter(|known| known.credential == organization.credential) {
            return Ok(known.client.clone());
        }
        let budget = known.map_or_else(|| Budget::new(None), |known| known.client.budget().clone());
        let secret = self.open(&credential_purpose(organization.id), &organization.credential)?;
        let credential = match organization.client_id.clone() {
            Some(client_id) => Credential::ServiceAccount {
                client_id,
                client_secret: secret,
                token_url: organization.token_url.clone(),
            },
            None => Credential::ApiKey(secret),
        };
        let client =
            self.client(&organization.base_url, organization.jumpcloud_org_id.clone(), credential, budget)?;
        let known = Known { credential: organization.credential.clone(), client: client.clone() };
        clients.insert(organization.id, known);
        Ok(client)
    }

    /// How many requests a second JumpCloud lets the organization send, as far as this process has found out.
    pub fn pace(&self, organization: OrganizationId) -> Option<f64> {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.get(&organization)?.client.budget().rate()
    }

    /// A client for a credential that is not stored (yet).
    pub fn client(
        &self,
        base_url: &str,
        org_id: Option<String>,
        credential: Credential,
        budget: Budget,
    ) -> Result<Client> {
        let base_url = self.base_url(base_url)?;
        let proxy = self.config.proxy.clone();
        let settings = Settings { base_url, credential, org_id, proxy, timeout: UPSTREAM_TIMEOUT };
        Client::new(settings, budget).map_err(|error| {
            let field = match error {
                SettingsError::OrgId => "org_id",
                SettingsError::ApiKey => "api_key",
                SettingsError::TokenUrl => "service_account.token_url",
                SettingsError::Proxy => return Error::internal("ADIT_PROXY is not a web address"),
                SettingsError::Http(_) => return Error::internal("could not set up the HTTP client"),
            };
            Error::field(field, error.to_string())
        })
    }

    /// Checks a base URL against the allow-list.
    pub fn base_url(&self, text: &str) -> Result<BaseUrl> {
        crate::jumpcloud::validate_base_url(text, self.allows_private_upstream())
            .map_err(|message| Error::field("base_url", message))
    }

    /// Checks the address where a service account gets its tokens.
    pub fn token_url(&self, text: &str) -> Result<String> {
        crate::jumpcloud::validate_token_url(text, self.allows_private_upstream())
            .map_err(|message| Error::field("service_account.token_url", message))
    }

    /// Where requests to addresses that people enter may go.
    pub fn outbound(&self) -> Outbound<'_> {
        Outbound { allow_private: self.allows_private_upstream(), proxy: self.config.proxy.as_ref() }
    }

    /// Whether requests may go to private addresses.
    pub fn allows_private_upstream(&self) -> bool {
        self.config.private_upstream == PrivateUpstream::Allowed
    }

    /// Keeps the bell of an organization's executor.
    pub fn register_bell(&self, organization: OrganizationId, bell: Arc<Notify>) {
        self.bells().insert(organization, bell);
    }

    /// Wakes the executors of all organizations.
    pub fn ring_all(&self) {
        self.bells().values().for_each(|bell| bell.notify_one());
    }

    fn bells(&self) -> MutexGuard<'_, HashMap<OrganizationId, Arc<Notify>>> {
        self.executors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a sealed credential is bound to.
pub fn credential_purpose(organization: OrganizationId) -> String {
    format!("organization/{organization}/credential")
}

/// What the sealed secret of an alert channel is bound to.
pub fn alert_channel_purpose(id: Uuid) -> String {
    format!("alert_channel/{id}/secret")
}

/// What the sealed client secret of the single sign-on provider is bound to.
pub const SIGN_ON_SECRET: &str = "single_sign_on/client_secret";

/// What a sealed private key is bound to.
pub fn sealing_key_purpose(id: i32) -> String {
    format!("sealing_key/{id}")
}

/// What a sealed bind password is bound to.
pub fn bind_password_purpose(domain: DomainId) -> String {
    format!("domain/{domain}/bind_password")
}
