//! What makes settings wrong: every problem at once, each with the field and the fix.

use planner::mapping::{Part, Problem, problems};
use planner::policy::AttributeMapping;
use protocol::problem::FieldError;
use protocol::{DistinguishedName, DomainName};

use super::DomainSettings;

impl DomainSettings {
    pub(super) fn problems(&self, domain: &DomainName) -> Vec<FieldError> {
        let mut found = Vec::new();
        self.check_names(domain, &mut found);
        self.check_ldap(&mut found);
        self.check_mappings(&mut found);
        let mut number = |name: &str, value: u64, low: u64, high: u64, unit: &str| {
            if !(low..=high).contains(&value) {
                found.push(wrong(
                    &format!("settings.{name}"),
                    format!("must lie between {low} and {high} {unit}"),
                ));
            }
        };
        number("poll_interval_ms", self.poll_interval_ms, 250, 60_000, "milliseconds");
        number("removal_grace_days", u64::from(self.removal_grace_days), 0, 365, "days");
        number("password_hold_hours", u64::from(self.password_hold_hours), 0, 744, "hours");
        number("dc_settle_minutes", u64::from(self.dc_settle_minutes), 0, 1440, "minutes");
        number("guard.window_hours", u64::from(self.guard.window_hours), 1, 744, "hours");
        for (kind, limit) in [
            ("users", self.guard.users),
            ("suspends", self.guard.suspends),
            ("groups", self.guard.groups),
            ("memberships", self.guard.memberships),
        ] {
            number(&format!("guard.{kind}.max_percent"), u64::from(limit.max_percent), 0, 100, "percent");
        }
        found
    }

    fn check_names(&self, domain: &DomainName, found: &mut Vec<FieldError>) {
        let container = self.check_dn("root_user_container", &self.root_user_container, domain, found);
        let group = self.check_dn("integration_group", &self.integration_group, domain, found);
        if let (Some(container), Some(group)) = (container, group)
            && container.names_same(&group)
        {
            found.push(wrong(
                "settings.integration_group",
                "is the root user container itself: name the security group whose members are synced, such as CN=JumpCloud,…",
            ));
        }
        let template = &self.group_name_template;
        let known = |name: &str| ["sAMAccountName", "cn", "domain"].contains(&name);
        let names: Vec<&str> = template
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .collect();
        if !names.iter().all(|name| known(name)) || !names.iter().any(|name| *name != "domain") {
            found.push(wrong(
                "settings.group_name_template",
                "must contain {sAMAccountName} or {cn}, and may contain {domain}; nothing else stands in braces",
            ));
        }
    }

    fn check_dn(
        &self,
        name: &str,
        text: &str,
        domain: &DomainName,
        found: &mut Vec<FieldError>,
    ) -> Option<DistinguishedName> {
        let field = format!("settings.{name}");
        match DistinguishedName::parse(text) {
            Ok(dn) if dn.is_within(&domain.dn()) => return Some(dn),
            Ok(_) => found.push(wrong(&field, format!("must lie in the domain: end it with {domain}"))),
            Err(error) => {
                found.push(wrong(
                    &field,
                    format!("is no distinguished name: {error}. Write it as OU=Staff,{domain}"),
                ));
            }
        }
        None
    }

    fn check_ldap(&self, found: &mut Vec<FieldError>) {
        let ldap = &self.ldap;
        let user = ldap.bind_user.trim();
        let is_named = user.is_empty()
            || user.contains('@')
            || user.contains('\\')
            || DistinguishedName::parse(user).is_ok();
        if !is_named {
            found.push(wrong(
                "settings.ldap.bind_user",
                "must be EXAMPLE\\jcimport, jcimport@example.com or a distinguished name: a bare name cannot bind",
            ));
        }
        if let Some(pem) = &ldap.ca_pem
            && !(pem.contains("-----BEGIN CERTIFICATE-----") && pem.contains("-----END CERTIFICATE-----"))
        {
            found.push(wrong(
                "settings.ldap.ca_pem",
                "must hold one or more certificates in PEM, -----BEGIN CERTIFICATE-----",
            ));
        }
        if let Some(text) = &ldap.server_fingerprint {
            let digits = text.strip_prefix("sha256:").unwrap_or_default();
            if digits.len() != 64 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
                found.push(wrong(
                    "settings.ldap.server_fingerprint",
                    "must be sha256: and 64 hexadecimal digits, the SHA-256 of the DER certificate",
                ));
            }
        }
    }

    fn check_mappings(&self, found: &mut Vec<FieldError>) {
        found.extend(mapping_errors("settings.attribute_mappings", &self.attribute_mappings));
    }
}

/// What is wrong with rows of the attribute table, each named as `table[0].field`.
pub fn mapping_errors(table: &str, rows: &[AttributeMapping]) -> Vec<FieldError> {
    let error = |problem: Problem| {
        let source = rows.get(problem.row).map_or("source", |row| row.source.kind());
        let part = match problem.part {
            Part::Field => "field",
            Part::Source => source,
        };
        wrong(&format!("{table}[{}].{part}", problem.row), problem.message)
    };
    problems(rows).into_iter().map(error).collect()
}

/// One wrong field.
pub(super) fn wrong(field: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: field.into(), message: message.into() }
}
