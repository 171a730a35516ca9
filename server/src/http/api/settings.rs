//! How a domain's settings look in the API: any part of them may be sent, and secrets are told as set or not.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::views::Set;
use crate::settings::DomainSettings;

type Named = Vec<(String, RefOr<Schema>)>;

/// Settings as they are sent. What is left out stays as it is, or has its default.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct SettingsSent(pub Value);

impl Default for SettingsSent {
    fn default() -> Self {
        Self(json!({}))
    }
}

impl PartialSchema for SettingsSent {
    fn schema() -> RefOr<Schema> {
        let example = json!({
            "root_user_container": "OU=Staff,DC=corp,DC=example,DC=com",
            "ldap": {"bind_user": "CORP\\jcimport", "bind_password": "…"},
        });
        with_ldap(LdapSent::name(), Some(example))
    }
}

impl ToSchema for SettingsSent {
    fn name() -> Cow<'static, str> {
        "SettingsSent".into()
    }

    fn schemas(named: &mut Named) {
        DomainSettings::schemas(named);
        named.push((LdapSent::name().into(), LdapSent::schema()));
    }
}

/// Settings as they are read back.
#[derive(Debug)]
pub struct SettingsShown;

impl PartialSchema for SettingsShown {
    fn schema() -> RefOr<Schema> {
        with_ldap(LdapShown::name(), None)
    }
}

impl ToSchema for SettingsShown {
    fn name() -> Cow<'static, str> {
        "Settings".into()
    }

    fn schemas(named: &mut Named) {
        DomainSettings::schemas(named);
        named.push((LdapShown::name().into(), LdapShown::schema()));
        named.push((Set::name().into(), Set::schema()));
    }
}

/// The settings, each optional, with the part that has the secret in a form of its own.
fn with_ldap(name: Cow<'static, str>, example: Option<Value>) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut settings)) = DomainSettings::schema() else {
        return ObjectBuilder::new().into();
    };
    settings.required.clear();
    settings.example = example;
    settings.properties.insert("ldap".into(), utoipa::openapi::Ref::from_schema_name(name).into());
    settings.into()
}

/// How agents reach the directory.
#[derive(Debug, ToSchema)]
#[schema(as = LdapSent)]
#[expect(dead_code, reason = "only its schema is used: the settings' own rules read it")]
struct LdapSent {
    #[schema(nullable = false)]
    bind_user: Option<String>,
    /// Null forgets it.
    bind_password: Option<String>,
    ca_pem: Option<String>,
    server_fingerprint: Option<String>,
    #[schema(nullable = false)]
    allow_insecure: Option<bool>,
}

/// How agents reach the directory.
#[derive(Debug, Serialize, ToSchema)]
struct LdapShown {
    #[schema(example = "CORP\\jcimport")]
    bind_user: String,
    bind_password: Set,
    ca_pem: Option<String>,
    server_fingerprint: Option<String>,
    allow_insecure: bool,
}
