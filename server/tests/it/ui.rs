//! The dashboard as a browser meets it: real HTTP on loopback, a cookie jar, and forms sent as they stand on the page.

pub(crate) mod browser;
mod forms;
mod hold_pages;
mod live_pages;
mod mapping_pages;
mod pages;
mod password_pages;
mod people_pages;
mod review_pages;
mod setup_pages;
mod signing_in;
