//! Requests to addresses that people enter. Never a way into this machine or its network: https only, no redirects, and no
//! private address, also not behind a name, unless private upstreams were allowed.

mod address;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::Secret;
use reqwest::Url;
use reqwest::redirect::Policy;

use address::{PublicOnly, checked, is_public};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Where requests may go, and through what.
#[derive(Clone, Copy, Debug)]
pub struct Outbound<'a> {
    pub allow_private: bool,
    pub proxy: Option<&'a Secret>,
}

impl Outbound<'_> {
    /// Reads an address. The error says what to write instead.
    pub fn check(&self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text.trim())
            .map_err(|_| "is no web address: write it in full, such as https://www.example.com/adit")?;
        if url.scheme() != "https" && !(self.allow_private && url.scheme() == "http") {
            return Err("must begin with https://, such as https://www.example.com/adit".into());
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("must hold no user name, no password and nothing from # on".into());
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.');
        let private = match host.parse::<IpAddr>() {
            Ok(address) => !is_public(address),
            Err(_) => {
                host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost")
            }
        };
        if private && !self.allow_private {
            return Err(
                "leads to this machine or its network: give a public address, or start the server with \
                 ADIT_ALLOW_PRIVATE_UPSTREAM=true"
                    .into(),
            );
        }
        Ok(url)
    }

    /// A client for one address that was checked. The error is a sentence for people.
    pub async fn client(&self, url: &Url) -> Result<reqwest::Client, String> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("adit-server/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(TIMEOUT);
        let builder = match (self.allow_private, self.proxy) {
            // The variables of the machine's proxy are not meant for the machine itself.
            (true, None) if is_this_machine(url) => builder.no_proxy(),
            (true, None) => builder,
            (_, Some(proxy)) => {
                let proxy = reqwest::Proxy::all(proxy.expose())
                    .map_err(|_| "ADIT_PROXY is not a web address.".to_owned())?;
                builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()))
            }
            (false, None) if is_proxied() => builder,
            (false, None) => builder.no_proxy().dns_resolver(Arc::new(PublicOnly)),
        };
        if !self.allow_private {
            refuse_private(url).await?;
        }
        builder.build().map_err(|_| "The HTTP client could not be set up.".to_owned())
    }
}

/// A proxy resolves the name itself: what leads to a private address here is refused before; what does not resolve here is
/// the proxy's to judge.
async fn refuse_private(url: &Url) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let Ok(found) = tokio::net::lookup_host((host, port)).await else { return Ok(()) };
    checked(found.collect()).map(|_| ()).map_err(|error| format!("The address is refused: {error}."))
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the usual variables name a proxy.
fn is_proxied() -> bool {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// What went wrong, without the address, which may be secret.
pub fn words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "It did not answer in time.".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("It could not be reached: {cause}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, allow_private: bool) -> Result<Url, String> {
        Outbound { allow_private, proxy: None }.check(text)
    }

    #[test]
    fn an_address_is_public_and_encrypted() {
        for wrong in [
            "http://hooks.example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1/x",
            "https://localhost/",
            "https://169.254.169.254/latest",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://a:b@example.com/",
            "ftp://example.com/",
            "hooks.example.com",
            "https://localhost./",
        ] {
            assert!(check(wrong, false).is_err(), "{wrong}");
        }
        assert!(check("https://hooks.example.com/adit?key=1", false).is_ok());
        assert!(check("http://127.0.0.1:9/", true).is_ok());
        assert!(check("ftp://127.0.0.1:9/", true).is_err());
    }
}
