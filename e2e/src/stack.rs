//! What one test works with: a JumpCloud of its own, an organization, a domain with its own container and group, and
//! agents, on a domain controller and a server that it shares with other tests unless it wants its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use simulator::{Config, Seed, Simulator};

use crate::place::number;
use crate::server::Api;
use crate::wait::until;
use crate::{Agent, Dc, Server};

pub const API_KEY: &str = "e2e-api-key";

/// How a stack begins.
#[derive(Debug)]
pub struct Options {
    /// Over the defaults of this harness, as a merge patch.
    pub settings: Value,
    /// What JumpCloud has before.
    pub seed: Seed,
    /// People that AD has, and that are members, before the agent starts.
    pub people: Vec<String>,
    /// Stays in preview if false.
    pub activate: bool,
    /// Starts without an agent if false; `people` are there all the same.
    pub agent: bool,
    pub dc: Option<Arc<Dc>>,
    pub server: Option<Arc<Server>>,
    /// Root user container and integration group that are there already, instead of new ones.
    pub place: Option<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settings: json!({}),
            seed: Seed::default(),
            people: Vec::new(),
            activate: true,
            agent: true,
            dc: None,
            server: None,
            place: None,
        }
    }
}

/// One domain of one organization, watched.
#[derive(Debug)]
pub struct Stack {
    pub dc: Arc<Dc>,
    pub server: Arc<Server>,
    pub api: Api,
    pub jumpcloud: Simulator,
    pub organization: String,
    pub domain: String,
    pub agents: Vec<Agent>,
    /// What names of accounts and groups end with: the domain controller is shared.
    pub tag: String,
    /// The root user container.
    pub container: String,
    /// An organizational unit beside it.
    pub outside: String,
    /// sAMAccountName of the integration group.
    pub group: String,
    marks: AtomicU64,
}

impl Stack {
    /// Active, with these people in JumpCloud.
    pub async fn of(people: &[&str]) -> Result<Self> {
        Self::with(Options { people: names(people), ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Result<Self> {
        let mut stack = Self::prepare(&options).await?;
        let people: Vec<&str> = options.people.iter().map(String::as_str).collect();
        stack.add_people(&people).await?;
        if options.agent {
            stack.start_agent().await?;
            stack.settled().await?;
        }
        if options.activate {
            stack.activate().await?;
            stack.settled().await?;
        }
        Ok(stack)
    }

    async fn prepare(options: &Options) -> Result<Self> {
        let dc = match &options.dc {
            Some(dc) => Arc::clone(dc),
            None => Dc::shared().await?,
        };
        let server = match &options.server {
            Some(server) => Arc::clone(server),
            None => Server::shared().await?,
        };
        let config =
            Config { api_key: API_KEY.into(), seed: Some(options.seed.clone()), ..Config::default() };
        let jumpcloud = Simulator::start(config, "127.0.0.1:0").await?;
        let (api, tag) = (server.api()?, format!("t{}", number()));
        let (container, outside) =
            (format!("OU={tag},{}", dc.base()), format!("OU=outside {tag},{}", dc.base()));
        let group = format!("JumpCloud {tag}");
        let (container, group_dn) = match &options.place {
            Some(place) => place.clone(),
            None => {
                dc.ad(furniture(&tag, &container, &group)).await?;
                let group_dn = format!("CN={group},{container}");
                (container, group_dn)
            }
        };
        let organization = api
            .post(
                "/organizations",
                json!({"name": tag, "api_key": API_KEY, "base_url": jumpcloud.base_url()}),
            )
            .await?;
        let organization = text(&organization, "id");
        let mut settings = json!({
            "root_user_container": container,
            "integration_group": group_dn,
            "ldap": {
                "bind_user": dc.fact("service_upn"),
                "bind_password": dc.fact("service_password"),
                "ca_pem": dc.ca_pem()?,
            },
            "poll_interval_ms": 250,
            "guard": wide_guard(),
        });
        merge(&mut settings, &options.settings);
        let wish = json!({"organization_id": organization, "name": dc.base(), "settings": settings});
        let domain = text(&api.post("/domains", wish).await?, "id");
        Ok(Self {
            dc,
            server,
            api,
            jumpcloud,
            organization,
            domain,
            agents: Vec::new(),
            tag,
            container,
            outside,
            group,
            marks: AtomicU64::new(0),
        })
    }

    /// An agent on the stack's domain controller.
    pub async fn start_agent(&mut self) -> Result<()> {
        let url = self.dc.fact("ldaps_url").to_owned();
        self.start_agent_at(&url).await
    }

    pub async fn start_agent_at(&mut self, url: &str) -> Result<()> {
        let path = format!("/domains/{}/enrollment-tokens", self.domain);
        let token = text(&self.api.post(&path, json!({})).await?, "token");
        self.agents.push(Agent::enroll(&self.server, &token, url, self.dc.fact("smb_conf")).await?);
        Ok(())
    }

    pub async fn activate(&self) -> Result<()> {
        self.api.post(&format!("/domains/{}/activate", self.domain), json!({})).await.map(drop)
    }

    /// Changes settings.
    pub async fn change(&self, settings: Value) -> Result<()> {
        self.api.patch(&self.path(""), json!({"settings": settings})).await.map(drop)
    }

    /// A path of the API below the domain.
    pub fn path(&self, rest: &str) -> String {
        format!("/domains/{}{rest}", self.domain)
    }

    // --- the directory

    /// The account that a test calls `ada`.
    pub fn account(&self, name: &str) -> String {
        format!("{name}.{}", self.tag)
    }

    pub fn mail(&self, name: &str) -> String {
        format!("{name}.{}@e2e.example", self.tag)
    }

    /// Where an account is that has neither been renamed nor moved.
    pub fn dn(&self, name: &str) -> String {
        format!("CN={},{}", self.account(name), self.container)
    }

    pub async fn ad(&self, command: Value) -> Result<Value> {
        self.dc.ad(command).await
    }

    /// An ordinary person in the container, a member of nothing.
    pub fn person(&self, name: &str) -> Value {
        json!({"op": "add_user", "name": self.account(name), "in": self.container, "attributes": {
            "givenName": name, "sn": "Example", "mail": self.mail(name),
        }})
    }

    /// People in the container and in the integration group, all at once.
    pub async fn add_people(&self, people: &[&str]) -> Result<()> {
        let mut commands: Vec<_> = people.iter().map(|name| self.person(name)).collect();
        if commands.is_empty() {
            return Ok(());
        }
        commands.push(self.members_change("add_members", &self.group, people));
        self.ad(json!({"op": "batch", "commands": commands})).await.map(drop)
    }

    fn members_change(&self, op: &str, group: &str, people: &[&str]) -> Value {
        let members: Vec<_> = people.iter().map(|name| self.account(name)).collect();
        json!({"op": op, "group": group, "members": members})
    }

    /// Makes people members of the integration group.
    pub async fn join(&self, people: &[&str]) -> Result<()> {
        self.ad(self.members_change("add_members", &self.group, people)).await.map(drop)
    }

    pub async fn leave(&self, people: &[&str]) -> Result<()> {
        self.ad(self.members_change("remove_members", &self.group, people)).await.map(drop)
    }

    pub async fn set(&self, name: &str, attributes: Value) -> Result<()> {
        let command = json!({"op": "set", "object": self.account(name), "attributes": attributes});
        self.ad(command).await.map(drop)
    }

    /// One of the commands that take nothing but an object: `disable`, `enable`, `delete`.
    pub async fn to(&self, op: &str, name: &str) -> Result<()> {
        self.ad(json!({"op": op, "object": self.account(name)})).await.map(drop)
    }

    /// A security group in the container, called `name` and the tag.
    pub async fn add_group(&self, name: &str, members: &[&str]) -> Result<String> {
        let group = self.account(name);
        let command = json!({"op": "add_group", "name": group, "in": self.container, "members": members});
        self.ad(command).await?;
        Ok(group)
    }

    // --- JumpCloud

    /// The user of that name in JumpCloud.
    pub fn find(&self, name: &str) -> Option<Value> {
        self.jumpcloud.user_by_username(&self.account(name))
    }

    /// Waits until JumpCloud shows the user as it should be.
    pub async fn shows(&self, name: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
        let shown = until(what, async || Ok(self.find(name).filter(&holds))).await;
        match shown {
            Ok(user) => Ok(user),
            Err(error) => Err(error.context(format!("{:?}; {}", self.find(name), self.told(name).await))),
        }
    }

    /// Waits for something about JumpCloud.
    pub async fn comes(&self, what: &str, holds: impl Fn(&Simulator) -> bool) -> Result<()> {
        until(what, async || Ok(holds(&self.jumpcloud).then_some(()))).await
    }

    // --- what Adit says

    /// The directory user of that name as the API shows it, with its operations; null if there is none.
    pub async fn user(&self, name: &str) -> Result<Value> {
        let account = self.account(name);
        let found = self.api.all(&self.path(&format!("/users?query={account}"))).await?;
        let exact = found.iter().find(|user| user["sam_account_name"] == *account);
        match exact {
            Some(user) => self.api.get(&self.path(&format!("/users/{}", text(user, "id")))).await,
            None => Ok(Value::Null),
        }
    }

    pub(crate) async fn told(&self, name: &str) -> String {
        let user = self.user(name).await.unwrap_or_default();
        format!("status {}, reasons {}, operations {}", user["status"], user["reasons"], user["operations"])
    }

    /// Waits until the user has this status and, if one is named, this reason.
    pub async fn stands(&self, name: &str, status: &str, reason: &str) -> Result<Value> {
        let told = until(&format!("{name} is {status} {reason}"), async || {
            let user = self.user(name).await?;
            let reasons = user["reasons"].as_array().cloned().unwrap_or_default();
            let named = reason.is_empty() || reasons.iter().any(|found| found["code"] == reason);
            Ok((user["status"] == status && named).then_some(user))
        })
        .await;
        match told {
            Ok(user) => Ok(user),
            Err(error) => Err(error.context(self.told(name).await)),
        }
    }

    /// Waits until a check stands so.
    pub async fn check(&self, code: &str, state: &str) -> Result<()> {
        let told = until(&format!("the check {code} is {state}"), async || {
            let checks = self.api.checks(&self.domain).await?;
            Ok(checks.get(code).is_some_and(|found| found == state).then_some(()))
        })
        .await;
        match told {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!("{:?}", self.api.checks(&self.domain).await?))),
        }
    }

    /// The open hold of a kind, with what it holds.
    pub async fn hold(&self, kind: &str) -> Result<Value> {
        until(&format!("a hold of {kind}"), async || {
            let holds = self.api.get("/holds").await?;
            let mut holds = holds["items"].as_array().cloned().unwrap_or_default().into_iter();
            let ours = |hold: &Value| hold["domain_id"] == *self.domain && hold["kind"] == kind;
            let Some(hold) = holds.find(|hold| ours(hold) && hold["state"] == "open") else {
                return Ok(None);
            };
            Ok(Some(self.api.get(&format!("/holds/{}", text(&hold, "id"))).await?))
        })
        .await
    }

    /// Nothing is dirty, the preview is whole, and, where the domain is active, nothing is ready or under way.
    pub async fn settled(&self) -> Result<()> {
        let settled = until("everything is done", async || {
            let domain = self.api.get(&self.path("")).await?;
            let newest = self.newest_operation().await?;
            if domain["mode"] == "active" && !self.waiting().await?.is_empty() {
                return Ok(None);
            }
            let complete = self.api.get(&self.path("/preview")).await?["complete"] == true;
            // What was done last may have been planned further in between, as a created user becomes a member.
            Ok((complete && newest == self.newest_operation().await?).then_some(()))
        })
        .await;
        match settled {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(self.how_it_stands().await)),
        }
    }

    pub(crate) async fn how_it_stands(&self) -> String {
        let mut log = self.agents.iter().map(|agent| agent.log().unwrap_or_default()).collect::<String>();
        let server = self.server.log().unwrap_or_default();
        log.extend(
            server.lines().filter(|line| !line.contains(" INFO ")).map(|line| format!("server: {line}\n")),
        );
        format!(
            "checks {:?}, waiting {:?}, agents say:\n{log}",
            self.api.checks(&self.domain).await.unwrap_or_default(),
            self.waiting().await.unwrap_or_default()
        )
    }

    async fn newest_operation(&self) -> Result<Value> {
        let newest = self.api.get(&format!("/operations?domain_id={}&limit=1", self.domain)).await?;
        Ok(newest["items"][0]["id"].clone())
    }

    /// Operations that are ready or under way.
    pub async fn waiting(&self) -> Result<Vec<Value>> {
        let mut waiting = Vec::new();
        // What is leased while the one list is read may be ready again when the other is.
        for state in ["ready", "leased", "ready"] {
            waiting
                .extend(self.api.all(&format!("/operations?domain_id={}&state={state}", self.domain)).await?);
        }
        Ok(waiting)
    }

    /// All that AD has now is read, and everything that follows from it is done.
    pub async fn caught_up(&self) -> Result<()> {
        let mark = (self.marks.fetch_add(1, Ordering::Relaxed) + 1).to_string();
        self.set("marker", json!({"title": mark})).await?;
        let read = until("the marker is read", async || {
            let user = self.user("marker").await?;
            Ok((user["directory"]["attributes"]["title"] == *mark).then_some(()))
        })
        .await;
        if let Err(error) = read {
            return Err(error.context(self.how_it_stands().await));
        }
        self.settled().await
    }

    /// Fails if anything was done to the user that takes away: the words of the simulator's log.
    pub fn untouched(&self, name: &str) -> Result<()> {
        let done = self.jumpcloud.actions_on(&self.account(name));
        let taken = ["delete", "suspend", "dissociate", "remove from group"];
        ensure!(!done.iter().any(|action| taken.contains(&&**action)), "{name} suffered: {done:?}");
        Ok(())
    }

    /// Writes of one kind in the simulator's log.
    pub fn count(&self, action: &str) -> usize {
        let writes = self.jumpcloud.writes();
        writes.iter().filter(|write| write.applied && write.action.as_deref() == Some(action)).count()
    }
}

/// What every stack has of its own in AD.
fn furniture(tag: &str, container: &str, group: &str) -> Value {
    json!({"op": "batch", "commands": [
        {"op": "add_ou", "name": tag},
        {"op": "add_ou", "name": format!("outside {tag}")},
        {"op": "add_group", "name": group, "in": container, "scope": "global"},
        {"op": "add_user", "name": format!("marker.{tag}"), "in": container},
    ]})
}

/// Limits that nothing in a test reaches.
pub fn wide_guard() -> Value {
    let wide = json!({"min_count": 100_000, "max_percent": 100, "max_count": 100_000});
    json!({"users": wide, "suspends": wide, "groups": wide, "memberships": wide})
}

pub fn names(people: &[&str]) -> Vec<String> {
    people.iter().map(|&name| name.to_owned()).collect()
}

/// A text field of an answer.
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn merge(base: &mut Value, patch: &Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch.clone(),
    }
}
