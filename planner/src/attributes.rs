//! A user's AD attributes by LDAP name, in any case, as custom mappings name them.

use std::collections::BTreeMap;

use protocol::directory::User;

use crate::identity::present;

/// The attributes that have a value, by LDAP name in lower case.
pub(crate) struct Attributes(BTreeMap<String, String>);

impl Attributes {
    pub(crate) fn of(user: &User) -> Self {
        let name = user.dn.name();
        let fixed = [
            ("sAMAccountName", &user.sam_account_name),
            ("userPrincipalName", &user.user_principal_name),
            ("mail", &user.mail),
            ("givenName", &user.given_name),
            ("sn", &user.sn),
            ("cn", &Some(name.clone())),
            ("name", &Some(name)),
            ("distinguishedName", &Some(user.dn.as_str().to_owned())),
            ("objectGUID", &Some(user.guid.to_string())),
            ("objectSid", &user.sid.as_ref().map(ToString::to_string)),
        ]
        .map(|(name, value)| (name.to_lowercase(), value.clone()));
        let others = user.attributes.iter().map(|(name, value)| (name.to_lowercase(), Some(value.clone())));
        let filled =
            others.chain(fixed).filter_map(|(name, value)| Some((name, present(&value)?.to_owned())));
        Self(filled.collect())
    }

    /// The value; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(&name.to_lowercase()).map_or("", String::as_str)
    }
}

/// Replaces each `{name}` for which there is a value; the others stay as they are.
pub(crate) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = template.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}').and_then(|(name, rest)| Some((value(name)?, rest))) {
            Some((value, rest)) => {
                filled.push_str(&value);
                filled.push_str(rest);
            }
            None => {
                filled.push('{');
                filled.push_str(part);
            }
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_takes_values_and_leaves_what_it_does_not_know() {
        let known = |name: &str| (name == "cn").then(|| "Staff".to_owned());
        assert_eq!(fill("AD {cn} ({site}", known), "AD Staff ({site}");
        assert_eq!(fill("{cn}{cn}", known), "StaffStaff");
        assert_eq!(fill("plain", known), "plain");
    }
}
