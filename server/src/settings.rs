//! A domain's settings: their names, defaults and rules. Stored as one revisioned JSON document; secrets stand apart.

mod defaults;
mod rules;

use planner::policy::{
    AttributeMapping, DissociationAction, EmailSource, GroupDissociationAction, Guard, Limit,
    MustChangeAction, Policy, TakeoverAction, UsernameAttribute,
};
use protocol::problem::FieldError;
use protocol::{DomainName, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use rules::mapping_errors;
use rules::wrong;

/// Everything an administrator can set for a domain, secrets aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainSettings {
    pub root_user_container: String,
    pub integration_group: String,
    #[serde(default)]
    pub ldap: LdapSettings,
    #[serde(default = "defaults::username_attribute")]
    pub username_attribute: UsernameAttribute,
    #[serde(default = "defaults::email")]
    pub email: EmailSource,
    #[serde(default = "defaults::yes")]
    pub sync_additional_attributes: bool,
    #[serde(default)]
    pub attribute_mappings: Vec<AttributeMapping>,
    #[serde(default = "defaults::user_dissociation_action")]
    pub user_dissociation_action: DissociationAction,
    #[serde(default = "defaults::group_dissociation_action")]
    pub group_dissociation_action: GroupDissociationAction,
    #[serde(default = "defaults::suspend")]
    pub user_disable_action: DissociationAction,
    #[serde(default = "defaults::suspend")]
    pub user_expire_action: DissociationAction,
    #[serde(default = "defaults::removal_grace_days")]
    pub removal_grace_days: u32,
    #[serde(default = "defaults::user_takeover_action")]
    pub user_takeover_action: TakeoverAction,
    #[serde(default = "defaults::password_must_change_action")]
    pub password_must_change_action: MustChangeAction,
    /// How long a captured password waits for a user that is not synced; 0: not at all.
    #[serde(default = "defaults::password_hold_hours")]
    pub password_hold_hours: u32,
    #[serde(default = "defaults::yes")]
    pub group_sync: bool,
    #[serde(default = "defaults::group_name_template")]
    pub group_name_template: String,
    #[serde(default)]
    pub guard: GuardSettings,
    #[serde(default = "defaults::dc_settle_minutes")]
    pub dc_settle_minutes: u32,
    /// DNS names of the domain controllers that should watch; empty: the PDC emulator.
    #[serde(default)]
    pub preferred_watchers: Vec<String>,
    #[serde(default = "defaults::poll_interval_ms")]
    pub poll_interval_ms: u64,
}

/// How agents reach the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapSettings {
    #[serde(default)]
    pub bind_user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_fingerprint: Option<String>,
    #[serde(default)]
    pub allow_insecure: bool,
}

/// The guard's limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardSettings {
    #[serde(default = "defaults::window_hours")]
    pub window_hours: u32,
    #[serde(default = "defaults::guard_users")]
    pub users: Limit,
    #[serde(default = "defaults::guard_suspends")]
    pub suspends: Limit,
    #[serde(default = "defaults::guard_groups")]
    pub groups: Limit,
    #[serde(default = "defaults::guard_memberships")]
    pub memberships: Limit,
}

impl Default for GuardSettings {
    fn default() -> Self {
        let guard = Guard::default();
        Self {
            window_hours: guard.window_hours,
            users: guard.users,
            suspends: guard.suspends,
            groups: guard.groups,
            memberships: guard.memberships,
        }
    }
}

/// What a request makes of the settings.
#[derive(Debug)]
pub struct Edited {
    pub settings: DomainSettings,
    /// Set if the request carries a new one.
    pub bind_password: Option<Secret>,
}

impl DomainSettings {
    /// The defaults for a domain.
    pub fn new(domain: &DomainName) -> Self {
        let container = format!("CN=Users,{domain}");
        let policy = Policy::default();
        Self {
            integration_group: format!("CN=JumpCloud,{container}"),
            root_user_container: container,
            ldap: LdapSettings::default(),
            username_attribute: policy.username_attribute,
            email: policy.email,
            sync_additional_attributes: policy.sync_additional_attributes,
            attribute_mappings: policy.attribute_mappings,
            user_dissociation_action: policy.user_dissociation_action,
            group_dissociation_action: policy.group_dissociation_action,
            user_disable_action: policy.user_disable_action,
            user_expire_action: policy.user_expire_action,
            removal_grace_days: policy.removal_grace_days,
            user_takeover_action: policy.user_takeover_action,
            password_must_change_action: policy.password_must_change_action,
            password_hold_hours: defaults::password_hold_hours(),
            group_sync: policy.group_sync,
            group_name_template: policy.group_name_template,
            guard: GuardSettings::default(),
            dc_settle_minutes: 15,
            preferred_watchers: Vec::new(),
            poll_interval_ms: 1000,
        }
    }

    /// Applies a request's `settings` (RFC 7396: what is left out stays, `null` returns to the default) and checks the
    /// outcome as a whole.
    pub fn edit(&self, domain: &DomainName, patch: &Value) -> Result<Edited, Vec<FieldError>> {
        let Value::Object(patch) = patch else {
            return Err(vec![wrong(
                "settings",
                "must be an object, such as {\"ldap\": {\"bind_user\": \"…\"}}",
            )]);
        };
        let mut patch = patch.clone();
        // The default of the group follows the container, so a container alone may be given.
        let mut base = if patch.contains_key("root_user_container") && *self == Self::new(domain) {
            defaults_below(domain, &patch)
        } else {
            as_object(json!(self))
        };
        let bind_password = take_bind_password(&mut patch)?;
        merge(&mut base, patch);
        fill(&mut base, as_object(json!(Self::new(domain))));
        let settings: Self = serde_path_to_error::deserialize(Value::Object(base)).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "settings".into() } else { format!("settings.{path}") };
            vec![wrong(&field, explain(&error.into_inner().to_string()))]
        })?;
        let problems = settings.problems(domain);
        if problems.is_empty() { Ok(Edited { settings, bind_password }) } else { Err(problems) }
    }

    /// The same settings with another attribute table, however wrong its rows may be: to be tried, not to be saved.
    pub fn with_mappings(&self, rows: Vec<AttributeMapping>, sync_additional_attributes: bool) -> Self {
        Self { attribute_mappings: rows, sync_additional_attributes, ..self.clone() }
    }

    /// What of it decides the plan.
    pub fn policy(&self) -> Policy {
        Policy {
            username_attribute: self.username_attribute,
            email: self.email,
            sync_additional_attributes: self.sync_additional_attributes,
            attribute_mappings: self.attribute_mappings.clone(),
            user_dissociation_action: self.user_dissociation_action,
            group_dissociation_action: self.group_dissociation_action,
            user_disable_action: self.user_disable_action,
            user_expire_action: self.user_expire_action,
            removal_grace_days: self.removal_grace_days,
            user_takeover_action: self.user_takeover_action,
            password_must_change_action: self.password_must_change_action,
            group_sync: self.group_sync,
            group_name_template: self.group_name_template.clone(),
            guard: Guard {
                window_hours: self.guard.window_hours,
                users: self.guard.users,
                suspends: self.guard.suspends,
                groups: self.guard.groups,
                memberships: self.guard.memberships,
            },
        }
    }

    /// As the API shows it: secrets as `{"set": …}`.
    pub fn shown(&self, bind_password_set: bool) -> Value {
        let mut shown = json!(self);
        shown["ldap"]["bind_password"] = json!({ "set": bind_password_set });
        shown
    }
}

fn as_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn defaults_below(domain: &DomainName, patch: &Map<String, Value>) -> Map<String, Value> {
    let mut defaults = DomainSettings::new(domain);
    if let Some(Value::String(container)) = patch.get("root_user_container") {
        defaults.integration_group = format!("CN=JumpCloud,{container}");
    }
    as_object(json!(defaults))
}

/// What is missing, at any depth, is as the defaults have it.
fn fill(base: &mut Map<String, Value>, defaults: Map<String, Value>) {
    for (name, default) in defaults {
        match (base.get_mut(&name), default) {
            (Some(Value::Object(base)), Value::Object(defaults)) => fill(base, defaults),
            (Some(_), _) => {}
            (None, default) => {
                base.insert(name, default);
            }
        }
    }
}

fn merge(base: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match (base.get_mut(&name), value) {
            (_, Value::Null) => {
                base.remove(&name);
            }
            (Some(Value::Object(base)), Value::Object(patch)) => merge(base, patch),
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

/// The password is no part of the document. What a client read back, `{"set": true}`, changes nothing.
fn take_bind_password(patch: &mut Map<String, Value>) -> Result<Option<Secret>, Vec<FieldError>> {
    let Some(Value::Object(ldap)) = patch.get_mut("ldap") else { return Ok(None) };
    match ldap.remove("bind_password") {
        None | Some(Value::Object(_)) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(Secret::new(text))),
        Some(_) => Err(vec![wrong(
            "settings.ldap.bind_password",
            "must be the password of the service account, as text",
        )]),
    }
}

/// serde's words, without its positions.
fn explain(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain() -> DomainName {
        DomainName::parse("example.com").unwrap()
    }

    fn edit(patch: Value) -> Result<Edited, Vec<FieldError>> {
        DomainSettings::new(&domain()).edit(&domain(), &patch)
    }

    fn wrong_fields(patch: Value) -> Vec<String> {
        edit(patch).unwrap_err().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn the_integration_group_defaults_below_the_container() {
        let edited = edit(json!({"root_user_container": "OU=Staff,DC=example,DC=com"})).unwrap();
        assert_eq!(edited.settings.integration_group, "CN=JumpCloud,OU=Staff,DC=example,DC=com");
    }

    #[test]
    fn each_wrong_field_is_named() {
        assert_eq!(wrong_fields(json!({"poll_interval": 3})), ["settings.poll_interval"]);
        assert_eq!(
            wrong_fields(json!({"user_dissociation_action": "delete"})),
            ["settings.user_dissociation_action"]
        );
        assert_eq!(
            wrong_fields(
                json!({"poll_interval_ms": 1, "ldap": {"bind_user": "jcimport", "ca_pem": "x"}, "root_user_container": "OU=Staff,DC=other,DC=com"})
            ),
            [
                "settings.root_user_container",
                "settings.integration_group",
                "settings.ldap.bind_user",
                "settings.ldap.ca_pem",
                "settings.poll_interval_ms"
            ]
        );
        assert_eq!(
            wrong_fields(json!({"guard": {"users": {"min_count": -1}}})),
            ["settings.guard.users.min_count"]
        );
    }

    #[test]
    fn a_wrong_row_of_the_attribute_table_is_named_with_its_part() {
        let rows = json!([
            {"field": "company", "template": "{company"},
            {"field": "jobtitle", "attribute": "title"},
            {"field": "costCenter", "attribute": "unicodePwd"},
        ]);
        let errors = edit(json!({"attribute_mappings": rows})).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "settings.attribute_mappings[0].template",
                "settings.attribute_mappings[1].field",
                "settings.attribute_mappings[2].attribute"
            ]
        );
        assert!(errors[0].message.contains("character 1"));
        for row in [json!({"field": "company"}), json!({"field": "company", "leave": false})] {
            assert_eq!(
                wrong_fields(json!({"attribute_mappings": [row]})),
                ["settings.attribute_mappings[0]"]
            );
        }
        assert_eq!(wrong_fields(json!({"email": "upn"})), ["settings.email"]);
    }

    #[test]
    fn one_limit_can_be_changed_alone() {
        let edited = edit(json!({"guard": {"users": {"max_count": 7}}})).unwrap();
        assert_eq!(edited.settings.guard.users.max_count, 7);
        assert_eq!(edited.settings.guard.users.min_count, 3);
    }

    #[test]
    fn the_password_stands_apart_and_what_was_read_back_changes_nothing() {
        let edited = edit(json!({"ldap": {"bind_user": "a@b", "bind_password": "s3cret"}})).unwrap();
        assert_eq!(edited.bind_password.unwrap().expose(), "s3cret");
        assert!(!json!(edited.settings).to_string().contains("s3cret"));
        assert!(edit(json!({"ldap": {"bind_password": {"set": true}}})).unwrap().bind_password.is_none());
        assert_eq!(edited.settings.shown(true)["ldap"]["bind_password"], json!({"set": true}));
    }

    #[test]
    fn null_returns_a_setting_to_its_default() {
        let strict = edit(json!({"guard": {"users": {"max_count": 7}}})).unwrap().settings;
        let lax = strict.edit(&domain(), &json!({"guard": {"users": {"max_count": null}}})).unwrap().settings;
        assert_eq!((strict.guard.users.max_count, lax.guard.users.max_count), (7, 500));
        let first = edit(json!({"removal_grace_days": 0})).unwrap().settings;
        let second = first.edit(&domain(), &json!({"removal_grace_days": null})).unwrap().settings;
        assert_eq!((first.removal_grace_days, second.removal_grace_days), (0, 7));
    }
}
