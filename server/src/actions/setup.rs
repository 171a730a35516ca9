//! Setting a domain up, step by step. How far it has come follows from what is stored, so it can be left and taken up again
//! anywhere.

mod verify;

use chrono::{DateTime, Duration, Utc};
use protocol::heartbeat::DirectoryState;
use protocol::{DistinguishedName, DomainId, OrganizationId};
use serde::Serialize;
use serde_json::{Value, json};

use super::checks::{Check, Group};
use super::coverage::{self, Capture};
use super::domains;
use crate::app::{Actor, App};
use crate::error::{Error, Result};
use crate::store::agents::Agent;
use crate::store::domains::{Domain, Mode};
use crate::store::organizations::Organization;
use crate::store::{self, audit};

pub use verify::Finding;

/// What the audit calls it when the choices of who leaves and what is synced are made.
const CHOSEN: &str = "domain.choices_made";
/// An agent that is silent for longer is not counted on.
const SILENT: Duration = Duration::seconds(60);

/// The steps, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SetupStep)]
pub enum Step {
    Organization,
    Domain,
    Agents,
    Scope,
    Choices,
    Preview,
    Verify,
}

impl Step {
    pub const ALL: [Self; 7] = [
        Self::Organization,
        Self::Domain,
        Self::Agents,
        Self::Scope,
        Self::Choices,
        Self::Preview,
        Self::Verify,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Domain => "domain",
            Self::Agents => "agents",
            Self::Scope => "scope",
            Self::Choices => "choices",
            Self::Preview => "preview",
            Self::Verify => "verify",
        }
    }

    /// The checks that belong to the step.
    pub fn concerns(self, check: &Check) -> bool {
        let groups: &[Group] = match self {
            Self::Organization => &[Group::JumpCloud],
            Self::Domain => &[Group::ServiceAccount],
            Self::Agents => &[Group::Directory, Group::DomainControllers],
            Self::Scope => &[Group::Scope, Group::Users],
            Self::Choices => &[Group::Passwords],
            Self::Preview => &[],
            Self::Verify => &[Group::Server, Group::Other],
        };
        groups.contains(&check.group)
    }
}

/// How a domain controller of the domain stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Controller {
    pub dns_host_name: String,
    #[serde(flatten)]
    pub joined: Joined,
}

/// Whether its agent has joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Joined {
    /// Its agent reads the directory.
    Joined,
    /// It was heard of, and has not reached the directory yet.
    Connecting,
    Failed {
        message: String,
    },
    Silent,
    NoAgent,
    /// Read-only: it needs none.
    Exempt,
}

/// How far a domain is.
#[derive(Debug)]
pub struct Setup {
    pub domain: Domain,
    pub organization: Organization,
    pub controllers: Vec<Controller>,
    pub findings: Vec<Finding>,
    done: Vec<Step>,
}

impl Setup {
    pub fn is_done(&self, step: Step) -> bool {
        self.done.contains(&step)
    }

    /// The first step that is not done.
    pub fn next(&self) -> Option<Step> {
        Step::ALL.into_iter().find(|step| !self.is_done(*step))
    }

    /// Writable domain controllers without an agent that works.
    pub fn uncovered(&self) -> usize {
        let lacks = |found: &&Controller| !matches!(found.joined, Joined::Joined | Joined::Exempt);
        self.controllers.iter().filter(lacks).count()
    }
}

/// Reads how far the domain is.
pub async fn of(app: &App, id: DomainId) -> Result<Setup> {
    let now = app.clock.now();
    let domain = store::domains::find(&app.db, id).await?.ok_or(Error::NotFound("domain"))?;
    let organization = store::organizations::find(&app.db, domain.organization_id).await?;
    let organization = organization.ok_or(Error::NotFound("organization"))?;
    let agents = store::agents::list_of(&app.db, id).await?;
    let chosen = domain.mode != Mode::Preview || store::setup::was_done(&app.db, id, CHOSEN).await?;
    let mut setup = Setup {
        controllers: controllers(&agents, now),
        findings: verify::list(app, &domain).await?,
        domain,
        organization,
        done: Vec::new(),
    };
    setup.done = Step::ALL.into_iter().filter(|step| is_done(&setup, *step, chosen)).collect();
    Ok(setup)
}

fn is_done(setup: &Setup, step: Step, chosen: bool) -> bool {
    let domain = &setup.domain;
    match step {
        Step::Organization => setup.organization.problem_code.is_none(),
        Step::Domain => !domain.settings.ldap.bind_user.is_empty() && domain.bind_password.is_some(),
        Step::Agents => !setup.controllers.is_empty() && setup.uncovered() == 0,
        Step::Scope => {
            let found = domain.root_user_container.is_some() && domain.integration_group.is_some();
            found && !domain.integration_group_lost && domain.directory_read_at.is_some()
        }
        Step::Choices => chosen,
        Step::Preview => domain.mode != Mode::Preview,
        Step::Verify => setup.findings.iter().all(Finding::is_fine),
    }
}

/// Every domain controller that AD lists, as far as an agent has told, and those that were enrolled.
fn controllers(agents: &[Agent], now: DateTime<Utc>) -> Vec<Controller> {
    let joined = |agent: &Agent| match agent.directory.as_deref() {
        _ if agent.last_seen_at.is_some_and(|seen| seen < now - SILENT) => Joined::Silent,
        Some(DirectoryState::Connected { .. }) => Joined::Joined,
        Some(DirectoryState::Failed { message, .. }) => Joined::Failed { message: message.clone() },
        Some(DirectoryState::Connecting) | None => Joined::Connecting,
    };
    let controller = |row: coverage::Covering| {
        let agent = agents.iter().find(|agent| row.agent_id == Some(agent.id));
        let joined = match (agent, row.capture) {
            (Some(agent), _) => joined(agent),
            (None, Capture::Exempt) => Joined::Exempt,
            (None, _) => Joined::NoAgent,
        };
        Controller { dns_host_name: row.dns_host_name, joined }
    };
    coverage::covering(agents, now).into_iter().map(controller).collect()
}

/// Adds a domain whose container and group are still to be chosen. Where another domain of the organization has a group
/// of the usual name already, the default is one with the domain's name in it.
pub async fn begin(
    app: &App,
    by: &Actor,
    organization: OrganizationId,
    name: &str,
    settings: &Value,
) -> Result<DomainId> {
    let mut settings = settings.clone();
    if let Ok(domain) = protocol::DomainName::parse(name) {
        let usual = |other: &Domain| {
            DistinguishedName::parse(&other.settings.integration_group)
                .is_ok_and(|dn| dn.name().eq_ignore_ascii_case("JumpCloud"))
        };
        if store::domains::list_of(&app.db, organization).await?.iter().any(usual) {
            let group = format!("CN=JumpCloud ({}),CN=Users,{domain}", domain.dns());
            settings["integration_group"] = group.into();
        }
    }
    domains::add(app, by, organization, name, &settings).await
}

/// Saves what happens to whom, and that somebody has chosen it.
pub async fn choose(app: &App, by: &Actor, id: DomainId, patch: &Value) -> Result<i64> {
    let revision = domains::change_settings(app, by, id, patch).await?;
    let mut tx = app.db.begin().await?;
    let record = audit::Record {
        actor: by,
        action: CHOSEN,
        subject: Some(id.to_string()),
        domain: Some(id),
        detail: json!({"revision": revision}),
    };
    audit::insert(&mut tx, record, app.clock.now()).await?;
    tx.commit().await?;
    Ok(revision)
}
