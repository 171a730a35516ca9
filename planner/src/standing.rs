//! Where a user stands towards the integration group. Membership alone dissociates; what cannot be told changes nothing.

use chrono::{DateTime, Utc};
use protocol::directory::{ACCOUNT_DISABLED, User};

use crate::context::Context;
use crate::eligibility::unreadable_attributes;
use crate::input::{Input, MovedOutAnswer, Presence, UserSubject};
use crate::plan::Cause;
use crate::reason::Reason;
use crate::scope::Membership;

/// Seconds from 1601 (FILETIME) to 1970.
const FILETIME_EPOCH: i64 = 11_644_473_600;

/// Where a user stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// To be synced, if it is eligible.
    Member,
    Leaving(Cause),
    /// Outside the root user container but still a member, and nobody has said what that means. The account may have
    /// been disabled or have expired as well.
    MovedOut(Option<Cause>),
    /// The integration group is lost: whether the user is a member cannot be told.
    Lost,
    /// It cannot be told.
    Unknown(Reason),
}

pub(crate) fn of(context: &Context<'_>, subject: &UserSubject) -> Standing {
    if context.scope.is_lost() {
        return Standing::Lost;
    }
    let user = match (subject.presence, &subject.user) {
        (Presence::Deleted, _) => return Standing::Leaving(Cause::Deleted),
        (Presence::Present, Some(user)) => user,
        (Presence::Unreadable, _) | (Presence::Present, None) => return Standing::Unknown(unreadable()),
    };
    match context.scope.membership(subject, user) {
        Membership::Out => return Standing::Leaving(Cause::LeftGroup),
        Membership::Unknown => return Standing::Unknown(unreadable_attributes("primaryGroupID")),
        Membership::In => {}
    }
    let ended = ended(user, context.input.now);
    if is_outside(context.input, subject, user) {
        return match subject.moved_out_answer {
            Some(MovedOutAnswer::Dissociate) => Standing::Leaving(Cause::MovedOut),
            Some(MovedOutAnswer::Follow) | None => Standing::MovedOut(ended.ok().flatten()),
        };
    }
    match ended {
        Ok(Some(cause)) => Standing::Leaving(cause),
        Ok(None) => Standing::Member,
        Err(reason) => Standing::Unknown(reason),
    }
}

/// True if the user is neither in the root user container nor to be followed out of it.
pub(crate) fn is_outside(input: &Input, subject: &UserSubject, user: &User) -> bool {
    !user.dn.is_within(&input.domain.root_user_container)
        && subject.moved_out_answer != Some(MovedOutAnswer::Follow)
}

/// Whether the account has ended in AD itself; an error if that cannot be told.
pub(crate) fn ended(user: &User, now: DateTime<Utc>) -> Result<Option<Cause>, Reason> {
    let expiry = Expiry::of(user);
    match (user.user_account_control, expiry) {
        (Some(control), _) if control & ACCOUNT_DISABLED != 0 => Ok(Some(Cause::Disabled)),
        (_, Expiry::At(end)) if end <= now => Ok(Some(Cause::Expired)),
        (None, Expiry::Unknown) => Err(unreadable_attributes("userAccountControl, accountExpires")),
        (None, _) => Err(unreadable_attributes("userAccountControl")),
        (_, Expiry::Unknown) => Err(unreadable_attributes("accountExpires")),
        (Some(_), Expiry::At(_) | Expiry::Never) => Ok(None),
    }
}

/// When an account ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    Never,
    At(DateTime<Utc>),
    Unknown,
}

impl Expiry {
    pub(crate) fn of(user: &User) -> Self {
        match user.account_expires {
            None => Self::Unknown,
            Some(0 | i64::MAX) => Self::Never,
            Some(ticks) => {
                let seconds = ticks.div_euclid(10_000_000) - FILETIME_EPOCH;
                let nanos = u32::try_from(ticks.rem_euclid(10_000_000) * 100).unwrap_or_default();
                DateTime::from_timestamp(seconds, nanos).map_or(Self::Unknown, Self::At)
            }
        }
    }
}

/// The reason for an object that is listed but cannot be read.
pub(crate) fn unreadable() -> Reason {
    Reason::new(
        "unreadable",
        "A group lists this object, but the service account cannot read it; nothing is changed in JumpCloud. Give the \
         service account the right to read it, or move it back.",
    )
}
