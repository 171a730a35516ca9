//! `adit-agent`: enrolls a domain controller, watches its directory, and tells how it stands.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use agent::config::StateDir;
use agent::enroll::{self, Wish};
use agent::run::{self, Tuning};
use agent::{check, clock, platform, status};
use clap::{Args, Parser, Subcommand};

/// Brings Active Directory's users and groups to Adit.
#[derive(Parser)]
#[command(name = "adit-agent", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Join a domain with a one-time token. Enrolling again replaces what this machine was.
    Enroll(Enroll),
    /// Watch the directory. Stays up while the server or the domain controller is away.
    Run(State),
    /// Print what the agent last knew.
    Status(State),
    /// Check from this machine what the agent needs.
    Check(Check),
}

#[derive(Args)]
struct State {
    /// Where the agent keeps its identity.
    #[arg(long, env = "ADIT_STATE_DIR", default_value_os_t = platform::default_state_dir())]
    state_dir: PathBuf,
}

#[derive(Args)]
struct Enroll {
    /// The server: https://HOST[:PORT]
    #[arg(long)]
    server: String,
    /// The token from the domain's page: adit_…
    #[arg(long)]
    token: String,
    /// Trust exactly this certificate of the server: sha256:…
    #[arg(long, conflicts_with = "ca_file")]
    server_fingerprint: Option<String>,
    /// Trust the certificate authorities in this PEM file for the server.
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// The domain controller to watch [default: ldaps:// and this machine's full name]
    #[arg(long)]
    domain_controller: Option<String>,
    #[command(flatten)]
    state: State,
}

#[derive(Args)]
struct Check {
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// The domain controller to look at [default: the one enrolled, or this machine]
    #[arg(long)]
    domain_controller: Option<String>,
    #[command(flatten)]
    state: State,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One thread: the agent waits most of its life, and its memory is counted.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build();
    let done = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let done = runtime.block_on(act(cli.command));
        // A name that is being resolved must not hold up the end.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "adit-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn act(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Enroll(args) => enroll(args).await,
        Command::Run(args) => run(args).await,
        Command::Status(args) => show_status(&StateDir::new(args.state_dir)),
        Command::Check(args) => show_checks(args).await,
    }
}

async fn enroll(args: Enroll) -> anyhow::Result<ExitCode> {
    let state = StateDir::new(args.state.state_dir);
    let wish = Wish {
        server: args.server,
        token: args.token,
        server_fingerprint: args.server_fingerprint,
        ca_file: args.ca_file,
        domain_controller: args.domain_controller,
    };
    let outcome = enroll::enroll(&state, wish).await?;
    if let Some(former) = outcome.replaced {
        print(&format!("The former enrollment (agent {former}) was replaced.\n"))?;
    }
    let identity = outcome.identity;
    print(&format!(
        "Enrolled: agent {} for {}, watching {}.\nStart it with: adit-agent run --state-dir {}\n",
        identity.agent,
        identity.domain_name,
        identity.domain_controller,
        state.path().display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn run(args: State) -> anyhow::Result<ExitCode> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ADIT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,ldap3=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let state = StateDir::new(args.state_dir);
    tokio::select! {
        stop = platform::stop_requested() => {
            stop?;
            tracing::info!("the agent stops");
            Ok(ExitCode::SUCCESS)
        }
        error = run::run(&state, Tuning::default()) => Err(error.into()),
    }
}

fn show_status(state: &StateDir) -> anyhow::Result<ExitCode> {
    let identity = state.identity()?;
    let status = status::read(state)?;
    print(&status::describe(&identity, status.as_ref(), clock::now()))?;
    Ok(ExitCode::SUCCESS)
}

async fn show_checks(args: Check) -> anyhow::Result<ExitCode> {
    let state = StateDir::new(args.state.state_dir);
    let checks = check::all(&state, args.domain_controller.as_deref()).await;
    let text = match args.json {
        true => format!("{}\n", serde_json::to_string_pretty(&serde_json::json!({ "checks": checks }))?),
        false => check::table(&checks),
    };
    print(&text)?;
    let failed = checks.iter().any(|check| check.state == check::State::Error);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A closed pipe is no reason to panic.
fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
