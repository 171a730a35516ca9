//! The private PostgreSQL through everything that happens to it.

mod helper;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use server::store::cluster::{Cluster, ClusterError, Mode};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::foundation::scratch::Scratch;
use helper::Helper;

async fn open(scratch: &Scratch, mode: Mode) -> Cluster {
    Cluster::open(&scratch.config(), mode).await.unwrap()
}

async fn execute(cluster: &Cluster, statement: &'static str) {
    let mut connection = cluster.connect_options().connect().await.unwrap();
    sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn ask(connect: &PgConnectOptions, question: &'static str) -> sqlx::Result<String> {
    let mut connection = connect.connect().await?;
    let answer = sqlx::query_scalar(question).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(answer)
}

/// Until the cluster answers, or the test has waited long enough.
async fn answers_again(cluster: &Cluster) {
    let since = Instant::now();
    while let Err(error) = ask(&cluster.connect_options(), "select 'yes'").await {
        assert!(since.elapsed() < Duration::from_secs(30), "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn kill(pid: Pid, signal: Signal) {
    kill_process(pid, signal).unwrap();
}

#[tokio::test]
async fn it_is_created_kept_and_stopped_in_time() {
    let scratch = Scratch::new();
    let cluster = open(&scratch, Mode::Serve).await;
    execute(&cluster, "create table kept as select 'Ärger' as word").await;
    let connect = cluster.connect_options();
    assert_eq!(ask(&connect, "show server_encoding").await.unwrap(), "UTF8");
    assert_eq!(ask(&connect, "show listen_addresses").await.unwrap(), "");
    assert_eq!(ask(&connect, "show fsync").await.unwrap(), "on");
    assert_eq!(ask(&connect, "select lower(word) from kept").await.unwrap(), "ärger");
    let since = Instant::now();
    cluster.close().await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(5));
    assert!(!scratch.is_running());

    let again = open(&scratch, Mode::Serve).await;
    assert_eq!(ask(&again.connect_options(), "select word from kept").await.unwrap(), "Ärger");
    again.close().await.unwrap();
}

#[tokio::test]
async fn only_its_own_user_can_come_near_the_socket() {
    let scratch = Scratch::new();
    let cluster = open(&scratch, Mode::Serve).await;
    let cluster_dir = fs::metadata(scratch.data_dir().join("postgres")).unwrap();
    let socket_dir = fs::metadata(scratch.data_dir().join("postgres.socket")).unwrap();
    assert_eq!((cluster_dir.mode() & 0o777, socket_dir.mode() & 0o777), (0o700, 0o700));
    assert_eq!(cluster_dir.uid(), socket_dir.uid());
    if rustix::process::geteuid().is_root() {
        assert_ne!(cluster_dir.uid(), 0, "root hands it to another user");
    }
    cluster.close().await.unwrap();
}

#[tokio::test]
async fn ctrl_c_in_the_terminal_does_not_reach_it() {
    let scratch = Scratch::new();
    let cluster = open(&scratch, Mode::Serve).await;
    let group_of = |pid| rustix::process::getpgid(pid).unwrap();
    assert_ne!(group_of(scratch.postmaster()), group_of(None));
    cluster.close().await.unwrap();
}

#[tokio::test]
async fn a_killed_servers_cluster_is_adopted_and_later_stopped() {
    let scratch = Scratch::new();
    let mut killed = Helper::start(&scratch, Mode::Serve);
    let postmaster = scratch.postmaster().unwrap();
    killed.kill();
    assert!(scratch.is_running());

    let adopting = open(&scratch, Mode::Serve).await;
    assert_eq!(scratch.postmaster(), Some(postmaster), "the same process goes on");
    assert_eq!(ask(&adopting.connect_options(), "select 'yes'").await.unwrap(), "yes");
    adopting.close().await.unwrap();
    assert!(!scratch.is_running());
}

#[tokio::test]
async fn a_second_server_is_refused_and_a_command_joins() {
    let scratch = Scratch::new();
    let mut server = Helper::start(&scratch, Mode::Serve);
    let postmaster = scratch.postmaster();
    let refused = Cluster::open(&scratch.config(), Mode::Serve).await.unwrap_err();
    assert!(
        matches!(&refused, ClusterError::Serving { holder: Some(pid), .. } if *pid == server.pid()),
        "{refused}"
    );

    let command = open(&scratch, Mode::Command).await;
    assert_eq!(ask(&command.connect_options(), "select 'yes'").await.unwrap(), "yes");
    command.close().await.unwrap();
    assert_eq!(scratch.postmaster(), postmaster, "the server's database goes on");
    assert!(scratch.is_running());
    server.finish();
    assert!(!scratch.is_running());
}

#[tokio::test]
async fn a_command_alone_starts_and_stops_it() {
    let scratch = Scratch::new();
    let command = open(&scratch, Mode::Command).await;
    execute(&command, "create table made_by_command ()").await;
    command.close().await.unwrap();
    assert!(!scratch.is_running());
}

#[tokio::test]
async fn the_last_of_many_that_start_together_stops_it() {
    let scratch = Scratch::new();
    let config = scratch.config();
    let open = || Cluster::open(&config, Mode::Command);
    let (one, two, three) = tokio::try_join!(open(), open(), open()).unwrap();
    one.close().await.unwrap();
    three.close().await.unwrap();
    assert_eq!(ask(&two.connect_options(), "select 'yes'").await.unwrap(), "yes");
    two.close().await.unwrap();
    assert!(!scratch.is_running());
}

#[tokio::test]
async fn a_crashed_cluster_recovers_what_was_committed() {
    let scratch = Scratch::new();
    let mut killed = Helper::start(&scratch, Mode::Serve);
    let joined = open(&scratch, Mode::Command).await;
    execute(&joined, "create table kept as select 'safe' as word").await;
    // Everything dies at once, as when the power fails; PostgreSQL's own file stays.
    killed.kill();
    kill(scratch.postmaster().unwrap(), Signal::KILL);
    drop(joined);
    assert!(scratch.postmaster().is_some(), "the stale file is there");

    let recovered = open(&scratch, Mode::Serve).await;
    assert_eq!(ask(&recovered.connect_options(), "select word from kept").await.unwrap(), "safe");
    recovered.close().await.unwrap();
}

#[tokio::test]
async fn a_stale_file_that_names_a_stranger_is_no_obstacle() {
    let scratch = Scratch::new();
    open(&scratch, Mode::Command).await.close().await.unwrap();
    let cluster = scratch.data_dir().join("postgres");
    let owner = fs::metadata(&cluster).unwrap();
    let mut sleeper = Command::new("sleep");
    std::os::unix::process::CommandExt::uid(&mut sleeper, owner.uid());
    let mut stranger = sleeper.arg("600").spawn().unwrap();
    let stale =
        format!("{}\n{}\n1700000000\n5432\n/nowhere\n\n  1 1\nready\n", stranger.id(), cluster.display());
    fs::write(cluster.join("postmaster.pid"), stale).unwrap();

    let opened = Cluster::open(&scratch.config(), Mode::Serve).await;
    let unharmed = stranger.try_wait().unwrap().is_none();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    opened.unwrap().close().await.unwrap();
    assert!(unharmed);
}

#[tokio::test]
async fn a_cluster_that_dies_under_the_server_comes_back() {
    let scratch = Scratch::new();
    let cluster = open(&scratch, Mode::Serve).await;
    let supervised = cluster.clone();
    let supervisor = tokio::spawn(async move { supervised.supervise().await });
    let first = scratch.postmaster().unwrap();
    kill(first, Signal::KILL);
    answers_again(&cluster).await;
    assert_ne!(scratch.postmaster(), Some(first));
    cluster.close().await.unwrap();
    supervisor.await.unwrap();
    assert!(!scratch.is_running());
}

#[tokio::test]
async fn a_busy_cluster_stops_in_time_too() {
    let scratch = Scratch::new();
    let cluster = open(&scratch, Mode::Serve).await;
    let mut busy = cluster.connect_options().connect().await.unwrap();
    let asked =
        tokio::spawn(
            async move { sqlx::raw_sql("select pg_sleep(600)").execute(&mut busy).await.map(|_| ()) },
        );
    let since = Instant::now();
    cluster.close().await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(5));
    assert!(asked.await.unwrap().is_err());
}

#[tokio::test]
async fn a_cluster_that_was_not_closed_is_told_to_stop() {
    let scratch = Scratch::new();
    drop(open(&scratch, Mode::Serve).await);
    let next = open(&scratch, Mode::Serve).await;
    assert_eq!(ask(&next.connect_options(), "select 'yes'").await.unwrap(), "yes");
    next.close().await.unwrap();
    assert!(!scratch.is_running());
}

#[tokio::test]
async fn a_long_path_gets_its_socket_elsewhere() {
    let scratch = Scratch::below(&"x".repeat(100));
    let cluster = open(&scratch, Mode::Serve).await;
    let place = ask(&cluster.connect_options(), "show unix_socket_directories").await.unwrap();
    assert!(!place.contains("xxx"), "{place}");
    cluster.close().await.unwrap();
    assert!(!fs::exists(place).unwrap(), "nothing is left outside");
}

#[tokio::test]
async fn a_parent_that_cannot_be_entered_is_named_with_the_fix() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let scratch = Scratch::below("closed/data");
    let closed = scratch.root().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let refused = Cluster::open(&scratch.config(), Mode::Serve).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("chmod o+x {}", closed.display())), "{refused}");
}

#[tokio::test]
async fn a_data_directory_closed_to_others_is_opened_no_further_than_needed() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.data_dir()).unwrap();
    fs::set_permissions(scratch.data_dir(), fs::Permissions::from_mode(0o700)).unwrap();
    open(&scratch, Mode::Command).await.close().await.unwrap();
    assert_eq!(fs::metadata(scratch.data_dir()).unwrap().mode() & 0o066, 0);
}

#[tokio::test]
async fn a_cluster_of_a_missing_version_is_refused() {
    let scratch = Scratch::new();
    open(&scratch, Mode::Command).await.close().await.unwrap();
    fs::write(scratch.data_dir().join("postgres/PG_VERSION"), "9\n").unwrap();
    let refused = Cluster::open(&scratch.config(), Mode::Serve).await.unwrap_err();
    assert!(matches!(refused, ClusterError::OtherVersion { needed: 9, .. }), "{refused}");
}

#[tokio::test]
async fn an_interrupted_creation_leaves_no_obstacle() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.data_dir().join("postgres.new-1/base")).unwrap();
    open(&scratch, Mode::Command).await.close().await.unwrap();
    assert!(!scratch.data_dir().join("postgres.new-1").exists());
}
