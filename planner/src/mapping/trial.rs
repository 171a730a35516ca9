//! What a table gives for one user: the same plan as the real one, told field by field.

use protocol::ObjectGuid;

use super::{AttributeMapping, MappingSource, Problem, Target, defaults, problems};
use crate::context::Context;
use crate::input::{Input, JumpCloudUser, Manager};
use crate::matching::{self, Match};
use crate::person::{Person, Read};
use crate::plan::{Fields, Verdict};
use crate::policy::Policy;
use crate::reason::Reason;
use crate::users;
use crate::wanted::Empty;

/// One user under a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// How the user stands, or would stand.
    pub verdict: Verdict,
    /// The JumpCloud user that it is linked to, or would be; `None`: a new one is made.
    pub jumpcloud_id: Option<String>,
    /// The rows of the settings, then the defaults that none of them replaces.
    pub fields: Vec<Tried>,
}

/// One row of the table and what comes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Its place in the settings, from 0; `None` for a default.
    pub row: Option<usize>,
    pub field: String,
    pub source: MappingSource,
    /// What JumpCloud has; `None` if it has no such user yet.
    pub before: Option<String>,
    /// What JumpCloud has once the user is synced; `None` where that is not known.
    pub after: Option<String>,
    /// Attributes that it depends on and that were not read yet.
    pub not_read_yet: Vec<String>,
    /// Why the field stays as it is.
    pub reason: Option<Reason>,
    /// What is wrong with the row itself.
    pub error: Option<String>,
}

/// Tries the table of the input on one of its users. `None`: neither the domain nor the user was ever read.
pub fn try_out(input: &Input, guid: ObjectGuid) -> Option<Trial> {
    let context = Context::of(input, input.domain.sid.as_ref()?);
    let person = Person::of(&context, guid, input.users.get(&guid)?);
    let read = person.read.as_ref()?;
    let base = Base::of(&person, read);
    let rows = effective(&input.policy);
    let problems = problems(&input.policy.attribute_mappings);
    let fields = rows.iter().map(|(at, row)| tried(&person, read, &base, *at, row, &problems)).collect();
    Some(Trial { verdict: users::planned(&person).verdict, jumpcloud_id: base.jumpcloud_id.clone(), fields })
}

/// The rows with their places, and the defaults that no row replaces.
pub fn effective(policy: &Policy) -> Vec<(Option<usize>, AttributeMapping)> {
    let rows = &policy.attribute_mappings;
    let is_replaced = |default: &AttributeMapping| rows.iter().any(|row| row.field == default.field);
    let own = rows.iter().cloned().enumerate().map(|(at, row)| (Some(at), row));
    let defaults = defaults(policy.sync_additional_attributes).into_iter();
    own.chain(defaults.filter(|row| !is_replaced(row)).map(|row| (None, row))).collect()
}

/// What the table is compared with.
struct Base {
    jumpcloud_id: Option<String>,
    record: JumpCloudUser,
    empty: Empty,
    differences: Fields,
}

impl Base {
    fn of(person: &Person<'_>, read: &Read<'_>) -> Self {
        let found = |record: &JumpCloudUser, empty| (Some(record.id.clone()), record.clone(), empty);
        let (jumpcloud_id, record, empty) = match person.linked() {
            Some((link, record)) => found(record, if link.taken_over { Empty::Keeps } else { Empty::Clears }),
            None => match matching::find(
                &person.context.input.domain,
                person.guid,
                person.subject,
                &read.identity,
            ) {
                Match::Found(record) => found(record, Empty::Keeps),
                Match::Conflict(_) | Match::Nobody => (None, read.wanted.created(), Empty::Clears),
            },
        };
        let differences = read.wanted.differences(&record, empty);
        Self { jumpcloud_id, record, empty, differences }
    }

    fn before(&self, target: &Target) -> Option<String> {
        self.jumpcloud_id.as_ref().map(|_| target.of(&self.record).to_owned())
    }

    fn after(&self, target: &Target) -> String {
        target.in_fields(&self.differences).unwrap_or_else(|| target.of(&self.record)).to_owned()
    }
}

fn tried(
    person: &Person<'_>,
    read: &Read<'_>,
    base: &Base,
    at: Option<usize>,
    row: &AttributeMapping,
    problems: &[Problem],
) -> Tried {
    let tried = Tried {
        row: at,
        field: row.field.clone(),
        source: row.source.clone(),
        before: None,
        after: None,
        not_read_yet: Vec::new(),
        reason: None,
        error: None,
    };
    let problem = problems.iter().find(|problem| at == Some(problem.row));
    let error = problem.map(|problem| problem.message.clone());
    let Ok(target) = Target::parse(&row.field) else { return Tried { error, ..tried } };
    let tried = Tried { before: base.before(&target), error, ..tried };
    if tried.error.is_some() {
        return tried;
    }
    if target == Target::Manager {
        let (after, reason) = manager(person, base);
        return Tried { after, reason, ..tried };
    }
    let not_read_yet: Vec<_> = read.wanted.unread(&target).cloned().collect();
    let after = not_read_yet.is_empty().then(|| base.after(&target));
    Tried { after, not_read_yet, reason: read.wanted.refusal(&target).cloned(), ..tried }
}

/// What the link to the manager comes to.
fn manager(person: &Person<'_>, base: &Base) -> (Option<String>, Option<Reason>) {
    let now = Target::Manager.of(&base.record).to_owned();
    if !person.context.table.has(&Target::Manager) {
        return (Some(now), None);
    }
    let stays = |code: &str, message: &str| (Some(now.clone()), Some(Reason::new(code, message)));
    match &person.subject.manager {
        Some(Manager { guid, .. }) if *guid == person.guid => {
            stays("own_manager", "AD names the user as its own manager; the field is left as it is.")
        }
        Some(Manager { jumpcloud_id: Some(id), .. }) => (Some(id.clone()), None),
        Some(Manager { expected: true, .. }) => {
            let message = "The manager is not in JumpCloud yet; the link follows once it is.";
            (None, Some(Reason::new("manager_pending", message)))
        }
        Some(_) => stays("manager_not_synced", "The manager is not synced; the field is left as it is."),
        None if person.read.as_ref().is_some_and(|read| read.user.manager.is_some()) => {
            stays("manager_not_synced", "The manager is not known here; the field is left as it is.")
        }
        None if base.empty == Empty::Keeps => (Some(now), None),
        None => (Some(String::new()), None),
    }
}
