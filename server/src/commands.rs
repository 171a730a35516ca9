//! What the subcommands do: open the database, bring it up to date, and call one action or serve.

use std::io::BufRead;
use std::net::TcpListener;
use std::time::Duration;

use anyhow::Context;
use protocol::Secret;
use server::app::{Actor, App};
use server::clock::Clock;
use server::config::Config;
use server::crypto::{MasterKey, Vault, VaultError};
use server::store::admins::Role;
use server::store::cluster::{Cluster, Mode};
use server::{actions, http, store, tls, workers};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Serves until told to stop.
pub(super) async fn serve(config: Config) -> anyhow::Result<()> {
    // Before anything says that we are up: whoever reads that may stop us at once.
    let asked_to_stop = asked_to_stop()?;
    let listener = TcpListener::bind(config.listen)
        .with_context(|| format!("could not listen on {}; choose another --listen", config.listen))?;
    let public_url = config.public_url(listener.local_addr()?);
    let clock = Clock::system();
    let cluster = Cluster::open(&config, Mode::Serve).await?;
    let db = connect(&cluster).await?;
    let certificate = tls::certificate(&config, clock.now())?;
    let fingerprint = certificate.as_ref().map(|certificate| certificate.fingerprint().to_owned());
    let (vault, _) = vault(&config, &db, &clock).await?;
    let app = App::new(db.clone(), clock, vault, config, public_url, fingerprint.clone());
    if let Some(ends) = certificate.as_ref().and_then(|certificate| certificate.ends()) {
        // It was not set before.
        let _ = app.certificate_ends.set(ends);
    }

    actions::sealing::ensure(&app).await?;
    if cluster.is_private() {
        // Whoever served before on this data directory is gone, however it ended.
        store::organizations::update_executors_gone(&app.db).await?;
    }
    let (stop, stopping) = watch::channel(false);
    let supervised = tokio::spawn({
        let cluster = cluster.clone();
        async move { cluster.supervise().await }
    });
    let mut workers = workers::start(&app, &stopping);
    tracing::info!("serving {}", app.public_url);
    if let Some(fingerprint) = &fingerprint {
        tracing::info!("certificate fingerprint {fingerprint}");
    }
    if let Some(code) = actions::first_run::code(&app).await? {
        tracing::warn!(
            "there is no administrator yet: open {} and enter the first-run code {}, or run `adit-server create-admin --email you@example.com --role owner --password-stdin`",
            app.public_url,
            code.expose()
        );
    }
    let asked_to_stop = {
        let app = app.clone();
        async move {
            asked_to_stop.await;
            app.topics.close();
        }
    };
    let served = tls::serve(listener, http::router(app.clone()), certificate.as_ref(), asked_to_stop).await;
    tracing::info!("stopping");
    stop.send_replace(true);
    let finished = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_secs(2), finished).await.is_err() {
        // What was under way is leased: the next start carries it out again.
        workers.abort_all();
    }
    // Without it the code is taken for gone within minutes.
    let _ = tokio::time::timeout(Duration::from_millis(500), actions::first_run::end(&app)).await;
    let _ = tokio::time::timeout(Duration::from_millis(500), db.close()).await;
    supervised.abort();
    cluster.close().await?;
    served.context("the listener failed")
}

fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Brings the schema up to date.
pub(super) async fn migrate(config: Config) -> anyhow::Result<()> {
    let cluster = Cluster::open(&config, Mode::Command).await?;
    let migrated = connect(&cluster).await;
    if let Ok(db) = &migrated {
        db.close().await;
    }
    cluster.close().await?;
    migrated.map(|_| println!("The database is up to date."))
}

/// Makes an administrator.
pub(super) async fn create_admin(
    config: Config,
    email: &str,
    role: Role,
    password_stdin: bool,
) -> anyhow::Result<()> {
    anyhow::ensure!(
        password_stdin,
        "give the password on standard input and say so with --password-stdin; it is never taken from the command line"
    );
    let mut line = zeroize::Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("could not read the password from standard input")?;
    let password = Secret::new(line.trim_end_matches(['\r', '\n']).to_owned());
    with_app(config, async |app| {
        actions::admins::create(app, &Actor::CommandLine, email, role, password).await.map_err(explained)?;
        println!("{email} may sign in at {} as {}.", app.public_url, role.as_str());
        Ok(())
    })
    .await
}

/// Makes an API token.
pub(super) async fn create_api_token(config: Config, name: &str, role: Role) -> anyhow::Result<()> {
    with_app(config, async |app| {
        let (_, token) = actions::admins::create_api_token(app, &Actor::CommandLine, name, role)
            .await
            .map_err(explained)?;
        println!("{}", token.expose());
        Ok(())
    })
    .await
}

/// Makes a new key for passwords; agents seal to it within seconds.
pub(super) async fn rotate_sealing_key(config: Config) -> anyhow::Result<()> {
    with_app(config, async |app| {
        actions::sealing::ensure(app).await?;
        let id = actions::sealing::rotate(app, &Actor::CommandLine).await?;
        println!(
            "Agents seal passwords to key {id} from their next heartbeat on; what is under way still arrives."
        );
        Ok(())
    })
    .await
}

/// Walks the audit's chain. What does not fit is named on standard output, one line each.
pub(super) async fn verify_audit(config: Config, head: Option<&str>) -> anyhow::Result<()> {
    let cluster = Cluster::open(&config, Mode::Command).await?;
    let walked = async {
        let db = connect(&cluster).await?;
        let walked = actions::audit::verify(&db, head).await.map_err(explained)?;
        db.close().await;
        anyhow::Ok(walked)
    }
    .await;
    cluster.close().await?;
    let actions::audit::Verification { events, head, findings } = walked?;
    if findings.is_empty() {
        println!("{events} events, chain intact, head {head}");
        return Ok(());
    }
    for finding in &findings {
        println!("{finding}");
    }
    println!("{events} events, chain broken, head {head}");
    anyhow::bail!("the audit was tampered with: {} findings", findings.len())
}

/// The fields that are wrong, in one line each.
fn explained(error: server::error::Error) -> anyhow::Error {
    match error {
        server::error::Error::Invalid(fields) => {
            anyhow::anyhow!(
                fields
                    .iter()
                    .map(|field| format!("{} {}", field.field, field.message))
                    .collect::<Vec<_>>()
                    .join("; ")
            )
        }
        other => other.into(),
    }
}

/// Joins the running cluster, or starts it for as long as this takes.
async fn with_app(config: Config, work: impl AsyncFnOnce(&App) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let cluster = Cluster::open(&config, Mode::Command).await?;
    let done = async {
        let db = connect(&cluster).await?;
        let clock = Clock::system();
        let (vault, _) = vault(&config, &db, &clock).await?;
        let public_url = config.public_url(config.listen);
        let app = App::new(db.clone(), clock, vault, config, public_url, None);
        let done = work(&app).await;
        db.close().await;
        done
    }
    .await;
    cluster.close().await?;
    done
}

async fn connect(cluster: &Cluster) -> anyhow::Result<PgPool> {
    let db = PgPoolOptions::new()
        .max_connections(24)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|session, _| Box::pin(store::session::prepare(session)))
        .connect_with(cluster.connect_options())
        .await
        .context("could not connect to the database; see ADIT_DATABASE_URL")?;
    store::MIGRATOR.run(&db).await.context("could not bring the database's schema up to date")?;
    Ok(db)
}

/// Seals every data key under a fresh master key. Whatever interrupts this, one of the two key files opens them: the next
/// start takes the right one.
pub(super) async fn rotate_master_key(config: Config) -> anyhow::Result<()> {
    let cluster = Cluster::open(&config, Mode::Command).await?;
    let done = async {
        let db = connect(&cluster).await?;
        let (_, old) = vault(&config, &db, &Clock::system()).await?;
        let new = MasterKey::generate();
        new.stage(&config.master_key)?;
        let mut tx = db.begin().await?;
        for (id, sealed) in store::keys::list(&mut *tx).await? {
            store::keys::update(&mut *tx, id, &Vault::rewrap(&old, &new, id, &sealed)?).await?;
        }
        actions::audit::note_master_key(&mut tx, Clock::system().now()).await?;
        tx.commit().await?;
        MasterKey::promote(&config.master_key)?;
        db.close().await;
        println!(
            "The master key in {} is a new one; keep a copy of it elsewhere.",
            config.master_key.path().display()
        );
        Ok(())
    }
    .await;
    cluster.close().await?;
    done
}

/// The vault of the stored secrets, and the master key that opens it; the first start makes the data key.
async fn vault(config: &Config, db: &PgPool, clock: &Clock) -> anyhow::Result<(Vault, MasterKey)> {
    let master = MasterKey::load(&config.master_key)?;
    if store::keys::list(db).await?.is_empty() {
        store::keys::insert(db, 1, &Vault::new_data_key(&master, 1)?, clock.now()).await?;
    }
    let sealed = store::keys::list(db).await?;
    match Vault::from_sealed(&master, sealed.clone()) {
        Ok(vault) => Ok((vault, master)),
        Err(error @ VaultError::WrongMasterKey(_)) => {
            // A rotation was interrupted after its transaction: the staged key is the right one.
            let Some(staged) = MasterKey::staged(&config.master_key)? else { return Err(error.into()) };
            let vault = Vault::from_sealed(&staged, sealed)?;
            MasterKey::promote(&config.master_key)?;
            Ok((vault, staged))
        }
        Err(error) => Err(error.into()),
    }
}
