//! Alerts: each opened once and closed once, and told once, by webhook and by mail.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use protocol::Secret;
use serde_json::{Value, json};
use server::actions::alert_channels::{self, Draft};
use server::notify;
use server::outbound::Outbound;
use server::store;
use server::store::admins::Role;
use server::store::alert_channels::{Channel, Mail, MailSecurity, Target};
use server::store::alerts::Severity;
use server::workers::{Worked, alerts, deliver};
use sqlx::PgPool;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::ui::browser::Browser;
use crate::world::{World, people, tester};

const SIGNING_KEY: &str = "a key of the receiver";

/// Somebody's system that takes webhooks: answers as it is told, 200 otherwise.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

#[derive(Clone, Debug)]
struct Got {
    signature: String,
    idempotency_key: String,
    text: String,
}

impl Got {
    fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn alerts(&self) -> Vec<String> {
        let body = self.body();
        let words = |alert: &Value| {
            format!("{} {}", alert["code"].as_str().unwrap(), alert["state"].as_str().unwrap())
        };
        body["alerts"].as_array().unwrap().iter().map(words).collect()
    }
}

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(axum::routing::any(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn answer(&self, statuses: &[u16]) {
        *self.answers.lock().unwrap() = statuses.to_vec();
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn take(
    axum::extract::State(receiver): axum::extract::State<Receiver>,
    headers: axum::http::HeaderMap,
    text: String,
) -> (axum::http::StatusCode, axum::http::HeaderMap) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    receiver.got.lock().unwrap().push(Got {
        signature: header("adit-signature"),
        idempotency_key: header("idempotency-key"),
        text,
    });
    let mut answers = receiver.answers.lock().unwrap();
    let status = if answers.is_empty() { 200 } else { answers.remove(0) };
    let location = [(axum::http::header::LOCATION, "/elsewhere".parse().unwrap())];
    (axum::http::StatusCode::from_u16(status).unwrap(), location.into_iter().collect())
}

fn webhook(url: &str) -> Draft {
    Draft {
        name: "Operations".into(),
        target: Target::Webhook { url: url.into() },
        secret: Some(Secret::new(SIGNING_KEY.into())),
        min_severity: Severity::Notice,
        organizations: Vec::new(),
        domains: Vec::new(),
        quiet_minutes: 0,
        quiet_hours: None,
    }
}

async fn hooked(world: &World, change: impl FnOnce(&mut Draft)) -> Receiver {
    let (receiver, url) = Receiver::start().await;
    let mut draft = webhook(&url);
    change(&mut draft);
    alert_channels::add(&world.app, &tester(), draft).await.unwrap();
    receiver
}

async fn look(world: &World) {
    alerts::turn(&world.app).await.unwrap();
    while deliver::turn(&world.app).await.unwrap() == Worked::More {}
}

async fn sql(world: &World, statements: &str) {
    let whole = statements.to_owned();
    sqlx::raw_sql(sqlx::AssertSqlSafe(whole)).execute(&world.app.db).await.unwrap();
}

async fn problem(world: &World, code: Option<&str>) {
    let set = code
        .map_or("null, problem_message = null".into(), |code| format!("'{code}', problem_message = 'words'"));
    sql(world, &format!("update organizations set problem_code = {set}")).await;
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_webhook_is_signed_tried_again_and_told_of_the_beginning_and_the_end_once(db: PgPool) {
    let world = World::start(db).await;
    let receiver = hooked(&world, |_| ()).await;
    receiver.answer(&[500, 302]);
    problem(&world, Some("credential_rejected")).await;
    for _ in 0..3 {
        look(&world).await;
    }
    assert_eq!(receiver.got().len(), 1, "it is not tried again at once");
    world.advance(TimeDelta::seconds(10));
    look(&world).await;
    world.advance(TimeDelta::seconds(20));
    look(&world).await;
    world.advance(TimeDelta::hours(2));
    look(&world).await;
    let got = receiver.got();
    assert_eq!(got.len(), 3, "a redirect is no success and not followed; what arrived is not sent again");
    assert!(got.iter().all(|one| one.idempotency_key == got[0].idempotency_key && one.text == got[0].text));
    assert_eq!(got[0].body()["id"], got[0].idempotency_key);

    let last = &got[2];
    let (time, signature) = last.signature.split_once(",v1=").unwrap();
    let seconds: i64 = time.strip_prefix("t=").unwrap().parse().unwrap();
    assert_eq!(seconds, (world.now() - TimeDelta::hours(2)).timestamp());
    assert_eq!(signature, notify::signature(&Secret::new(SIGNING_KEY.into()), seconds, &last.text));
    let body = last.body();
    let alert = &body["alerts"][0];
    assert_eq!((alert["severity"].as_str(), alert["state"].as_str()), (Some("critical"), Some("open")));
    assert!(alert["fix"].as_str().unwrap().contains("credential"));
    assert!(alert["link"].as_str().unwrap().ends_with(&format!("/organizations/{}", world.organization)));
    assert_eq!(alert["organization"]["name"], "Corp");

    problem(&world, None).await;
    look(&world).await;
    look(&world).await;
    let got = receiver.got();
    assert_eq!((got.len(), got[3].alerts()), (4, vec!["credential_refused closed".to_owned()]));
    let channel = store::alert_channels::list(&world.app.db).await.unwrap().remove(0);
    assert!(channel.last_delivered_at.is_some() && channel.last_error.is_none());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn what_follows_soon_is_gathered_and_sent_as_one(db: PgPool) {
    let world = World::start(db).await;
    let receiver = hooked(&world, |draft| draft.quiet_minutes = 10).await;
    for name in ["dc1", "dc2", "dc3"] {
        world.enrolled(name).await.beat().await.unwrap();
    }
    sql(&world, "update agents set last_seen_at = '2100-01-01'").await;
    let silence = async |name: &str| {
        sql(
            &world,
            &format!("update agents set last_seen_at = '2020-01-01' where domain_controller = '{name}'"),
        )
        .await;
        look(&world).await;
    };
    silence("dc1").await;
    silence("dc2").await;
    silence("dc3").await;
    assert_eq!(receiver.got().len(), 1);
    world.advance(TimeDelta::minutes(9));
    look(&world).await;
    assert_eq!(receiver.got().len(), 1);
    world.advance(TimeDelta::minutes(1));
    look(&world).await;
    let got = receiver.got();
    assert_eq!((got.len(), got[1].alerts().len()), (2, 2), "two in one message");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_channel_hears_of_what_it_asked_for_only_and_at_night_only_of_what_is_critical(db: PgPool) {
    let world = World::start(db).await;
    let elsewhere = actions_domain(&world).await;
    let critical = hooked(&world, |draft| draft.min_severity = Severity::Critical).await;
    let other = hooked(&world, |draft| (draft.name, draft.domains) = ("Other".into(), vec![elsewhere])).await;
    let night =
        hooked(&world, |draft| (draft.name, draft.quiet_hours) = ("Night".into(), Some((7 * 60, 9 * 60))))
            .await;
    // It is eight o'clock.
    sql(&world, "update organizations set drifted = 3").await;
    sql(&world, &format!("update domains set integration_group_lost = true where id = '{}'", world.domain))
        .await;
    look(&world).await;
    assert_eq!(critical.got().len(), 1);
    assert_eq!(other.got().iter().flat_map(Got::alerts).collect::<Vec<_>>(), ["drift_found open"]);
    assert_eq!(night.got().iter().flat_map(Got::alerts).collect::<Vec<_>>(), ["integration_group_lost open"]);
    world.advance(TimeDelta::hours(1));
    look(&world).await;
    assert_eq!(night.got()[1].alerts(), ["drift_found open"]);
}

async fn actions_domain(world: &World) -> Uuid {
    let settings = json!({"integration_group": "CN=JumpCloud two,CN=Users,DC=two,DC=example"});
    let id = server::actions::domains::add(
        &world.app,
        &tester(),
        world.organization,
        "DC=two,DC=example",
        &settings,
    )
    .await;
    id.unwrap().0
}

/// What turns a condition on, and what turns it off again.
const CONDITIONS: [(&str, &str, &str); 14] = [
    ("agent_silent", "update agents set last_seen_at = '2020-01-01'", "update agents set last_seen_at = '2100-01-01'"),
    ("clock_skew", "update agents set clock_skew_ms = -60000", "update agents set clock_skew_ms = 0"),
    (
        "agent_suspended",
        "update agents set suspended_at = now(), suspended_reason = 'copied'",
        "update agents set suspended_at = null, suspended_reason = null",
    ),
    (
        "certificate_expiring",
        "update agents set directory = jsonb_set(directory, '{report,certificate_expires_at}', '\"2027-02-01T00:00:00Z\"')",
        "update agents set directory = jsonb_set(directory, '{report,certificate_expires_at}', 'null')",
    ),
    (
        "directory_unreachable",
        "create table kept as select id, directory from agents;
         update agents set directory = '{\"state\": \"failed\", \"code\": \"bind_refused\", \"message\": \"words\"}'",
        "update agents a set directory = k.directory from kept k where k.id = a.id; drop table kept",
    ),
    (
        "credential_refused",
        "update organizations set problem_code = 'permission_denied', problem_message = 'words'",
        "update organizations set problem_code = null, problem_message = null",
    ),
    (
        "jumpcloud_unreachable",
        "update organizations set problem_code = 'unreachable', problem_message = 'words'",
        "update organizations set problem_code = null, problem_message = null",
    ),
    ("drift_found", "update organizations set drifted = 2", "update organizations set drifted = 0"),
    (
        "integration_group_lost",
        "update domains set integration_group_lost = true",
        "update domains set integration_group_lost = false",
    ),
    (
        "hold_opened",
        "insert into holds (id, domain_id, kind, state, allowed, linked, opened_at)
         select gen_random_uuid(), id, 'users', 'open', 1, 9, now() from domains",
        "update holds set state = 'rejected'",
    ),
    ("conflict_open", "update directory_users set status = 'conflict'", "update directory_users set status = 'synced'"),
    (
        "operations_parked",
        "update operations set state = 'parked', error_code = 'refused_by_jumpcloud', error_message = 'words'
         where id = (select min(id::text)::uuid from operations)",
        "update operations set state = 'superseded' where state = 'parked'",
    ),
    (
        "queue_old",
        "update operations set state = 'ready', lane = 1, created_at = '2020-01-01', next_attempt_at = '2020-01-01'
         where id = (select min(id::text)::uuid from operations)",
        "update operations set state = 'superseded' where state = 'ready'",
    ),
    ("capture_missing", CAPTURES, "update agents set capture = null"),
];

const CAPTURES: &str = "update domains set captures_since = '2020-01-01';
    update agents set capture = '{\"hook\": {\"state\": \"missing\"}, \"waiting\": 0}'";

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn every_alert_is_opened_once_closed_once_and_told_once(db: PgPool) {
    let world = World::start(db).await;
    let mut dc = world.enrolled("dc1").await;
    dc.read_in_full(&people(3)).await;
    world.activate().await;
    sql(&world, "update agents set last_seen_at = '2100-01-01'").await;
    let receiver = hooked(&world, |_| ()).await;
    look(&world).await;
    for (code, on, off) in CONDITIONS {
        for round in 1..=2_i64 {
            sql(&world, on).await;
            for _ in 0..6 {
                look(&world).await;
                world.advance(TimeDelta::seconds(20));
            }
            assert_eq!(counts(&world, code).await, (round, 1), "{code} is opened once");
            sql(&world, off).await;
            for _ in 0..6 {
                look(&world).await;
                world.advance(TimeDelta::seconds(20));
            }
            assert_eq!(counts(&world, code).await, (round, 0), "{code} is closed once");
        }
        let told: Vec<_> =
            receiver.got().iter().flat_map(Got::alerts).filter(|told| told.starts_with(code)).collect();
        let once = [format!("{code} open"), format!("{code} closed")];
        assert_eq!(told, [once.clone(), once].concat(), "{code} is told once each time");
    }
}

/// How many alerts of the code there were, and how many of them are open.
async fn counts(world: &World, code: &str) -> (i64, i64) {
    sqlx::query_as("select count(*), count(*) filter (where closed_at is null) from alerts where code = $1")
        .bind(code)
        .fetch_one(&world.app.db)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_certificate_of_the_server_that_ends_soon_is_told(db: PgPool) {
    let world = World::start(db).await;
    world.app.certificate_ends.set(world.now() + TimeDelta::days(20)).unwrap();
    look(&world).await;
    assert_eq!(counts(&world, "server_certificate_expiring").await, (1, 1));
}

/// A mail server that takes one mail for each connection, and what it was told.
async fn mail_server(answer_to_mail: &'static str) -> (Arc<Mutex<String>>, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&told);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            converse(stream, answer_to_mail, &kept).await;
        }
    });
    (told, port)
}

async fn converse(stream: tokio::net::TcpStream, answer_to_mail: &str, told: &Mutex<String>) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        told.lock().unwrap().push_str(&line);
        let answer = match line.trim_end() {
            "." if in_data => {
                in_data = false;
                "250 kept"
            }
            _ if in_data => continue,
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            line if line.starts_with("MAIL") => answer_to_mail,
            _ => "250 fine",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
}

fn mailbox(port: u16, security: MailSecurity) -> Draft {
    let mail = Mail {
        host: "127.0.0.1".into(),
        port,
        security,
        username: None,
        from: "Adit <adit@corp.example>".into(),
        to: vec!["ops@corp.example".into(), "night@corp.example".into()],
    };
    Draft { name: "Mail".into(), target: Target::Email(mail), secret: None, ..webhook("") }
}

async fn channel(world: &World, draft: Draft) -> Channel {
    let id = alert_channels::add(&world.app, &tester(), draft).await.unwrap();
    store::alert_channels::find(&world.app.db, id).await.unwrap().unwrap()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn an_alert_arrives_as_a_mail_in_words(db: PgPool) {
    let world = World::start(db).await;
    let (mails, port) = mail_server("250 fine").await;
    channel(&world, mailbox(port, MailSecurity::None)).await;
    problem(&world, Some("credential_rejected")).await;
    look(&world).await;
    let mail = mails.lock().unwrap().clone();
    for words in [
        "MAIL FROM:<adit@corp.example>",
        "RCPT TO:<ops@corp.example>",
        "RCPT TO:<night@corp.example>",
        "Subject: [Adit] Critical: JumpCloud refuses the credential (Corp)",
        "Message-ID: <",
        "Corp: words",
        "To do: Enter a new credential",
    ] {
        assert!(mail.contains(words), "{words:?} is not in:\n{mail}");
    }
    assert_eq!(mail.matches("DATA\r\n").count(), 1);
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_mail_server_that_refuses_or_does_not_encrypt_is_named_and_asked_again(db: PgPool) {
    let world = World::start(db).await;
    let (_, refusing) = mail_server("550 not from you").await;
    let row = channel(&world, mailbox(refusing, MailSecurity::None)).await;
    problem(&world, Some("credential_rejected")).await;
    look(&world).await;
    let error =
        store::alert_channels::find(&world.app.db, row.id).await.unwrap().unwrap().last_error.unwrap();
    assert!(error.contains("550") && error.contains("not from you"), "{error}");
    let alert = store::alerts::list_open(&world.app.db).await.unwrap().remove(0);
    let deliveries = store::alert_messages::list_deliveries(&world.app.db, &[alert.id]).await.unwrap();
    assert_eq!(deliveries[&alert.id][0].state, "waiting");

    let (mails, plain) = mail_server("250 fine").await;
    let mut draft = mailbox(plain, MailSecurity::Starttls);
    draft.name = "Encrypted".into();
    let row = channel(&world, draft).await;
    assert!(alert_channels::test(&world.app, &tester(), row.id).await.is_err());
    assert!(!mails.lock().unwrap().contains("MAIL FROM"), "nothing is said before it is encrypted");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn nothing_is_posted_into_our_own_network(db: PgPool) {
    let _ = World::start(db).await;
    let (receiver, url) = Receiver::start().await;
    let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap().to_owned();
    let key = Secret::new(SIGNING_KEY.into());
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "10.0.0.1",
        "169.254.169.254",
    ] {
        let url = format!("https://{host}:{port}/hook");
        let hook =
            notify::Hook { url: &url, key: &key, outbound: Outbound { allow_private: false, proxy: None } };
        let error = notify::post(&hook, "id", 0, "{}".into()).await.unwrap_err().to_string();
        assert!(error.contains("this machine or its network"), "{host}: {error}");
    }
    assert!(receiver.got().is_empty());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn channels_are_kept_on_their_pages_and_tested(db: PgPool) {
    let world = World::start(db).await;
    let (receiver, url) = Receiver::start().await;
    let browser = Browser::owner(&world.app).await;
    browser.get("/alerts/channels").await.is(200).says("Nobody is told yet");
    browser.get("/alerts/channels/new?kind=email").await.is(200).says("STARTTLS");
    let fields = |key: &'static str, url: String| {
        vec![
            ("kind", "webhook".to_owned()),
            ("name", "Pager".into()),
            ("url", url),
            ("signing_key", key.into()),
            ("min_severity", "warning".into()),
            ("quiet_minutes", "10".into()),
            ("quiet_hours.from", "22:00".into()),
            ("quiet_hours.to", "06:00".into()),
        ]
    };
    let submit = async |path: &str, fields: Vec<(&str, String)>| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.submit(path, &fields).await
    };
    let wrong = submit("/alerts/channels/new", fields("short", "gopher://x".into())).await;
    wrong.is(422).says("must have at least 16 characters").says("must begin with https://").says("Pager");
    assert!(!wrong.text.contains("value=\"short\""), "a secret is never shown");
    let added = submit("/alerts/channels/new", fields(SIGNING_KEY, url.clone())).await;
    added.is(303);
    let id = added.to().split(['/', '?']).nth(3).unwrap().to_owned();
    browser.submit(&format!("/alerts/channels/{id}/test"), &[]).await.is(303);
    assert_eq!(receiver.got()[0].body()["type"], "test");
    receiver.answer(&[503]);
    browser.submit(&format!("/alerts/channels/{id}/test"), &[]).await.is(422).says("status 503");
    browser.get("/alerts/channels").await.is(200).says("Pager").says("status 503");
    submit(&format!("/alerts/channels/{id}"), fields("", url)).await.is(303);
    browser.submit(&format!("/alerts/channels/{id}/test"), &[]).await.is(303);

    problem(&world, Some("credential_rejected")).await;
    look(&world).await;
    let page = browser.get("/alerts").await;
    page.is(200)
        .says("JumpCloud refuses the credential")
        .says("Critical")
        .says("Enter a new credential")
        .says("sent to Pager");
    let alert = store::alerts::list_open(&world.app.db).await.unwrap().remove(0);
    browser.submit(&format!("/alerts/{}/acknowledge", alert.id), &[]).await.is(303);
    browser.get("/alerts").await.says("owner@corp.example takes care of it");

    browser.submit(&format!("/alerts/channels/{id}/remove"), &[]).await.is(303);
    browser.get("/alerts/channels").await.says("Nobody is told yet");
    let text: String = sqlx::query_scalar("select string_agg(e::text, ' ') from audit_events e")
        .fetch_one(&world.app.db)
        .await
        .unwrap();
    assert!(
        text.contains("alert_channel.added")
            && text.contains("alert_channel.removed")
            && !text.contains(SIGNING_KEY)
    );
    assert!(
        text.contains("alert.acknowledged") && !text.contains("/hook"),
        "the path of an address may be a secret"
    );
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn metrics_are_for_whoever_has_a_token(db: PgPool) {
    let world = World::start(db).await;
    problem(&world, Some("credential_rejected")).await;
    look(&world).await;
    let browser = Browser::open(&world.app).await;
    browser.get("/metrics").await.is(401);
    let token =
        server::actions::admins::create_api_token(&world.app, &tester(), "prometheus", Role::ReadOnly).await;
    let (_, token) = token.unwrap();
    let shown = browser.api("/metrics", token.expose(), "text/plain").await;
    shown
        .is(200)
        .says("adit_alerts_open{severity=\"critical\",code=\"credential_refused\"} 1")
        .says("adit_build_info{version=");
    shown
        .says("adit_agents{status=\"green\"} 0")
        .says("adit_jumpcloud_request_duration_seconds_bucket{le=\"0.05\"}");
    assert!(
        shown.text.lines().all(|line| line.starts_with('#')
            || line.rsplit_once(' ').is_some_and(|(_, n)| n.parse::<f64>().is_ok()))
    );
}
