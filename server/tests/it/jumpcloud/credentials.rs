//! Whether a credential works, in words that say what to do.

use std::error::Error;
use std::time::Duration;

use protocol::Secret;
use server::jumpcloud::{
    Budget, Client, JumpCloudError, Settings, SettingsError, Verdict, validate_base_url,
};
use simulator::{Action, Fault};

use crate::jumpcloud::support::{KEY, ORG, World, client, key, settings};

#[tokio::test]
async fn a_good_key_sees_its_organization() {
    let world = World::start().await;
    let report = world.jumpcloud.check_credential().await.unwrap();
    assert_eq!(report.organizations.len(), 1);
    assert_eq!(report.organizations[0].id, ORG);
    assert_eq!(report.organizations[0].name, "Simulated organization");
    assert!(report.can_read_users && report.can_read_groups);
    assert!(world.sim.writes().is_empty());
}

#[tokio::test]
async fn a_bare_list_of_organizations_is_read_too() {
    let world = World::start().await;
    let body = format!(r#"[{{"_id": "{ORG}", "displayName": null}}]"#);
    world.sim.script(Fault::new(Action::Garbage { body: Some(body) }).on("GET", "/api/organizations"));
    let report = world.jumpcloud.check_credential().await.unwrap();
    assert_eq!((report.organizations[0].id.as_str(), report.organizations[0].name.as_str()), (ORG, ""));
}

#[tokio::test]
async fn a_wrong_key_is_named() {
    let world = World::start().await;
    let error = client(&world.sim, key("wrong-key"), None).check_credential().await.unwrap_err();
    assert_eq!(error.code, "credential_rejected");
    assert!(error.to_string().contains("copy the API key"), "{error}");
    assert!(!format!("{error:?}").contains("wrong-key"));
}

#[tokio::test]
async fn missing_rights_are_named() {
    let world = World::start().await;
    world.sim.script(Fault::new(Action::status(403)).on("GET", "/api/v2/usergroups"));
    let report = world.jumpcloud.check_credential().await.unwrap();
    assert!(report.can_read_users && !report.can_read_groups);

    world.sim.script(Fault::new(Action::status(403)).forever());
    let error = world.jumpcloud.check_credential().await.unwrap_err();
    assert_eq!(error.code, "permission_denied");
    assert!(error.to_string().contains("role"), "{error}");
}

#[tokio::test]
async fn an_unreachable_host_is_named() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let settings = Settings {
        base_url: validate_base_url("http://127.0.0.1:9", true).unwrap(),
        credential: key(KEY),
        org_id: None,
        proxy: None,
        timeout: Duration::from_secs(2),
    };
    let error = Client::new(settings, Budget::new(None)).unwrap().check_credential().await.unwrap_err();
    assert_eq!(error.code, "unreachable");
    assert!(error.to_string().contains("firewall"), "{error}");
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_page_of_something_else_is_not_jumpcloud() {
    let world = World::start().await;
    let page = Action::Garbage { body: Some("<html>Welcome to the guest network</html>".into()) };
    world.sim.script(Fault::new(page).forever());
    let error = world.jumpcloud.check_credential().await.unwrap_err();
    assert_eq!(error.code, "malformed_answer");
}

#[tokio::test]
async fn the_organization_id_is_checked() {
    let world = World::start().await;
    let wrong = client(&world.sim, key(KEY), Some("aaaaaaaaaaaaaaaaaaaaaaaa"));
    let error = wrong.check_credential().await.unwrap_err();
    assert_eq!(error.code, "organization_unknown");
    assert!(error.to_string().contains(ORG), "names what it can see: {error}");

    world.sim.add_multi_tenant_key("msp");
    let error = client(&world.sim, key("msp"), None).check_credential().await.unwrap_err();
    assert_eq!(error.code, "organization_required");
    client(&world.sim, key("msp"), Some(ORG)).check_credential().await.unwrap();
}

#[tokio::test]
async fn under_a_wrong_organization_id_nothing_is_taken_for_deleted() {
    let world = World::start().await;
    let id = world.user("ada").await;
    let wrong = client(&world.sim, key(KEY), Some("aaaaaaaaaaaaaaaaaaaaaaaa"));
    for error in [
        wrong.delete_user(&id).await.unwrap_err(),
        wrong.get_user(&id).await.unwrap_err(),
        wrong.remove_member(&id, &id).await.unwrap_err(),
    ] {
        assert_eq!(error.verdict(), Verdict::PauseOrganization { code: "organization_unknown" });
    }
    let right = client(&world.sim, key(KEY), Some(ORG));
    assert!(right.get_user("5f0000000000000000000009").await.unwrap().is_none());
    right.delete_user(&id).await.unwrap();
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let world = World::start().await;
    let new = |settings| Client::new(settings, Budget::new(None)).unwrap_err();
    let base = || settings(&world.sim, key(KEY));
    assert!(matches!(new(Settings { org_id: Some("acme".into()), ..base() }), SettingsError::OrgId));
    assert!(matches!(new(Settings { credential: key("a\nb"), ..base() }), SettingsError::ApiKey));
    assert!(matches!(new(Settings { credential: key(" "), ..base() }), SettingsError::ApiKey));
    let proxy = Some(Secret::new("::".into()));
    assert!(matches!(new(Settings { proxy, ..base() }), SettingsError::Proxy));
}

#[tokio::test]
async fn a_proxy_is_used_and_its_password_shown_nowhere() {
    let world = World::start().await;
    let proxy = Some(Secret::new("http://adit:hunter2@127.0.0.1:9".into()));
    let behind =
        Client::new(Settings { proxy, ..settings(&world.sim, key(KEY)) }, Budget::new(None)).unwrap();
    let error = behind.check_credential().await.unwrap_err();
    assert_eq!(error.code, "unreachable");
    assert!(world.sim.requests().is_empty());
    let mut shown = format!("{behind:?} {error:?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        shown.push_str(&format!("{cause} {cause:?}"));
        source = cause.source();
    }
    for secret in ["hunter2", "YWRpdDpodW50ZXIy", KEY] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn a_revoked_key_pauses_the_organization() {
    let world = World::start().await;
    world.sim.revoke_key(KEY);
    let error = world.jumpcloud.list_groups().await.unwrap_err();
    assert!(matches!(error, JumpCloudError::Unauthorized(_)));
    assert_eq!(error.verdict(), Verdict::PauseOrganization { code: "credential_rejected" });

    world.sim.add_read_only_key("reader");
    let error = client(&world.sim, key("reader"), None).create_group("Staff").await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::PauseOrganization { code: "permission_denied" });
}

#[tokio::test]
async fn the_password_policy_is_read() {
    let world = World::start().await;
    let policy = world.jumpcloud.password_policy().await.unwrap();
    assert_eq!(policy.min_length, Some(8));
    assert!(!policy.needs_symbol);
    assert_eq!(policy.history, None, "switched off");
    let with_id = client(&world.sim, key(KEY), Some(ORG));
    assert_eq!(with_id.password_policy().await.unwrap(), policy);
}
