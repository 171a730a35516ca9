//! Style sheets, scripts and icons, part of the binary. Each file is asked for under the hash of what it holds, so that
//! browsers keep it for ever and still see a new version at once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::crypto::sha256_hex;

#[derive(Debug)]
struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
    /// The same, made smaller when it was fetched.
    gzip: Option<&'static [u8]>,
    hash: String,
}

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        asset!($name, $kind, "", None)
    };
    (vendor $name:literal, $kind:expr) => {
        asset!($name, $kind, "vendor/", None)
    };
    (smaller $name:literal, $kind:expr) => {
        asset!(
            $name,
            $kind,
            "vendor/",
            Some(include_bytes!(concat!("../../../../static/vendor/", $name, ".gz")).as_slice())
        )
    };
    ($name:literal, $kind:expr, $folder:literal, $gzip:expr) => {
        Asset::new($name, $kind, include_bytes!(concat!("../../../../static/", $folder, $name)), $gzip)
    };
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

static ASSETS: LazyLock<[Asset; 8]> = LazyLock::new(|| {
    [
        asset!("app.css", CSS),
        asset!("app.js", JS),
        asset!("icon.svg", "image/svg+xml"),
        asset!(smaller "tabler.min.css", CSS),
        asset!(smaller "htmx.min.js", JS),
        asset!(smaller "sse.min.js", JS),
        asset!(smaller "idiomorph-ext.min.js", JS),
        asset!(vendor "licences.txt", "text/plain; charset=utf-8"),
    ]
});

/// What stands inside an icon's `<svg>`, by its name.
static ICONS: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let symbols = include_str!("../../../../static/vendor/icons.svg").lines();
    symbols
        .filter_map(|line| line.strip_prefix("<symbol id=\"")?.strip_suffix("</symbol>"))
        .filter_map(symbol)
        .collect()
});

fn symbol(line: &'static str) -> Option<(&'static str, &'static str)> {
    let (name, rest) = line.split_once('"')?;
    Some((name, rest.split_once('>')?.1))
}

impl Asset {
    fn new(
        name: &'static str,
        kind: &'static str,
        content: &'static [u8],
        gzip: Option<&'static [u8]>,
    ) -> Self {
        let mut hash = sha256_hex(content);
        hash.truncate(16);
        Self { name, kind, content, gzip, hash }
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == self.tag().as_bytes())
    }

    /// Weak, because it is the same for both encodings.
    fn tag(&self) -> String {
        format!("W/\"{}\"", self.hash)
    }
}

/// The address of an asset, as pages name it.
pub(crate) fn url(name: &str) -> String {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => format!("/static/{name}?v={}", asset.hash),
        None => format!("/static/{name}"),
    }
}

/// The shapes of an icon; none where `scripts/ui` did not find that a template names it.
pub(crate) fn icon(name: &str) -> &'static str {
    ICONS.get(name).copied().unwrap_or_default()
}

/// Gives one asset, or says that the browser has it already.
pub(super) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let about = [
        (header::CONTENT_TYPE, asset.kind.to_owned()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::VARY, header::ACCEPT_ENCODING.to_string()),
        (header::ETAG, asset.tag()),
    ];
    match asset.gzip.filter(|_| takes_gzip(&headers)) {
        _ if asset.is_known(&headers) => (StatusCode::NOT_MODIFIED, about).into_response(),
        Some(small) => (about, [(header::CONTENT_ENCODING, "gzip")], small).into_response(),
        None => (about, asset.content).into_response(),
    }
}

/// `gzip;q=0` means no, and nobody says that; it is honoured all the same.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        is_gzip && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_icon_that_a_template_names_is_there() {
        assert!(icon("users").starts_with("<path"));
        let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/../templates");
        let mut folders = vec![std::path::PathBuf::from(templates)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for rest in text.split("icon(\"").skip(1).chain(text.split("icon = \"").skip(1)) {
                    let name = rest.split('"').next().unwrap();
                    assert!(
                        name.is_empty() || !icon(name).is_empty(),
                        "{name} in {}: run scripts/ui",
                        path.display()
                    );
                }
            }
        }
    }

    #[test]
    fn a_browser_gets_gzip_only_where_it_takes_it() {
        let with = |value: &str| HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]);
        assert!(takes_gzip(&with("gzip, deflate, br")) && takes_gzip(&with("br;q=1.0, GZIP;q=0.8")));
        assert!(
            !takes_gzip(&with("br, gzip;q=0"))
                && !takes_gzip(&with("identity"))
                && !takes_gzip(&HeaderMap::new())
        );
    }
}
