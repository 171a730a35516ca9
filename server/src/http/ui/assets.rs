//! Style sheet and icon, part of the binary. Each is asked for under the hash of what it holds, so that browsers keep
//! it for ever and still see a new version at once.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::crypto::sha256_hex;

#[derive(Debug)]
struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
    hash: String,
}

static ASSETS: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    let asset = |name, kind, content: &'static str| {
        let mut hash = sha256_hex(content.as_bytes());
        hash.truncate(16);
        Asset { name, kind, content, hash }
    };
    [
        asset("app.css", "text/css; charset=utf-8", include_str!("../../../../static/app.css")),
        asset("icon.svg", "image/svg+xml", include_str!("../../../../static/icon.svg")),
    ]
});

/// The address of an asset, as pages name it.
pub(crate) fn url(name: &str) -> String {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => format!("/static/{name}?v={}", asset.hash),
        None => format!("/static/{name}"),
    }
}

/// Gives one asset, or says that the browser has it already.
pub(super) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let tag = format!("\"{}\"", asset.hash);
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let about = [
        (header::CONTENT_TYPE, asset.kind.to_owned()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::ETAG, tag),
    ];
    if known {
        (StatusCode::NOT_MODIFIED, about).into_response()
    } else {
        (about, asset.content).into_response()
    }
}
