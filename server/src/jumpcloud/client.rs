//! The HTTP client of one organization: credential, budget, and the way of every request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use planner::plan::Lane;
use protocol::Secret;
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue},
};
use zeroize::Zeroizing;

use super::answer::{Answer, Raw, unreachable};
use super::base_url::BaseUrl;
use super::meter::METER;
use super::request::{Body, Request};
use super::token::ServiceAccount;
use super::{Budget, Credential, JumpCloudError, Result, Settings, SettingsError, Tenure};

/// A request does not wait through a longer pause: whoever holds a lease should not.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(10);

/// Talks to one organization. Clones share connections, token and budget.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    lane: Lane,
    tenure: Option<Tenure>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    base_url: BaseUrl,
    access: Access,
    org_id: Option<String>,
    budget: Budget,
    timeout: Duration,
}

#[derive(Debug)]
enum Access {
    ApiKey(HeaderValue),
    ServiceAccount(Box<ServiceAccount>),
}

/// A request's credential as it is sent.
struct Proof {
    name: HeaderName,
    value: HeaderValue,
    token: Option<Secret>,
}

impl Client {
    /// The process must have installed a TLS provider before.
    pub fn new(settings: Settings, budget: Budget) -> Result<Self, SettingsError> {
        let Settings { base_url, credential, org_id, proxy, timeout } = settings;
        let org_id = org_id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        if org_id.as_ref().is_some_and(|id| id.len() != 24 || !id.chars().all(|c| c.is_ascii_hexdigit())) {
            return Err(SettingsError::OrgId);
        }
        let access = Access::new(credential, &base_url)?;
        let http = http(proxy.as_ref(), &base_url, timeout)?;
        let shared = Shared { http, base_url, access, org_id, budget, timeout };
        Ok(Self { shared: Arc::new(shared), lane: Lane::Normal, tenure: None })
    }

    /// The same client in another lane. Without this it is [`Lane::Normal`].
    pub fn in_lane(&self, lane: Lane) -> Self {
        Self { lane, ..self.clone() }
    }

    /// The same client for as long as the tenure holds.
    pub fn during(&self, tenure: &Tenure) -> Self {
        Self { tenure: Some(tenure.clone()), ..self.clone() }
    }

    /// The budget that every request of this client is taken from.
    pub fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    pub(super) fn org_id(&self) -> Option<&str> {
        self.shared.org_id.as_deref()
    }

    /// Sends a request and tells success from failure.
    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Answer> {
        request.check()?;
        match self.attempt(request).await {
            Err(JumpCloudError::NotFound(refusal))
                if request.names_organization && self.org_id().is_some() =>
            {
                // A wrong organization id makes everything look deleted, so an absence is believed only if the
                // organization itself is there.
                let probe =
                    Request::v1(Method::GET, &["systemusers"]).query("limit", 1).query("fields", "_id");
                match self.attempt(&probe).await {
                    Err(JumpCloudError::NotFound(refusal)) => {
                        Err(JumpCloudError::OrganizationUnknown(refusal))
                    }
                    Err(error) => Err(error),
                    Ok(_) => Err(JumpCloudError::NotFound(refusal)),
                }
            }
            answer => answer,
        }
    }

    /// Sends a request, with a fresh token if the current one was rejected: a 401 did nothing.
    async fn attempt(&self, request: &Request<'_>) -> Result<Answer> {
        let proof = self.proof().await?;
        let answer = self.once(request, &proof).await;
        let (Err(JumpCloudError::Unauthorized(_)), Some(token), Access::ServiceAccount(account)) =
            (&answer, &proof.token, &self.shared.access)
        else {
            return answer;
        };
        account.forget(token).await;
        self.once(request, &self.proof().await?).await
    }

    async fn once(&self, request: &Request<'_>, proof: &Proof) -> Result<Answer> {
        let permit = self.shared.budget.acquire_within(self.lane, PATIENCE).await;
        let permit = permit.map_err(|left| JumpCloudError::Throttled { retry_after: Some(left) })?;
        // The last moment: waiting for the permit may have taken long.
        if self.tenure.as_ref().is_some_and(|tenure| !tenure.holds()) {
            return Err(JumpCloudError::NotOurs);
        }
        let began = Instant::now();
        let raw = self.answer(request, proof).await;
        METER.note(raw.as_ref().ok().map(|raw| raw.status), began.elapsed());
        let raw = raw?;
        tracing::debug!(method = %request.method, path = request.path.join("/"), status = raw.status, "JumpCloud answered");
        if raw.status == 429 {
            let wait = permit.throttled(raw.retry_after());
            return Err(JumpCloudError::Throttled { retry_after: Some(wait) });
        }
        permit.answered();
        raw.judged()
    }

    async fn answer(&self, request: &Request<'_>, proof: &Proof) -> Result<Raw> {
        let response = self.prepared(request, proof).send().await.map_err(unreachable)?;
        Raw::read(response).await
    }

    fn prepared(&self, request: &Request<'_>, proof: &Proof) -> reqwest::RequestBuilder {
        let url = self.shared.base_url.join(&request.path);
        let mut prepared = self
            .shared
            .http
            .request(request.method.clone(), url)
            .timeout(self.shared.timeout)
            .header(proof.name.clone(), proof.value.clone());
        if !request.query.is_empty() {
            prepared = prepared.query(&request.query);
        }
        if let Some(org_id) = self.org_id().filter(|_| request.names_organization) {
            prepared = prepared.header("x-org-id", org_id);
        }
        match &request.body {
            Body::Empty => prepared,
            Body::Json(json) => prepared.json(json),
            Body::Secret(body) => prepared.header(CONTENT_TYPE, "application/json").body(body.0.clone()),
        }
    }

    async fn proof(&self) -> Result<Proof> {
        match &self.shared.access {
            Access::ApiKey(key) => {
                Ok(Proof { name: HeaderName::from_static("x-api-key"), value: key.clone(), token: None })
            }
            Access::ServiceAccount(account) => {
                let token = account.token(&self.shared.http, self.shared.timeout).await?;
                let text = Zeroizing::new(format!("Bearer {}", token.expose()));
                let value =
                    sensitive(&text).ok_or(JumpCloudError::Malformed("the token is no header value"))?;
                Ok(Proof { name: AUTHORIZATION, value, token: Some(token) })
            }
        }
    }
}

impl Access {
    fn new(credential: Credential, base_url: &BaseUrl) -> Result<Self, SettingsError> {
        match credential {
            Credential::ApiKey(key) => {
                let key = sensitive(key.expose().trim()).filter(|key| !key.is_empty());
                Ok(Self::ApiKey(key.ok_or(SettingsError::ApiKey)?))
            }
            Credential::ServiceAccount { client_id, client_secret, token_url } => {
                let token_url = match token_url {
                    Some(url) => Url::parse(&url).map_err(|_| SettingsError::TokenUrl)?,
                    None => base_url.default_token_url(),
                };
                let account = ServiceAccount::new(client_id, client_secret, token_url);
                Ok(Self::ServiceAccount(Box::new(account)))
            }
        }
    }
}

/// A header value that no log shows.
pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn http(
    proxy: Option<&Secret>,
    base_url: &BaseUrl,
    timeout: Duration,
) -> Result<reqwest::Client, SettingsError> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("adit-server/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT.min(timeout));
    let builder = match proxy {
        Some(proxy) => {
            let proxy = reqwest::Proxy::all(proxy.expose()).map_err(|_| SettingsError::Proxy)?;
            builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()))
        }
        // The variables of the machine's proxy are not meant for the machine itself.
        None if base_url.is_loopback() => builder.no_proxy(),
        None => builder,
    };
    builder.build().map_err(|error| SettingsError::Http(error.without_url()))
}
