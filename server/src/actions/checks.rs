//! The pre-flight list of a domain: what stands in the way of a sound sync, each with its fix. What is known is gathered
//! once; each group of checks is a function of it.

mod account;
mod agent;
mod controllers;
mod flow;
mod jumpcloud;
mod machine;
mod passwords;
mod people;
mod policy;
mod scope;

use chrono::{DateTime, Utc};
use protocol::heartbeat::{DirectoryState, Report};
use protocol::{DistinguishedName, DomainId};

pub use protocol::checks::{Check, Group, State};

use super::coverage::{self, Coverage};
use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::agents::Agent;
use crate::store::checks::{Affected, Database, GroupAbove, Tallies};
use crate::store::domains::Domain;
use crate::store::organizations::Organization;

/// Every check of a domain, from what is known now: by group, and within a group what needs a person first.
pub async fn list(app: &App, id: DomainId) -> Result<Vec<Check>> {
    let facts = Facts::gather(app, id).await?;
    let groups = [
        agent::of(&facts),
        account::of(&facts),
        scope::of(&facts),
        people::of(&facts),
        policy::of(&facts.organization, &facts.agents),
        passwords::of(&facts),
        controllers::of(&facts),
        jumpcloud::of(&facts),
        flow::of(&facts),
        machine::of(&facts, &machine::look(app)),
    ];
    let placed = |check: Check| check.in_domain(id).in_organization(facts.organization.id);
    let mut checks: Vec<Check> = groups.into_iter().flatten().map(placed).collect();
    checks.sort_by_key(Check::order);
    Ok(checks)
}

/// What an agent may know: what is about the whole domain, or about its own domain controller.
pub async fn list_for(app: &App, agent: &Agent) -> Result<Vec<Check>> {
    let own = coverage::name_of(agent);
    let concerns = |check: &Check| {
        let name = check.domain_controller.as_deref();
        name.is_none_or(|name| {
            name.eq_ignore_ascii_case(&own) || name.eq_ignore_ascii_case(&agent.domain_controller)
        })
    };
    Ok(list(app, agent.domain_id).await?.into_iter().filter(concerns).collect())
}

/// Those of some groups: what belongs to one step of a set-up, or to one page.
pub fn of_groups<'a>(checks: &'a [Check], groups: &[Group]) -> Vec<&'a Check> {
    checks.iter().filter(|check| groups.contains(&check.group)).collect()
}

/// Those about some subjects of the catalogue.
pub fn about<'a>(checks: &'a [Check], subjects: &[&str]) -> Vec<&'a Check> {
    checks.iter().filter(|check| subjects.contains(&check.subject.as_str())).collect()
}

/// The worst state among them; that nothing is known yet of anything is unknown.
pub fn worst<'a>(checks: impl IntoIterator<Item = &'a Check>) -> State {
    checks.into_iter().map(|check| check.state).max().unwrap_or(State::Unknown)
}

/// What the checks are told from.
struct Facts {
    now: DateTime<Utc>,
    domain: Domain,
    organization: Organization,
    agents: Vec<Agent>,
    tallies: Tallies,
    affected: Vec<Affected>,
    /// The groups of the service account, as far as they have been read.
    account_groups: Vec<GroupAbove>,
    /// Other domains of the organization whose integration group has the same name.
    namesakes: Vec<String>,
    coverage: Coverage,
    database: Database,
}

impl Facts {
    async fn gather(app: &App, id: DomainId) -> Result<Self> {
        let (db, now) = (&app.db, app.clock.now());
        let domain = store::domains::find(db, id).await?.ok_or(Error::NotFound("domain"))?;
        let organization = store::organizations::find(db, domain.organization_id).await?;
        let organization = organization.ok_or(Error::NotFound("organization"))?;
        let tallies = store::checks::find_tallies(db, id, now).await?.ok_or(Error::NotFound("domain"))?;
        let findings: Vec<_> = people::findings().chain(jumpcloud::findings()).collect();
        let account = domain.bind_account.as_deref().and_then(|dn| DistinguishedName::parse(dn).ok());
        let account_groups = match account {
            Some(dn) => store::checks::list_groups_above(db, id, dn.key()).await?,
            None => Vec::new(),
        };
        let namesakes = match &tallies.integration_group_account {
            Some(name) => store::checks::list_group_namesakes(db, organization.id, id, name).await?,
            None => Vec::new(),
        };
        Ok(Self {
            now,
            agents: store::agents::list_of(db, id).await?,
            affected: store::checks::list_affected(db, id, &findings).await?,
            coverage: coverage::of(app, id).await?,
            database: store::checks::find_database(db).await?,
            domain,
            organization,
            tallies,
            account_groups,
            namesakes,
        })
    }

    /// What every connected agent found on its domain controller.
    fn reports(&self) -> impl Iterator<Item = (&Agent, &Report)> {
        self.agents.iter().filter_map(|agent| match agent.directory.as_deref()? {
            DirectoryState::Connected { report, .. } => Some((agent, &**report)),
            DirectoryState::Connecting | DirectoryState::Failed { .. } => None,
        })
    }

    /// One check for each report; what is the same on every domain controller is said once, without naming one.
    fn per_report(&self, of: impl Fn(&Report) -> Option<Check>) -> Vec<Check> {
        let told: Vec<_> = self.reports().filter_map(|(agent, report)| Some((agent, of(report)?))).collect();
        match told.as_slice() {
            [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other == first) => vec![first.clone()],
            told => told.iter().map(|(agent, check)| check.clone().on(&coverage::name_of(agent))).collect(),
        }
    }

    /// Whom a finding is about, if there is anybody.
    fn affected(&self, kind: &str, finding: &str) -> Option<&Affected> {
        self.affected.iter().find(|row| row.kind == kind && row.finding == finding)
    }
}

/// "ada, bob, carol and 4 more".
fn named(affected: &Affected) -> String {
    let shown = affected.names.len();
    let more = usize::try_from(affected.count).unwrap_or_default().saturating_sub(shown);
    match (affected.names.split_last(), more) {
        (Some((last, before)), 0) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        (_, 0) => affected.names.join(", "),
        (_, more) => format!("{} and {more} more", affected.names.join(", ")),
    }
}

/// "1 user", "2 users".
fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
