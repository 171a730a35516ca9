//! An LDAP server that is no Active Directory: it lets everybody in and knows no naming context.

use std::sync::Arc;

use anyhow::Result;
use e2e::Dc;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const BIND_REQUEST: u8 = 0x60;
const SEARCH_REQUEST: u8 = 0x63;
/// An entry without a name and with `objectClass: top`.
const ROOT_DSE: &[u8] = b"d\x1a\x04\x000\x160\x14\x04\x0bobjectClass1\x05\x04\x03top";
const SEARCH_DONE: &[u8] = b"\x65\x07\x0a\x01\x00\x04\x00\x04\x00";
const BOUND: &[u8] = b"\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

/// Listens beside the domain controller with its certificate; the address as an agent takes it.
pub(super) async fn not_active_directory(dc: &Dc) -> Result<String> {
    let tls = format!("{}/tls", dc.fact("state"));
    let certificate = CertificateDer::from_pem_file(format!("{tls}/cert.pem"))?;
    let key = PrivateKeyDer::from_pem_file(format!("{tls}/key.pem"))?;
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((dc.fact("ip"), 0)).await?;
    let url = format!("ldaps://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut connection) = acceptor.accept(connection).await else { return };
                let mut request = [0; 4096];
                while let Ok(count @ 1..) = connection.read(&mut request).await {
                    if connection.write_all(&answer(&request[..count])).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(url)
}

/// Requests of a few hundred bytes come in one piece: `30 length 02 length id operation …`.
fn answer(request: &[u8]) -> Vec<u8> {
    let header = 2 + usize::from(request.get(1).copied().unwrap_or_default().saturating_sub(0x80).min(4))
        * usize::from(request.get(1).is_some_and(|length| *length > 0x80));
    let width = usize::from(request.get(header + 1).copied().unwrap_or_default());
    let Some(id) = request.get(header..header + 2 + width) else { return Vec::new() };
    let message = |operation: &[u8]| {
        let length = u8::try_from(id.len() + operation.len()).unwrap_or_default();
        [&[0x30, length], id, operation].concat()
    };
    match request.get(header + 2 + width).copied() {
        Some(BIND_REQUEST) => message(BOUND),
        Some(SEARCH_REQUEST) => [message(ROOT_DSE), message(SEARCH_DONE)].concat(),
        _ => Vec::new(),
    }
}
