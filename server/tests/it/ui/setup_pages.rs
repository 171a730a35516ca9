//! The set-up wizard: from nothing to an active domain, left and taken up again, and what it says to wrong input.

use protocol::{DomainId, OrganizationId};
use serde_json::{Value, json};
use server::store::admins::Role;
use server::{actions, store};
use simulator::Seed;
use sqlx::PgPool;

use super::browser::Browser;
use crate::world::{CONTAINER, INTEGRATION, KEY, World, guid, people, tester};

const CHOICES: [(&str, &str); 9] = [
    ("settings.user_disable_action", "suspend"),
    ("settings.user_expire_action", "suspend"),
    ("settings.group_dissociation_action", "unbind"),
    ("settings.username_attribute", "sAMAccountName"),
    ("settings.user_takeover_action", "retain"),
    ("settings.password_must_change_action", "send"),
    ("settings.sync_additional_attributes", "true"),
    ("settings.group_sync", "true"),
    ("settings.password_hold_hours", "24"),
];

/// A server on which nothing is set up.
async fn nothing(db: PgPool) -> World {
    let world = World::in_preview(db.clone(), Seed::default(), json!({})).await;
    sqlx::query("truncate organizations cascade").execute(&db).await.unwrap();
    world
}

/// The id that an address has behind `before`.
fn id_in(address: &str, before: &str) -> uuid::Uuid {
    let rest = address.strip_prefix(before).unwrap_or_else(|| panic!("{address} does not begin so"));
    rest[..36].parse().unwrap()
}

async fn add_organization(browser: &Browser, base: &str) -> OrganizationId {
    let typed = [("organization_id", "new"), ("name", "Corp"), ("region", "custom"), ("base_url", base)];
    let mut typed = typed.to_vec();
    typed.extend([("credential", "api_key"), ("api_key", KEY)]);
    let added = browser.submit("/setup/organization", &typed).await;
    added.is(303);
    OrganizationId(id_in(added.to(), "/setup/domain?organization="))
}

async fn add_domain(browser: &Browser, organization: &str, name: &str) -> DomainId {
    let typed = [
        ("organization_id", organization),
        ("name", name),
        ("settings.ldap.bind_user", "CORP\\jcimport"),
        ("settings.ldap.bind_password", "hush"),
        ("trust", "system"),
    ];
    let added = browser.submit("/setup/domain", &typed).await;
    added.is(303);
    DomainId(id_in(added.to(), "/setup/"))
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_wizard_leads_from_nothing_to_an_active_domain(db: PgPool) {
    let mut world = nothing(db).await;
    let app = world.app.clone();
    let browser = Browser::owner(&app).await;
    browser.get("/setup").await.is(200).says("From nothing to a domain that syncs").says(">Begin</a>");
    world.organization = add_organization(&browser, &world.jumpcloud.base_url()).await;
    world.domain = add_domain(&browser, &world.organization.to_string(), "DC=corp;DC=example").await;
    let at = |step: &str| format!("/setup/{}{step}", world.domain);
    browser.get(&at("")).await.leads_to(&at("/agents"));
    browser.get(&at("/scope")).await.is(200).says("No agent has read the directory yet");

    let shown = browser.submit(&at("/agents"), &[("max_uses", "1")]).await;
    shown.is(200).says("adit-agent enroll --server").says("adit-agent capture install");
    assert!(!shown.text.contains("adit-agent.exe"));
    let mut dc = world.enrolled("dc1.corp.example").await;
    dc.read_in_full(&people(5)).await;
    browser.get(&at("/agents")).await.is(200).says("dc1.corp.example").says("Joined");

    let shown = browser.get(&at("/scope")).await;
    shown.is(200).says("OU=Staff,DC=corp,DC=example · 5 users below it").says("5 direct members");
    let (container, group) = (guid(CONTAINER).to_string(), guid(INTEGRATION).to_string());
    let chosen = [("container", container.as_str()), ("group", group.as_str())];
    browser.submit(&at("/scope"), &chosen).await.leads_to(&format!("{}?done=saved", at("/scope")));
    let row = store::domains::find(&app.db, world.domain).await.unwrap().unwrap();
    assert_eq!(row.settings.root_user_container, "OU=Staff,DC=corp,DC=example");
    assert_eq!(row.settings.integration_group, "CN=JumpCloud,OU=Staff,DC=corp,DC=example");
    dc.applied_revision = row.revision;
    dc.beat().await.unwrap();
    world.settle().await;
    browser.get(&at("/scope")).await.is(200).says("<strong>5</strong> of 5 users");
    browser.get(&at("")).await.leads_to(&at("/choices"));

    let mut choices = CHOICES.to_vec();
    choices.extend([("settings.removal_grace_days", "7"), ("settings.user_dissociation_action", "remove")]);
    browser.submit(&at("/choices"), &choices).await.leads_to(&format!("{}?done=saved", at("/preview")));
    browser.get(&at("")).await.leads_to(&at("/preview"));

    let shown = browser.get(&at("/preview")).await;
    let digest = shown.is(200).says("Create users").field("digest");
    let path = at("/preview");
    browser.submit(&path, &[("digest", &digest)]).await.is(422).says("must be ticked");
    browser.submit(&path, &[("digest", "x"), ("confirmed", "true")]).await.is(422).says("no longer the one");
    let confirmed = [("digest", digest.as_str()), ("confirmed", "true")];
    let onwards = format!("{}?done=activated", at("/verify"));
    browser.submit(&path, &confirmed).await.leads_to(&onwards);
    browser.submit(&path, &confirmed).await.leads_to(&onwards);
    world.settle().await;

    let shown = browser.get(&at("/verify")).await;
    shown.is(200).says("5 users are synced.").says("JumpCloud has the group JumpCloud");
    shown.says("No password has arrived").says("public API has no way");
    browser.get("/setup").await.is(200).says("Step 7, Verify");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(db: PgPool) {
    let world = nothing(db).await;
    let browser = Browser::owner(&world.app).await;
    let base = world.jumpcloud.base_url();
    let typed = |name, base, key| {
        let credential = [("credential", "api_key"), ("api_key", key)];
        let first = [("organization_id", "new"), ("name", name), ("region", "custom"), ("base_url", base)];
        first.into_iter().chain(credential).collect::<Vec<_>>()
    };
    let refused = browser.submit("/setup/organization", &typed("Corp", &base, "wrong-key")).await;
    refused.is(422).says("id=\"api_key-error\"").says("value=\"Corp\"");
    assert!(!refused.text.contains("wrong-key"));
    browser.submit("/setup/organization", &typed("", &base, KEY)).await.is(422).says("id=\"name-error\"");
    let nowhere = typed("Corp", "http://127.0.0.1:1", KEY);
    browser.submit("/setup/organization", &nowhere).await.is(422).says("id=\"region-error\"");
    let organization = add_organization(&browser, &base).await.to_string();

    let wrong = [("organization_id", organization.as_str()), ("name", "no domain!"), ("trust", "ca")];
    let refused = browser.submit("/setup/domain", &wrong).await;
    refused.is(422).says("value=\"no domain!\"").says("settings.ldap.bind_user-error");
    refused.says("settings.ldap.bind_password-error").says("settings.ldap.ca_pem-error");
    let account = [("settings.ldap.bind_user", "jcimport"), ("settings.ldap.bind_password", "hush")];
    let named = [("organization_id", organization.as_str()), ("name", "corp.example")];
    let bare: Vec<_> = named.into_iter().chain(account).collect();
    let refused = browser.submit("/setup/domain", &bare).await;
    refused.is(422).says("a bare name cannot bind");
    assert!(!refused.text.contains("hush"));

    let domain = add_domain(&browser, &organization, "corp.example").await;
    let at = |step: &str| format!("/setup/{domain}/{step}");
    let fingerprint = [("settings.ldap.bind_user", "a@b"), ("trust", "fingerprint")];
    let refused = browser.submit(&at("domain"), &fingerprint).await;
    refused.is(422).says("settings.ldap.server_fingerprint-error").says("Its password (set)");
    browser.submit(&at("agents"), &[("max_uses", "many")]).await.is(422).says("id=\"max_uses-error\"");
    let typed = [("container", "typed"), ("settings.root_user_container", "OU=Staff,DC=other")];
    let refused = browser.submit(&at("scope"), &typed).await;
    refused.is(422).says("settings.integration_group-error").says("value=\"OU=Staff,DC=other\"");
    let typed = [("group", "typed"), ("settings.integration_group", "CN=JumpCloud,DC=corp,DC=example")];
    let outside: Vec<_> =
        [("settings.root_user_container", "OU=Staff,DC=other")].into_iter().chain(typed).collect();
    browser.submit(&at("scope"), &outside).await.is(422).says("must lie in the domain");

    let shown = browser.get(&at("choices")).await;
    let remove = shown.text.find("id=\"settings.user_dissociation_action-remove\"").unwrap();
    assert!(!shown.text[remove..remove + 200].split('>').next().unwrap().contains("checked"));
    let mut choices = CHOICES.to_vec();
    choices.push(("settings.removal_grace_days", "soon"));
    let refused = browser.submit(&at("choices"), &choices).await;
    refused.is(422).says("is not chosen").says("settings.removal_grace_days-error").says("value=\"soon\"");
    let early = [("digest", "x"), ("confirmed", "true")];
    browser.submit(&at("preview"), &early).await.is(422).says("go through step 5");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_second_click_and_a_second_domain_end_well(db: PgPool) {
    let world = nothing(db).await;
    let browser = Browser::owner(&world.app).await;
    let base = world.jumpcloud.base_url();
    let organization = add_organization(&browser, &base).await;
    assert_eq!(add_organization(&browser, &base).await, organization);
    let existing = organization.to_string();
    let chosen = browser.submit("/setup/organization", &[("organization_id", &existing)]).await;
    chosen.leads_to(&format!("/setup/domain?organization={existing}"));

    let first = add_domain(&browser, &existing, "corp.example").await;
    assert_eq!(add_domain(&browser, &existing, "DC=corp,DC=example").await, first);
    let second = add_domain(&browser, &existing, "other.example").await;
    let row = store::domains::find(&world.app.db, second).await.unwrap().unwrap();
    assert_eq!(row.settings.integration_group, "CN=JumpCloud (other.example),CN=Users,DC=other,DC=example");
    let shown = browser.get("/setup").await;
    shown.is(200).says("DC=corp,DC=example").says("DC=other,DC=example").says("Step 3, Agents");
    let shown = browser.get(&format!("/setup/{second}/organization")).await;
    shown.is(200).says("Accepted").says(&base);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn who_may_only_read_sees_the_steps_and_changes_nothing(db: PgPool) {
    let world = World::start(db).await;
    let browser = Browser::of(&world.app, Role::ReadOnly).await;
    for step in ["organization", "domain", "agents", "scope", "choices", "preview", "verify"] {
        browser.get(&format!("/setup/{}/{step}", world.domain)).await.is(200).says("Steps of the set-up");
    }
    browser.get("/setup/organization").await.is(200).says("Your role allows reading only.");
    browser.submit(&format!("/setup/{}/agents", world.domain), &[("max_uses", "1")]).await.is(403);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_program_sees_how_far_it_is_and_which_containers_there_are(db: PgPool) {
    let world = World::start(db).await;
    world.enrolled("dc1.corp.example").await.read_in_full(&people(3)).await;
    let browser = Browser::open(&world.app).await;
    let (_, token) =
        actions::admins::create_api_token(&world.app, &tester(), "test", Role::Owner).await.unwrap();
    let bearer = format!("Bearer {}", token.expose());
    let asks = async |path: &str| -> Value {
        let path = format!("/api/v1/domains/{}{path}", world.domain);
        let answer = browser.asks(&path, &[("authorization", &bearer)]).await;
        serde_json::from_str(&answer.is(200).text).unwrap()
    };
    let containers = asks("/containers?query=staff").await;
    assert_eq!(containers["items"][0]["distinguished_name"], "OU=Staff,DC=corp,DC=example");
    assert_eq!(containers["items"][0]["users"], 3);
    assert_eq!(asks("/containers?query=nowhere").await["items"], json!([]));
    let setup = asks("/setup").await;
    assert_eq!(setup["next"], "choices");
    assert_eq!(
        setup["domain_controllers"],
        json!([{"dns_host_name": "dc1.corp.example", "state": "joined"}])
    );
}
