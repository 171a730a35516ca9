//! The import rule: rooms look downwards only, and siblings never meet.

use std::path::{Path, PathBuf};

/// From above: a room may name those below it, and neither its siblings nor those above.
const LAYERS: [&[&str]; 7] = [
    &["http"],
    &["workers"],
    &["actions"],
    &["app"],
    &["store", "jumpcloud", "notify", "oidc"],
    &["outbound", "crypto", "tls"],
    &["config", "settings", "error", "clock"],
];

/// Siblings that may meet all the same: who names, and whom.
const MEET: [(&str, &str); 1] = [("tls", "crypto")];

/// These two know of nothing but themselves and the lowest layer.
const APART: [&str; 2] = ["store", "jumpcloud"];

/// Whether one room may name the other.
fn may_name(room: &str, other: &str) -> bool {
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    let (Some(own), Some(named)) = (layer(room), layer(other)) else { return true };
    let is_apart = APART.contains(&room) && named + 1 < LAYERS.len();
    room == other || MEET.contains(&(room, other)) || (own < named && !is_apart)
}

/// What may stand in one room only: the text, and where.
const ONLY_IN: [(&str, &[&str]); 6] = [
    ("sqlx::query", &["store"]),
    ("axum::", &["http"]),
    ("reqwest::", &["jumpcloud", "outbound", "oidc"]),
    ("jsonwebtoken::", &["oidc"]),
    ("lettre::", &["notify"]),
    ("askama::", &["http/ui"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn rooms_look_downwards_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the sources were found");
    let mut broken = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let room = name.split(['/', '.']).next().unwrap_or_default().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for other in LAYERS.iter().copied().flatten().filter(|other| !may_name(&room, other)) {
            if code.contains(&format!("crate::{other}::")) || code.contains(&format!("crate::{{{other}")) {
                broken.push(format!("{name} names {other}"));
            }
        }
        for (what, places) in ONLY_IN {
            let allowed =
                places.iter().any(|place| name.starts_with(place)) || (what == "axum::" && room == "tls");
            if code.contains(what) && !allowed && name != "main.rs" {
                broken.push(format!("{name} uses {what}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
