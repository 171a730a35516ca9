//! Signing in at an OpenID Connect provider, and what is not believed of one.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use reqwest::Url;
use serde_json::{Value, json};
use server::actions::single_sign_on::{Draft, redirect_uri, save};
use server::oidc::{self, Attempt, OidcError, RelyingParty};
use server::outbound::Outbound;
use server::store;
use server::store::admins::{Access, Role};
use sqlx::PgPool;

use super::provider::{CLIENT, CLIENT_SECRET, Provider, Signed};
use super::world;
use crate::rest::Rest;
use crate::ui::browser::{Browser, PASSWORD, Shown, admin};
use crate::world::{World, tester};

/// A provider that is entered.
async fn provider(world: &World) -> Provider {
    let provider = Provider::start(world.now().timestamp()).await;
    enter(world, &provider, false).await;
    provider
}

async fn enter(world: &World, provider: &Provider, trusts_email: bool) {
    let draft = Draft {
        name: "Corp ID".into(),
        issuer: provider.issuer.clone(),
        client_id: CLIENT.into(),
        client_secret: Some(protocol::Secret::new(CLIENT_SECRET.into())),
        trusts_email,
    };
    save(&world.app, &tester(), draft, None).await.unwrap();
}

/// Goes to the provider and signs in there. Returns where the browser is sent back to.
async fn gone(browser: &Browser, provider: &Provider, from: &str) -> String {
    let sent = browser.get(from).await;
    sent.is(303);
    back(&provider.authorise(sent.to()))
}

fn back(returned: &BTreeMap<String, String>) -> String {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(returned).finish();
    format!("/sign-on/callback?{query}")
}

async fn signed_in(browser: &Browser, provider: &Provider) -> Shown {
    let back = gone(browser, provider, "/sign-on").await;
    browser.get(&back).await
}

async fn actions(world: &World, action: &str) -> Vec<Value> {
    let rows: Vec<(Value,)> = sqlx::query_as("select detail from audit_events where action = $1 order by id")
        .bind(action)
        .fetch_all(&world.app.db)
        .await
        .unwrap();
    rows.into_iter().map(|row| row.0).collect()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_administrator_comes_in_through_the_provider_and_goes_on_to_where_they_were(db: PgPool) {
    let world = world(db).await;
    let provider = provider(&world).await;
    admin(&world.app, "Ada@corp.example", Role::Operator).await;
    let ada = Browser::open(&world.app).await;
    let login = ada.get("/login?next=%2Fdomains%3Fquery%3Da").await;
    login.is(200).says("Sign in with Corp ID").says("href=\"/sign-on?next=%2Fdomains%3Fquery%3Da\"");

    let sent = ada.get("/sign-on?next=%2Fdomains%3Fquery%3Da").await;
    let url = Url::parse(sent.is(303).to()).unwrap();
    let asked: BTreeMap<_, _> = url.query_pairs().collect();
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], CLIENT);
    assert_eq!(asked["redirect_uri"], redirect_uri(&world.app));
    assert_eq!(asked["scope"], "openid email");
    assert!(!asked.contains_key("prompt"));
    let kept = sent.cookie();
    assert!(kept.contains("HttpOnly") && kept.contains("SameSite=Lax"), "{kept}");
    for hidden in ["state", "nonce", "code_challenge"] {
        assert!(!kept.contains(&*asked[hidden]), "{hidden} is sealed");
    }

    let back = back(&provider.authorise(sent.to()));
    let come = ada.get(&back).await;
    come.leads_to("/domains?query=a");
    ada.get("/account").await.is(200).says("Ada@corp.example");
    assert_eq!(actions(&world, "admin.signed_in").await[0]["how"], "single_sign_on");
    assert_eq!(actions(&world, "admin.sign_on_linked").await[0]["subject"], "sub-1");
    // Neither the code nor the way there serves twice.
    ada.get(&back).await.is(422).says("Begin again");
    assert_eq!(provider.asked("tokens"), 1);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_does_not_fit_in_every_claim_lets_nobody_in(db: PgPool) {
    let world = world(db).await;
    let provider = provider(&world).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let now = world.now().timestamp();
    let elsewhere = "https://elsewhere.example/";
    let hostile = [
        ("another nonce", json!({"nonce": "n"})),
        ("no nonce", json!({"nonce": null})),
        ("another issuer", json!({"iss": elsewhere})),
        ("no issuer", json!({"iss": null})),
        ("another client", json!({"aud": "somebody"})),
        ("no client", json!({"aud": null})),
        ("several clients", json!({"aud": [CLIENT, "somebody"]})),
        ("somebody else's", json!({"aud": [CLIENT, "somebody"], "azp": "somebody"})),
        ("one client, for another", json!({"azp": "somebody"})),
        ("expired", json!({"exp": now - 61})),
        ("never expires", json!({"exp": null})),
        ("no subject", json!({"sub": null})),
        ("an empty subject", json!({"sub": ""})),
        ("a subject that is no text", json!({"sub": "a\u{0}b"})),
        ("a subject without end", json!({"sub": "x".repeat(256)})),
    ];
    for (what, claims) in hostile {
        provider.says.lock().unwrap().claims = claims;
        let browser = Browser::open(&world.app).await;
        signed_in(&browser, &provider).await.is(422).says("is not believed");
        assert_eq!(browser.get("/account").await.to(), "/login?next=%2Faccount", "{what}");
    }
    provider.says.lock().unwrap().claims = json!({});
    for signed in [Signed::Not, Signed::WithPublicKey, Signed::ByAnotherKey, Signed::ByUnknownId] {
        provider.says.lock().unwrap().signed = signed;
        let browser = Browser::open(&world.app).await;
        signed_in(&browser, &provider).await.is(422).says("is not believed");
        assert_eq!(browser.get("/account").await.to(), "/login?next=%2Faccount", "{signed:?}");
    }
    provider.says.lock().unwrap().signed = Signed::Well;
    for right in [
        json!({"exp": now - 59}),
        json!({"aud": [CLIENT]}),
        json!({"aud": [CLIENT, "somebody"], "azp": CLIENT}),
        json!({"email_verified": "true"}),
    ] {
        provider.says.lock().unwrap().claims = right;
        let browser = Browser::open(&world.app).await;
        signed_in(&browser, &provider).await.leads_to("/");
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_answer_serves_only_the_browser_that_began_and_for_ten_minutes(db: PgPool) {
    let world = world(db).await;
    let provider = provider(&world).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let (ada, eve) = (Browser::open(&world.app).await, Browser::open(&world.app).await);
    // Eve has Ada come back with what is Eve's: Ada would be signed in as somebody else.
    let of_eve = gone(&eve, &provider, "/sign-on").await;
    let stale = ada.get(&of_eve).await;
    stale.is(422).says(&format!("Begin again at {}. (sign_on_stale)", world.app.public_url));
    let _ = gone(&ada, &provider, "/sign-on").await;
    ada.get(&of_eve).await.is(422).says("Begin again");
    ada.set_cookie("adit-sign-on", "AAAA");
    ada.get(&of_eve).await.is(422).says("Begin again");

    let late = gone(&ada, &provider, "/sign-on").await;
    world.advance(TimeDelta::minutes(10));
    ada.get(&late).await.is(422).says("Begin again");
    assert_eq!(provider.asked("tokens"), 0, "nothing of it is even shown to the provider");

    let iss = gone(&ada, &provider, "/sign-on").await + "&iss=https%3A%2F%2Felsewhere.example";
    ada.get(&iss).await.is(422).says("Begin again");
    let state = gone(&ada, &provider, "/sign-on").await;
    let state = state.split("state=").nth(1).unwrap().to_owned();
    let refused =
        format!("/sign-on/callback?state={state}&error=access_denied&error_description=%3Cb%3ENo%3C%2Fb%3E");
    let shown = ada.get(&refused).await;
    shown.is(422).says("The provider refused: &#60;b&#62;No&#60;/b&#62; (access_denied).");
    ada.get("/sign-on/callback?code=%00&state=%ff").await.is(422);
    ada.get("/sign-on/callback").await.is(422);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn only_who_is_an_administrator_already_is_let_in(db: PgPool) {
    let world = world(db).await;
    let provider = provider(&world).await;
    let nobody = Browser::open(&world.app).await;
    let refused = signed_in(&nobody, &provider).await;
    refused.is(422).says("There is no administrator ada@corp.example here").says("(sign_on_unknown)");
    assert_eq!(actions(&world, "admin.sign_in_failed").await[0]["code"], "sign_on_unknown");

    // Invited, and never had a password here.
    let access = Access::Everywhere(Role::Helpdesk);
    let invited =
        server::actions::admins::invite(&world.app, &tester(), "ada@corp.example", &access).await.unwrap();
    let says = |claims: Value| provider.says.lock().unwrap().claims = claims;
    says(json!({"email_verified": false}));
    signed_in(&nobody, &provider).await.is(422).says("email_verified");
    says(json!({"email_verified": null}));
    signed_in(&nobody, &provider).await.is(422).says("email_verified");
    enter(&world, &provider, true).await;
    says(json!({"email_verified": false}));
    signed_in(&nobody, &provider).await.is(422).says("email_verified");
    says(json!({"email_verified": null}));
    signed_in(&nobody, &provider).await.leads_to("/");
    nobody.get("/").await.is(200).says("Helpdesk");

    server::actions::admins::disable(&world.app, &tester(), invited.admin).await.unwrap();
    nobody.get("/").await.leads_to("/login");
    signed_in(&nobody, &provider).await.is(422).says("is disabled here");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn the_mail_address_may_come_from_the_userinfo_endpoint_if_it_is_the_same_person_s(db: PgPool) {
    let world = world(db).await;
    let provider = provider(&world).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let browser = Browser::open(&world.app).await;
    let says = |userinfo: Value| {
        let mut says = provider.says.lock().unwrap();
        says.claims = json!({"email": null, "email_verified": null});
        says.userinfo = userinfo;
    };
    says(json!({"sub": "sub-2", "email": "ada@corp.example", "email_verified": true}));
    signed_in(&browser, &provider).await.is(422).says("different people");
    for email in [json!(null), json!(""), json!("a\u{0}@corp.example"), json!("x".repeat(300))] {
        says(json!({"sub": "sub-1", "email": email, "email_verified": true}));
        signed_in(&browser, &provider).await.is(422).says("does not tell your mail address");
    }
    says(json!({"sub": "sub-1", "email": "ada@corp.example", "email_verified": true}));
    signed_in(&browser, &provider).await.leads_to("/");
    assert_eq!(provider.asked("userinfo"), 6);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn whoever_came_once_is_known_by_what_the_provider_never_gives_to_somebody_else(db: PgPool) {
    let world = world(db).await;
    let provider = provider(&world).await;
    admin(&world.app, "ada@corp.example", Role::Helpdesk).await;
    let owner = Browser::owner(&world.app).await;
    let browser = Browser::open(&world.app).await;
    signed_in(&browser, &provider).await.leads_to("/");
    let says = |claims: Value| provider.says.lock().unwrap().claims = claims;
    // A new name: still the same person, who may not become another one by it.
    says(json!({"email": "owner@corp.example"}));
    signed_in(&browser, &provider).await.leads_to("/");
    browser.get("/account").await.says("ada@corp.example");
    // The address was given to somebody else.
    says(json!({"sub": "sub-2"}));
    signed_in(&browser, &provider).await.is(422).says("belongs to another account");

    let rest = Rest::open(&world.app).await;
    let listed = rest.get("/admins").await.json["items"].clone();
    let ada = listed.as_array().unwrap().iter().find(|row| row["email"] == "ada@corp.example").unwrap();
    assert_eq!(ada["sign_on"], true);
    let page = format!("/admins/{}", ada["id"].as_str().unwrap());
    owner.get(&page).await.is(200).says("sub-1");
    owner.submit(&format!("{page}/sign-on/unlink"), &[]).await.is(303);
    owner.submit(&format!("{page}/sign-on/unlink"), &[]).await.is(404);
    rest.delete(&format!("{page}/sign-on")).await.refuses(404, "not_found");
    signed_in(&browser, &provider).await.leads_to("/");
    owner.get(&page).await.is(200).says("sub-2");
    rest.delete(&format!("{page}/sign-on")).await.is(204);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn who_has_no_password_shows_at_the_provider_who_they_are(db: PgPool) {
    let world = world(db).await;
    let provider = provider(&world).await;
    let access = Access::Everywhere(Role::Owner);
    server::actions::admins::invite(&world.app, &tester(), "ada@corp.example", &access).await.unwrap();
    let ada = Browser::open(&world.app).await;
    signed_in(&ada, &provider).await.leads_to("/");
    world.advance(TimeDelta::minutes(11));
    let typed = [("name", "robot"), ("role", "read_only")];
    let asked = ada.submit("/api-tokens", &typed).await;
    asked.is(403).says("Show it at Corp ID");
    assert!(!asked.text.contains("confirm_password"), "there is none to be typed");
    let at = asked.text.find("/sign-on?held=").unwrap();
    let way = asked.text[at..].split('"').next().unwrap().replace("&#38;", "&");

    let says = |claims: Value| provider.says.lock().unwrap().claims = claims;
    let sent = ada.get(&way).await;
    assert!(sent.to().contains("prompt=login") && sent.to().contains("max_age=0"), "{}", sent.to());
    // As it was when she came: the provider did not ask again.
    let returned = gone(&ada, &provider, &way).await;
    says(json!({"exp": world.now().timestamp() + 60}));
    ada.get(&returned).await.is(422).says("did not ask you to sign in again");
    let returned = gone(&ada, &provider, &way).await;
    says(json!({"exp": world.now().timestamp() + 60, "auth_time": null}));
    ada.get(&returned).await.is(422).says("does not tell when");
    // Somebody else showed who they are.
    admin(&world.app, "eve@corp.example", Role::Owner).await;
    let returned = gone(&ada, &provider, &way).await;
    let fresh = world.now().timestamp();
    says(json!({"exp": fresh + 60, "auth_time": fresh, "sub": "sub-9", "email": "eve@corp.example"}));
    ada.get(&returned).await.is(422).says("as somebody else").says("(sign_on_other_admin)");
    assert_eq!(actions(&world, "admin.sign_in_failed").await[0]["code"], "sign_on_other_admin");
    ada.submit("/api-tokens", &typed).await.is(403);

    let returned = gone(&ada, &provider, &way).await;
    says(json!({"exp": fresh + 60, "auth_time": fresh}));
    let shown = ada.get(&returned).await;
    shown.is(200).says("It is you").says("action=\"/api-tokens\"");
    let held = shown.field("confirm_held");
    ada.submit("/api-tokens", &[("confirm_held", &held)]).await.is(200).says("shown only now");
    assert_eq!(actions(&world, "admin.confirmed").await[0]["how"], "single_sign_on");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_provider_is_entered_once_it_was_found_and_its_secret_stays_with_it(db: PgPool) {
    let world = world(db).await;
    let (first, second) = (Provider::start(0).await, Provider::start(0).await);
    let owner = Browser::owner(&world.app).await;
    owner.get("/login").await;
    owner.get("/single-sign-on").await.is(200).says(&redirect_uri(&world.app));
    let fields = |issuer: &str| {
        [
            ("name", "Corp ID".to_owned()),
            ("issuer", issuer.to_owned()),
            ("client_id", CLIENT.to_owned()),
            ("client_secret", CLIENT_SECRET.to_owned()),
        ]
    };
    let submit = async |fields: &[(&str, String)]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        owner.submit("/single-sign-on", &fields).await
    };
    let wrong = submit(&fields(&format!("{}nowhere", first.issuer))).await;
    wrong.is(422).says("leads to no provider").says("status 404");
    assert!(!wrong.text.contains(CLIENT_SECRET));
    submit(&fields("ftp://corp.example")).await.is(422).says("must begin with https://");
    first.says.lock().unwrap().description = json!({"issuer": "https://elsewhere.example/"});
    submit(&fields(&first.issuer)).await.is(422).says("another issuer");
    first.says.lock().unwrap().description = json!({"jwks_uri": "file:///etc/passwd"});
    submit(&fields(&first.issuer)).await.is(422).says("jwks_uri must begin with https://");
    first.says.lock().unwrap().description = json!({});
    // The final slash is the provider's to choose.
    submit(&fields(first.issuer.trim_end_matches('/'))).await.leads_to("/single-sign-on?done=sign-on-saved");
    owner.get("/single-sign-on").await.says(&first.issuer).says("A client secret is set");
    let kept: Vec<u8> = sqlx::query_scalar("select client_secret from single_sign_on")
        .fetch_one(&world.app.db)
        .await
        .unwrap();
    assert!(!kept.windows(8).any(|octets| CLIENT_SECRET.as_bytes().windows(8).any(|part| part == octets)));

    let rest = Rest::open(&world.app).await;
    let told = rest.get("/single-sign-on").await.is(200);
    let tag = told.tag();
    assert_eq!(told.json["provider"]["issuer"], first.issuer);
    assert_eq!(told.json["provider"]["client_secret"], json!({"set": true}));
    assert!(!told.text.contains("secret /"), "it is never read back");
    let body = |issuer: &str| json!({"name": "Corp ID", "issuer": issuer, "client_id": CLIENT});
    let same = rest.put_if(&tag, "/single-sign-on", body(&first.issuer)).await.is(200);
    assert_eq!(same.json["provider"]["client_secret"], json!({"set": true}));
    rest.put_if("\"stale\"", "/single-sign-on", body(&first.issuer)).await.refuses(412, "revision_changed");
    let other = rest.put("/single-sign-on", body(&second.issuer)).await.is(200);
    assert_eq!(
        other.json["provider"]["client_secret"],
        json!({"set": false}),
        "it is not the second one's to know"
    );
    rest.put("/single-sign-on", json!({"name": "", "issuer": "x", "client_id": ""})).await.is(422);

    owner.get("/login").await;
    let ada = Browser::open(&world.app).await;
    ada.get("/login").await.says("Sign in with Corp ID");
    owner.submit("/single-sign-on/remove", &[]).await.is(303);
    rest.delete("/single-sign-on").await.refuses(404, "not_found");
    assert!(!ada.get("/login").await.text.contains("Sign in with"));
    ada.get("/sign-on").await.leads_to("/login");
    assert_eq!(rest.get("/single-sign-on").await.is(200).json["provider"], Value::Null);
    let audited = format!("{:?}", actions(&world, "single_sign_on.changed").await);
    assert!(audited.contains("secret_changed") && !audited.contains("100%"), "{audited}");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_provider_that_fails_keeps_nobody_from_their_password(db: PgPool) {
    let world = world(db).await;
    let provider = provider(&world).await;
    admin(&world.app, "ada@corp.example", Role::Owner).await;
    let ada = Browser::open(&world.app).await;
    for (answer, words) in [
        ((400, json!({"error": "invalid_client"})), "The provider refused: invalid_client."),
        ((401, json!({"error": "x", "error_description": "Not this one."})), "Not this one (x)."),
        ((500, json!({})), "status 500"),
        ((302, json!({})), "redirect"),
        ((200, json!({})), "gave no ID token"),
        ((200, json!({"id_token": "rubbish"})), "no signed token"),
        ((200, json!("x".repeat(600_000))), "larger than"),
    ] {
        provider.says.lock().unwrap().refusal = Some(answer);
        signed_in(&ada, &provider).await.is(422).says(words);
    }
    sqlx::query("update single_sign_on set issuer = 'http://127.0.0.1:9/'")
        .execute(&world.app.db)
        .await
        .unwrap();
    ada.get("/sign-on").await.is(422).says("could not be asked for").says("Sign in with Corp ID");
    ada.sign_in("ada@corp.example", PASSWORD, "/").await.leads_to("/");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_provider_is_no_way_into_our_own_network(db: PgPool) {
    let world = world(db).await;
    let provider = provider(&world).await;
    let port = Url::parse(&provider.issuer).unwrap().port().unwrap();
    let strict = Outbound { allow_private: false, proxy: None };
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254"] {
        let error = oidc::discover(strict, &format!("https://{host}:{port}")).await.unwrap_err();
        assert!(error.to_string().contains("this machine or its network"), "{host}: {error}");
    }
    // A public provider that names private addresses later.
    let metadata = oidc::discover(world.app.outbound(), &provider.issuer).await.unwrap();
    let us = |outbound| RelyingParty {
        client_id: CLIENT,
        client_secret: None,
        redirect_uri: "https://adit.example/sign-on/callback",
        outbound,
    };
    let attempt = Attempt::begin(false, world.now());
    assert!(attempt.url(&metadata, &us(strict)).is_err());
    let url: String = attempt.url(&metadata, &us(world.app.outbound())).unwrap().into();
    let returned = serde_json::from_value(json!(provider.authorise(&url))).unwrap();
    let before = provider.asked("tokens");
    let error = attempt.finish(&returned, &metadata, &us(strict), world.now()).await.unwrap_err();
    assert!(matches!(error, OidcError::Unreachable { .. }), "{error}");
    assert_eq!(provider.asked("tokens"), before);
    assert!(store::single_sign_on::find(&world.app.db).await.unwrap().is_some());
}
