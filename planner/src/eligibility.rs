//! What keeps a member from being created or updated. It never dissociates: a linked user that becomes ineligible stays
//! in JumpCloud as it is.

use protocol::Sid;
use protocol::directory::{SAM_USER_OBJECT, User};

use crate::context::Context;
use crate::input::UserSubject;
use crate::mapping::{FIRST_NAME, LAST_NAME, Source, Target};
use crate::person::Read;
use crate::reason::Reason;

/// `sAMAccountType` of a computer, and of the managed service accounts that are derived from it.
const SAM_MACHINE_ACCOUNT: i64 = 805_306_369;

const MANAGED_SERVICE_ACCOUNTS: [&str; 3] =
    ["msds-managedserviceaccount", "msds-groupmanagedserviceaccount", "msds-delegatedmanagedserviceaccount"];

/// Every reason at once, so that an administrator need not mend one to see the next.
pub(crate) fn reasons(context: &Context<'_>, subject: &UserSubject, read: &Read<'_>) -> Vec<Reason> {
    let user = read.user;
    if let Some(kind) = not_a_person(context, user) {
        return vec![kind];
    }
    let mut reasons = Vec::new();
    reasons.extend(privileged(context, subject, user));
    reasons.extend(unknown_attributes(user));
    reasons.extend(names(context, read));
    reasons.extend(read.identity.problems(&context.input.policy));
    reasons
}

/// Computers, service accounts and whatever else may be listed in a group.
pub(crate) fn not_a_person(context: &Context<'_>, user: &User) -> Option<Reason> {
    let is = |class: &str| user.object_class.iter().any(|name| name.eq_ignore_ascii_case(class));
    let domain = context.input.domain.sid.as_ref();
    let is_foreign = |sid: &Sid| domain.is_some_and(|domain| !sid.is_of(domain));
    if is("foreignsecurityprincipal") || user.sid.as_ref().is_some_and(is_foreign) {
        Some(Reason::new(
            "not_in_this_domain",
            "The object belongs to another domain. Connect that domain to sync its users.",
        ))
    } else if MANAGED_SERVICE_ACCOUNTS.into_iter().any(is) || is("contact") {
        Some(not_a_user())
    } else if is("computer") || user.sam_account_type == Some(SAM_MACHINE_ACCOUNT) {
        Some(Reason::new("computer", "The object is a computer; only users are synced."))
    } else if user.sam_account_type.is_some_and(|kind| kind != SAM_USER_OBJECT) {
        Some(not_a_user())
    } else {
        let account = context.input.domain.bind_account.as_ref();
        account.filter(|account| account.names_same(&user.dn)).map(|_| {
            Reason::new(
                "service_account",
                "This is the account with which the directory is read; it is never synced. Remove it from the group.",
            )
        })
    }
}

fn not_a_user() -> Reason {
    Reason::new(
        "not_a_user",
        "The object is no ordinary user account (a contact, a trust or a managed service account); only users are synced.",
    )
}

pub(crate) fn privileged(context: &Context<'_>, subject: &UserSubject, user: &User) -> Option<Reason> {
    if let Some(group) = context.scope.privileged_by(subject) {
        return Some(Reason::new(
            "privileged",
            format!(
                "The user is privileged in AD through {group}, and JumpCloud does not manage such accounts. Take the user \
                 out of the privileged groups, or use a separate account for daily work."
            ),
        ));
    }
    user.admin_count.filter(|count| *count != 0).map(|_| {
        Reason::new(
            "stale_admin_count",
            "adminCount is set although the user is in no privileged group any more, so AD still protects the account. \
             Clear adminCount and turn permission inheritance on again.",
        )
    })
}

/// What could not be read is never taken for enabled, never expiring or unprivileged.
pub(crate) fn unknown_attributes(user: &User) -> Option<Reason> {
    let state = [
        ("userAccountControl", user.user_account_control.is_none()),
        ("accountExpires", user.account_expires.is_none()),
    ];
    // AD has no adminCount on most users. That it is missing says so only if its neighbours could be read.
    let readable = !state.iter().any(|(_, missing)| *missing) && user.pwd_last_set.is_some();
    let kind = [
        ("sAMAccountType", user.sam_account_type.is_none()),
        ("primaryGroupID", user.primary_group_id.is_none()),
        ("pwdLastSet", user.admin_count.is_none() && user.pwd_last_set.is_none()),
        ("adminCount", user.admin_count.is_none() && !readable),
    ];
    let missing: Vec<_> =
        state.iter().chain(&kind).filter(|(_, missing)| *missing).map(|(name, _)| *name).collect();
    (!missing.is_empty()).then(|| unreadable_attributes(&missing.join(", ")))
}

/// The reason for attributes that the service account may not read.
pub(crate) fn unreadable_attributes(names: &str) -> Reason {
    Reason::new(
        "unknown_attributes",
        format!(
            "The service account cannot read {names}. Give it the right to read all properties of this object."
        ),
    )
}

/// A name that the table leaves alone is JumpCloud's to have.
pub(crate) fn names(context: &Context<'_>, read: &Read<'_>) -> impl Iterator<Item = Reason> {
    let name = |target: Target, code: &str, words: &str, attribute: &str| {
        if let Some(refusal) = read.wanted.refusal(&target) {
            return Some(refusal.clone());
        }
        let is_default = match context.table.source(&target) {
            Some(Source::Attribute(name)) => name.eq_ignore_ascii_case(attribute),
            Some(Source::Constant(_) | Source::Template(_)) | None => false,
        };
        let message = if is_default {
            format!("AD has no {words} ({attribute}). Fill it in, or map {target} with a fallback.")
        } else {
            format!(
                "The mapping of {target} gives nothing for this user. Fill in what it names, or give it a fallback."
            )
        };
        read.wanted.lacks(&target).then(|| Reason::new(code, message))
    };
    let first = name(FIRST_NAME, "no_first_name", "first name", "givenName");
    first.into_iter().chain(name(LAST_NAME, "no_last_name", "last name", "sn"))
}
