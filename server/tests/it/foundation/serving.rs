//! The listener: TLS with the pinned certificate, and a stop that nobody can hold up.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use chrono::DateTime;
use server::tls;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::foundation::scratch::Scratch;

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

fn start(certificate: Option<tls::Certificate>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new()
        .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }));
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(async move {
        tls::serve(listener, app, certificate.as_ref(), async move { drop(stopped.await) }).await
    });
    Running { address, stop, server }
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).unwrap();
        let since = Instant::now();
        self.server.await.unwrap().unwrap();
        assert!(since.elapsed() < Duration::from_secs(4));
    }
}

#[tokio::test]
async fn it_serves_its_own_certificate() {
    tls::install_provider();
    let scratch = Scratch::new();
    let config = scratch.config();
    config.make_data_dir().unwrap();
    let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let certificate = tls::certificate(&config, now).unwrap().unwrap();
    assert_eq!(certificate.fingerprint().len(), "sha256:".len() + 64);
    let running = start(Some(certificate));

    let pem = std::fs::read(scratch.data_dir().join("tls-certificate.pem")).unwrap();
    let root = reqwest::Certificate::from_pem(&pem).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
    let url = format!("https://localhost:{}/", running.address.port());
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert_eq!(answer.text().await.unwrap(), "127.0.0.1");
    running.stop().await;
}

#[tokio::test]
async fn a_client_that_says_nothing_does_not_hold_up_the_stop() {
    let running = start(None);
    let mut slow = TcpStream::connect(running.address).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap();
    running.stop().await;
}
