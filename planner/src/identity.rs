//! What a user is called in JumpCloud. Nothing is altered to make it fit: a name that JumpCloud does not allow is a reason.

use protocol::directory::User;

use crate::mapping::MAX_LENGTH;
use crate::policy::{EmailSource, Policy, UsernameAttribute};
use crate::reason::Reason;

/// Suffixes that exist inside a network only.
const INTERNAL_SUFFIXES: [&str; 9] =
    ["local", "localdomain", "localhost", "lan", "internal", "intranet", "corp", "home", "invalid"];

/// What a user would be called in JumpCloud; `None` where AD has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub username: Option<String>,
    pub email: Option<String>,
}

/// What `user` would be called in JumpCloud.
pub fn identity(policy: &Policy, user: &User) -> Identity {
    let upn = present(&user.user_principal_name);
    let username = match policy.username_attribute {
        UsernameAttribute::SamAccountName => present(&user.sam_account_name),
        UsernameAttribute::UserPrincipalName => upn.and_then(|upn| upn.split('@').next()),
    };
    let mail = present(&user.mail);
    let email = match policy.email {
        EmailSource::MailElseUserPrincipalName => mail.or(upn),
        EmailSource::Mail => mail,
        EmailSource::UserPrincipalName => upn,
    };
    Identity {
        username: username.filter(|name| !name.is_empty()).map(str::to_owned),
        email: email.map(str::to_owned),
    }
}

impl Identity {
    /// What keeps the user from being created under this name.
    pub(crate) fn problems(&self, policy: &Policy) -> Vec<Reason> {
        let attribute = attribute_name(policy.username_attribute);
        let username = match &self.username {
            None => Some(Reason::new(
                "no_username",
                format!("AD has no value in {attribute}, which becomes the JumpCloud username. Fill it in."),
            )),
            Some(name) => broken_rule(name).map(|rule| {
                Reason::new(
                    "username_not_allowed",
                    format!("JumpCloud does not allow the username \"{name}\" ({attribute}): it {rule}. Change it in AD."),
                )
            }),
        };
        let (missing, fill_in) = match policy.email {
            EmailSource::MailElseUserPrincipalName => ("neither mail nor userPrincipalName", "Fill in mail"),
            EmailSource::Mail => ("no mail", "Fill it in"),
            EmailSource::UserPrincipalName => ("no userPrincipalName", "Fill it in"),
        };
        let email = match &self.email {
            None => Some(Reason::new(
                "no_email",
                format!("AD has {missing}, and JumpCloud needs an email address. {fill_in}."),
            )),
            Some(email) => (!is_email(email)).then(|| {
                Reason::new(
                    "email_not_valid",
                    format!(
                        "\"{email}\" is not an email address. Correct {} in AD.",
                        match policy.email {
                            EmailSource::MailElseUserPrincipalName => "mail (or userPrincipalName)",
                            EmailSource::Mail => "mail",
                            EmailSource::UserPrincipalName => "userPrincipalName",
                        }
                    ),
                )
            }),
        };
        username.into_iter().chain(email).collect()
    }

    /// What an administrator should know although the user is synced.
    pub(crate) fn warnings(&self) -> Option<Reason> {
        let email = self.email.as_deref()?;
        let suffix = email.rsplit_once('@')?.1.to_lowercase();
        let last = suffix.rsplit('.').next().unwrap_or_default();
        (last == suffix || INTERNAL_SUFFIXES.contains(&last)).then(|| {
            Reason::new(
                "email_suffix_not_routable",
                format!("Mail to \"{email}\" cannot arrive from the Internet. Fill in mail in AD so that the user receives JumpCloud's mails."),
            )
        })
    }
}

/// The value without blanks around it; none if nothing is left.
pub(crate) fn present(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

pub(crate) fn attribute_name(source: UsernameAttribute) -> &'static str {
    match source {
        UsernameAttribute::SamAccountName => "sAMAccountName",
        UsernameAttribute::UserPrincipalName => "userPrincipalName (the part before @)",
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Some("must start with a letter from a to z")
    } else if name.contains(char::is_whitespace) {
        Some("must not contain a space")
    } else if name.contains('@') {
        Some("must not contain @")
    } else if !name.chars().all(is_allowed) {
        Some("may contain only letters from a to z, digits, dots, hyphens and underscores")
    } else if name.len() > MAX_LENGTH {
        Some("is longer than 1024 characters")
    } else {
        None
    }
}

pub(crate) fn is_email(text: &str) -> bool {
    let parts = text.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty());
    parts.is_some_and(|(_, host)| !host.contains('@'))
        && !text.contains(char::is_whitespace)
        && text.chars().count() <= MAX_LENGTH
}

/// Case is no difference: AD knows none, and JumpCloud may fold it.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}
