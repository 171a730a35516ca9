//! One user with all that is known of it, and how its verdict is put together.

use chrono::{DateTime, Utc};
use protocol::ObjectGuid;
use protocol::directory::User;

use crate::context::{Context, Planned};
use crate::eligibility;
use crate::identity::{Identity, identity};
use crate::input::{JumpCloudUser, UserLink, UserSubject};
use crate::plan::Verdict;
use crate::reason::{Reason, Status};
use crate::standing::{self, Expiry, Standing};
use crate::wanted::Wanted;

/// One user with all that is known of it.
pub(crate) struct Person<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) guid: ObjectGuid,
    pub(crate) subject: &'a UserSubject,
    pub(crate) standing: Standing,
    /// As AD has it; none if it could never be read.
    pub(crate) read: Option<Read<'a>>,
}

/// The user as AD has it, and what it should be in JumpCloud.
pub(crate) struct Read<'a> {
    pub(crate) user: &'a User,
    pub(crate) identity: Identity,
    pub(crate) wanted: Wanted,
}

impl<'a> Person<'a> {
    pub(crate) fn of(context: &'a Context<'a>, guid: ObjectGuid, subject: &'a UserSubject) -> Self {
        let read = subject.user.as_ref().map(|user| {
            let input = context.input;
            let identity = identity(&input.policy, user);
            let wanted = Wanted::of(user, &identity, &context.table, &input.domain, &input.unread);
            Read { user, identity, wanted }
        });
        Self { context, guid, subject, standing: standing::of(context, subject), read }
    }

    /// The link and what it leads to; none if JumpCloud no longer has the user.
    pub(crate) fn linked(&self) -> Option<(&'a UserLink, &'a JumpCloudUser)> {
        self.subject.link.as_ref().zip(self.subject.jumpcloud.as_ref())
    }

    /// What keeps the user from being created or updated.
    pub(crate) fn ineligible(&self) -> Vec<Reason> {
        self.read
            .as_ref()
            .map(|read| eligibility::reasons(self.context, self.subject, read))
            .unwrap_or_default()
    }

    /// Nothing is done.
    pub(crate) fn left_alone(&self, status: Status, reasons: Vec<Reason>) -> Planned {
        Planned::nothing(self.verdict(status, reasons))
    }

    pub(crate) fn verdict(&self, status: Status, reasons: Vec<Reason>) -> Verdict {
        let identity = self.read.as_ref().map(|read| &read.identity);
        Verdict {
            in_scope: self.standing == Standing::Member,
            status,
            reasons,
            scope_path: self.context.scope.path_of(self.subject),
            due: self.expires(),
            leaving_since: None,
            moved_out: false,
            username: identity.and_then(|identity| identity.username.clone()),
            email: identity.and_then(|identity| identity.email.clone()),
            group_name: None,
        }
    }

    /// When the account will expire, for those on whom that has a bearing.
    fn expires(&self) -> Option<DateTime<Utc>> {
        match (&self.standing, self.read.as_ref().map(|read| Expiry::of(read.user))) {
            (Standing::Leaving(_), _) => None,
            (_, Some(Expiry::At(end))) => Some(end).filter(|end| *end > self.context.input.now),
            (_, Some(Expiry::Never | Expiry::Unknown) | None) => None,
        }
    }
}
