//! The wire as older agents and servers know it: a message that no longer reads or writes as its golden file does breaks them.

#![cfg(test)]

use std::path::Path;

use protocol::captures::{Captures, CapturesAnswer};
use protocol::checks::{ChecksAnswer, Group};
use protocol::enrollment::{Joined, Joining};
use protocol::heartbeat::{Directives, Heartbeat};
use protocol::problem::Problem;
use protocol::transfer::{Part, PartAnswer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn holds<T: Serialize + DeserializeOwned>(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let message: T = serde_json::from_value(golden.clone()).unwrap();
    assert_eq!(serde_json::to_value(&message).unwrap(), golden, "{name}");
}

#[test]
fn every_message_reads_and_writes_as_it_always_did() {
    holds::<Joining>("joining");
    holds::<Joined>("joined");
    holds::<Heartbeat>("heartbeat");
    holds::<Heartbeat>("heartbeat_with_account");
    holds::<Directives>("directives");
    holds::<Part>("part");
    holds::<PartAnswer>("part_answer");
    holds::<Captures>("captures");
    holds::<CapturesAnswer>("captures_answer");
    holds::<ChecksAnswer>("checks_answer");
    holds::<Problem>("problem");
}

#[test]
fn what_a_newer_server_adds_is_ignored_and_an_unknown_role_is_idle() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/directives.json");
    let mut newer: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    newer["something_new"] = Value::from(1);
    newer["role"] = serde_json::json!({"role": "something_new"});
    let read: Directives = serde_json::from_value(newer).unwrap();
    assert_eq!(read.role, protocol::heartbeat::Role::Idle);
}

#[test]
fn a_check_of_a_group_that_only_a_newer_server_knows_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/checks_answer.json");
    let mut newer: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    newer["items"][0]["group"] = Value::from("something_new");
    let read: ChecksAnswer = serde_json::from_value(newer).unwrap();
    assert_eq!(read.items[0].group, Group::Other);
}
