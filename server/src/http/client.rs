//! Where a request comes from, as far as that can be known.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;

use crate::actions::sign_in::From;
use crate::app::App;
use crate::config::Tls;

/// What is known of whoever asks.
#[derive(Clone, Debug)]
pub(super) struct Client(pub From);

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let said = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let browser = said(header::USER_AGENT).map(str::to_owned);
        Ok(Self(From { address: address(parts, matches!(app.config.tls, Tls::Off)), browser }))
    }
}

/// Behind a proxy everybody comes from the proxy, which says in the last entry whom it talks to. Without one, whoever asks
/// could say anything there.
fn address(parts: &Parts, is_behind_proxy: bool) -> Option<String> {
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
    let told = forwarded
        .filter(|_| is_behind_proxy)
        .and_then(|value| value.to_str().ok())
        .and_then(|list| list.rsplit(',').next())
        .and_then(|entry| entry.trim().parse::<std::net::IpAddr>().ok());
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    told.or(peer).map(|address| address.to_canonical().to_string())
}
