//! What other settings would change: the same planner over every subject, once by the settings in force and once by the
//! others, stored nowhere. Who is linked comes first, so that what is taken away is known early in a large directory.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use planner::guard::{allowed, trips};
use planner::plan::{Change, GuardKind};
use planner::policy::Guard;
use planner::{Input, Operation, Policy};
use protocol::ObjectGuid;
use serde::Serialize;
use sqlx::PgConnection;
use tokio::time::Instant;

use super::gather;
use super::unsaved::{lower, not_read_yet};
use crate::settings::DomainSettings;
use crate::store;
use crate::store::domains::Domain;

/// Subjects planned at once.
const BATCH: usize = 500;
/// Of the plan and of what is taken away no more are kept; all are counted.
const KEPT: usize = 10_000;

/// What a change of the settings does.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Impact {
    /// By kind of operation; empty where the settings that change decide no plan.
    pub kinds: BTreeMap<&'static str, Shift>,
    /// Users and groups that the change by itself has deleted in JumpCloud.
    pub deletes: usize,
    /// Users that the change by itself has deleted, cut from AD or suspended.
    pub users_losing: usize,
    /// Users and groups planned, and how many there are: fewer where the time was up.
    pub counted: usize,
    pub total: usize,
    pub notes: Vec<Note>,
    /// What the change by itself takes away, up to 10,000.
    #[serde(skip)]
    pub losses: Vec<Operation>,
    /// Attributes that the settings need and nobody has read: they clear nothing, and are not counted.
    pub not_read_yet: Vec<String>,
    /// The plan by the new settings, up to 10,000.
    #[serde(skip)]
    pub operations: Vec<Operation>,
}

/// One kind of operation, by the settings in force and by the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Shift {
    pub now: usize,
    pub then: usize,
    /// Planned only by the others, or otherwise by them.
    pub added: usize,
    /// Planned only by those in force, or otherwise by them.
    pub dropped: usize,
}

/// Something to know about the count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ImpactNote)]
pub struct Note {
    pub code: &'static str,
    pub message: String,
}

impl Impact {
    /// Every user and group was counted.
    pub fn is_complete(&self) -> bool {
        self.counted == self.total
    }

    /// The number that a person has to type before it is saved; none where nothing is taken away.
    pub fn to_confirm(&self) -> Option<usize> {
        let number = if self.deletes > 0 { self.deletes } else { self.users_losing };
        (number > 0 || !self.is_complete()).then_some(number)
    }

    fn note(&mut self, code: &'static str, message: impl Into<String>) {
        self.notes.push(Note { code, message: message.into() });
    }
}

/// Whether the plan can be another by other settings.
pub fn decides_plan(before: &DomainSettings, after: &DomainSettings) -> bool {
    let policy = |settings: &DomainSettings| Policy { guard: Guard::default(), ..settings.policy() };
    before.root_user_container != after.root_user_container
        || before.integration_group != after.integration_group
        || policy(before) != policy(after)
}

/// Counts what `settings` would change, for as long as `patience` lasts.
pub async fn of(
    conn: &mut PgConnection,
    domain: &Domain,
    settings: &DomainSettings,
    now: DateTime<Utc>,
    patience: Duration,
) -> anyhow::Result<Impact> {
    let mut impact = Impact::default();
    if domain.directory_read_at.is_none() {
        impact.note("directory_not_read", "The directory has not been read yet, so nothing can be counted.");
        return Ok(impact);
    }
    let mut counting = Counting::begin(conn, domain, settings, now).await?;
    impact.not_read_yet = not_read_yet(conn, domain, settings).await?;
    let everyone = store::subjects::list_guids(&mut *conn, domain.id).await?;
    impact.total = everyone.len();
    let until = Instant::now() + patience;
    for some in everyone.chunks(BATCH) {
        if Instant::now() >= until {
            break;
        }
        gather::set_subjects(conn, domain, &mut counting.input, some).await?;
        counting.batch(&mut impact);
        impact.counted += some.len();
        // Planning computes; whoever else runs on this thread comes in between.
        tokio::task::yield_now().await;
    }
    impact.users_losing = counting.losing.len();
    note_limits(&mut impact, domain, settings, &counting);
    note_guard(conn, &mut impact, domain, settings, now).await?;
    Ok(impact)
}

/// The input with the two sets of settings to plan it by.
struct Counting {
    input: Input,
    now: Lens,
    then: Lens,
    losing: BTreeSet<ObjectGuid>,
}

/// What of the input follows from the settings.
struct Lens {
    policy: Policy,
    unread: BTreeSet<String>,
    facts: planner::input::Domain,
}

impl Lens {
    async fn of(conn: &mut PgConnection, domain: &Domain, settings: &DomainSettings) -> anyhow::Result<Self> {
        Ok(Self {
            policy: settings.policy(),
            unread: lower(&not_read_yet(conn, domain, settings).await?),
            facts: gather::facts(conn, domain, settings).await?,
        })
    }
}

impl Counting {
    async fn begin(
        conn: &mut PgConnection,
        domain: &Domain,
        settings: &DomainSettings,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let input = gather::without_subjects(conn, domain, &domain.settings, now).await?;
        let now = Lens::of(conn, domain, &domain.settings).await?;
        let then = Lens::of(conn, domain, settings).await?;
        Ok(Self { input, now, then, losing: BTreeSet::new() })
    }

    fn batch(&mut self, impact: &mut Impact) {
        let now = self.plan_by(false);
        let then = self.plan_by(true);
        let known: BTreeMap<_, _> = now.iter().map(|step| (key(step), step)).collect();
        let wanted: BTreeSet<_> = then.iter().map(key).collect();
        for step in &now {
            let shift = impact.kinds.entry(step.change.kind()).or_default();
            shift.now += 1;
            shift.dropped += usize::from(!wanted.contains(&key(step)));
        }
        for step in then {
            let shift = impact.kinds.entry(step.change.kind()).or_default();
            shift.then += 1;
            match known.get(&key(&step)) {
                // Whatever is taken away already stays so; only the cause may be another.
                Some(known) if known.change == step.change || step.change.guard().is_some() => {}
                Some(_) => {
                    shift.added += 1;
                    shift.dropped += 1;
                }
                None => {
                    shift.added += 1;
                    self.note_loss(impact, &step);
                }
            }
            if impact.operations.len() < KEPT {
                impact.operations.push(step);
            }
        }
    }

    fn plan_by(&mut self, new: bool) -> Vec<Operation> {
        let lens = if new { &self.then } else { &self.now };
        self.input.policy.clone_from(&lens.policy);
        self.input.unread.clone_from(&lens.unread);
        self.input.domain.clone_from(&lens.facts);
        planner::plan(&self.input).operations
    }

    fn note_loss(&mut self, impact: &mut Impact, step: &Operation) {
        let Some(guard) = step.change.guard() else { return };
        impact.deletes += usize::from(matches!(step.change, Change::DeleteUser { .. } | Change::DeleteGroup));
        if matches!(guard, GuardKind::Users | GuardKind::Suspends) {
            self.losing.insert(step.subject);
        }
        if impact.losses.len() < KEPT {
            impact.losses.push(step.clone());
        }
    }
}

fn key(step: &Operation) -> (ObjectGuid, &'static str, Option<ObjectGuid>) {
    (step.subject, step.change.kind(), step.target)
}

fn note_limits(impact: &mut Impact, domain: &Domain, settings: &DomainSettings, counting: &Counting) {
    if !impact.is_complete() {
        let message = format!(
            "Counted {} of {} users and groups, those in JumpCloud first, before the time was up: there may be more.",
            impact.counted, impact.total
        );
        impact.note("not_all_counted", message);
    }
    if !impact.not_read_yet.is_empty() {
        let message = format!(
            "{} must be read first, which happens after saving; what they change is not counted, and nothing is \
             planned before they are there.",
            impact.not_read_yet.join(", ")
        );
        impact.note("attributes_not_read", message);
    }
    if counting.then.facts.integration_group == planner::input::IntegrationGroup::Lost {
        let message = format!(
            "{} is not among the groups that were read. Until it is found, nobody is added and nothing is taken away.",
            settings.integration_group
        );
        impact.note("integration_group_not_found", message);
    }
    let (old, new) = (&domain.settings, settings);
    if old.username_attribute != new.username_attribute || old.group_name_template != new.group_name_template
    {
        let message = "Whether a new name is taken by somebody else is found out after saving; such users and groups \
                       become conflicts and stay as they are.";
        impact.note("names_not_compared", message);
    }
}

/// What of it the guard would hold, as things stand.
async fn note_guard(
    conn: &mut PgConnection,
    impact: &mut Impact,
    domain: &Domain,
    settings: &DomainSettings,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let guard = &settings.guard;
    let since = now - TimeDelta::hours(i64::from(guard.window_hours));
    let kinds: [(&str, &[&str], _); 4] = [
        ("users", &["delete_user", "unbind_user"], guard.users),
        ("suspends", &["suspend_user"], guard.suspends),
        ("groups", &["delete_group", "unbind_group"], guard.groups),
        ("memberships", &["remove_member"], guard.memberships),
    ];
    for (kind, operations, limit) in kinds {
        let added: usize =
            operations.iter().filter_map(|name| impact.kinds.get(name)).map(|shift| shift.added).sum();
        if added == 0 {
            continue;
        }
        let counts = store::holds::count(conn, domain.id, kind, since).await?;
        let [done, ready, linked] = [counts.done, counts.ready, counts.linked].map(|n| n.unsigned_abs());
        if trips(&limit, linked, done, ready + added as u64) {
            let message = format!(
                "The guard lets {} of this kind ({kind}) pass in {} hours: these wait for approval.",
                allowed(&limit, linked),
                guard.window_hours
            );
            impact.note("held_by_guard", message);
        }
    }
    Ok(())
}
