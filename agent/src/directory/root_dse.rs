//! What a domain controller says about itself before anybody has bound (MS-ADTS 3.1.1.3.2).

use chrono::{DateTime, Utc};
use protocol::DomainName;

use super::connect::Connection;
use super::entry::Entry;
use super::errors::{Code, Failure};
use super::search::Based;

const DOING: &str = "Reading the root of the directory";

/// `LDAP_CAP_ACTIVE_DIRECTORY_OID`.
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

/// The facts that we use.
#[derive(Clone, Debug)]
pub struct RootDse {
    pub domain: DomainName,
    pub dns_host_name: String,
    pub ntds_settings: String,
    pub highest_committed_usn: i64,
    pub current_time: Option<DateTime<Utc>>,
    pub synchronized: Option<bool>,
}

impl Connection {
    /// Reads all of it.
    pub(crate) async fn root_dse(&self) -> Result<RootDse, Failure> {
        let attributes = [
            "supportedCapabilities",
            "defaultNamingContext",
            "dnsHostName",
            "dsServiceName",
            "highestCommittedUSN",
            "currentTime",
            "isSynchronized",
        ];
        let not_ad = || {
            Failure::new(
                Code::NotActiveDirectory,
                "What answers there is an LDAP server, but not Active Directory. Enroll with the domain controller's \
                 own address.",
            )
        };
        let Based::Found(entry) = self.base(DOING, "", &attributes).await? else { return Err(not_ad()) };
        if !entry.texts("supportedCapabilities").any(|oid| oid == ACTIVE_DIRECTORY) {
            return Err(not_ad());
        }
        understand(&entry).ok_or_else(|| Failure::incomplete(DOING, "it lacks what every one has"))
    }

    /// The one number that tells whether anything has changed.
    pub(crate) async fn highest_usn(&self) -> Result<i64, Failure> {
        match self.base(DOING, "", &["highestCommittedUSN"]).await? {
            Based::Found(entry) => entry.number("highestCommittedUSN"),
            Based::Missing | Based::Refused => None,
        }
        .ok_or_else(|| Failure::incomplete(DOING, "it lacks highestCommittedUSN"))
    }
}

fn understand(entry: &Entry) -> Option<RootDse> {
    Some(RootDse {
        domain: DomainName::parse(entry.text("defaultNamingContext")?).ok()?,
        dns_host_name: entry.text("dnsHostName")?.to_lowercase(),
        ntds_settings: entry.owned("dsServiceName")?,
        highest_committed_usn: entry.number("highestCommittedUSN")?,
        current_time: entry.time("currentTime"),
        synchronized: entry.text("isSynchronized").map(|value| value.eq_ignore_ascii_case("TRUE")),
    })
}
