//! The simulator as a program: one process, one organization, all state in memory.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use simulator::{Config, Seed, Simulator};
use tokio::signal::unix::{SignalKind, signal};

const SEED_HELP: &str = r#"The seed is a JSON object; every part may be left out:
  {
    "users": [
      {"username": "ada", "email": "ada@corp.example", "firstname": "Ada", "lastname": "Lovelace",
       "password": "...", "manager": "grace", "state": "ACTIVATED", "admin": {"id": "...", "roleName": "..."}}
    ],
    "groups": [
      {"name": "Engineering", "description": "...", "membershipMethod": "STATIC", "members": ["ada"]}
    ],
    "activedirectories": [
      {"domain": "DC=corp;DC=example", "useCase": "ADASAUTHORITY", "groupsEnabled": true,
       "users": ["ada"], "user_groups": ["Engineering"]}
    ],
    "foreign_emails": ["taken@elsewhere.example"],
    "organization_settings": {"passwordPolicy": {"minLength": 12}}
  }
A user takes every field of POST /api/systemusers, and read-only ones as they are; "manager" is a username."#;

/// Stands in for JumpCloud's REST API in tests, demonstrations and benchmarks.
#[derive(Debug, Parser)]
#[command(name = "jumpcloud-simulator", version, after_long_help = SEED_HELP)]
struct Arguments {
    /// Where to listen; port 0 picks a free one. The address is printed.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: std::net::SocketAddr,
    /// The API key to accept in x-api-key.
    #[arg(long, value_name = "KEY", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    api_key: String,
    /// The organization's id, 24 hexadecimal digits; made up if left out.
    #[arg(long, value_name = "ID")]
    org_id: Option<String>,
    /// The service account's id, for POST /oauth2/token.
    #[arg(long, value_name = "ID", requires = "client_secret")]
    client_id: Option<String>,
    /// The service account's secret.
    #[arg(long, value_name = "SECRET", requires = "client_id")]
    client_secret: Option<String>,
    /// How many requests a minute to answer before 429; no limit if left out.
    #[arg(long, value_name = "N/min", value_parser = per_minute)]
    rate_limit: Option<u32>,
    /// A JSON file with the users and groups to begin with; --help shows its shape.
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("jumpcloud-simulator: {why}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let seed = arguments.seed.map(read_seed).transpose()?;
    let config = Config {
        api_key: arguments.api_key,
        org_id: arguments.org_id,
        client_id: arguments.client_id,
        client_secret: arguments.client_secret,
        rate_limit_per_minute: arguments.rate_limit,
        seed,
    };
    let address = arguments.listen;
    let simulator = Simulator::start(config, address).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(" on {address}: {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    })?;
    // Listened for before the address is printed: whoever reads it may stop the program at once.
    let told_to_stop = told_to_stop().map_err(|error| format!("could not wait for signals: {error}"))?;
    println!("jumpcloud-simulator listens on {}", simulator.base_url());
    told_to_stop.await;
    simulator.stop().await;
    Ok(())
}

fn read_seed(path: PathBuf) -> Result<Seed, String> {
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("could not read the seed {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("the seed {} is not valid: {error}", path.display()))
}

/// Reads `600` or `600/min`.
fn per_minute(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix("/min").unwrap_or(text).parse().ok();
    number.filter(|number| *number > 0).ok_or_else(|| "give a number of requests, like 600/min".to_owned())
}

fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
