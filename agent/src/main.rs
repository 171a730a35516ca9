//! `adit-agent`: enrolls a domain controller, watches its directory, and tells how it stands.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use agent::capture::{self, Hook, Installer};
use agent::config::StateDir;
use agent::enroll::{self, Wish};
use agent::run::{self, Tuning};
use agent::{check, clock, platform, status};
use clap::Parser;

mod cli;

use cli::{Capture, Change, Check, Cli, Command, Enroll, Installation, Run};

fn main() -> ExitCode {
    // The hook's captures are told apart by this.
    let (started_at, started) = (clock::now(), Instant::now());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if is_hook() => {
            let _ = error.print();
            return verdict(capture::judge_only());
        }
        Err(error) => error.exit(),
    };
    let done = match cli.command {
        Command::Capture(Capture { change: None, chain, state }) => {
            let account = std::env::var(ACCOUNT).ok();
            let state = StateDir::new(state.state_dir);
            return verdict(capture::run(Hook { state, chain, account, started_at, started }));
        }
        Command::Capture(Capture { change: Some(Change::Install(wish)), .. }) => {
            change_hook(wish, capture::Wish::Install)
        }
        Command::Capture(Capture { change: Some(Change::Uninstall(wish)), .. }) => {
            change_hook(wish, capture::Wish::Uninstall)
        }
        Command::Status(args) => show_status(&StateDir::new(args.state_dir)),
        Command::Enroll(args) => in_runtime(enroll(args)),
        Command::Run(args) => in_runtime(run(args)),
        Command::Check(args) => in_runtime(show_checks(args)),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "adit-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// By which Samba names whose password it is.
const ACCOUNT: &str = "SAMBA_CPS_ACCOUNT_NAME";

/// Started by Samba, as its hook.
fn is_hook() -> bool {
    std::env::var_os(ACCOUNT).is_some() && std::env::args_os().nth(1).is_some_and(|verb| verb == "capture")
}

fn verdict(accepted: bool) -> ExitCode {
    if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One thread: the agent waits most of its life, and its memory is counted.
fn in_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build()?;
    let done = runtime.block_on(work);
    // A name that is being resolved must not hold up the end.
    runtime.shutdown_background();
    done
}

/// Shows the change, asks, and makes it.
fn change_hook(args: Installation, wish: capture::Wish) -> anyhow::Result<ExitCode> {
    let state = StateDir::new(args.state.state_dir);
    let conf = capture::smb_conf_of(&state, args.conf.smb_conf.as_deref());
    let Some(change) = Installer::prepare(&state, &conf, wish)? else {
        print(&format!("Nothing to do: {} is as wished already.\n", conf.display()))?;
        return Ok(ExitCode::SUCCESS);
    };
    print(&change.diff())?;
    if args.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !agrees()? {
        print("Nothing was changed.\n")?;
        return Ok(ExitCode::FAILURE);
    }
    state.prepare()?;
    let backup = change.apply(clock::now())?;
    print(&format!(
        "Done; the file as it was is {}.\nSamba reads this setting only when it starts: restart it now \
         (systemctl restart samba-ad-dc).{}\n",
        backup.display(),
        match wish {
            capture::Wish::Install => "",
            capture::Wish::Uninstall => " Until then it still calls this program: do not remove it before.",
        }
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn agrees() -> anyhow::Result<bool> {
    anyhow::ensure!(std::io::stdin().is_terminal(), "nobody can be asked here: say --yes");
    print("Make this change? [y/N] ")?;
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
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

async fn run(args: Run) -> anyhow::Result<ExitCode> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ADIT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,ldap3=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let state = StateDir::new(args.state.state_dir);
    let tuning = Tuning { smb_conf: args.conf.smb_conf, ..Tuning::default() };
    tokio::select! {
        stop = platform::stop_requested() => {
            stop?;
            tracing::info!("the agent stops");
            Ok(ExitCode::SUCCESS)
        }
        error = run::run(&state, tuning) => Err(error.into()),
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
    let lines = check::all(&state, args.domain_controller.as_deref(), args.conf.smb_conf.as_deref()).await;
    let server = state.identity().ok().map(|identity| identity.server);
    let text = match args.json {
        true => format!("{}\n", serde_json::to_string_pretty(&serde_json::json!({ "checks": lines }))?),
        false => check::table(&lines, server.as_deref()),
    };
    print(&text)?;
    Ok(if check::failed(&lines) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A closed pipe is no reason to panic.
fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
