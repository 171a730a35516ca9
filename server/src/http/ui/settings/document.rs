//! From the settings' document to the fields of a form, and back. A field is called as the API calls the setting.

use serde_json::{Value, json};

use crate::http::ui::form::{Fields, Form};
use crate::settings::{DomainSettings, GuardSettings};

/// The guard's kinds, in the order of the form.
pub(super) const GUARDED: [&str; 4] = ["users", "suspends", "groups", "memberships"];
const TEXTS: [&str; 13] = [
    "root_user_container",
    "integration_group",
    "username_attribute",
    "email",
    "user_dissociation_action",
    "group_dissociation_action",
    "user_disable_action",
    "user_expire_action",
    "user_takeover_action",
    "password_must_change_action",
    "group_name_template",
    "ldap.bind_user",
    "ldap.server_fingerprint",
];
const SWITCHES: [&str; 3] = ["sync_additional_attributes", "group_sync", "ldap.allow_insecure"];
const NUMBERS: [&str; 5] = [
    "removal_grace_days",
    "password_hold_hours",
    "dc_settle_minutes",
    "poll_interval_ms",
    "guard.window_hours",
];
const LIMITS: [&str; 3] = ["min_count", "max_percent", "max_count"];

/// The settings as a form shows them.
pub(super) fn form_of(settings: &DomainSettings) -> Form {
    let document = json!(settings);
    let mut form = Form::default();
    let names = TEXTS.into_iter().chain(SWITCHES).chain(NUMBERS).map(str::to_owned);
    for name in names.chain(limits()).chain(["ldap.ca_pem".to_owned()]) {
        let value = document.pointer(&format!("/{}", name.replace('.', "/")));
        let text = match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(true)) => "true".into(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        form.set(format!("settings.{name}"), text);
    }
    form.set("settings.preferred_watchers", settings.preferred_watchers.join("\n"));
    form
}

fn limits() -> impl Iterator<Item = String> {
    GUARDED.into_iter().flat_map(|kind| LIMITS.into_iter().map(move |limit| format!("guard.{kind}.{limit}")))
}

/// What was typed: as a patch for the settings, and as a form that can be shown again.
pub(super) struct Typed {
    pub(super) patch: Value,
    pub(super) form: Form,
}

/// Reads the form. What is left empty returns to its default; an empty password leaves the one that is set.
pub(super) fn patch_of(fields: &Fields) -> Typed {
    let mut form = Form::default();
    let mut patch = json!({});
    for name in TEXTS.into_iter().chain(["ldap.ca_pem"]) {
        let field = format!("settings.{name}");
        put(&mut patch, name, fields.filled(&field).map_or(Value::Null, Value::String));
        form.set(&field, fields.raw(&field));
    }
    for name in SWITCHES {
        let field = format!("settings.{name}");
        put(&mut patch, name, fields.is_on(&field).into());
        form.set(&field, if fields.is_on(&field) { "true" } else { "" });
    }
    for name in NUMBERS.into_iter().map(str::to_owned).chain(limits()) {
        number(&name, fields, &mut patch, &mut form);
    }
    let watchers = fields.raw("settings.preferred_watchers");
    let hosts: Vec<&str> =
        watchers.split([',', ';', '\n', ' ', '\r']).filter(|host| !host.is_empty()).collect();
    put(&mut patch, "preferred_watchers", json!(hosts));
    form.set("settings.preferred_watchers", watchers);
    if let Some(password) = fields.secret(super::PASSWORD) {
        put(&mut patch, "ldap.bind_password", password.expose().into());
    }
    Typed { patch, form }
}

fn number(name: &str, fields: &Fields, patch: &mut Value, form: &mut Form) {
    let field = format!("settings.{name}");
    form.set(&field, fields.raw(&field));
    match fields.text(&field) {
        "" => put(patch, name, default_of(name)),
        text => match text.parse::<u32>() {
            Ok(number) => put(patch, name, number.into()),
            Err(_) => form.wrong(field, "must be a whole number, 0 or more"),
        },
    }
}

/// `null` returns a setting to its default; a limit of the guard is set as a whole, so its parts are named.
fn default_of(name: &str) -> Value {
    let limit = name.strip_prefix("guard.").map(|name| format!("/{}", name.replace('.', "/")));
    limit.and_then(|path| json!(GuardSettings::default()).pointer(&path).cloned()).unwrap_or_default()
}

/// Puts a value where a dotted name says.
fn put(patch: &mut Value, name: &str, value: Value) {
    let mut at = patch;
    for part in name.split('.') {
        at = &mut at[part];
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use protocol::DomainName;

    use super::*;

    fn settings() -> (DomainName, DomainSettings) {
        let name = DomainName::parse("example.com").unwrap();
        let patch = json!({
            "preferred_watchers": ["dc1.example.com"], "guard": {"users": {"max_count": 7}}, "group_sync": false,
            "password_must_change_action": "hold", "password_hold_hours": 0,
            "email": "mail",
            "ldap": {"bind_user": "a@example.com", "server_fingerprint": format!("sha256:{}", "ab".repeat(32))},
        });
        let edited = DomainSettings::new(&name).edit(&name, &patch).unwrap();
        (name, edited.settings)
    }

    fn fields(form: &Form) -> Fields {
        Fields::new(form.values().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn a_form_that_was_not_touched_changes_nothing() {
        let (name, settings) = settings();
        let typed = patch_of(&fields(&form_of(&settings)));
        assert!(!typed.form.is_wrong());
        assert_eq!(DomainSettings::new(&name).edit(&name, &typed.patch).unwrap().settings, settings);
        assert_eq!(settings.edit(&name, &typed.patch).unwrap().settings, settings);
    }

    #[test]
    fn what_is_no_number_is_kept_and_named() {
        let (_, settings) = settings();
        let mut form = form_of(&settings);
        form.set("settings.guard.users.max_count", "many");
        let typed = patch_of(&fields(&form));
        assert_eq!(typed.form.value("settings.guard.users.max_count"), "many");
        assert!(typed.form.error("settings.guard.users.max_count").is_some());
    }

    #[test]
    fn an_emptied_limit_returns_to_its_default() {
        let (name, settings) = settings();
        let mut form = form_of(&settings);
        form.set("settings.guard.users.max_count", "");
        form.set("settings.root_user_container", " ");
        let edited = settings.edit(&name, &patch_of(&fields(&form)).patch).unwrap().settings;
        assert_eq!(edited.guard.users.max_count, GuardSettings::default().users.max_count);
        assert_eq!(edited.root_user_container, "CN=Users,DC=example,DC=com");
    }
}
