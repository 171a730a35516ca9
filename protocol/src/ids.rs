//! One type per identifier, so that none can be taken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

uuid_id! {
    /// A JumpCloud tenant that we serve.
    OrganizationId
    /// An AD domain that we serve.
    DomainId
    /// Our process on one domain controller.
    AgentId
    /// An enrollment token; the part of it that is no secret.
    TokenId
    /// One step of a plan.
    OperationId
    /// Destructive operations that wait for a person.
    HoldId
    /// A password that was captured once.
    CaptureId
    /// The `objectGUID` of a directory object: what an object is, whatever it is called and wherever it is moved.
    ObjectGuid
}

impl ObjectGuid {
    /// Reads the 16 octets as LDAP returns them: the first three fields are little-endian (MS-DTYP 2.3.4.2).
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(|octets| Self(Uuid::from_bytes_le(octets)))
    }
}

/// A security identifier in its text form, `S-1-5-21-…` (MS-DTYP 2.4.2.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sid(String);

impl Sid {
    /// Takes the text form as it is; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let is_sid = parts.next().is_some_and(|s| s.eq_ignore_ascii_case("S"))
            && parts.next() == Some("1")
            && parts.clone().count() >= 1
            && parts.all(|part| part.parse::<u64>().is_ok());
        is_sid.then(|| Self(text.to_ascii_uppercase()))
    }

    /// Reads the octets as LDAP returns them (MS-DTYP 2.4.2.2).
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let (&revision, rest) = octets.split_first()?;
        let (&count, rest) = rest.split_first()?;
        if revision != 1 || rest.len() != 6 + 4 * usize::from(count) {
            return None;
        }
        let (authority, subs) = rest.split_at(6);
        let authority = authority.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
        let mut text = format!("S-1-{authority}");
        for sub in subs.chunks_exact(4) {
            let sub = u32::from_le_bytes([sub[0], sub[1], sub[2], sub[3]]);
            text.push_str(&format!("-{sub}"));
        }
        Some(Self(text))
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part: what the object is called inside its domain.
    pub fn rid(&self) -> Option<u32> {
        self.0.rsplit('-').next()?.parse().ok()
    }

    /// True if this is an object of the domain `domain`.
    pub fn is_of(&self, domain: &Sid) -> bool {
        self.0.rsplit_once('-').is_some_and(|(head, _)| head == domain.0)
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_read_in_the_mixed_order_of_active_directory() {
        let octets =
            [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        let guid = ObjectGuid::from_octets(&octets).unwrap();
        assert_eq!(guid.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
        assert!(ObjectGuid::from_octets(&octets[1..]).is_none());
    }

    #[test]
    fn a_sid_is_read_from_its_octets() {
        let octets = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        let sid = Sid::from_octets(&octets).unwrap();
        assert_eq!(sid.as_str(), "S-1-5-32-544");
        assert_eq!(sid.rid(), Some(544));
        assert!(sid.is_of(&Sid::parse("s-1-5-32").unwrap()));
        assert!(Sid::from_octets(&octets[..15]).is_none());
        assert!(Sid::parse("S-2-5").is_none());
    }
}
