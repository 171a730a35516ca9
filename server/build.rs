//! The dashboard embeds what `scripts/ui` fetches. A build without it would fail in a less obvious way.

use std::path::Path;

const FILES: [&str; 10] = [
    "tabler.min.css",
    "tabler.min.css.gz",
    "htmx.min.js",
    "htmx.min.js.gz",
    "sse.min.js",
    "sse.min.js.gz",
    "idiomorph-ext.min.js",
    "idiomorph-ext.min.js.gz",
    "icons.svg",
    "licences.txt",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for name in FILES {
        let file = format!("../static/vendor/{name}");
        println!("cargo::rerun-if-changed={file}");
        if !Path::new(&file).is_file() {
            println!("cargo::error=static/vendor/{name} is missing: run scripts/ui");
            return;
        }
    }
}
