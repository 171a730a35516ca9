//! The settings as they are typed, and the one pass that checks them all.

use std::path::{Path, PathBuf};

use clap::Args;

use super::values::{self, Checked};
use super::{Config, ConfigProblem, Database, Log, MasterKeyFile, PrivateUpstream, Tls};

/// Every setting as text; an empty one counts as unset.
#[derive(Args, Clone, Default)]
pub struct Options {
    /// PostgreSQL to use, as postgres://user:password@host/database (unset: a private one)
    #[arg(long, env = "ADIT_DATABASE_URL", hide_env_values = true, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Where the server keeps its own files [default: /var/lib/adit as root, else ~/.local/share/adit]
    #[arg(long, env = "ADIT_DATA_DIR", global = true, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Address and port to listen on [default: 127.0.0.1:8443]
    #[arg(long, env = "ADIT_LISTEN", global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// The address that people and agents use, as https://adit.example.com
    #[arg(long, env = "ADIT_PUBLIC_URL", global = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Certificate chain, PEM (unset: a self-signed one is made)
    #[arg(long, env = "ADIT_TLS_CERT", global = true, value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// The certificate's private key, PEM
    #[arg(long, env = "ADIT_TLS_KEY", global = true, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// on, or off behind a proxy that terminates TLS [default: on]
    #[arg(long, env = "ADIT_TLS", global = true, value_name = "on|off")]
    pub tls: Option<String>,
    /// The key that seals the stored secrets (unset: made as master.key in the data directory)
    #[arg(long, env = "ADIT_MASTER_KEY_FILE", global = true, value_name = "FILE")]
    pub master_key_file: Option<String>,
    /// Lets base URLs, webhooks and the single sign-on provider be at private or http addresses, as the simulator is [default: false]
    #[arg(long, env = "ADIT_ALLOW_PRIVATE_UPSTREAM", global = true, value_name = "true|false")]
    #[arg(num_args = 0..=1, default_missing_value = "true")]
    pub allow_private_upstream: Option<String>,
    /// Proxy for outbound HTTPS (unset: HTTPS_PROXY and NO_PROXY are honoured)
    #[arg(long, env = "ADIT_PROXY", hide_env_values = true, global = true, value_name = "URL")]
    pub proxy: Option<String>,
    /// What to log, as info or server=debug,info (RUST_LOG works too) [default: info]
    #[arg(long, env = "ADIT_LOG", global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// text or json [default: text]
    #[arg(long, env = "ADIT_LOG_FORMAT", global = true, value_name = "text|json")]
    pub log_format: Option<String>,
}

/// What the checks take from the process instead of from a setting.
#[derive(Debug, Default)]
struct Surroundings {
    root: bool,
    home: Option<String>,
    rust_log: Option<String>,
}

impl Options {
    /// Turns the text into a configuration, or tells everything that is wrong with it.
    pub fn check(&self) -> Result<Config, Vec<ConfigProblem>> {
        self.check_in(&Surroundings {
            root: rustix::process::geteuid().is_root(),
            home: std::env::var("HOME").ok(),
            rust_log: std::env::var("RUST_LOG").ok(),
        })
    }

    fn check_in(&self, around: &Surroundings) -> Result<Config, Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        let database = keep(self.database(), &mut problems);
        let data_dir = keep(self.data_dir(around), &mut problems);
        let listen = keep(values::listen(set(&self.listen)), &mut problems);
        let tls = keep(self.tls(), &mut problems);
        let public_url = set(&self.public_url).map(|text| values::public_url(text, tls.as_ref())).transpose();
        let public_url = keep(public_url, &mut problems);
        let master_key = keep(self.master_key(data_dir.as_deref()), &mut problems);
        let private_upstream = keep(self.private_upstream(), &mut problems);
        let proxy = keep(set(&self.proxy).map(values::proxy).transpose(), &mut problems);
        let filter = keep(values::log_filter(set(&self.log), set(&around.rust_log)), &mut problems);
        let format = keep(values::log_format(set(&self.log_format)), &mut problems);

        let whole = || {
            Some(Config {
                database: database?,
                data_dir: data_dir?,
                listen: listen?,
                configured_public_url: public_url?,
                tls: tls?,
                master_key: master_key?,
                private_upstream: private_upstream?,
                proxy: proxy?,
                log: Log { filter: filter?, format: format? },
            })
        };
        whole().ok_or(problems)
    }

    fn database(&self) -> Checked<Database> {
        set(&self.database_url).map_or(Ok(Database::Private), values::database)
    }

    fn data_dir(&self, around: &Surroundings) -> Checked<PathBuf> {
        let chosen = match (set(&self.data_dir), set(&around.home)) {
            (Some(dir), _) => PathBuf::from(dir),
            (None, _) if around.root => PathBuf::from("/var/lib/adit"),
            (None, Some(home)) => Path::new(home).join(".local/share/adit"),
            (None, None) => return Err(ConfigProblem::without("ADIT_DATA_DIR", values::NO_HOME)),
        };
        values::directory(&chosen)
    }

    fn tls(&self) -> Checked<Tls> {
        let on = set(&self.tls).map_or(Ok(true), |text| values::switch("ADIT_TLS", text))?;
        match (on, set(&self.tls_cert), set(&self.tls_key)) {
            (false, None, None) => Ok(Tls::Off),
            (false, ..) => Err(ConfigProblem::with("ADIT_TLS", "off", values::CERTIFICATE_WITHOUT_TLS)),
            (true, None, None) => Ok(Tls::SelfMade),
            (true, Some(certificate), Some(key)) => Ok(Tls::Files {
                certificate: values::readable("ADIT_TLS_CERT", certificate)?,
                key: values::readable("ADIT_TLS_KEY", key)?,
            }),
            (true, Some(_), None) => Err(ConfigProblem::without("ADIT_TLS_KEY", values::KEY_MISSING)),
            (true, None, Some(_)) => {
                Err(ConfigProblem::without("ADIT_TLS_CERT", values::CERTIFICATE_MISSING))
            }
        }
    }

    /// Without a data directory there is a problem already; the path is then of no use.
    fn master_key(&self, data_dir: Option<&Path>) -> Checked<MasterKeyFile> {
        match set(&self.master_key_file) {
            Some(text) => values::given_master_key(text).map(MasterKeyFile::Given),
            None => Ok(MasterKeyFile::Own(data_dir.unwrap_or(Path::new("")).join("master.key"))),
        }
    }

    fn private_upstream(&self) -> Checked<PrivateUpstream> {
        let Some(text) = set(&self.allow_private_upstream) else { return Ok(PrivateUpstream::Refused) };
        Ok(match values::switch("ADIT_ALLOW_PRIVATE_UPSTREAM", text)? {
            true => PrivateUpstream::Allowed,
            false => PrivateUpstream::Refused,
        })
    }
}

impl std::fmt::Debug for Options {
    /// Two of the settings hold passwords, so none is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

fn set(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn keep<T>(checked: Checked<T>, problems: &mut Vec<ConfigProblem>) -> Option<T> {
    checked.map_err(|problem| problems.push(problem)).ok()
}

#[cfg(test)]
mod tests;
