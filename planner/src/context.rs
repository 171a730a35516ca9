//! What every subject is planned with.

use std::collections::BTreeSet;

use protocol::{ObjectGuid, Sid};

use crate::groups;
use crate::input::Input;
use crate::mapping::Table;
use crate::plan::{Change, Operation, Plan, Verdict};
use crate::scope::Scope;

/// The input, and what is worked out from it once for all subjects.
pub(crate) struct Context<'a> {
    pub(crate) input: &'a Input,
    pub(crate) scope: Scope<'a>,
    /// Groups in scope that are or can become JumpCloud groups and whose members are ours to change.
    pub(crate) member_groups: BTreeSet<ObjectGuid>,
    /// Which AD value becomes which JumpCloud field.
    pub(crate) table: Table,
}

impl<'a> Context<'a> {
    pub(crate) fn of(input: &'a Input, domain: &Sid) -> Self {
        let scope = Scope::of(input, domain);
        let member_groups = groups::with_members(input, &scope);
        Self { input, scope, member_groups, table: Table::of(&input.policy) }
    }
}

/// What was planned for one subject.
pub(crate) struct Planned {
    pub(crate) changes: Vec<(Change, Option<ObjectGuid>)>,
    pub(crate) verdict: Verdict,
}

impl Planned {
    /// Nothing is to be done.
    pub(crate) fn nothing(verdict: Verdict) -> Self {
        Self { changes: Vec::new(), verdict }
    }

    pub(crate) fn file(self, subject: ObjectGuid, plan: &mut Plan) {
        let operations =
            self.changes.into_iter().map(|(change, target)| Operation { subject, target, change });
        plan.operations.extend(operations);
        plan.verdicts.insert(subject, self.verdict);
    }
}
