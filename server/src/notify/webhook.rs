//! A signed POST to somebody's system. Never a way into this machine or its network: https only, no redirects, and no
//! private address, also not behind a name, unless private upstreams were allowed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::Secret;
use reqwest::Url;
use reqwest::redirect::Policy;
use ring::hmac;

use super::NotSent;
use super::address::{PublicOnly, checked, is_public};

/// The header with time and signature: `t=UNIX_SECONDS,v1=HEX`.
pub const SIGNATURE: &str = "adit-signature";
/// The same for every attempt.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where to, and how.
#[derive(Debug)]
pub struct Hook<'a> {
    pub url: &'a str,
    pub key: &'a Secret,
    pub allow_private: bool,
    pub proxy: Option<&'a Secret>,
}

/// HMAC-SHA256 over time, a full stop and the body, as hexadecimal digits.
pub fn signature(key: &Secret, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    tag.as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Reads an address. The error says what to write instead.
pub fn check_url(text: &str, allow_private: bool) -> Result<Url, String> {
    let example = "such as https://hooks.example.com/adit";
    let url =
        Url::parse(text.trim()).map_err(|_| format!("is no web address: write it in full, {example}"))?;
    if url.scheme() != "https" && !(allow_private && url.scheme() == "http") {
        return Err(format!("must begin with https://, {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("must hold no user name, no password and nothing from # on".into());
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.');
    let private = match host.parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        Err(_) => host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost"),
    };
    if private && !allow_private {
        return Err("leads to this machine or its network: give a public address, or start the server with \
             ADIT_ALLOW_PRIVATE_UPSTREAM=true"
            .into());
    }
    Ok(url)
}

/// Sends the body, signed as of `seconds`. Done is any answer of 2xx.
pub async fn post(hook: &Hook<'_>, id: &str, seconds: i64, body: String) -> Result<(), NotSent> {
    let url = check_url(hook.url, hook.allow_private)
        .map_err(|message| NotSent(format!("The address {message}.")))?;
    let client = client(hook, &url).await?;
    let signed = format!("t={seconds},v1={}", signature(hook.key, seconds, &body));
    let answer = client
        .post(url)
        .header(reqwest::header::CONTENT_TYPE, "application/json")
        .header(IDEMPOTENCY_KEY, id)
        .header(SIGNATURE, signed)
        .body(body)
        .send()
        .await
        .map_err(|error| NotSent(words(&error)))?;
    match answer.status().as_u16() {
        200..=299 => Ok(()),
        status @ 300..=399 => Err(NotSent(format!(
            "It answered with a redirect ({status}), and none is followed. Give the address it leads to."
        ))),
        status => Err(NotSent(format!("It answered with status {status}."))),
    }
}

async fn client(hook: &Hook<'_>, url: &Url) -> Result<reqwest::Client, NotSent> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("adit-server/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(TIMEOUT);
    let builder = match (hook.allow_private, hook.proxy) {
        // The variables of the machine's proxy are not meant for the machine itself.
        (true, None) if is_this_machine(url) => builder.no_proxy(),
        (true, None) => builder,
        (_, Some(proxy)) => {
            let proxy = reqwest::Proxy::all(proxy.expose())
                .map_err(|_| NotSent("ADIT_PROXY is not a web address.".into()))?;
            builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()))
        }
        (false, None) if is_proxied() => builder,
        (false, None) => builder.no_proxy().dns_resolver(Arc::new(PublicOnly)),
    };
    if !hook.allow_private {
        refuse_private(url).await?;
    }
    builder.build().map_err(|_| NotSent("The HTTP client could not be set up.".into()))
}

/// A proxy resolves the name itself: what leads to a private address here is refused before; what does not resolve here is
/// the proxy's to judge.
async fn refuse_private(url: &Url) -> Result<(), NotSent> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let Ok(found) = tokio::net::lookup_host((host, port)).await else { return Ok(()) };
    match checked(found.collect()) {
        Ok(_) => Ok(()),
        Err(error) => Err(NotSent(format!("The address is refused: {error}."))),
    }
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

/// Without the address, which may be secret.
fn words(error: &reqwest::Error) -> String {
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

    #[test]
    fn a_signature_is_over_time_and_body() {
        let key = Secret::new("key".into());
        // printf '1.{}' | openssl dgst -sha256 -hmac key
        let signed = signature(&key, 1, "{}");
        assert_eq!(signed.len(), 64);
        assert_ne!(signed, signature(&key, 2, "{}"));
        assert_ne!(signed, signature(&key, 1, "{ }"));
        assert_ne!(signed, signature(&Secret::new("kez".into()), 1, "{}"));
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
            assert!(check_url(wrong, false).is_err(), "{wrong}");
        }
        assert!(check_url("https://hooks.example.com/adit?key=1", false).is_ok());
        assert!(check_url("http://127.0.0.1:9/", true).is_ok());
        assert!(check_url("ftp://127.0.0.1:9/", true).is_err());
    }
}
