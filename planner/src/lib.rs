//! Decides what JumpCloud must change so that it agrees with the directory.
//!
//! Pure: no I/O, no clock, no randomness. The same input gives the same plan; a plan that was applied and planned again
//! is empty; planning all subjects equals the union of planning any partition of them.

pub mod explain;
pub mod guard;
pub mod input;
pub mod mapping;
pub mod origin;
pub mod plan;
pub mod policy;
pub mod reason;

mod attributes;
mod context;
mod eligibility;
mod groups;
mod identity;
mod matching;
mod memberships;
mod person;
mod scope;
mod standing;
mod state;
mod sync;
mod users;
mod wanted;

pub use explain::{Explanation, explain};
pub use groups::group_name;
pub use identity::{Identity, identity};
pub use input::Input;
pub use plan::{Change, GuardKind, Operation, Plan};
pub use policy::Policy;
pub use reason::{Reason, Status};
pub use scope::{PRIVILEGED_RIDS, privileged_groups};

/// Decides what JumpCloud must change so that it agrees with the directory. Before the domain's own SID is known nothing
/// is planned.
pub fn plan(input: &Input) -> Plan {
    let mut plan = Plan::default();
    let Some(domain) = &input.domain.sid else { return plan };
    let context = context::Context::of(input, domain);
    users::plan(&context, &mut plan);
    groups::plan(&context, &mut plan);
    plan.sort();
    plan
}
