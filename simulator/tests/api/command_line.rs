//! The program: its flags, its words, its end.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Output, Stdio},
};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_jumpcloud-simulator"))
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program().args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn bad_flags_get_a_clear_error() {
    const GOOD: [&str; 4] = ["--listen", "127.0.0.1:0", "--api-key", "k"];
    for (arguments, words) in [
        (vec!["--listen", "127.0.0.1:0"], "--api-key"),
        (vec!["--listen", "here", "--api-key", "k"], "--listen"),
        (vec!["--listen", "127.0.0.1:0", "--api-key", ""], "--api-key"),
        ([&GOOD[..], &["--org-id", "corp"]].concat(), "24 hexadecimal digits"),
        ([&GOOD[..], &["--client-id", "c"]].concat(), "--client-secret"),
        ([&GOOD[..], &["--rate-limit", "fast"]].concat(), "600/min"),
        ([&GOOD[..], &["--rate-limit", "0/min"]].concat(), "600/min"),
        ([&GOOD[..], &["--seed", "/nowhere.json"]].concat(), "/nowhere.json"),
        ([&GOOD[..], &["--moon", "full"]].concat(), "--moon"),
        (vec!["--listen", "203.0.113.1:1", "--api-key", "k"], "could not listen on 203.0.113.1:1"),
    ] {
        let (code, stderr) = run(&arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    }
}

#[test]
fn the_help_shows_the_shape_of_a_seed() {
    let output = program().arg("--help").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("\"activedirectories\""));
}

#[test]
fn a_seed_that_is_refused_names_the_entry() {
    let path = std::env::temp_dir().join(format!("seed-{}.json", std::process::id()));
    std::fs::write(&path, r#"{"users": [{"username": "1ada", "email": "a@b.example"}]}"#).unwrap();
    let (code, stderr) =
        run(&["--listen", "127.0.0.1:0", "--api-key", "k", "--seed", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(code, Some(2));
    assert!(stderr.contains("1ada") && stderr.contains("must start with a letter"), "{stderr}");
}

#[test]
fn it_prints_its_address_and_ends_well_when_told_to() {
    for name in ["INT", "TERM"] {
        let arguments = ["--listen", "127.0.0.1:0", "--api-key", "k", "--rate-limit", "600/min"];
        let mut child = program().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let address = first.trim().rsplit('/').next().unwrap();
        assert!(first.contains("http://127.0.0.1:"), "{first}");
        assert!(std::net::TcpStream::connect(address).is_ok(), "{first}");
        let killed = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{name}");
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}
