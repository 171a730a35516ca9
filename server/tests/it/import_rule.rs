//! The import rule: rooms look downwards only, and siblings never meet.

use std::path::{Path, PathBuf};

/// Each room with the rooms that it may not name.
const FORBIDDEN: [(&str, &[&str]); 13] = [
    ("http", &[]),
    ("workers", &["http"]),
    ("actions", &["http", "workers"]),
    ("app", &["http", "workers", "actions"]),
    ("store", &["notify", "http", "workers", "actions", "app", "jumpcloud", "crypto", "tls"]),
    ("jumpcloud", &["notify", "http", "workers", "actions", "app", "store", "crypto", "tls"]),
    ("notify", &["http", "workers", "actions", "app", "store", "jumpcloud", "crypto", "tls"]),
    ("crypto", &["notify", "http", "workers", "actions", "app", "store", "jumpcloud", "tls"]),
    ("tls", &["notify", "http", "workers", "actions", "app", "store", "jumpcloud"]),
    ("config", &["notify", "http", "workers", "actions", "app", "store", "jumpcloud", "crypto", "tls"]),
    ("settings", &["notify", "http", "workers", "actions", "app", "store", "jumpcloud", "crypto", "tls"]),
    ("error", &["notify", "http", "workers", "actions", "app", "store", "jumpcloud", "crypto", "tls"]),
    ("clock", &["notify", "http", "workers", "actions", "app", "store", "jumpcloud", "crypto", "tls"]),
];

/// What may stand in one room only: the text, and where.
const ONLY_IN: [(&str, &[&str]); 5] = [
    ("sqlx::query", &["store"]),
    ("axum::", &["http"]),
    ("reqwest::", &["jumpcloud", "notify"]),
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
        let forbidden = FORBIDDEN.iter().find(|(own, _)| *own == room).map_or(&[][..], |(_, rooms)| rooms);
        for other in forbidden {
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
