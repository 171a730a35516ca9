//! What the directory and JumpCloud know of a user, as lines of a list.

use planner::input::{AccountState, JumpCloudUser};
use protocol::directory::{ACCOUNT_DISABLED, User};

use super::steps::NameLink;
use super::words;
use crate::store::subjects::UserView;

/// One line.
#[derive(Debug)]
pub(super) struct Fact {
    pub name: String,
    pub value: String,
    /// Where the value leads to; empty for plain text.
    pub href: String,
}

impl Fact {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), href: String::new() }
    }
}

/// What the user is called.
pub(super) fn name(user: &UserView) -> String {
    let body = &user.body;
    let display = body.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case("displayName"));
    let display = display.map(|(_, value)| value.trim()).filter(|value| !value.is_empty());
    let given = [&body.given_name, &body.sn].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    match (display, given.is_empty()) {
        (Some(display), _) => display.to_owned(),
        (None, false) => given.join(" "),
        (None, true) => body.sam_account_name.clone().unwrap_or_else(|| body.dn.name()),
    }
}

/// The directory's side. What could not be read is unknown, which is not the same as empty.
pub(super) fn directory(user: &User, manager: Option<NameLink>) -> Vec<Fact> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "—".into());
    let mut facts = vec![
        Fact::new("sAMAccountName", text(&user.sam_account_name)),
        Fact::new("userPrincipalName", text(&user.user_principal_name)),
        Fact::new("mail", text(&user.mail)),
        Fact::new("givenName", text(&user.given_name)),
        Fact::new("sn", text(&user.sn)),
        Fact::new("Distinguished name", user.dn.as_str()),
        Fact::new("Account", account(user)),
        Fact::new("Expires", expiry(user)),
        Fact::new("Password set", password(user)),
    ];
    if user.admin_count == Some(1) {
        facts.push(Fact::new("adminCount", "1"));
    }
    if let Some(manager) = manager {
        facts.push(Fact { name: "manager".into(), value: manager.text, href: manager.href });
    }
    facts.extend(user.attributes.iter().map(|(name, value)| Fact::new(name, value)));
    facts
}

fn account(user: &User) -> &'static str {
    match user.user_account_control {
        Some(bits) if bits & ACCOUNT_DISABLED != 0 => "Disabled",
        Some(_) => "Enabled",
        None => "Unknown: userAccountControl cannot be read",
    }
}

fn expiry(user: &User) -> String {
    match user.account_expires {
        Some(ticks) => match words::filetime(ticks) {
            Some(at) => at.format("%F %R UTC").to_string(),
            None => "Never".into(),
        },
        None => "Unknown: accountExpires cannot be read".into(),
    }
}

fn password(user: &User) -> String {
    match user.pwd_last_set {
        Some(0) => "Must be changed at the next log-on".into(),
        Some(ticks) => {
            words::filetime(ticks).map_or_else(String::new, |at| at.format("%F %R UTC").to_string())
        }
        None => "Unknown: pwdLastSet cannot be read".into(),
    }
}

/// JumpCloud's side, as last read or written.
pub(super) fn jumpcloud(user: &JumpCloudUser) -> Vec<Fact> {
    let state = match user.state {
        AccountState::Staged => "Staged",
        AccountState::Activated => "Activated",
        AccountState::Suspended => "Suspended",
    };
    let mut facts = vec![
        Fact::new("id", &user.id),
        Fact::new("username", &user.username),
        Fact::new("email", &user.email),
        Fact::new("state", state),
    ];
    facts.extend(user.fields.iter().map(|(name, value)| Fact::new(name, value)));
    facts.extend(user.phones.iter().map(|(kind, number)| Fact::new(format!("phone, {kind}"), number)));
    for (kind, address) in &user.addresses {
        let lines: Vec<_> = address.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        facts.push(Fact::new(format!("address, {kind}"), lines.join("; ")));
    }
    facts.extend(user.custom.iter().map(|(name, value)| Fact::new(format!("attributes.{name}"), value)));
    if let Some(manager) = &user.manager {
        facts.push(Fact::new("manager", manager));
    }
    facts.push(Fact::new("Managed by AD", if user.externally_managed { "Yes" } else { "No" }));
    if !user.external_dn.is_empty() {
        facts.push(Fact::new("external_dn", &user.external_dn));
    }
    facts
}
