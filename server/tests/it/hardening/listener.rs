//! The real listener against clients that send slowly, too much, or nothing.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::json;
use server::{http, tls};
use simulator::Seed;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::World;

async fn listening(world: &World) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let router = http::router(world.app.clone());
    tokio::spawn(async move { tls::serve(listener, router, None, std::future::pending()).await });
    address
}

/// All that the server says until it closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(90), stream.read_to_end(&mut said)).await.unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn headers_that_never_end_are_not_waited_for(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut stream = TcpStream::connect(listening(&world).await).await.unwrap();
    let begun = Instant::now();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ").await.unwrap();
    until_closed(&mut stream).await;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_body_that_never_comes_is_not_waited_for(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let mut stream = TcpStream::connect(listening(&world).await).await.unwrap();
    let request = "POST /agent/v1/enroll HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{";
    stream.write_all(request.as_bytes()).await.unwrap();
    let said = until_closed(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 408") || said.starts_with("HTTP/1.1 503"), "{said}");
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn a_refusal_arrives_also_where_much_was_to_be_sent(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let address = listening(&world).await;
    for (path, length, status) in [
        ("/api/v1/domains", 2_000_000, "401"),
        ("/agent/v1/enroll", 5_000_000, "413"),
        ("/nowhere", 2_000_000, "303"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // All of it, before anything is read: as many clients do.
        stream.write_all(&vec![b'x'; length]).await.unwrap();
        let said = until_closed(&mut stream).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {said}");
    }
}

#[sqlx::test(migrator = "server::store::MIGRATOR")]
async fn too_many_and_too_large_headers_are_refused(db: PgPool) {
    let world = World::in_preview(db, Seed::default(), json!({})).await;
    let address = listening(&world).await;
    let many: String = (0..500).map(|number| format!("X-{number}: 1\r\n")).collect();
    let large = format!("X-Large: {}\r\n", "x".repeat(256 * 1024));
    for headers in [many, large] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        let _ = stream.write_all(request.as_bytes()).await;
        let said = until_closed(&mut stream).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    }
}
