//! The one organization that is simulated, with the settings that decide about its users.

use serde_json::{Map, Value, json};

use crate::password_policy::Policy;

/// Name, id and settings.
#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) created: String,
    pub(crate) display_name: String,
    pub(crate) settings: Map<String, Value>,
}

impl Organization {
    pub(crate) fn new(id: String, created: String) -> Self {
        let settings = match default_settings() {
            Value::Object(settings) => settings,
            _ => Map::new(),
        };
        Self { id, created, display_name: "Simulated organization".to_owned(), settings }
    }

    fn setting(&self, group: &str) -> &Value {
        self.settings.get(group).unwrap_or(&Value::Null)
    }

    pub(crate) fn password_policy(&self) -> Policy<'_> {
        Policy(self.setting("passwordPolicy"))
    }

    /// The state of a user that is created without one.
    pub(crate) fn new_user_state(&self) -> &str {
        self.setting("newSystemUserStateDefaults")["manualEntry"].as_str().unwrap_or("ACTIVATED")
    }

    /// What every new user's `restrictedFields` begin with.
    pub(crate) fn new_user_restrictions(&self) -> Value {
        match &self.setting("systemUserDefaults")["restrictedFields"] {
            Value::Array(fields) => Value::Array(fields.clone()),
            _ => json!([]),
        }
    }

    /// Takes `settings` in, group by group: a member that is left out keeps its value (assumed).
    pub(crate) fn merge_settings(&mut self, settings: &Map<String, Value>) {
        for (name, value) in settings {
            match (self.settings.get_mut(name), value) {
                (Some(Value::Object(old)), Value::Object(new)) => old.extend(new.clone()),
                _ => {
                    self.settings.insert(name.clone(), value.clone());
                }
            }
        }
    }
}

/// A lenient policy: what a new organization really begins with is not published.
fn default_settings() -> Value {
    json!({
        "name": "Simulated organization",
        "contactEmail": "admin@simulator.example",
        "contactName": "Simulator",
        "passwordCompliance": "custom",
        "passwordPolicy": {
            "enableMinLength": true, "minLength": 8,
            "needsLowercase": false, "needsUppercase": false, "needsNumeric": false, "needsSymbolic": false,
            "allowUsernameSubstring": true,
            "disallowCommonlyUsedPasswords": false, "disallowSequentialOrRepetitiveChars": false,
            "enableMaxHistory": false, "maxHistory": 1,
            "enableMinChangePeriodInDays": false, "minChangePeriodInDays": 1,
            "enablePasswordExpirationInDays": false, "passwordExpirationInDays": 90,
        },
        "newSystemUserStateDefaults": {
            "manualEntry": "ACTIVATED", "csvImport": "ACTIVATED", "applicationImport": "ACTIVATED",
        },
        "systemUserDefaults": { "restrictedFields": [] },
    })
}
