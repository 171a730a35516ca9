//! Where requests may go: JumpCloud's own hosts, and others only where the operator allowed private upstreams.

use std::fmt;

use reqwest::Url;

const REGIONS: [&str; 3] = ["console.jumpcloud.com", "console.eu.jumpcloud.com", "console.in.jumpcloud.com"];
const TOKEN_URL: &str = "https://admin-oauth.id.jumpcloud.com/oauth2/token";

/// The root of a JumpCloud host, without a trailing slash. Only [`validate_base_url`] makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// `https://console.jumpcloud.com`.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub(super) fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The address below the root that `segments` name.
    pub(super) fn join(&self, segments: impl IntoIterator<Item = impl AsRef<str>>) -> Url {
        let mut url = self.0.clone();
        // A base URL that was validated always has a path to extend.
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        url
    }

    /// Where service-account tokens come from unless something else is set. From clients.
    pub(super) fn default_token_url(&self) -> Url {
        let own = || self.join(["oauth2", "token"]);
        if is_region(&self.0) { Url::parse(TOKEN_URL).unwrap_or_else(|_| own()) } else { own() }
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads the root of a JumpCloud host. The error says what to write instead.
///
/// Without `allow_private` only JumpCloud's regions over https are taken; with it also http, loopback and any other host.
pub fn validate_base_url(text: &str, allow_private: bool) -> Result<BaseUrl, String> {
    let mut url = parse(text)?;
    if !matches!(url.path().trim_end_matches('/'), "" | "/api" | "/api/v2") || url.query().is_some() {
        return Err(
            "write only the host, such as https://console.jumpcloud.com; /api and /api/v2 are added".into()
        );
    }
    url.set_path("");
    if allow_private || is_region(&url) {
        return Ok(BaseUrl(url));
    }
    Err(format!(
        "{} is none of JumpCloud's regions; use https:// and one of {}, or start the server with ADIT_ALLOW_PRIVATE_UPSTREAM=true",
        url.host_str().unwrap_or_default(),
        REGIONS.join(", "),
    ))
}

/// Reads the address that service-account tokens come from. The error says what to write instead.
pub fn validate_token_url(text: &str, allow_private: bool) -> Result<String, String> {
    let url = parse(text)?;
    let ours = url.host_str().is_some_and(|host| host.ends_with(".jumpcloud.com"));
    if allow_private || (ours && url.scheme() == "https" && url.port().is_none()) {
        return Ok(url.into());
    }
    Err(format!("the token address must be https and end in .jumpcloud.com, such as {TOKEN_URL}"))
}

fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim())
        .map_err(|_| "not a web address; write it as https://console.jumpcloud.com".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("not a web address; write it as https://console.jumpcloud.com".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("leave the user name and password out of the address".into());
    }
    if url.fragment().is_some() {
        return Err("leave out everything from # on".into());
    }
    Ok(url)
}

fn is_region(url: &Url) -> bool {
    url.scheme() == "https"
        && url.port().is_none()
        && url.host_str().is_some_and(|host| REGIONS.contains(&host))
}
