//! Looks an account up for the sake of its password, on a connection of its own that stays open while it is needed:
//! passwords wait for no other read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use protocol::ObjectGuid;
use protocol::captures::PasswordStamp;
use protocol::directory::SAM_USER_OBJECT;
use protocol::heartbeat::AgentSettings;
use uuid::Uuid;

use super::bound::same_connection;
use super::confirm::Shown;
use super::connect::{Connection, Controller, Patience, connect};
use super::entry::Entry;
use super::errors::Failure;
use super::meta_data::password_version;
use super::report;
use super::search::Search;
use crate::clock;

const DOING: &str = "Looking an account up";

/// Windows closes connections that were silent for 15 minutes.
const STALE: Duration = Duration::from_secs(300);

/// An account as its password needs it.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    pub guid: ObjectGuid,
    pub kind: Kind,
    /// `None`: it may not be read.
    pub shown: Option<Shown>,
}

/// Whether the passwords of an account are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Person,
    /// AD itself has marked it (`adminCount`).
    Privileged,
    /// A computer, a trust, a managed service account.
    NoPerson,
    /// What tells may not be read.
    Unknown,
}

/// Looks accounts up on one domain controller.
#[derive(Debug)]
pub struct Accounts {
    controller: Controller,
    patience: Patience,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    settings: Arc<AgentSettings>,
    invocation_id: Uuid,
    used: Instant,
}

impl Accounts {
    pub fn new(controller: Controller, patience: Patience) -> Self {
        Self { controller, patience, open: None }
    }

    /// The account of that sAMAccountName; `None` if there is none.
    pub async fn find(
        &mut self,
        settings: &Arc<AgentSettings>,
        name: &str,
    ) -> Result<Option<Account>, Failure> {
        let is_good = |open: &Open| open.used.elapsed() < STALE && same_connection(&open.settings, settings);
        let open = match self.open.take().filter(is_good) {
            Some(open) => open,
            None => Open::new(&self.controller, settings, self.patience).await?,
        };
        let found = open.find(name, clock::now()).await?;
        // Kept only after a success.
        self.open = Some(Open { used: Instant::now(), ..open });
        Ok(found)
    }
}

impl Open {
    async fn new(
        controller: &Controller,
        settings: &Arc<AgentSettings>,
        patience: Patience,
    ) -> Result<Self, Failure> {
        let connection = connect(controller, settings, patience).await?;
        let root = connection.root_dse().await?;
        let invocation_id = report::invocation_id(&connection, &root).await?;
        Ok(Self { connection, settings: settings.clone(), invocation_id, used: Instant::now() })
    }

    async fn find(&self, name: &str, now: DateTime<Utc>) -> Result<Option<Account>, Failure> {
        let attributes = [
            "objectGUID",
            "objectClass",
            "sAMAccountType",
            "adminCount",
            "pwdLastSet",
            "replPropertyMetaData",
        ];
        let filter = format!("(sAMAccountName={})", ldap3::ldap_escape(name));
        let search = Search::subtree(DOING, self.settings.domain.as_str(), filter, &attributes);
        let mut pages = self.connection.pages(search, 2);
        let mut found = None;
        while let Some(entry) = pages.next().await? {
            found = found.or_else(|| self.understand(&entry, now));
        }
        Ok(found)
    }

    fn understand(&self, entry: &Entry, looked_at: DateTime<Utc>) -> Option<Account> {
        let guid = entry.guid().or_else(|| entry.name()?.guid)?;
        let version = entry.octets("replPropertyMetaData").and_then(password_version);
        let shown = entry.number("pwdLastSet").map(|pwd_last_set| Shown {
            stamp: PasswordStamp { pwd_last_set, version },
            changed_here: version.is_none_or(|version| version.invocation_id == self.invocation_id),
            looked_at,
        });
        Some(Account { guid, kind: kind(entry), shown })
    }
}

fn kind(entry: &Entry) -> Kind {
    let of_machines = |class: &String| class == "computer" || class.ends_with("managedserviceaccount");
    match entry.number::<i64>("sAMAccountType") {
        _ if entry.classes().iter().any(of_machines) => Kind::NoPerson,
        Some(SAM_USER_OBJECT) if entry.number::<i64>("adminCount").unwrap_or_default() > 0 => {
            Kind::Privileged
        }
        Some(SAM_USER_OBJECT) => Kind::Person,
        Some(_) => Kind::NoPerson,
        None => Kind::Unknown,
    }
}
