//! The accept loop: bounded in every wait, so that a client that sends slowly or not at all holds nothing
//! for long, and a stop takes seconds.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::accept::DefaultAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};

use super::Certificate;

/// What a request in flight gets when the server stops.
const GRACE: Duration = Duration::from_secs(2);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Also how long a connection may idle between requests: agents come back every three seconds.
const HEADERS: Duration = Duration::from_secs(20);
const HEADER_BYTES: usize = 64 * 1024;
const STREAMS: u32 = 128;

/// Serves `app` on `listener` until `shutdown` resolves, then finishes what is under way. Handlers may ask
/// for `ConnectInfo<SocketAddr>`.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    tls: Option<&Certificate>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)?
        .handle(handle.clone())
        .first_request_timeout(HEADERS)
        .accept_error_handler(|peer, error| tracing::debug!(?peer, %error, "connection not accepted"));
    limit(&mut server);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let serving = async {
        match tls {
            None => server.serve(service).await,
            Some(certificate) => {
                let config = RustlsConfig::from_config(certificate.server());
                let acceptor = RustlsAcceptor::new(config).handshake_timeout(HANDSHAKE);
                server.acceptor(acceptor).serve(service).await
            }
        }
    };
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended,
        () = shutdown => handle.graceful_shutdown(Some(GRACE)),
    }
    serving.await
}

fn limit(server: &mut Server<SocketAddr, DefaultAcceptor>) {
    let http = server.http_builder();
    http.http1().header_read_timeout(HEADERS).max_buf_size(HEADER_BYTES);
    http.http2()
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES as u32)
        .keep_alive_interval(HEADERS)
        .keep_alive_timeout(HANDSHAKE);
}
