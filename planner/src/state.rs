//! Ends and returns of access: suspended first, removed after the grace period, restored by whoever suspended.

use chrono::{DateTime, TimeDelta, Utc};

use crate::input::{AccountState, JumpCloudUser, UserLink};
use crate::plan::{Cause, Change};
use crate::policy::{DissociationAction, Policy};
use crate::reason::Reason;

/// What becomes of a linked user that leaves.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Departure {
    pub(crate) changes: Vec<Change>,
    /// Since when it has been leaving; set while a removal is ahead.
    pub(crate) since: Option<DateTime<Utc>>,
    /// When it will be removed.
    pub(crate) due: Option<DateTime<Utc>>,
}

/// What to do with a linked user that leaves for `cause`.
pub(crate) fn depart(
    policy: &Policy,
    now: DateTime<Utc>,
    cause: Cause,
    link: &UserLink,
    record: &JumpCloudUser,
) -> Departure {
    let changes = |change| Departure { changes: vec![change], ..Departure::default() };
    match action(policy, cause) {
        DissociationAction::Unbind => changes(Change::UnbindUser { cause }),
        DissociationAction::Suspend => {
            Departure { changes: suspend(cause, record).into_iter().collect(), ..Departure::default() }
        }
        DissociationAction::Remove if policy.removal_grace_days == 0 => changes(Change::DeleteUser { cause }),
        DissociationAction::Remove => remove_after_grace(policy, now, cause, link, record),
    }
}

/// The grace period runs only while the user is suspended: nobody is removed who was not locked out all that time.
fn remove_after_grace(
    policy: &Policy,
    now: DateTime<Utc>,
    cause: Cause,
    link: &UserLink,
    record: &JumpCloudUser,
) -> Departure {
    let suspend = suspend(cause, record);
    let since = link.leaving_since.filter(|_| suspend.is_none()).unwrap_or(now);
    let grace = TimeDelta::days(i64::from(policy.removal_grace_days));
    let end = since.checked_add_signed(grace);
    match end.filter(|end| *end <= now) {
        Some(_) => Departure { changes: vec![Change::DeleteUser { cause }], since: Some(since), due: None },
        None => Departure { changes: suspend.into_iter().collect(), since: Some(since), due: end },
    }
}

/// Ends the access of a user that was moved out and has ended in AD too. Nothing beyond a suspension follows before a
/// person has said what the move means.
pub(crate) fn lock_out(policy: &Policy, cause: Cause, record: &JumpCloudUser) -> Option<Change> {
    match action(policy, cause) {
        DissociationAction::Unbind => None,
        DissociationAction::Suspend | DissociationAction::Remove => suspend(cause, record),
    }
}

/// A member that JumpCloud shows as suspended: lifted if the suspension is ours, reported otherwise. STAGED is a
/// beginning that only a person ends.
pub(crate) fn restore(link: &UserLink, record: &JumpCloudUser) -> Result<Option<Change>, Reason> {
    match record.state {
        AccountState::Activated | AccountState::Staged => Ok(None),
        AccountState::Suspended if link.suspended_by_us => Ok(Some(Change::RestoreUser)),
        AccountState::Suspended => Err(suspended_in_jumpcloud()),
    }
}

/// The reason for a suspension that is not ours to lift.
pub(crate) fn suspended_in_jumpcloud() -> Reason {
    Reason::new(
        "suspended_in_jumpcloud",
        "The user is active in AD but suspended in JumpCloud, and the suspension was not placed on an active user by this \
         sync, so it is left alone. Activate the user in JumpCloud if that is what you want.",
    )
}

fn suspend(cause: Cause, record: &JumpCloudUser) -> Option<Change> {
    match record.state {
        AccountState::Suspended => None,
        AccountState::Activated => Some(Change::SuspendUser { cause, restorable: true }),
        AccountState::Staged => Some(Change::SuspendUser { cause, restorable: false }),
    }
}

fn action(policy: &Policy, cause: Cause) -> DissociationAction {
    match cause {
        Cause::LeftGroup | Cause::Deleted | Cause::MovedOut => policy.user_dissociation_action,
        Cause::Disabled => policy.user_disable_action,
        Cause::Expired => policy.user_expire_action,
    }
}

/// Why the user is not synced, and what becomes of it.
pub(crate) fn reason(cause: Cause, due: Option<DateTime<Utc>>) -> Reason {
    let (code, why) = match cause {
        Cause::LeftGroup => (
            "not_in_integration_group",
            "The user is not a member of the integration group, neither directly nor through another group.",
        ),
        Cause::Deleted => ("deleted", "The user was deleted in AD."),
        Cause::Disabled => ("disabled", "The account is disabled in AD (userAccountControl)."),
        Cause::Expired => ("expired", "The account has expired in AD (accountExpires)."),
        Cause::MovedOut => (
            "outside_root_user_container",
            "The user was moved out of the root user container and is to be dissociated.",
        ),
    };
    let fate = due
        .map(|due| format!(" It will be removed from JumpCloud on {}.", due.format("%Y-%m-%d at %H:%M UTC")));
    Reason::new(code, format!("{why}{}", fate.unwrap_or_default()))
}
