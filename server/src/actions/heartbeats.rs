//! What an agent says, and what it is told: the only channel there is.

use chrono::{DateTime, Duration, Utc};
use protocol::captures::Hook;
use protocol::heartbeat::{
    AgentSettings, Directives, DirectoryState, DomainController, Heartbeat, Lookup, Report, Role,
    WatchedGroups,
};
use protocol::{DistinguishedName, DomainId, ObjectGuid, Secret, Sid};
use serde_json::json;
use sqlx::PgConnection;

use super::captures;
use crate::app::{Actor, App, bind_password_purpose};
use crate::error::{Error, Result};
use crate::store::agents::{Agent, Seen};
use crate::store::domains::Domain;
use crate::store::{self, audit};

/// An agent that was seen within this time is alive.
pub const ALIVE: Duration = Duration::seconds(10);
/// How many look-ups one answer carries.
pub const LOOK_UPS: i64 = 500;

/// Takes one heartbeat and answers with the agent's directives.
pub async fn receive(app: &App, agent: &Agent, beat: &Heartbeat) -> Result<Directives> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let before = store::domains::find(&mut *tx, agent.domain_id).await?.ok_or(Error::NotFound("domain"))?;
    note(&mut tx, app, agent, beat, now).await?;
    let role = role(&mut tx, &before, agent, &beat.directory, now).await?;
    let directives = directives(&mut tx, app, agent, beat, role, now).await?;
    tx.commit().await?;
    Ok(directives)
}

/// The part that the agent has from now on. The domain is locked, and written, only where that changes or something is
/// pinned: a heartbeat does not wait for a transfer that is being applied.
async fn role(
    tx: &mut PgConnection,
    before: &Domain,
    agent: &Agent,
    directory: &DirectoryState,
    now: DateTime<Utc>,
) -> Result<Role> {
    let sound = match directory {
        DirectoryState::Connected { report, .. } => match sid_problem(before, report) {
            None => Some(report),
            Some(problem) => {
                tracing::warn!(domain.id = %before.id, agent.id = %agent.id, "{problem}");
                None
            }
        },
        DirectoryState::Connecting | DirectoryState::Failed { .. } => None,
    };
    let Some(report) = sound.filter(|_| before.bind_password.is_some() && agent.suspended_at.is_none())
    else {
        if before.watcher == Some(agent.id) {
            store::domains::update_watcher_gone(&mut *tx, agent.id).await?;
        }
        return Ok(Role::Standby);
    };
    let fence = match before.watcher_now(now) {
        Some(watcher) if !Pins::of(before, report).bring_news() => {
            (watcher == agent.id).then_some(before.watcher_fence)
        }
        _ => lease(tx, agent, report, now).await?,
    };
    let Some(fence) = fence else { return Ok(Role::Standby) };
    let cursor = store::domains::find_cursor(&mut *tx, before.id, report.invocation_id).await?;
    Ok(Role::Watcher { fence, cursor })
}

/// Pins what the report brings, and gives the agent the role if it may have it: the fencing number.
async fn lease(
    tx: &mut PgConnection,
    agent: &Agent,
    report: &Report,
    now: DateTime<Utc>,
) -> Result<Option<i64>> {
    let domain = store::domains::find_locked(tx, agent.domain_id).await?.ok_or(Error::NotFound("domain"))?;
    pin(tx, &domain, report).await?;
    if domain.watcher_now(now) == Some(agent.id) {
        return Ok(Some(domain.watcher_fence));
    }
    if !may_watch(tx, &domain, agent, report, now).await? {
        return Ok(None);
    }
    Ok(Some(store::domains::lease_watcher(tx, domain.id, agent.id).await?))
}

async fn note(
    tx: &mut PgConnection,
    app: &App,
    agent: &Agent,
    beat: &Heartbeat,
    now: DateTime<Utc>,
) -> Result<()> {
    let sequence = i64::try_from(beat.sequence).unwrap_or(i64::MAX);
    let same = agent.instance == Some(beat.instance);
    if same && sequence <= agent.sequence {
        return Err(Error::conflict(
            "heartbeat_replayed",
            "This heartbeat, or a later one, has been received already.",
        ));
    }
    if !same && agent.previous_instance == Some(beat.instance) {
        let reason =
            "Two processes use this agent's key in turn: its state directory was copied. Enroll each again.";
        store::agents::update_suspended(tx, agent.id, reason, now).await?;
        let record = audit::Record {
            actor: &Actor::Server,
            action: "agent.suspended",
            subject: Some(agent.id.to_string()),
            domain: Some(agent.domain_id),
            detail: json!({"reason": reason}),
        };
        audit::insert(tx, record, now).await?;
        store::domains::update_watcher_gone(&mut *tx, agent.id).await?;
    }
    let invocation_id = match &beat.directory {
        DirectoryState::Connected { report, .. } => Some(report.invocation_id),
        DirectoryState::Connecting | DirectoryState::Failed { .. } => None,
    };
    let seen = Seen {
        instance: beat.instance,
        previous_instance: if same { agent.previous_instance } else { agent.instance },
        sequence,
        host: &beat.host,
        version: &beat.version,
        clock_skew_ms: (beat.clock - app.clock.now()).num_milliseconds(),
        applied_revision: beat.applied_revision,
        invocation_id,
        directory: &beat.directory,
        capture: beat.capture.as_ref(),
        capture_lost: captures::has_lost_more(agent, beat.capture.as_ref()),
    };
    store::agents::update_seen(tx, agent.id, &seen, now).await?;
    let captures = beat
        .capture
        .as_ref()
        .is_some_and(|state| matches!(state.hook, Hook::Installed { .. }) && state.sealing_key.is_some());
    if captures {
        store::domains::update_captures_since(tx, agent.domain_id, now).await?;
    }
    Ok(())
}

/// Another domain answers at the address: its objects are not ours.
pub fn sid_problem(domain: &Domain, report: &Report) -> Option<String> {
    let (pinned, found) = (domain.domain_sid.as_deref()?, report.domain_sid.as_ref()?);
    (pinned != found.as_str()).then(|| {
        format!(
            "The domain controller {} serves a domain with the SID {found}, but this domain was first seen as {pinned}: \
             it is another domain of the same name, or was rebuilt. Nothing is read from it.",
            report.dns_host_name
        )
    })
}

/// After the first resolution the domain is known by its SID, its group and container by their objectGUIDs.
async fn pin(tx: &mut PgConnection, domain: &Domain, report: &Report) -> Result<()> {
    let pins = Pins::of(domain, report);
    if pins.bring_news() {
        let Pins { sid, container, group, account } = pins;
        store::domains::update_pins(tx, domain.id, sid, container, group, account).await?;
        store::domains::update_watched_groups(tx, domain.id).await?;
    }
    if pins.identify() {
        store::dirty::mark_all(tx, domain.id).await?;
    }
    Ok(())
}

/// What a report brings that the domain does not know yet.
#[derive(Clone, Copy)]
struct Pins<'a> {
    sid: Option<&'a str>,
    container: Option<ObjectGuid>,
    group: Option<ObjectGuid>,
    account: Option<&'a str>,
}

impl<'a> Pins<'a> {
    fn of(domain: &Domain, report: &'a Report) -> Self {
        // One that looked for the names of earlier settings does not tell what the present ones are.
        let is_current = report.revision == domain.revision || report.revision == 0;
        let found = |lookup: &Lookup| match lookup {
            Lookup::Present { guid, .. } => Some(*guid).filter(|_| is_current),
            Lookup::Missing | Lookup::Unreadable => None,
        };
        let sid = report.domain_sid.as_ref().map(Sid::as_str);
        let account = report.bind_account.as_ref().map(DistinguishedName::as_str);
        Self {
            sid: sid.filter(|_| domain.domain_sid.is_none()),
            container: found(&report.root_user_container).filter(|_| domain.root_user_container.is_none()),
            group: found(&report.integration_group).filter(|_| domain.integration_group.is_none()),
            account: account.filter(|account| domain.bind_account.as_deref() != Some(account)),
        }
    }

    fn bring_news(self) -> bool {
        self.identify() || self.account.is_some()
    }

    fn identify(self) -> bool {
        self.sid.is_some() || self.container.is_some() || self.group.is_some()
    }
}

/// A role that nobody has goes to a preferred agent; else to whoever asks first.
async fn may_watch(
    tx: &mut PgConnection,
    domain: &Domain,
    agent: &Agent,
    report: &Report,
    now: DateTime<Utc>,
) -> Result<bool> {
    if domain.watcher_now(now).is_some() {
        return Ok(false);
    }
    if is_preferred(domain, &report.dns_host_name, &report.domain_controllers) {
        return Ok(true);
    }
    let others = store::agents::list_of(&mut *tx, domain.id).await?;
    let waits_for_better = others.iter().any(|other| {
        let alive = other.last_seen_at.is_some_and(|seen| seen > now - ALIVE) && other.suspended_at.is_none();
        match other.directory.as_deref() {
            Some(DirectoryState::Connected { report: theirs, .. }) => {
                alive
                    && other.id != agent.id
                    && is_preferred(domain, &theirs.dns_host_name, &report.domain_controllers)
            }
            _ => false,
        }
    });
    Ok(!waits_for_better)
}

fn is_preferred(domain: &Domain, dns_host_name: &str, all: &[DomainController]) -> bool {
    let preferred = &domain.settings.preferred_watchers;
    if preferred.is_empty() {
        all.iter().any(|dc| dc.pdc && dc.dns_host_name.eq_ignore_ascii_case(dns_host_name))
    } else {
        preferred.iter().any(|name| name.eq_ignore_ascii_case(dns_host_name))
    }
}

async fn directives(
    tx: &mut PgConnection,
    app: &App,
    agent: &Agent,
    beat: &Heartbeat,
    role: Role,
    now: DateTime<Utc>,
) -> Result<Directives> {
    let id = agent.domain_id;
    let domain = store::domains::find(&mut *tx, id).await?.ok_or(Error::NotFound("domain"))?;
    let settings =
        if beat.applied_revision == domain.revision { None } else { Some(agent_settings(app, &domain)?) };
    let watches = matches!(role, Role::Watcher { .. });
    let (version, groups) = store::domains::list_watched_groups(&mut *tx, id).await?;
    let watched_groups =
        (watches && version != beat.watched_groups_version).then_some(WatchedGroups { version, groups });
    let look_up =
        if watches { store::directory::list_look_ups(&mut *tx, id, LOOK_UPS).await? } else { Vec::new() };
    let capture = captures::orders(tx, agent, beat.capture.as_ref()).await?;
    let role = if domain.bind_password.is_none() { Role::Idle } else { role };
    Ok(Directives {
        server_time: now,
        revision: domain.revision,
        settings,
        role,
        watched_groups,
        read_again: domain.read_again,
        look_up,
        capture,
    })
}

fn agent_settings(app: &App, domain: &Domain) -> Result<AgentSettings> {
    let parse = |text: &str| {
        DistinguishedName::parse(text)
            .map_err(|error| Error::internal(format!("a stored name cannot be read: {error}")))
    };
    let settings = &domain.settings.0;
    Ok(AgentSettings {
        revision: domain.revision,
        domain: super::domains::name_of(domain)?,
        root_user_container: parse(&settings.root_user_container)?,
        integration_group: parse(&settings.integration_group)?,
        bind_user: settings.ldap.bind_user.clone(),
        bind_password: bind_password(app, domain.id, domain.bind_password.as_deref())?,
        ca_pem: settings.ldap.ca_pem.clone(),
        server_fingerprint: settings.ldap.server_fingerprint.clone(),
        allow_insecure: settings.ldap.allow_insecure,
        poll_interval_ms: settings.poll_interval_ms,
        attributes: settings.policy().attributes_to_read(),
    })
}

fn bind_password(app: &App, domain: DomainId, sealed: Option<&[u8]>) -> Result<Secret> {
    match sealed {
        Some(sealed) => app.open(&bind_password_purpose(domain), sealed),
        None => Ok(Secret::new(String::new())),
    }
}
