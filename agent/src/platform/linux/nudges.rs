//! A word from the hook to the running agent. Nobody waits for it, and nothing depends on it but speed.

use std::io;
use std::os::unix::net::UnixDatagram as Sender;
use std::path::Path;

use tokio::net::UnixDatagram;

/// Where they arrive.
#[derive(Debug)]
pub struct Nudges(UnixDatagram);

impl Nudges {
    /// The folder keeps everybody else away.
    pub fn listen(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => UnixDatagram::bind(path).map(Self),
        }
    }

    /// The next one; it may be anything.
    pub async fn next(&self) -> io::Result<String> {
        let mut word = [0; 64];
        let length = self.0.recv(&mut word).await?;
        Ok(String::from_utf8_lossy(word.get(..length).unwrap_or_default()).into_owned())
    }
}

/// Sends one, if anybody listens and has room.
pub fn nudge(path: &Path, word: &str) {
    let send = || -> io::Result<usize> {
        let sender = Sender::unbound()?;
        sender.set_nonblocking(true)?;
        sender.send_to(word.as_bytes(), path)
    };
    let _ = send();
}
