//! Asking a domain controller: base searches, and paged ones that are complete or fail. Nothing here returns a part of
//! an answer as the whole of it.

use ldap3::asn1::{PL, StructureTag, parse_tag};
use ldap3::controls::{PagedResults, RawControl};
use ldap3::{LdapResult, Scope, SearchStream};

use super::connect::Connection;
use super::entry::Entry;
use super::errors::Failure;

/// Entries per page. Windows permits 1,000 by default; what a page holds is what memory holds.
pub(crate) const PAGE: i32 = 250;

const EXTENDED_DN: &str = "1.2.840.113556.1.4.529";
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

const NO_SUCH_OBJECT: u32 = 32;
const INSUFFICIENT_RIGHTS: u32 = 50;

/// A search.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// For messages: "Reading the changes".
    pub doing: &'static str,
    pub base: String,
    pub scope: Scope,
    pub filter: String,
    pub attributes: Vec<String>,
    pub deleted: bool,
}

impl Search {
    pub(crate) fn subtree(doing: &'static str, base: &str, filter: String, attributes: &[&str]) -> Self {
        let attributes = attributes.iter().map(|name| (*name).to_owned()).collect();
        Self { doing, base: base.to_owned(), scope: Scope::Subtree, filter, attributes, deleted: false }
    }

    fn controls(&self) -> Vec<RawControl> {
        // SEQUENCE { INTEGER 1 }: GUIDs and SIDs as text.
        let mut controls = vec![critical(EXTENDED_DN, Some(vec![0x30, 0x03, 0x02, 0x01, 0x01]))];
        if self.deleted {
            controls.push(critical(SHOW_DELETED, None));
        }
        controls
    }
}

fn critical(oid: &str, value: Option<Vec<u8>>) -> RawControl {
    RawControl { ctype: oid.to_owned(), crit: true, val: value }
}

/// What a base search found.
#[derive(Debug)]
pub(crate) enum Based {
    Found(Entry),
    Missing,
    /// The domain controller says that there is something, and that we may not read it.
    Refused,
}

impl Connection {
    /// Reads the entry at `base`: a name, or `<GUID=…>`.
    pub(crate) async fn base<S: AsRef<str>>(
        &self,
        doing: &'static str,
        base: &str,
        attributes: &[S],
    ) -> Result<Based, Failure> {
        let attributes = attributes.iter().map(|name| name.as_ref().to_owned()).collect();
        let filter = "(objectClass=*)".to_owned();
        let search =
            Search { doing, base: base.to_owned(), scope: Scope::Base, filter, attributes, deleted: false };
        // The rootDSE knows no controls.
        let controls = if base.is_empty() { Vec::new() } else { search.controls() };
        let mut stream = self.start(&search, controls).await?;
        let mut found = None;
        while let Some(entry) = pull(&mut stream, doing).await? {
            found = Some(entry);
        }
        match (stream.finish().await, found) {
            (LdapResult { rc: 0, .. }, Some(entry)) => Ok(Based::Found(entry)),
            (LdapResult { rc: 0 | NO_SUCH_OBJECT, .. }, None) => Ok(Based::Missing),
            (LdapResult { rc: INSUFFICIENT_RIGHTS, .. }, None) => Ok(Based::Refused),
            (result, _) => Err(Failure::result(doing, &result)),
        }
    }

    /// Searches page by page.
    pub(crate) fn pages(&self, search: Search, page: i32) -> Pages<'_> {
        Pages {
            connection: self,
            search,
            page,
            stream: None,
            cookie: Vec::new(),
            ended: false,
            may_refuse: false,
        }
    }

    async fn start(&self, search: &Search, controls: Vec<RawControl>) -> Result<Stream, Failure> {
        let mut ldap = self.ldap.clone();
        ldap.with_timeout(self.patience.answer).with_controls(controls);
        ldap.streaming_search(&search.base, search.scope, &search.filter, search.attributes.clone())
            .await
            .map_err(|error| Failure::operation(search.doing, &error))
    }
}

type Stream = SearchStream<'static, String, Vec<String>>;

/// The answer to a paged search, entry by entry.
pub(crate) struct Pages<'c> {
    connection: &'c Connection,
    search: Search,
    page: i32,
    stream: Option<Stream>,
    cookie: Vec<u8>,
    ended: bool,
    may_refuse: bool,
}

impl Pages<'_> {
    /// Takes a refusal, or a base that does not show, for an empty answer: only where that is harmless.
    pub(crate) fn unless_refused(mut self) -> Self {
        self.may_refuse = true;
        self
    }

    /// The next entry. `None` only after the domain controller has said that there are no more.
    pub(crate) async fn next(&mut self) -> Result<Option<Entry>, Failure> {
        while !self.ended {
            let stream = match &mut self.stream {
                Some(stream) => stream,
                None => {
                    let mut controls = self.search.controls();
                    let cookie = std::mem::take(&mut self.cookie);
                    let mut paged = RawControl::from(PagedResults { size: self.page, cookie });
                    paged.crit = true;
                    controls.push(paged);
                    self.stream.insert(self.connection.start(&self.search, controls).await?)
                }
            };
            if let Some(entry) = pull(stream, self.search.doing).await? {
                return Ok(Some(entry));
            }
            // Finishing also frees the message's number, which the library would keep for ever otherwise.
            let result = stream.finish().await;
            self.stream = None;
            self.turn_page(&result)?;
        }
        Ok(None)
    }

    fn turn_page(&mut self, result: &LdapResult) -> Result<(), Failure> {
        if self.may_refuse && matches!(result.rc, NO_SUCH_OBJECT | INSUFFICIENT_RIGHTS) {
            self.ended = true;
            return Ok(());
        }
        if result.rc != 0 {
            return Err(Failure::result(self.search.doing, result));
        }
        let cookie = result
            .ctrls
            .iter()
            .find(|control| control.1.ctype == PAGED_RESULTS)
            .and_then(|control| cookie(control.1.val.as_deref()?));
        let Some(cookie) = cookie else {
            return Err(Failure::incomplete(self.search.doing, "a page came without its number"));
        };
        self.ended = cookie.is_empty();
        self.cookie = cookie;
        Ok(())
    }
}

/// The next entry, passing over references to other directories.
async fn pull(stream: &mut Stream, doing: &str) -> Result<Option<Entry>, Failure> {
    while let Some(item) = stream.next().await.map_err(|error| Failure::operation(doing, &error))? {
        if item.is_ref() || item.is_intermediate() {
            continue;
        }
        let entry = Entry::take(item.0);
        return entry.map(Some).ok_or_else(|| Failure::incomplete(doing, "an entry could not be understood"));
    }
    Ok(None)
}

/// The cookie of a paged answer (RFC 2696): SEQUENCE { INTEGER, OCTET STRING }.
fn cookie(value: &[u8]) -> Option<Vec<u8>> {
    let (_, tag) = parse_tag(value).ok()?;
    let PL::C(parts) = tag.payload else { return None };
    match parts.into_iter().nth(1) {
        Some(StructureTag { payload: PL::P(octets), .. }) => Some(octets),
        _ => None,
    }
}

/// A GUID as a filter writes it: each octet escaped, in the order of the directory.
pub(crate) fn guid_filter(guid: protocol::ObjectGuid) -> String {
    let octets = guid.0.to_bytes_le();
    let escaped: String = octets.iter().map(|octet| format!("\\{octet:02x}")).collect();
    format!("(objectGUID={escaped})")
}

/// The base of a search for one object, whatever it is called.
pub(crate) fn guid_base(guid: protocol::ObjectGuid) -> String {
    format!("<GUID={guid}>")
}
