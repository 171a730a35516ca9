//! The server's foundations on the real machine: its private PostgreSQL and its listener.

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod scratch;
#[cfg(test)]
mod serving;
