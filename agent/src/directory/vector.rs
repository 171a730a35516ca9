//! `replUpToDateVector`: how far a domain controller has come with the changes of each of the others
//! (MS-DRSR 5.205 `UPTODATE_VECTOR_V1_EXT`, 5.206 `UPTODATE_VECTOR_V2_EXT`).

use std::collections::BTreeMap;

use uuid::Uuid;

const HEADER: usize = 16;

/// Reads the attribute's octets; empty if they are of no known form.
pub(crate) fn parse(octets: &[u8]) -> BTreeMap<Uuid, i64> {
    let size = match octets.first() {
        Some(1) => 24,
        // With the time of the last success behind each.
        Some(2) => 32,
        _ => return BTreeMap::new(),
    };
    let Some(count) = octets.get(8..12).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes) else {
        return BTreeMap::new();
    };
    let cursors = octets.get(HEADER..).unwrap_or_default().chunks_exact(size);
    cursors.take(count as usize).filter_map(cursor).collect()
}

fn cursor(octets: &[u8]) -> Option<(Uuid, i64)> {
    let invocation = Uuid::from_bytes_le(octets.get(..16)?.try_into().ok()?);
    Some((invocation, i64::from_le_bytes(octets.get(16..24)?.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(version: u8, size: usize) -> Vec<u8> {
        let mut octets = vec![version, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
        for number in [7_u8, 9] {
            let mut cursor = Uuid::from_u128(number.into()).to_bytes_le().to_vec();
            cursor.extend_from_slice(&(i64::from(number) * 1000).to_le_bytes());
            cursor.resize(size, 0xff);
            octets.extend(cursor);
        }
        octets
    }

    #[test]
    fn a_vector_as_samba_writes_it_is_read() {
        let octets = [
            2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x68, 0x5d, 0x7f, 0xf7, 0x80, 0x34, 0x48, 0x44,
            0x83, 0x86, 0xa3, 0xd8, 0xf6, 0x94, 0x7a, 0xee, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3e, 0xd5,
            0xde, 0xb1, 0x9d, 0x01,
        ];
        let invocation = "f77f5d68-3480-4448-8386-a3d8f6947aee".parse().unwrap();
        assert_eq!(parse(&octets), BTreeMap::from([(invocation, 4096)]));
    }

    #[test]
    fn both_forms_of_the_vector_are_read() {
        let expected = BTreeMap::from([(Uuid::from_u128(7), 7000), (Uuid::from_u128(9), 9000)]);
        assert_eq!(parse(&vector(1, 24)), expected);
        assert_eq!(parse(&vector(2, 32)), expected);
        assert_eq!(parse(&vector(3, 32)), BTreeMap::new());
        assert_eq!(parse(&vector(2, 32)[..50]).len(), 1);
        assert_eq!(parse(&[]), BTreeMap::new());
    }
}
