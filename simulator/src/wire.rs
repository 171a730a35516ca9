//! Connections that can misbehave: the listener hands every request a [`Line`], and pulling it resets or
//! slows the connection underneath, which no HTTP answer could do.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::Sleep,
};

/// How many bytes a slowed connection sends at a time.
const SIP: usize = 64;

/// The handle to one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    reset: Arc<AtomicBool>,
    pause_ms: Arc<AtomicU64>,
}

impl Line {
    /// The next answer on this connection becomes a reset.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Release);
    }

    /// From now on the connection pauses before every few bytes.
    pub(crate) fn slow_down(&self, ms: u64) {
        self.pause_ms.store(ms, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, RudeListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, RudeListener>) -> Self {
        stream.io().line.clone()
    }
}

/// A TCP listener whose connections carry a [`Line`].
pub(crate) struct RudeListener(pub(crate) TcpListener);

impl Listener for RudeListener {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Without it small answers wait for the client's acknowledgement; failing that they are only slower.
        let _ = stream.set_nodelay(true);
        (Wire { stream, line: Line::default(), pause: None }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// One connection.
pub(crate) struct Wire {
    stream: TcpStream,
    line: Line,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    fn broken(&self) -> Option<io::Error> {
        if !self.line.reset.load(Ordering::Acquire) {
            return None;
        }
        // A linger of zero makes the close that follows a reset.
        let _ = self.stream.set_zero_linger();
        Some(io::ErrorKind::ConnectionReset.into())
    }

    /// Ready when the pause of a slowed connection is over.
    fn poll_pause(&mut self, context: &mut Context<'_>, ms: u64) -> Poll<()> {
        let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_millis(ms))));
        std::task::ready!(pause.as_mut().poll(context));
        self.pause = None;
        Poll::Ready(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(error) = self.broken() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(error) = self.broken() {
            return Poll::Ready(Err(error));
        }
        let ms = self.line.pause_ms.load(Ordering::Acquire);
        if ms == 0 {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        std::task::ready!(self.poll_pause(context, ms));
        let sip = &bytes[..bytes.len().min(SIP)];
        Pin::new(&mut self.stream).poll_write(context, sip)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
