//! Every setting, good and bad.

use clap::Parser;

use super::*;
use crate::config::{LogFormat, PublicUrl};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

fn check(flags: &[&str]) -> Result<Config, Vec<ConfigProblem>> {
    let around = Surroundings { root: false, home: Some("/home/ada".to_owned()), rust_log: None };
    let flags = ["adit-server"].iter().chain(flags);
    Cli::try_parse_from(flags).unwrap().options.check_in(&around)
}

fn told(flags: &[&str]) -> String {
    let problems = check(flags).unwrap_err();
    problems.iter().map(ConfigProblem::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_set_is_a_private_server_on_loopback() {
    let config = check(&[]).unwrap();
    assert!(matches!(config.database, Database::Private));
    assert_eq!(config.data_dir, Path::new("/home/ada/.local/share/adit"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8443");
    assert_eq!(config.tls, Tls::SelfMade);
    assert_eq!(config.master_key, MasterKeyFile::Own("/home/ada/.local/share/adit/master.key".into()));
    assert_eq!(config.private_upstream, PrivateUpstream::Refused);
    assert_eq!(config.log.format, LogFormat::Text);
    assert_eq!(config.public_url(config.listen).origin(), "https://127.0.0.1:8443");
}

#[test]
fn root_keeps_its_files_in_var_lib() {
    let around = Surroundings { root: true, home: Some("/root".to_owned()), rust_log: None };
    let config = Options::default().check_in(&around).unwrap();
    assert_eq!(config.data_dir, Path::new("/var/lib/adit"));
}

#[test]
fn an_empty_setting_counts_as_unset() {
    let config = check(&["--listen", "", "--tls", " ", "--database-url", "", "--data-dir", ""]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8443");
    assert!(matches!(config.database, Database::Private));
}

#[test]
fn everything_bad_is_told_at_once_with_its_fix() {
    let told = told(&[
        "--database-url=mysql://a",
        "--listen=8443",
        "--public-url=adit.example.com",
        "--tls=maybe",
        "--master-key-file=/nowhere/key",
        "--allow-private-upstream=perhaps",
        "--proxy=proxy",
        "--log=a=b=c",
        "--log-format=xml",
    ]);
    assert_eq!(told.lines().count(), 9, "{told}");
    assert!(told.contains("ADIT_LISTEN (--listen) is \"8443\": needs an IP address and a port"), "{told}");
}

#[test]
fn no_password_is_shown() {
    let told = told(&[
        "--database-url=postgres://u:hunter2@h:x/d",
        "--public-url=https://u:hunter2@h",
        "--proxy=u:hunter2",
    ]);
    assert!(!told.contains("hunter2"), "{told}");
    let config = check(&["--database-url=postgres://u:hunter2@h/d", "--proxy=http://u:hunter2@h:1"]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_certificate_goes_with_its_key_and_with_tls() {
    assert!(told(&["--tls-cert=/etc/hostname"]).starts_with("ADIT_TLS_KEY"));
    assert!(told(&["--tls-key=/etc/hostname"]).starts_with("ADIT_TLS_CERT"));
    assert!(told(&["--tls=off", "--tls-cert=/a", "--tls-key=/b"]).starts_with("ADIT_TLS "));
    assert!(told(&["--tls-cert=/nowhere/cert.pem", "--tls-key=/b"]).contains("cannot be read"));
}

#[test]
fn behind_a_proxy_the_public_url_may_be_either() {
    let config = check(&["--tls=off", "--public-url=https://adit.example.com"]).unwrap();
    let public: PublicUrl = config.public_url(config.listen);
    assert!(public.is_https());
    assert!(told(&["--public-url=http://adit.example.com"]).contains("write https"));
}

#[test]
fn a_switch_may_stand_alone() {
    let config = check(&["--allow-private-upstream"]).unwrap();
    assert_eq!(config.private_upstream, PrivateUpstream::Allowed);
}
