//! What makes settings wrong: every problem at once, each with the field and the fix.

use planner::policy::MappingSource;
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
        const FIELDS: [&str; 14] = [
            "displayname",
            "middlename",
            "description",
            "jobTitle",
            "department",
            "company",
            "location",
            "costCenter",
            "employeeType",
            "employeeIdentifier",
            "alternateEmail",
            "managedAppleId",
            "firstname",
            "lastname",
        ];
        for (at, mapping) in self.attribute_mappings.iter().enumerate() {
            let field = format!("settings.attribute_mappings[{at}]");
            let custom = mapping.field.strip_prefix("attributes.");
            let is_custom = custom.is_some_and(|name| {
                !name.is_empty() && name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric())
            });
            if !is_custom && !FIELDS.contains(&mapping.field.as_str()) {
                found.push(wrong(
                    &format!("{field}.field"),
                    format!("must be attributes.NAME (letters and digits) or one of {}", FIELDS.join(", ")),
                ));
            }
            if self.attribute_mappings.iter().filter(|other| other.field == mapping.field).count() > 1 {
                found.push(wrong(
                    &format!("{field}.field"),
                    "is mapped twice: keep one row for each JumpCloud field",
                ));
            }
            let is_ldap_name = |name: &str| {
                name.starts_with(|c: char| c.is_ascii_alphabetic())
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            };
            let fine = match &mapping.source {
                MappingSource::Attribute(name) => is_ldap_name(name),
                MappingSource::Constant(text) => text.chars().count() <= 1024,
                MappingSource::Template(text) => {
                    text.matches('{').count() == text.matches('}').count()
                        && text
                            .split('{')
                            .skip(1)
                            .all(|rest| rest.split_once('}').is_some_and(|(name, _)| is_ldap_name(name)))
                }
            };
            if !fine {
                found.push(wrong(
                    &field,
                    "needs an LDAP attribute name, a constant of at most 1024 characters, or a template such as {givenName} {sn}",
                ));
            }
        }
    }
}

/// One wrong field.
pub(super) fn wrong(field: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: field.into(), message: message.into() }
}
