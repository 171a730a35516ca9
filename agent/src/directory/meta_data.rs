//! `replPropertyMetaData`: how replication counts the changes of each attribute
//! (MS-DRSR 5.160 `PROPERTY_META_DATA_VECTOR_V1_EXT`, 5.158 `PROPERTY_META_DATA_EXT`).

use chrono::{DateTime, TimeDelta, Utc};
use protocol::directory::PasswordVersion;
use uuid::Uuid;

/// `unicodePwd` as an ATTRTYP.
const UNICODE_PWD: u32 = 0x0009_005a;

const HEADER: usize = 16;
const ENTRY: usize = 48;

/// From 1601 to 1970.
const EPOCHS_APART: TimeDelta = TimeDelta::seconds(11_644_473_600);

/// The version of the password; `None` also if the octets are of no known form.
pub(crate) fn password_version(octets: &[u8]) -> Option<PasswordVersion> {
    let (header, entries) = octets.split_at_checked(HEADER)?;
    if number(header, 0)? != 1 {
        return None;
    }
    let count = usize::try_from(number(header, 8)?).ok()?;
    let mut entries = entries.chunks_exact(ENTRY).take(count);
    let entry = entries.find(|entry| number(entry, 0) == Some(UNICODE_PWD))?;
    let seconds = i64::from_le_bytes(entry.get(8..16)?.try_into().ok()?);
    Some(PasswordVersion {
        version: number(entry, 4)?,
        changed_at: DateTime::<Utc>::from_timestamp(seconds, 0)? - EPOCHS_APART,
        invocation_id: Uuid::from_bytes_le(entry.get(16..32)?.try_into().ok()?),
    })
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(octets.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(entries: &[(u32, u32)]) -> Vec<u8> {
        let mut octets = vec![1, 0, 0, 0, 0, 0, 0, 0, entries.len() as u8, 0, 0, 0, 0, 0, 0, 0];
        for (attribute, version) in entries {
            octets.extend(attribute.to_le_bytes());
            octets.extend(version.to_le_bytes());
            octets.extend((11_644_473_600_i64 + 1_795_398_173).to_le_bytes());
            octets.extend(Uuid::from_u128(7).to_bytes_le());
            octets.extend([9; 16]);
        }
        octets
    }

    #[test]
    fn the_password_is_found_among_the_other_attributes() {
        let found = password_version(&vector(&[(0, 1), (0x9_0037, 3), (UNICODE_PWD, 8), (0x9_005e, 2)]));
        assert_eq!(
            found,
            Some(PasswordVersion {
                version: 8,
                changed_at: DateTime::from_timestamp(1_795_398_173, 0).unwrap(),
                invocation_id: Uuid::from_u128(7),
            })
        );
    }

    #[test]
    fn what_is_of_another_form_tells_nothing() {
        let good = vector(&[(UNICODE_PWD, 8)]);
        let mut newer = good.clone();
        newer[0] = 2;
        for octets in [&[][..], &good[..15], &good[..60], &newer, &vector(&[(0, 1)])] {
            assert_eq!(password_version(octets), None);
        }
    }
}
