//! `replUpToDateVector`: how far a domain controller has come with the changes of each of the others
//! (MS-DRSR 5.205 `UPTODATE_VECTOR_V1_EXT`, 5.206 `UPTODATE_VECTOR_V2_EXT`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

const HEADER: usize = 16;

/// How far, by USN; empty if the octets are of no known form.
pub(crate) fn parse(octets: &[u8]) -> BTreeMap<Uuid, i64> {
    cursors(octets).filter_map(|cursor| Some((invocation(cursor)?, number(cursor, 16)?))).collect()
}

/// When it last had everything from each; empty where the form tells no times.
pub(crate) fn times(octets: &[u8]) -> BTreeMap<Uuid, DateTime<Utc>> {
    let cursor = |cursor| Some((invocation(cursor)?, time(number(cursor, 24)?)?));
    cursors(octets).filter_map(cursor).collect()
}

fn cursors(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let size = match octets.first() {
        Some(1) => Some(24),
        // With the time of the last success behind each.
        Some(2) => Some(32),
        _ => None,
    };
    let count = octets.get(8..12).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes);
    let all = octets.get(HEADER..).filter(|_| size.is_some()).unwrap_or_default();
    all.chunks_exact(size.unwrap_or(32)).take(count as usize)
}

fn invocation(cursor: &[u8]) -> Option<Uuid> {
    Some(Uuid::from_bytes_le(cursor.get(..16)?.try_into().ok()?))
}

fn number(cursor: &[u8], at: usize) -> Option<i64> {
    Some(i64::from_le_bytes(cursor.get(at..at + 8)?.try_into().ok()?))
}

/// Seconds since 1601 on Windows (DSTIME), 100 ns since then on Samba. Nothing was replicated before AD was there.
fn time(since_1601: i64) -> Option<DateTime<Utc>> {
    const EPOCH: i64 = 11_644_473_600;
    const YEAR_2000: i64 = 946_684_800;
    let seconds = if since_1601 > 1_000_000_000_000 { since_1601 / 10_000_000 } else { since_1601 };
    Some(seconds.checked_sub(EPOCH)?)
        .filter(|seconds| *seconds > YEAR_2000)
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
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
        assert!(times(&octets).is_empty(), "never, by Samba's way to say so");
    }

    #[test]
    fn a_time_is_read_in_seconds_and_in_ticks() {
        let at = DateTime::from_timestamp(1_800_000_000, 0);
        assert_eq!(time(1_800_000_000 + 11_644_473_600), at);
        assert_eq!(time((1_800_000_000 + 11_644_473_600) * 10_000_000), at);
        assert_eq!(time(0), None);
        assert_eq!(time(i64::MIN), None);
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
