//! How each setting is read. Every refusal names the fix; none shows a password.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use protocol::secret::Secret;
use sqlx::postgres::PgConnectOptions;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::{ConfigProblem, Database, LogFormat, PublicUrl, Tls};

pub(super) type Checked<T> = Result<T, ConfigProblem>;

pub(super) const NO_HOME: &str =
    "there is no HOME to derive it from; set it to a directory for the server's files";
pub(super) const CERTIFICATE_WITHOUT_TLS: &str =
    "a certificate or key is set too; unset ADIT_TLS_CERT and ADIT_TLS_KEY, or set ADIT_TLS=on";
pub(super) const KEY_MISSING: &str = "ADIT_TLS_CERT is set without its key; set it to the key's PEM file";
pub(super) const CERTIFICATE_MISSING: &str =
    "ADIT_TLS_KEY is set without its certificate; set it to the certificate chain's PEM file";

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);
/// Leaves out what PostgreSQL merely mentions.
const DEFAULT_FILTER: &str = "info,sqlx::postgres::notice=warn";

pub(super) fn database(text: &str) -> Checked<Database> {
    const FORM: &str = "needs the form postgres://user:password@host:5432/database";
    let refuse = |fix: &str| ConfigProblem::without("ADIT_DATABASE_URL", fix);
    let url = Url::parse(text).map_err(|_| refuse(FORM))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(refuse(FORM));
    }
    // The parser's own words may quote the URL, so they are not passed on.
    PgConnectOptions::from_str(text).map_err(|_| {
        refuse("has a part that PostgreSQL's client does not understand; check port, sslmode and sslrootcert")
    })?;
    Ok(Database::Url(Secret::new(text.to_owned())))
}

pub(super) fn directory(chosen: &Path) -> Checked<PathBuf> {
    let shown = chosen.display().to_string();
    let refuse = |fix: String| ConfigProblem::with("ADIT_DATA_DIR", &shown, fix);
    let path = std::path::absolute(chosen)
        .map_err(|error| refuse(format!("cannot be made absolute ({error}); set an absolute path")))?;
    match path.metadata() {
        Ok(found) if !found.is_dir() => Err(refuse("is not a directory; set it to a directory".to_owned())),
        Ok(_) | Err(_) => Ok(path),
    }
}

pub(super) fn listen(text: Option<&str>) -> Checked<SocketAddr> {
    const FIX: &str = "needs an IP address and a port, as 127.0.0.1:8443, 0.0.0.0:8443 or [::1]:8443";
    let Some(text) = text else { return Ok(DEFAULT_LISTEN) };
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| ConfigProblem::with("ADIT_LISTEN", text, FIX))
}

pub(super) fn public_url(text: &str, tls: Option<&Tls>) -> Checked<PublicUrl> {
    // Text with an at sign may hold a password.
    let refuse = |fix: &str| match text.contains('@') {
        true => ConfigProblem::without("ADIT_PUBLIC_URL", fix),
        false => ConfigProblem::with("ADIT_PUBLIC_URL", text, fix),
    };
    let url = PublicUrl::parse(text).map_err(refuse)?;
    if !url.is_https() && tls.is_some_and(|tls| *tls != Tls::Off) {
        return Err(refuse("is http while this server speaks TLS; write https, or set ADIT_TLS=off"));
    }
    Ok(url)
}

pub(super) fn switch(setting: &'static str, text: &str) -> Checked<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err(ConfigProblem::with(setting, text, "needs on or off (true and false are understood too)")),
    }
}

pub(super) fn readable(setting: &'static str, text: &str) -> Checked<PathBuf> {
    let refuse = |fix: String| ConfigProblem::with(setting, text, fix);
    let path = std::path::absolute(text).map_err(|error| refuse(format!("is no path ({error})")))?;
    let file = File::open(&path).and_then(|file| file.metadata());
    match file {
        Ok(found) if found.is_file() => Ok(path),
        Ok(_) => Err(refuse("is not a file; set it to a file".to_owned())),
        Err(error) => Err(refuse(format!("cannot be read ({error}); check the path and its permissions"))),
    }
}

pub(super) fn given_master_key(text: &str) -> Checked<PathBuf> {
    const SETTING: &str = "ADIT_MASTER_KEY_FILE";
    if !Path::new(text).exists() {
        let fix = format!(
            "there is no such file; put the key back, or for a new installation make one: \
             (umask 077; echo \"adit-master-key-v1:$(head -c 32 /dev/urandom | base64)\" > {text})"
        );
        return Err(ConfigProblem::with(SETTING, text, fix));
    }
    readable(SETTING, text)
}

pub(super) fn proxy(text: &str) -> Checked<Secret> {
    const FIX: &str = "needs the form http://proxy.example.com:3128";
    // The value may hold a password, so it is not shown.
    let refuse = || ConfigProblem::without("ADIT_PROXY", FIX);
    let url = Url::parse(text).map_err(|_| refuse())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(refuse());
    }
    Ok(Secret::new(text.to_owned()))
}

pub(super) fn log_filter(ours: Option<&str>, rust_log: Option<&str>) -> Checked<String> {
    let (setting, text) = match (ours, rust_log) {
        (Some(text), _) => ("ADIT_LOG", text),
        (None, Some(text)) => ("RUST_LOG", text),
        (None, None) => return Ok(DEFAULT_FILTER.to_owned()),
    };
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| {
        ConfigProblem::with(setting, text, format!("{error}; use info, debug or server=debug,info"))
    })
}

pub(super) fn log_format(text: Option<&str>) -> Checked<LogFormat> {
    match text {
        None | Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(other) => Err(ConfigProblem::with("ADIT_LOG_FORMAT", other, "needs text or json")),
    }
}
