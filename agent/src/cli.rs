//! The command line.

use std::path::PathBuf;

use agent::platform;
use clap::{Args, Parser, Subcommand};

/// Brings Active Directory's users and groups to Adit.
#[derive(Parser)]
#[command(name = "adit-agent", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Join a domain with a one-time token. Enrolling again replaces what this machine was.
    Enroll(Enroll),
    /// Watch the directory. Stays up while the server or the domain controller is away.
    Run(Run),
    /// Print what the agent last knew.
    Status(State),
    /// Check from this machine what the agent needs.
    Check(Check),
    /// Samba's `check password script`; `install` puts it into smb.conf.
    Capture(Capture),
}

#[derive(Args)]
pub(crate) struct State {
    /// Where the agent keeps its identity.
    #[arg(long, env = "ADIT_STATE_DIR", default_value_os_t = platform::default_state_dir())]
    pub(crate) state_dir: PathBuf,
}

#[derive(Args)]
pub(crate) struct SmbConf {
    /// The domain controller's smb.conf [default: where the hook was installed, or /etc/samba/smb.conf]
    #[arg(long, env = "ADIT_SMB_CONF")]
    pub(crate) smb_conf: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) conf: SmbConf,
    #[command(flatten)]
    pub(crate) state: State,
}

#[derive(Args)]
pub(crate) struct Enroll {
    /// The server: https://HOST[:PORT]
    #[arg(long)]
    pub(crate) server: String,
    /// The token from the domain's page: adit_…
    #[arg(long)]
    pub(crate) token: String,
    /// Trust exactly this certificate of the server: sha256:…
    #[arg(long, conflicts_with = "ca_file")]
    pub(crate) server_fingerprint: Option<String>,
    /// Trust the certificate authorities in this PEM file for the server.
    #[arg(long)]
    pub(crate) ca_file: Option<PathBuf>,
    /// The domain controller to watch [default: ldaps:// and this machine's full name]
    #[arg(long)]
    pub(crate) domain_controller: Option<String>,
    #[command(flatten)]
    pub(crate) state: State,
}

#[derive(Args)]
pub(crate) struct Check {
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The domain controller to look at [default: the one enrolled, or this machine]
    #[arg(long)]
    pub(crate) domain_controller: Option<String>,
    #[command(flatten)]
    pub(crate) conf: SmbConf,
    #[command(flatten)]
    pub(crate) state: State,
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Capture {
    #[command(subcommand)]
    pub(crate) change: Option<Change>,
    /// The script that was there before: its verdict is the verdict.
    #[arg(long)]
    pub(crate) chain: Option<String>,
    #[command(flatten)]
    pub(crate) state: State,
}

#[derive(Subcommand)]
pub(crate) enum Change {
    /// Put the hook into smb.conf; a script that is there already is asked as before.
    Install(Installation),
    /// Take it out again, and put back what was there.
    Uninstall(Installation),
}

#[derive(Args)]
pub(crate) struct Installation {
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only show what would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) conf: SmbConf,
    #[command(flatten)]
    pub(crate) state: State,
}
