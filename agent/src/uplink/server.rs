//! One HTTP client for one server, trusting exactly what it was told to trust.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use protocol::problem::Problem;
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::UplinkError;
use crate::tls::{self, TlsError, Trust, Witness};

/// No answer is larger; the longest is a list of groups.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Why a server's address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("\"{0}\" is no server address: write https://HOST or https://HOST:PORT")]
    Address(String),
    #[error("{0} is not encrypted: use https (plain http is only for a server on this machine)")]
    Plain(String),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("no HTTP client can be made: {0}")]
    Client(#[source] reqwest::Error),
}

/// A server.
#[derive(Debug)]
pub struct Server {
    url: String,
    http: reqwest::Client,
    witness: Witness,
}

impl Server {
    pub fn new(address: &str, fingerprint: Option<&str>, ca_pem: Option<&str>) -> Result<Self, ServerError> {
        let url = parse(address)?;
        let (config, witness) = tls::client(&Trust::of(ca_pem, fingerprint)?)?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("adit-agent/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(ServerError::Client)?;
        Ok(Self { url: url.as_str().trim_end_matches('/').to_owned(), http, witness })
    }

    /// The address in its one form.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks whether the server is there and ready.
    pub async fn is_ready(&self) -> Result<(), UplinkError> {
        let request = self.http.get(format!("{}/readyz", self.url)).timeout(Duration::from_secs(10));
        let answer = request.send().await.map_err(|error| self.explain(&error))?;
        match answer.status().is_success() {
            true => Ok(()),
            false => Err(UplinkError::Answer(format!("/readyz answers {}", answer.status()))),
        }
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
        token: Option<&str>,
        patience: Duration,
    ) -> Result<T, UplinkError> {
        let mut request = self.http.post(format!("{}{path}", self.url)).timeout(patience).body(body);
        request = request.header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.map_err(|error| self.explain(&error))?;
        let status = answer.status();
        let body = self.bounded(answer).await?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| UplinkError::Answer(error.to_string()));
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(UplinkError::Refused(Box::new(problem))),
            Err(_) if status.is_server_error() => Err(UplinkError::Unreachable {
                server: self.url.clone(),
                cause: format!("it answers {status}"),
            }),
            Err(_) => Err(UplinkError::Answer(format!("it answers {status}"))),
        }
    }

    async fn bounded(&self, mut answer: reqwest::Response) -> Result<Vec<u8>, UplinkError> {
        let mut body = Vec::new();
        while let Some(some) = answer.chunk().await.map_err(|error| self.explain(&error))? {
            body.extend_from_slice(&some);
            if body.len() > MAX_ANSWER_BYTES {
                return Err(UplinkError::Answer("it is too large".into()));
            }
        }
        Ok(body)
    }

    fn explain(&self, error: &reqwest::Error) -> UplinkError {
        let server = self.url.clone();
        match self.witness.refusal().filter(|_| error.is_connect()) {
            Some((seen, refused)) => UplinkError::Untrusted { server, seen: Box::new(seen), refused },
            None => UplinkError::Unreachable { server, cause: root_cause(error) },
        }
    }
}

fn parse(address: &str) -> Result<Url, ServerError> {
    let wrong = || ServerError::Address(address.to_owned());
    let url = Url::parse(address.trim()).map_err(|_| wrong())?;
    if url.host().is_none() || url.query().is_some() || !url.username().is_empty() {
        return Err(wrong());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(ServerError::Plain(address.to_owned())),
        _ => Err(wrong()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// What lies at the bottom of reqwest's chain: "Connection refused".
fn root_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        for good in [
            "https://adit.example.com",
            "https://10.0.0.1:8443/",
            "http://127.0.0.1:8080",
            "http://localhost:1",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "adit.example.com", "http://adit.example.com", "ftp://x", "https://u@x", "https://x?y"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
