//! Names as the extended-DN control returns them (MS-ADTS 3.1.1.3.4.1.5): `<GUID=…>;<SID=…>;CN=…`. They come so in
//! attributes and as the entry's own name alike.

use protocol::directory::MemberRef;
use protocol::{DistinguishedName, ObjectGuid, Sid};

/// A name with the identity behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub guid: Option<ObjectGuid>,
    pub sid: Option<Sid>,
    pub dn: DistinguishedName,
}

impl Name {
    /// Reads a name in its extended or its plain form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mut guid, mut sid, mut rest) = (None, None, text);
        while let Some((part, after)) = rest.strip_prefix('<').and_then(|inner| inner.split_once('>')) {
            match part.split_once('=') {
                Some(("GUID", value)) => guid = value.parse().ok(),
                Some(("SID", value)) => sid = Sid::parse(value),
                // Others are internal to the domain controller.
                _ => {}
            }
            rest = after.strip_prefix(';').unwrap_or(after);
        }
        Some(Self { guid, sid, dn: DistinguishedName::parse(rest).ok()? })
    }

    /// As a member of a group; `None` without a GUID.
    pub(crate) fn member(self) -> Option<MemberRef> {
        Some(MemberRef { guid: self.guid?, sid: self.sid, dn: self.dn })
    }
}

/// A value as a person would read it: of an extended name only the name.
pub(crate) fn without_identity(text: &str) -> &str {
    match text.starts_with("<GUID=") {
        true => text.rsplit_once(">;").map_or(text, |(_, dn)| dn),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_with_and_without_the_identity_in_front() {
        let text = "<GUID=17a8980c-57d4-4558-bb24-91aff46355d3>;<SID=S-1-5-21-1-2-3-512>;CN=Admins <x>\\, y,DC=agent,DC=test";
        let name = Name::parse(text).unwrap();
        assert_eq!(name.guid.unwrap().to_string(), "17a8980c-57d4-4558-bb24-91aff46355d3");
        assert_eq!(name.sid.unwrap().rid(), Some(512));
        assert_eq!(name.dn.as_str(), "CN=Admins <x>\\, y,DC=agent,DC=test");
        assert_eq!(Name::parse("OU=Staff,DC=x").unwrap().guid, None);
        assert_eq!(Name::parse("<GUID=17a8980c-57d4-4558-bb24-91aff46355d3>;DC=x").unwrap().sid, None);
        assert_eq!(Name::parse(""), None);
        assert_eq!(without_identity(text), "CN=Admins <x>\\, y,DC=agent,DC=test");
        assert_eq!(without_identity("plain"), "plain");
    }
}
