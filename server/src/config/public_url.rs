//! The address that people and agents use: a scheme, a host and a port, nothing else.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::Url;

use super::Tls;

/// Always usable as a browser's origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    /// An IPv6 address stands here without brackets.
    host: String,
    /// Only when it is not the scheme's own.
    port: Option<u16>,
}

impl PublicUrl {
    /// Reads an http or https URL; the error is the fix.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "needs the form https://adit.example.com or https://adit.example.com:8443";
        let url = Url::parse(text).map_err(|_| FORM)?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(FORM),
        };
        let host = url.host_str().ok_or(FORM)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or password; leave them out");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("must end after the host and port; leave out the path");
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { https, host, port: url.port() })
    }

    /// What a listener can be reached by, when nothing was set.
    pub(super) fn of_listener(bound: SocketAddr, tls: &Tls) -> Self {
        let https = *tls != Tls::Off;
        let host = match bound.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            reachable => reachable,
        };
        let usual = if https { 443 } else { 80 };
        let port = Some(bound.port()).filter(|&port| port != usual);
        Self { https, host: host.to_string(), port }
    }

    /// The name or address, an IPv6 one without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether browsers reach us over TLS, here or at a proxy.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// What a browser sends as `Origin`: no slash at the end.
    pub fn origin(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.https { "https://" } else { "http://" })?;
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_kept_as_an_origin() {
        for (text, origin) in [
            ("https://Adit.Example.com", "https://adit.example.com"),
            ("https://adit.example.com:443/", "https://adit.example.com"),
            ("https://[::1]:8443", "https://[::1]:8443"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
        ] {
            assert_eq!(PublicUrl::parse(text).unwrap().origin(), origin);
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in
            ["", "adit.example.com", "ftp://a", "https://a/b", "https://a?b", "https://u:p@a", "https://"]
        {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_listener_on_every_address_is_reached_by_loopback() {
        let bound = "0.0.0.0:8443".parse().unwrap();
        assert_eq!(PublicUrl::of_listener(bound, &Tls::SelfMade).origin(), "https://127.0.0.1:8443");
        let bound = "[::]:80".parse().unwrap();
        assert_eq!(PublicUrl::of_listener(bound, &Tls::Off).origin(), "http://[::1]");
    }
}
