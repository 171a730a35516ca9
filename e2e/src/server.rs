//! The server as a process, and its REST API.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Method, redirect};
use serde_json::Value;

use crate::place::{self, Scratch, run};
use crate::reaper::Process;
use crate::wait::until;

/// A running server with its own database.
#[derive(Debug)]
pub struct Server {
    // Before the folder, as it is dropped first.
    process: Mutex<Option<Process>>,
    program: PathBuf,
    listen: String,
    /// Somebody else's database.
    database: Option<String>,
    pub token: String,
    pub fingerprint: String,
    certificate: Vec<u8>,
    data: Scratch,
}

impl Server {
    /// The server that the tests of this process share.
    pub async fn shared() -> Result<Arc<Self>> {
        static SHARED: tokio::sync::OnceCell<Arc<Server>> = tokio::sync::OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await.cloned()
    }

    pub async fn start() -> Result<Arc<Self>> {
        let mut server = Self::new()?;
        server.resume().await?;
        let log = server.log()?;
        server.fingerprint = log
            .split_whitespace()
            .find(|word| word.starts_with("sha256:"))
            .context("the server did not print its fingerprint")?
            .to_owned();
        let mut command = server.command();
        command.args(["create-api-token", "--name", "e2e", "--role", "owner"]);
        let said = run(command).await?;
        server.token = said.split_whitespace().last().context("no token was printed")?.to_owned();
        Ok(Arc::new(server))
    }

    /// A second server on the database of this one.
    pub async fn beside(&self) -> Result<Self> {
        let socket = self.data_dir().join("postgres.socket");
        let mut server = Self::new()?;
        server.database = Some(format!("postgres://adit@localhost/adit?host={}", socket.display()));
        server.token.clone_from(&self.token);
        std::fs::create_dir_all(server.data_dir())?;
        std::fs::copy(self.data_dir().join("master.key"), server.data_dir().join("master.key"))?;
        server.resume().await?;
        Ok(server)
    }

    fn new() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            process: Mutex::default(),
            program: place::program("adit-server")?,
            listen: format!("127.0.0.1:{}", place::free_port()?),
            database: None,
            token: String::new(),
            fingerprint: String::new(),
            certificate: Vec::new(),
            data: Scratch::new("srv")?,
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_remove("DATABASE_URL").env("ADIT_DATA_DIR", self.data_dir());
        command.envs(self.database.as_ref().map(|url| ("ADIT_DATABASE_URL", url)));
        command.env("ADIT_LISTEN", &self.listen).env("ADIT_ALLOW_PRIVATE_UPSTREAM", "true");
        command.env("ADIT_LOG", std::env::var("ADIT_LOG").unwrap_or("info".into()));
        command
    }

    pub fn data_dir(&self) -> PathBuf {
        self.data.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.data.path().join("server.log")
    }

    /// All that it has logged.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.log_file())?)
    }

    /// Starts it, where it was before if it was stopped.
    pub async fn resume(&mut self) -> Result<()> {
        self.resume_shared().await
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`].
    pub async fn resume_shared(&self) -> Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(self.log_file())?;
        let mut command = self.command();
        command.arg("serve").stderr(log.try_clone()?).stdout(log);
        let process = Process::start(command)?;
        *self.lock() = Some(process);
        until("the server answers", async || {
            let lives = self.lock().as_mut().is_some_and(Process::runs);
            ensure!(lives, "the server ended:\n{}", self.log()?);
            let Ok(client) = self.new_client() else { return Ok(None) };
            let ready = client.get(format!("{}/readyz", self.url())).send().await;
            Ok(ready.is_ok_and(|answer| answer.status().is_success()).then_some(()))
        })
        .await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it properly.
    pub fn stop(&self) {
        if let Some(process) = self.lock().as_mut() {
            process.stop();
        }
    }

    /// `kill -9`.
    pub fn kill(&self) {
        if let Some(process) = self.lock().as_mut() {
            process.kill();
        }
    }

    /// Has it hang, or go on; its database lives on.
    pub fn freeze(&self, frozen: bool) {
        if let Some(process) = self.lock().as_ref() {
            process.freeze(frozen);
        }
    }

    /// `kill -9` to the database server, with all its processes.
    pub fn crash_database(&self) -> Result<()> {
        let file = std::fs::read_to_string(self.data_dir().join("postgres/postmaster.pid"))?;
        let pid: i32 = file.lines().next().context("the pid file is empty")?.trim().parse()?;
        let pid = rustix::process::Pid::from_raw(pid).context("no pid")?;
        Ok(rustix::process::kill_process(pid, rustix::process::Signal::QUIT)?)
    }

    /// Makes somebody who may sign in to the dashboard.
    pub async fn create_admin(&self, email: &str, password: &str, role: &str) -> Result<()> {
        let secret = self.data.path().join("secret");
        std::fs::write(&secret, password)?;
        let mut command = self.command();
        command.args(["create-admin", "--email", email, "--role", role, "--password-stdin"]);
        command.stdin(File::open(&secret)?);
        run(command).await.map(drop)
    }

    /// Asks the private database by `psql`.
    pub async fn sql(&self, query: &str) -> Result<String> {
        let mut command = Command::new("psql");
        command.arg("-h").arg(self.data_dir().join("postgres.socket"));
        command.args(["-U", "adit", "-d", "adit", "-Atc", query]);
        Ok(run(command).await?.trim().to_owned())
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.listen)
    }

    pub fn pid(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::id)
    }

    fn new_client(&self) -> Result<reqwest::Client> {
        let pem = if self.certificate.is_empty() {
            std::fs::read(self.data_dir().join("tls-certificate.pem"))?
        } else {
            self.certificate.clone()
        };
        let certificate = reqwest::Certificate::from_pem(&pem)?;
        let client = reqwest::Client::builder().tls_certs_only([certificate]).no_proxy();
        Ok(client.redirect(redirect::Policy::none()).timeout(Duration::from_secs(20)).build()?)
    }

    /// Signs in to the dashboard; what the session's cookie holds.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<String> {
        // The form's own token: any, so that the cookie and the field agree.
        let token = "e".repeat(43);
        let form = [("csrf", token.as_str()), ("email", email), ("password", password)];
        let request = self.new_client()?.post(format!("{}/login", self.url())).form(&form);
        let request = request.header(ORIGIN, self.url()).header(COOKIE, format!("__Host-adit-form={token}"));
        let answer = request.send().await?;
        let cookies = answer.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        let session = cookies.filter_map(|cookie| cookie.strip_prefix("__Host-adit=")).next();
        let session = session.with_context(|| format!("no session: {}", answer.status()))?;
        Ok(session.split(';').next().unwrap_or_default().to_owned())
    }

    /// A client of the REST API. Each test has its own, as its connections end with the test's runtime.
    pub fn api(&self) -> Result<Api> {
        Ok(Api {
            client: self.new_client()?,
            url: format!("{}/api/v1", self.url()),
            token: self.token.clone(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A file to which a process writes.
pub(crate) fn log_to(path: &std::path::Path) -> Result<File> {
    Ok(OpenOptions::new().create(true).append(true).open(path)?)
}

/// The REST API with an owner's token.
#[derive(Clone, Debug)]
pub struct Api {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.expect(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.expect(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Result<Value> {
        self.expect(Method::PATCH, path, Some(body)).await
    }

    /// An answer that says yes.
    async fn expect(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let (status, answer) = self.ask(method.clone(), path, body).await?;
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status} {answer}");
        }
        Ok(answer)
    }

    /// Status and body, whatever they say.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Every item of a list.
    pub async fn all(&self, path: &str) -> Result<Vec<Value>> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let mut page = self.get(&format!("{path}{sign}limit=200{after}")).await?;
            items.extend(page["items"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(items),
            }
        }
    }

    /// What the checks of a domain say, by code.
    pub async fn checks(&self, domain: &str) -> Result<BTreeMap<String, String>> {
        let checks = self.get(&format!("/domains/{domain}/checks")).await?;
        let items = checks["items"].as_array().cloned().unwrap_or_default();
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        Ok(items.iter().map(|item| (text(item, "code"), text(item, "state"))).collect())
    }
}
