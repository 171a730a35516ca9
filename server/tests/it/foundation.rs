//! The server's foundations on the real machine: its private PostgreSQL and its listener.

mod cluster;
mod scratch;
mod serving;
