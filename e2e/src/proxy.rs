//! A TCP proxy that counts the bytes that pass.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What passed so far.
#[derive(Debug, Default)]
pub struct Counts {
    pub connections: AtomicU64,
    pub bytes_up: AtomicU64,
    pub bytes_down: AtomicU64,
    /// Turns from answering to asking.
    pub requests: AtomicU64,
}

/// Listens on a free port of 127.0.0.1 and passes everything on to `target`.
pub async fn start(target: String) -> Result<(SocketAddr, Arc<Counts>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, counts) = (listener.local_addr()?, Arc::new(Counts::default()));
    let shared = Arc::clone(&counts);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            shared.connections.fetch_add(1, Ordering::Relaxed);
            let (target, counts) = (target.clone(), Arc::clone(&shared));
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(&target).await else { return };
                let _ = client.set_nodelay(true);
                let _ = server.set_nodelay(true);
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                let down = Arc::clone(&counts);
                tokio::spawn(async move { pass(from_server, to_client, &down.bytes_down, None).await });
                pass(from_client, to_server, &counts.bytes_up, Some(&counts.requests)).await;
            });
        }
    });
    Ok((address, counts))
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    bytes: &AtomicU64,
    chunks: Option<&AtomicU64>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        bytes.fetch_add(count as u64, Ordering::Relaxed);
        if let Some(chunks) = chunks {
            chunks.fetch_add(1, Ordering::Relaxed);
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
