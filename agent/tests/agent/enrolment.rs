//! Joining: each side proves itself, and what goes wrong says what to do.

use agent::enroll::{self, Wish};
use protocol::problem::Problem;

use crate::adit::Server;
use crate::certificates::Authority;
use crate::world::{Folder, World};

async fn refused(world: &World, change: impl FnOnce(&mut Wish)) -> String {
    let mut wish = world.wish();
    change(&mut wish);
    enroll::enroll(&world.state, wish).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_machine_enrolls_and_keeps_who_it_is() {
    let world = World::enrolled().await;
    let (identity, key) = world.state.load().unwrap();
    assert_eq!(identity.domain_name.as_str(), "DC=example,DC=com");
    assert_eq!(identity.domain_controller, world.dc.url());
    let adit = world.server.lock();
    assert_eq!(adit.public_key.as_deref(), Some(key.public_key().as_str()));
    assert_eq!(adit.joined[0].domain_controller, "127.0.0.1");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::enrolled().await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(world.state.path()), 0o700);
    let files: Vec<_> =
        std::fs::read_dir(world.state.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
}

#[tokio::test]
async fn a_server_that_does_not_know_the_secret_is_refused_and_nothing_is_kept() {
    let world = World::enrolled().await;
    let before = world.state.load().unwrap().0;
    world.server.set(|adit| adit.impostor = true);
    assert!(refused(&world, |_| {}).await.contains("does not know the token's secret"));
    assert_eq!(world.state.load().unwrap().0, before);
}

#[tokio::test]
async fn a_token_that_was_altered_or_spent_is_named() {
    let world = World::enrolled().await;
    assert!(refused(&world, |wish| wish.token = "adit_7.x".into()).await.contains("copy it in full"));
    let other = format!("adit_{:032x}.{}", 7, "A".repeat(43));
    assert!(refused(&world, |wish| wish.token = other).await.contains("Make a new one"));
    let spent = Problem::new(409, "Conflict", "token_spent", "This token has been used.");
    world.server.set(|adit| adit.refusals.push_back(("enroll", spent)));
    let message = refused(&world, |_| {}).await;
    assert!(message.contains("This token has been used.") && message.contains("token_spent"), "{message}");
}

#[tokio::test]
async fn enrolling_again_replaces_the_key_and_a_running_agent_takes_it_up() {
    let mut world = World::watching().await;
    let (before, _) = world.state.load().unwrap();
    let outcome = world.enroll().await;
    assert_eq!(outcome.replaced, Some(before.agent));
    assert!(!world.state.file(&before.key_file).exists());
    // Only the new key is known to the server by now; a new instance speaks with it.
    let instance = world.server.lock().heartbeats[0].instance;
    world
        .server
        .until("a heartbeat of the new identity", |adit| {
            (adit.heartbeats.last()?.instance != instance).then_some(())
        })
        .await;
    world.stop().await;
}

#[tokio::test]
async fn an_untrusted_server_shows_its_fingerprint_and_what_to_do_with_it() {
    let world = World::enrolled().await;
    let authority = Authority::new();
    let identity = authority.issue(&["127.0.0.1"]);
    let server = Server::start_tls(&identity).await;
    let url = server.url.clone();
    let message = refused(&world, |wish| wish.server = url.clone()).await;
    assert!(message.contains(&format!("--server-fingerprint {}", identity.fingerprint())), "{message}");

    let pinned = |fingerprint: String| Wish {
        server: url.clone(),
        server_fingerprint: Some(fingerprint),
        ..world.wish()
    };
    let wrong = enroll::enroll(&world.state, pinned(format!("sha256:{}", "00".repeat(32)))).await;
    assert!(wrong.unwrap_err().to_string().contains(&identity.fingerprint()));
    let outcome = enroll::enroll(&world.state, pinned(identity.fingerprint())).await.unwrap();
    assert_eq!(outcome.identity.server_fingerprint, Some(identity.fingerprint()));
}

#[tokio::test]
async fn an_authority_of_ones_own_is_enough_but_the_name_must_fit() {
    let world = World::enrolled().await;
    let (authority, folder) = (Authority::new(), Folder::new());
    std::fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();

    let server = Server::start_tls(&authority.issue(&["127.0.0.1"])).await;
    let wish = Wish { server: server.url.clone(), ca_file: Some(file.clone()), ..world.wish() };
    enroll::enroll(&world.state, wish).await.unwrap();

    let server = Server::start_tls(&authority.issue(&["adit.example.com"])).await;
    let change = |wish: &mut Wish| {
        wish.server = server.url.clone();
        wish.ca_file = Some(file.clone());
    };
    assert!(refused(&world, change).await.contains("is for another name"));

    std::fs::write(&file, "no certificate").unwrap();
    assert!(refused(&world, change).await.contains("no certificate in PEM form"));
}

#[tokio::test]
async fn an_address_that_cannot_be_right_is_refused_before_anything_is_sent() {
    let world = World::enrolled().await;
    let unreachable = |wish: &mut Wish| wish.server = "https://127.0.0.1:1".into();
    assert!(refused(&world, unreachable).await.contains("cannot be reached"));
    let plain = |wish: &mut Wish| wish.server = "http://adit.example.com".into();
    assert!(refused(&world, plain).await.contains("use https"));
    let controller = |wish: &mut Wish| wish.domain_controller = Some("ldap://dc1".into());
    assert!(refused(&world, controller).await.contains("write ldaps://HOST"));
    let pin = |wish: &mut Wish| wish.server_fingerprint = Some("abc".into());
    assert!(refused(&world, pin).await.contains("is no fingerprint"));
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_written_is_named_before_the_token_is_spent() {
    let world = World::enrolled().await;
    let folder = Folder::new();
    std::fs::write(&folder.0, "a file where the folder should be").unwrap();
    let state = agent::config::StateDir::new(folder.0.join("state"));
    let error = enroll::enroll(&state, world.wish()).await.unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
    assert_eq!(world.server.lock().joined.len(), 1);
    std::fs::remove_file(&folder.0).unwrap();
}
