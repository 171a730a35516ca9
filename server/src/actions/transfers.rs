//! What the watcher read becomes the mirror: staged part by part, applied in one transaction with its cursor.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use planner::Policy;
use protocol::directory::{Group, MemberRef, SAM_USER_OBJECT, User};
use protocol::heartbeat::DirectoryState;
use protocol::transfer::{Found, Kind, Part, PartAnswer, Record};
use protocol::{DomainId, ObjectGuid};
use sqlx::PgConnection;

use super::heartbeats::LOOK_UPS;
use crate::app::App;
use crate::error::{Error, Result};
use crate::store;
use crate::store::agents::Agent;
use crate::store::directory::UserRow;
use crate::store::domains::Domain;

/// What a part was answered with, or the cursor to resume from.
#[derive(Debug)]
pub enum Received {
    Answer(PartAnswer),
    /// The cursor has moved on, or the sender may not write: read again from here.
    Refused {
        code: &'static str,
        detail: &'static str,
        cursor: Option<i64>,
    },
}

/// Stages one part; with the last one applies the transfer.
pub async fn receive(app: &App, agent: &Agent, part: &Part) -> Result<Received> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let domain =
        store::domains::find_locked(&mut tx, agent.domain_id).await?.ok_or(Error::NotFound("domain"))?;
    let cursor = store::domains::find_cursor(&mut *tx, domain.id, part.invocation_id).await?;
    let leased = domain.watcher_now(now) == Some(agent.id) && domain.watcher_fence == part.fence;
    if !leased {
        let detail = "Another agent watches this domain, or this one's lease has run out. Wait for the next heartbeat.";
        return Ok(Received::Refused { code: "lease_lost", detail, cursor });
    }
    if part.kind == Kind::Delta && part.from != cursor {
        let detail =
            "The server stands elsewhere with this domain controller. Read again from the cursor given.";
        return Ok(Received::Refused { code: "cursor_moved", detail, cursor });
    }
    store::transfers::insert(&mut tx, domain.id, agent.id, part, now).await?;
    if !part.last {
        tx.commit().await?;
        return Ok(Received::Answer(PartAnswer { applied: false, cursor, look_up: Vec::new() }));
    }
    if store::transfers::count(&mut *tx, part.transfer, agent.id).await? != i64::from(part.number) + 1 {
        let detail = "Parts of this transfer are missing. Read again from the cursor given.";
        return Ok(Received::Refused { code: "parts_missing", detail, cursor });
    }
    let answer = apply(&mut tx, agent, &domain, part, now).await?;
    tx.commit().await?;
    app.wake.plan.notify_one();
    Ok(Received::Answer(answer))
}

async fn apply(
    tx: &mut PgConnection,
    agent: &Agent,
    domain: &Domain,
    last: &Part,
    now: DateTime<Utc>,
) -> Result<PartAnswer> {
    let id = domain.id;
    let full = last.kind == Kind::Full;
    let trust = trust(domain, agent, last, now);
    let mut applying = Applying {
        domain: id,
        policy: domain.settings.policy(),
        kind: last.kind,
        only_new: !trust.settled,
        now,
        lists: BTreeMap::new(),
        primary_lists: BTreeMap::new(),
        seen: BTreeSet::new(),
        regrouped: BTreeSet::new(),
        nested: BTreeSet::new(),
    };
    for number in 0..=last.number {
        let number = i32::try_from(number).map_err(|_| Error::internal("a transfer has too many parts"))?;
        let records = store::transfers::find(&mut *tx, last.transfer, number)
            .await?
            .ok_or_else(|| Error::internal("a staged part has vanished"))?;
        applying.records(tx, records).await?;
    }
    applying.mark_nested(tx).await?;
    if full && trust.settled {
        let seen: Vec<_> = applying.seen.iter().copied().collect();
        store::directory::insert_look_ups_for_unseen(tx, id, &seen, now).await?;
    }
    let touched: Vec<_> = applying.regrouped.iter().copied().collect();
    store::directory::insert_look_ups_for_members(tx, id, &touched, now).await?;
    store::transfers::delete(tx, last.transfer).await?;
    let full_read_at = full.then_some(now);
    store::domains::update_read(tx, id, last.invocation_id, last.to, full_read_at, trust.unsettled_since)
        .await?;
    if full && trust.settled {
        // By older settings it did not ask for what planning waits for.
        let read_by = if last.revision == 0 { agent.applied_revision } else { last.revision };
        if read_by >= domain.revision {
            store::domains::update_awaits_read(tx, id, false).await?;
        } else {
            store::domains::update_read_again_if_awaited(tx, id).await?;
        }
    }
    if trust.read_again {
        store::domains::update_read_again(&mut *tx, id).await?;
    }
    store::domains::update_watched_groups(tx, id).await?;
    watch_integration_group(tx, domain).await?;
    let look_up = store::directory::list_look_ups(&mut *tx, id, LOOK_UPS).await?;
    Ok(PartAnswer { applied: true, cursor: Some(last.to), look_up })
}

/// Whether what a domain controller says may take anything away.
struct Trust {
    settled: bool,
    unsettled_since: Option<DateTime<Utc>>,
    /// It became settled with this read: what was left out before is read again.
    read_again: bool,
}

/// A domain controller that is not the one read last may lag behind it. It is settled when its replication vector
/// covers what was read last, or when the settling time has passed and it is read in full again.
fn trust(domain: &Domain, agent: &Agent, last: &Part, now: DateTime<Utc>) -> Trust {
    let settled = |read_again| Trust { settled: true, unsettled_since: None, read_again };
    let (Some(before), Some(usn)) = (domain.last_invocation_id, domain.last_usn) else {
        return settled(false);
    };
    if before == last.invocation_id {
        return settled(false);
    }
    let covers = match agent.directory.as_deref() {
        Some(DirectoryState::Connected { report, .. }) => {
            report.replication_vector.get(&before).is_some_and(|seen| *seen >= usn)
        }
        _ => false,
    };
    let first = domain.unsettled_since;
    if covers {
        return settled(first.is_some() && last.kind == Kind::Delta);
    }
    let settle = Duration::minutes(i64::from(domain.settings.dc_settle_minutes));
    match first {
        Some(since) if now - since >= settle && last.kind == Kind::Full => settled(false),
        Some(since) => {
            Trust { settled: false, unsettled_since: Some(since), read_again: now - since >= settle }
        }
        None => Trust { settled: false, unsettled_since: Some(now), read_again: false },
    }
}

/// Missing, unreadable or suddenly empty is an error that stops what is destructive; never *everybody left*.
async fn watch_integration_group(tx: &mut PgConnection, domain: &Domain) -> Result<()> {
    let Some(group) = domain.integration_group else { return Ok(()) };
    let is_there = store::directory::find_group_dn(&mut *tx, domain.id, group)
        .await?
        .is_some_and(|(_, presence)| presence == "present");
    let empty = store::directory::count_members(&mut *tx, domain.id, group).await? == 0
        && store::links::count_links(&mut *tx, domain.id).await? > 0;
    let lost = !is_there || empty;
    if lost != domain.integration_group_lost {
        store::domains::update_integration_group_lost(tx, domain.id, lost).await?;
        store::dirty::mark_all(tx, domain.id).await?;
    }
    Ok(())
}

struct Applying {
    domain: DomainId,
    policy: Policy,
    kind: Kind,
    only_new: bool,
    now: DateTime<Utc>,
    /// Lists of members that are not complete yet.
    lists: BTreeMap<ObjectGuid, Vec<MemberRef>>,
    primary_lists: BTreeMap<ObjectGuid, Vec<ObjectGuid>>,
    seen: BTreeSet<ObjectGuid>,
    /// Groups whose list was written.
    regrouped: BTreeSet<ObjectGuid>,
    /// Groups that became members of others.
    nested: BTreeSet<ObjectGuid>,
}

impl Applying {
    /// Users and groups are written together, whatever follows them in the order in which it came.
    async fn records(&mut self, tx: &mut PgConnection, records: Vec<Record>) -> Result<()> {
        let (mut users, mut groups, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for record in records {
            match record {
                Record::User(user) => users.push(user),
                Record::Group(group) => groups.push(group),
                other => others.push(other),
            }
        }
        self.users(tx, users).await?;
        self.groups(tx, groups).await?;
        for record in others {
            self.other(tx, record).await?;
        }
        Ok(())
    }

    async fn users(&mut self, tx: &mut PgConnection, users: Vec<User>) -> Result<()> {
        let mut rows = BTreeMap::new();
        for user in users {
            self.seen.insert(user.guid);
            if user.sam_account_type.is_none_or(|kind| kind == SAM_USER_OBJECT) {
                rows.insert(user.guid, identity_keys(&self.policy, user));
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = rows.into_values().collect();
        let changed = store::directory::insert_users(tx, self.domain, &rows, self.only_new, self.now).await?;
        let guids: Vec<_> = changed.iter().map(|row| row.guid).collect();
        match self.kind {
            Kind::Delta => store::dirty::mark_urgent(tx, self.domain, &guids).await?,
            Kind::Full => store::dirty::mark(tx, self.domain, &guids).await?,
        }
        self.mark_claimants(tx, &rows, &changed).await
    }

    /// A name that was given up or taken bears on whoever else wants it.
    async fn mark_claimants(
        &self,
        tx: &mut PgConnection,
        rows: &[UserRow],
        changed: &[store::directory::Upserted],
    ) -> Result<()> {
        let rows: BTreeMap<_, _> = rows.iter().map(|row| (row.user.guid, row)).collect();
        let (mut usernames, mut emails) = (Vec::new(), Vec::new());
        for old in changed {
            let Some(new) = rows.get(&old.guid) else { continue };
            if old.old_username_key != new.username_key {
                usernames
                    .extend([old.old_username_key.clone(), new.username_key.clone()].into_iter().flatten());
            }
            if old.old_email_key != new.email_key {
                emails.extend([old.old_email_key.clone(), new.email_key.clone()].into_iter().flatten());
            }
        }
        let domain = store::domains::find(&mut *tx, self.domain).await?.ok_or(Error::NotFound("domain"))?;
        Ok(store::dirty::mark_claimants(tx, domain.organization_id, &usernames, &emails).await?)
    }

    async fn groups(&mut self, tx: &mut PgConnection, groups: Vec<Group>) -> Result<()> {
        let groups: BTreeMap<_, _> = groups.into_iter().map(|group| (group.guid, group)).collect();
        if groups.is_empty() {
            return Ok(());
        }
        self.seen.extend(groups.keys());
        let groups: Vec<_> = groups.into_values().collect();
        let changed = store::directory::insert_groups(tx, self.domain, &groups, self.only_new).await?;
        Ok(store::dirty::mark_around(tx, self.domain, &changed).await?)
    }

    async fn other(&mut self, tx: &mut PgConnection, record: Record) -> Result<()> {
        match record {
            Record::User(_) | Record::Group(_) => Ok(()),
            Record::Container(container) => {
                self.seen.insert(container.guid);
                let old = store::directory::insert_container(tx, self.domain, &container).await?;
                let Some(old) = old.filter(|_| !self.only_new) else { return Ok(()) };
                let moved = store::directory::update_below(tx, self.domain, &old, &container.dn).await?;
                Ok(store::dirty::mark(tx, self.domain, &moved).await?)
            }
            Record::Members { group, first, last, members } => {
                let list = self.lists.entry(group).or_default();
                if first {
                    list.clear();
                }
                list.extend(members);
                if last { self.members(tx, group).await } else { Ok(()) }
            }
            Record::PrimaryMembers { group, first, last, members } => {
                let list = self.primary_lists.entry(group).or_default();
                if first {
                    list.clear();
                }
                list.extend(members);
                if !last || self.only_new {
                    return Ok(());
                }
                let list = self.primary_lists.remove(&group).unwrap_or_default();
                let missing =
                    store::directory::list_missing_primary_members(tx, self.domain, group, &list).await?;
                Ok(store::directory::insert_look_ups(tx, self.domain, &missing, self.now).await?)
            }
            Record::LookedUp { guid, found } => self.looked_up(tx, guid, found).await,
        }
    }

    async fn members(&mut self, tx: &mut PgConnection, group: ObjectGuid) -> Result<()> {
        let mut members = self.lists.remove(&group).unwrap_or_default();
        members.sort();
        members.dedup_by_key(|member| member.guid);
        let change =
            store::directory::insert_members(tx, self.domain, group, &members, self.only_new).await?;
        self.regrouped.insert(group);
        store::dirty::mark(tx, self.domain, &change.added).await?;
        self.nested.extend(store::planning::list_which_are_groups(tx, self.domain, &change.added).await?);
        Ok(())
    }

    /// Once all edges are written: one walk through the graph, not one for each group.
    async fn mark_nested(&self, tx: &mut PgConnection) -> Result<()> {
        let nested: Vec<_> = self.nested.iter().copied().collect();
        Ok(store::dirty::mark_around(tx, self.domain, &nested).await?)
    }

    async fn looked_up(&mut self, tx: &mut PgConnection, guid: ObjectGuid, found: Found) -> Result<()> {
        store::directory::delete_look_up(tx, self.domain, guid).await?;
        if self.only_new {
            return Ok(());
        }
        match found {
            Found::Present => {
                let left = store::directory::delete_vanished(tx, self.domain, guid).await?;
                if !left.is_empty() {
                    store::dirty::mark(tx, self.domain, &[guid]).await?;
                    let nested = store::planning::list_which_are_groups(tx, self.domain, &[guid]).await?;
                    store::dirty::mark_around(tx, self.domain, &nested).await?;
                }
                Ok(())
            }
            Found::Missing => {
                // The marks come first: they follow the edges that are about to go.
                let nested = store::planning::list_which_are_groups(tx, self.domain, &[guid]).await?;
                store::dirty::mark_around(tx, self.domain, &nested).await?;
                store::dirty::mark(tx, self.domain, &[guid]).await?;
                store::directory::update_presence(tx, self.domain, guid, "deleted").await?;
                Ok(store::directory::delete_memberships(tx, self.domain, guid).await?)
            }
            Found::Unreadable => {
                if store::directory::update_presence(tx, self.domain, guid, "unreadable").await? {
                    store::dirty::mark(tx, self.domain, &[guid]).await?;
                } else if !store::directory::is_known(&mut *tx, self.domain, guid).await? {
                    store::directory::insert_other(tx, self.domain, guid, "unreadable").await?;
                }
                Ok(())
            }
            Found::Other(class) => {
                store::directory::insert_other(tx, self.domain, guid, &class).await?;
                store::directory::delete_vanished(tx, self.domain, guid).await?;
                Ok(())
            }
        }
    }
}

/// A user with the names it would have in JumpCloud, folded.
pub fn identity_keys(policy: &Policy, user: User) -> UserRow {
    let identity = planner::identity(policy, &user);
    let fold =
        |text: Option<String>| text.map(|text| store::mirror::fold(&text)).filter(|text| !text.is_empty());
    UserRow { username_key: fold(identity.username), email_key: fold(identity.email), user }
}
