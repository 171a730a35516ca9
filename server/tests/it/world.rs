//! A server without a network: its actions and workers, a simulator, a stopped clock, and agents that say what a test
//! wants them to say.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use protocol::captures::CaptureState;
use protocol::directory::{Container, Group, MemberRef, User};
use protocol::enrollment::{EnrollRequest, Joined, Joining, Side, Token};
use protocol::heartbeat::{Directives, DirectoryState, Heartbeat, Lookup, Platform, Report, Role};
use protocol::signing::AgentKey;
use protocol::transfer::{Found, Kind, Part, PartAnswer, Record};
use protocol::{AgentId, DistinguishedName, DomainId, ObjectGuid, OrganizationId, Secret, Sid};
use serde_json::{Value, json};
use server::actions;
use server::actions::organizations::{NewCredential, NewOrganization};
use server::actions::transfers::Received;
use server::app::{Actor, App};
use server::clock::Clock;
use server::config::Options;
use server::crypto::{MasterKey, Vault};
use server::workers::{Worked, alerts, execute, housekeeping, mirror, plan};
use server::{store, tls};
use simulator::{Config as SimulatorConfig, Seed, Simulator};
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) const KEY: &str = "an-api-key";
const BASE: &str = "DC=corp,DC=example";
const DOMAIN_SID: &str = "S-1-5-21-1-2-3";
pub(crate) const FILETIME_NEVER: i64 = i64::MAX;

pub(crate) fn tester() -> Actor {
    Actor::Admin { id: Uuid::nil(), email: "tester".into() }
}

pub(crate) fn guid(number: u128) -> ObjectGuid {
    ObjectGuid(Uuid::from_u128(number))
}

/// The container, the integration group, and an ordinary user's primary group.
pub(crate) const CONTAINER: u128 = 1;
pub(crate) const INTEGRATION: u128 = 2;

/// Everything of a server but its listener.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: Clock,
    pub(crate) jumpcloud: Simulator,
    pub(crate) organization: OrganizationId,
    pub(crate) domain: DomainId,
    _data: Scratch,
}

struct Scratch(std::path::PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl World {
    /// An organization whose JumpCloud is empty, and an active domain.
    pub(crate) async fn start(db: PgPool) -> Self {
        let world = Self::in_preview(db, Seed::default(), json!({})).await;
        world.settle().await;
        world
    }

    /// The domain stays in `preview`.
    pub(crate) async fn in_preview(db: PgPool, seed: Seed, settings: Value) -> Self {
        tls::install_provider();
        let config = SimulatorConfig { api_key: KEY.into(), seed: Some(seed), ..SimulatorConfig::default() };
        let jumpcloud = Simulator::start(config, "127.0.0.1:0").await.unwrap();
        let data = Scratch(std::env::temp_dir().join(format!("adit-it-{}", Uuid::new_v4())));
        let options = Options {
            data_dir: Some(data.0.display().to_string()),
            allow_private_upstream: Some("true".into()),
            database_url: Some("postgres://unused/unused".into()),
            ..Options::default()
        };
        let config = options.check().unwrap();
        let clock = Clock::stopped_at(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let master = MasterKey::generate();
        let vault = Vault::from_sealed(&master, vec![(1, Vault::new_data_key(&master, 1).unwrap())]).unwrap();
        let url = config.public_url(config.listen);
        let app = App::new(db, clock.clone(), vault, config, url, None);
        let new = NewOrganization {
            name: "Corp".into(),
            base_url: jumpcloud.base_url(),
            jumpcloud_org_id: None,
            credential: NewCredential::ApiKey(Secret::new(KEY.into())),
        };
        let organization = actions::organizations::add(&app, &tester(), new).await.unwrap();
        let mut wanted = json!({
            "root_user_container": format!("OU=Staff,{BASE}"),
            "ldap": {"bind_user": "jcimport@corp.example", "bind_password": "secret"},
        });
        for (name, value) in settings.as_object().unwrap() {
            wanted[name] = value.clone();
        }
        let domain = actions::domains::add(&app, &tester(), organization, BASE, &wanted).await.unwrap();
        Self { app, clock, jumpcloud, organization, domain, _data: data }
    }

    /// The same server without permission for private upstreams.
    pub(crate) fn strict_app(&self) -> App {
        let options = Options {
            data_dir: Some(self._data.0.display().to_string()),
            database_url: Some("postgres://unused/unused".into()),
            ..Options::default()
        };
        let config = options.check().unwrap();
        let master = MasterKey::generate();
        let vault = Vault::from_sealed(&master, vec![(1, Vault::new_data_key(&master, 1).unwrap())]).unwrap();
        let url = config.public_url(config.listen);
        App::new(self.app.db.clone(), self.clock.clone(), vault, config, url, None)
    }

    /// Lets every worker work until none has anything to do.
    pub(crate) async fn settle(&self) {
        mirror::turn(&self.app).await.unwrap();
        housekeeping::turn(&self.app).await.unwrap();
        alerts::turn(&self.app).await.unwrap();
        for _ in 0..200 {
            let planned = plan::turn(&self.app).await.unwrap();
            mirror::turn(&self.app).await.unwrap();
            let executed = execute::turn(&self.app).await.unwrap();
            if planned == Worked::Idle && executed == Worked::Idle {
                return;
            }
        }
        panic!("the workers never came to rest");
    }

    pub(crate) async fn activate(&self) {
        actions::domains::activate(&self.app, &tester(), self.domain, None).await.unwrap();
        self.settle().await;
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// What is planned and not done, as `kind state`, counted.
    pub(crate) async fn outbox(&self) -> BTreeMap<String, i64> {
        let counts = store::operations::count_planned(&self.app.db, self.domain).await.unwrap();
        counts.into_iter().map(|row| (format!("{} {}", row.kind, row.state), row.count)).collect()
    }

    /// The versions of the rows of each table: what was written is another one.
    pub(crate) async fn versions(&self) -> BTreeMap<String, String> {
        let db = &self.app.db;
        let tables: Vec<String> =
            sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
                .fetch_all(db)
                .await
                .unwrap();
        let mut versions = BTreeMap::new();
        for table in tables {
            let query =
                format!("select coalesce(string_agg(xmin::text, ' ' order by ctid), '') from \"{table}\"");
            let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(db).await.unwrap();
            versions.insert(table, rows);
        }
        versions
    }

    pub(crate) async fn status(&self, number: u128) -> String {
        store::subjects::find_user(&self.app.db, self.domain, guid(number)).await.unwrap().unwrap().status
    }

    pub(crate) async fn reasons(&self, number: u128) -> Vec<String> {
        let row = store::subjects::find_user(&self.app.db, self.domain, guid(number)).await.unwrap().unwrap();
        row.reasons.0.into_iter().map(|reason| reason.code).collect()
    }

    pub(crate) async fn jumpcloud_id(&self, number: u128) -> Option<String> {
        store::subjects::find_user(&self.app.db, self.domain, guid(number))
            .await
            .unwrap()
            .unwrap()
            .jumpcloud_id
    }

    pub(crate) async fn change(&self, settings: Value) {
        actions::domains::change_settings(&self.app, &tester(), self.domain, &settings).await.unwrap();
    }

    /// An agent that joined with a fresh token, on a domain controller of that name.
    pub(crate) async fn enrolled(&self, name: &str) -> Dc<'_> {
        let issued =
            actions::enrollment::issue_token(&self.app, &tester(), self.domain, 3600, 1).await.unwrap();
        let (agent, key) = self.join(name, &issued.token).await.unwrap();
        let invocation_id = Uuid::new_v4();
        Dc {
            world: self,
            agent,
            key,
            name: name.into(),
            instance: Uuid::new_v4(),
            sequence: 0,
            invocation_id,
            usn: 0,
            vector: BTreeMap::new(),
            applied_revision: 0,
            reads_by: None,
            capture: None,
            alter: |_| {},
        }
    }

    pub(crate) async fn join(
        &self,
        name: &str,
        token: &Secret,
    ) -> Result<(AgentId, AgentKey), server::error::Error> {
        let token = Token::parse(token.expose()).unwrap();
        let (key, _) = AgentKey::generate().unwrap();
        let joining = Joining {
            public_key: key.public_key(),
            nonce: "n".into(),
            domain_controller: name.into(),
            host: name.into(),
            platform: Platform::Linux,
            version: "1".into(),
        };
        let proven = token.key().prove(Side::Agent, &joining).unwrap();
        let answer =
            actions::enrollment::enroll(&self.app, &EnrollRequest { token: token.id, proven }).await?;
        let joined: Joined = token.key().open(Side::Server, &answer).unwrap();
        assert_eq!(joined.nonce, "n");
        Ok((joined.agent, key))
    }
}

/// An agent on a domain controller.
pub(crate) struct Dc<'a> {
    pub(crate) world: &'a World,
    pub(crate) agent: AgentId,
    pub(crate) key: AgentKey,
    name: String,
    pub(crate) instance: Uuid,
    pub(crate) sequence: u64,
    pub(crate) invocation_id: Uuid,
    pub(crate) usn: i64,
    pub(crate) vector: BTreeMap<Uuid, i64>,
    pub(crate) applied_revision: i64,
    /// The settings by which it reads, if these are not the applied ones.
    pub(crate) reads_by: Option<i64>,
    pub(crate) capture: Option<CaptureState>,
    /// What it finds otherwise than a sound domain controller has it.
    pub(crate) alter: fn(&mut Report),
}

impl Dc<'_> {
    pub(crate) fn heartbeat(&self) -> Heartbeat {
        let found = |number, dn: &str| Lookup::Present {
            guid: guid(number),
            dn: DistinguishedName::parse(dn).unwrap(),
            group_type: Some(-2_147_483_646),
        };
        let mut report = Report {
            dns_host_name: self.name.clone(),
            invocation_id: self.invocation_id,
            highest_committed_usn: self.usn,
            current_time: Some(self.world.now()),
            domain_sid: Sid::parse(DOMAIN_SID),
            revision: self.reads_by.unwrap_or(self.applied_revision),
            root_user_container: found(CONTAINER, &format!("OU=Staff,{BASE}")),
            integration_group: found(INTEGRATION, &format!("CN=JumpCloud,OU=Staff,{BASE}")),
            bind_account: None,
            replication_vector: self.vector.clone(),
            domain_controllers: Vec::new(),
            password_complexity: Some(true),
            min_password_length: Some(7),
            password_history_length: Some(24),
            min_password_age_days: Some(1),
            certificate_expires_at: None,
            users_with_hidden_attributes: 0,
            replicated_at: BTreeMap::new(),
            synchronized: Some(true),
            clock_ahead_ms: Some(0),
            account: None,
            members_readable: None,
            deleted_objects_readable: Some(false),
        };
        (self.alter)(&mut report);
        Heartbeat {
            instance: self.instance,
            sequence: self.sequence,
            version: "1".into(),
            host: self.name.clone(),
            platform: Platform::Linux,
            clock: self.world.now(),
            applied_revision: self.applied_revision,
            watched_groups_version: 0,
            read_again_done: 0,
            directory: DirectoryState::Connected { secure: true, report: Box::new(report) },
            capture: self.capture.clone(),
        }
    }

    pub(crate) async fn beat(&mut self) -> Result<Directives, server::error::Error> {
        self.sequence += 1;
        let row = store::agents::find(&self.world.app.db, self.agent).await.unwrap().unwrap();
        actions::heartbeats::receive(&self.world.app, &row, &self.heartbeat()).await
    }

    /// The watcher's fence, after a heartbeat.
    pub(crate) async fn fence(&mut self) -> Option<i64> {
        match self.beat().await.unwrap().role {
            Role::Watcher { fence, .. } => Some(fence),
            Role::Standby | Role::Idle => None,
        }
    }

    pub(crate) async fn send(&self, part: &Part) -> Received {
        let row = store::agents::find(&self.world.app.db, self.agent).await.unwrap().unwrap();
        actions::transfers::receive(&self.world.app, &row, part).await.unwrap()
    }

    /// Sends one transfer, as the watcher.
    pub(crate) async fn report(&mut self, kind: Kind, records: Vec<Record>) -> PartAnswer {
        let fence = self.fence().await.expect("this agent watches");
        let from = (kind == Kind::Delta).then_some(self.usn);
        self.usn += 10;
        let part = Part {
            transfer: Uuid::new_v4(),
            number: 0,
            last: true,
            fence,
            revision: self.reads_by.unwrap_or(self.applied_revision),
            invocation_id: self.invocation_id,
            from,
            to: self.usn,
            kind,
            records,
        };
        match self.send(&part).await {
            Received::Answer(answer) => answer,
            Received::Refused { code, .. } => panic!("refused: {code}"),
        }
    }

    /// Answers look-ups with what `found` says of each.
    pub(crate) async fn answer(&mut self, look_up: &[ObjectGuid], found: &Found) {
        let records =
            look_up.iter().map(|guid| Record::LookedUp { guid: *guid, found: found.clone() }).collect();
        let fence = self.fence().await.expect("this agent watches");
        let part = Part {
            transfer: Uuid::new_v4(),
            number: 0,
            last: true,
            fence,
            revision: self.reads_by.unwrap_or(self.applied_revision),
            invocation_id: self.invocation_id,
            from: Some(self.usn),
            to: self.usn,
            kind: Kind::Delta,
            records,
        };
        assert!(matches!(self.send(&part).await, Received::Answer(_)));
    }

    /// A first full read of these people, all direct members of the integration group.
    pub(crate) async fn read_in_full(&mut self, people: &[User]) -> PartAnswer {
        let mut records = vec![
            Record::Container(Container {
                guid: guid(CONTAINER),
                dn: DistinguishedName::parse(&format!("OU=Staff,{BASE}")).unwrap(),
            }),
            Record::Group(group(INTEGRATION, "JumpCloud")),
        ];
        records.extend(people.iter().cloned().map(Record::User));
        records.push(members(INTEGRATION, people));
        self.report(Kind::Full, records).await
    }
}

pub(crate) fn user(number: u128, name: &str) -> User {
    User {
        guid: guid(number),
        sid: Sid::parse(&format!("{DOMAIN_SID}-{}", 1000 + number)),
        dn: DistinguishedName::parse(&format!("CN={name},OU=Staff,{BASE}")).unwrap(),
        sam_account_type: Some(805_306_368),
        object_class: vec!["user".into()],
        sam_account_name: Some(name.into()),
        user_principal_name: Some(format!("{name}@corp.example")),
        mail: Some(format!("{name}@corp.example")),
        given_name: Some(name.into()),
        sn: Some("Example".into()),
        user_account_control: Some(512),
        account_expires: Some(FILETIME_NEVER),
        pwd_last_set: Some(133_000_000_000_000_000),
        password_version: None,
        admin_count: None,
        primary_group_id: Some(513),
        manager: None,
        attributes: BTreeMap::new(),
    }
}

pub(crate) fn people(count: u128) -> Vec<User> {
    (0..count).map(|number| user(100 + number, &format!("person{number}"))).collect()
}

pub(crate) fn group(number: u128, name: &str) -> Group {
    Group {
        guid: guid(number),
        sid: Sid::parse(&format!("{DOMAIN_SID}-{}", 5000 + number)),
        dn: DistinguishedName::parse(&format!("CN={name},OU=Staff,{BASE}")).unwrap(),
        sam_account_name: Some(name.into()),
        group_type: Some(-2_147_483_646),
        description: None,
        admin_count: None,
    }
}

pub(crate) fn members(group: u128, people: &[User]) -> Record {
    let member = |user: &User| MemberRef { guid: user.guid, sid: user.sid.clone(), dn: user.dn.clone() };
    Record::Members {
        group: guid(group),
        first: true,
        last: true,
        members: people.iter().map(member).collect(),
    }
}
