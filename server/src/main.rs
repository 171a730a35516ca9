//! The command line: one sentence each.

mod commands;

use std::io::Write;

use clap::Parser;
use server::config::Options;
use server::store::admins::Role;

/// Keeps JumpCloud in step with Active Directory.
#[derive(Parser)]
#[command(name = "adit-server", version)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Runs the server (the default). Until there is an administrator it prints a one-time code on standard error with
    /// which the first one is made in the browser
    Serve,
    /// Brings the database's schema up to date, and ends
    Migrate,
    /// Makes an administrator, or gives an existing one a new password and role
    CreateAdmin {
        /// Mail address to sign in with
        #[arg(long)]
        email: String,
        #[arg(long, value_enum, default_value_t = Role::Owner)]
        role: Role,
        /// Reads the password from standard input, up to the first line break
        #[arg(long)]
        password_stdin: bool,
    },
    /// Replaces the master key file: every data key is sealed anew under a fresh one. Running servers go on
    RotateMasterKey,
    /// Makes a new key to which agents seal passwords. Running servers go on, and what is under way still arrives
    RotateSealingKey,
    /// Checks that no event of the audit was changed, removed or inserted; prints the head of its chain
    VerifyAudit {
        /// The head that an earlier run printed: it must still be in the chain, so that nothing was cut off since
        #[arg(long)]
        head: Option<String>,
    },
    /// Prints the description of the REST API: OpenAPI 3.1
    Openapi,
    /// Makes an API token; it is the last word on standard output, and shown only here
    CreateApiToken {
        /// What the token is for
        #[arg(long)]
        name: String,
        #[arg(long, value_enum, default_value_t = Role::Owner)]
        role: Role,
    },
}

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    if let Some(Command::Openapi) = cli.command {
        // Whoever reads may have seen enough.
        let written = writeln!(std::io::stdout(), "{:#}", server::http::api::description());
        return if written.is_ok() {
            std::process::ExitCode::SUCCESS
        } else {
            std::process::ExitCode::FAILURE
        };
    }
    let config = match cli.options.check() {
        Ok(config) => config,
        Err(problems) => {
            for problem in problems {
                eprintln!("adit-server: {problem}");
            }
            return std::process::ExitCode::from(2);
        }
    };
    server::logging::start(&config.log);
    if let Err(error) = server::crypto::forbid_core_dumps() {
        tracing::warn!("core dumps cannot be turned off for this process: {error}");
    }
    match run(config, cli.command.unwrap_or(Command::Serve)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("adit-server: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(config: server::config::Config, command: Command) -> anyhow::Result<()> {
    server::tls::install_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = match command {
        Command::Openapi => Ok(()),
        Command::Serve => runtime.block_on(commands::serve(config)),
        Command::Migrate => runtime.block_on(commands::migrate(config)),
        Command::CreateAdmin { email, role, password_stdin } => {
            runtime.block_on(commands::create_admin(config, &email, role, password_stdin))
        }
        Command::RotateSealingKey => runtime.block_on(commands::rotate_sealing_key(config)),
        Command::RotateMasterKey => runtime.block_on(commands::rotate_master_key(config)),
        Command::VerifyAudit { head } => runtime.block_on(commands::verify_audit(config, head.as_deref())),
        Command::CreateApiToken { name, role } => {
            runtime.block_on(commands::create_api_token(config, &name, role))
        }
    };
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}
