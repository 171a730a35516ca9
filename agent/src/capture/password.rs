//! The clear text, while it exists: one buffer that never moves and is erased at its end. It has no `Display`.

use std::fmt;
use std::io::{self, ErrorKind, Read};

use zeroize::Zeroizing;

/// No longer password is looked at; Samba's own limits are far below.
const BOUND: usize = 64 * 1024;

pub(super) struct Password {
    octets: Zeroizing<Vec<u8>>,
    /// There was more than fits.
    pub(super) cut: bool,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Password {
    /// Reads to the end, as the writer would find its pipe closed otherwise. `source` must have no buffer of its own,
    /// which nobody would erase.
    pub(super) fn read(mut source: impl Read) -> io::Result<Self> {
        let mut octets = Zeroizing::new(vec![0; BOUND]);
        let mut length = 0;
        while let Some(room) = octets.get_mut(length..).filter(|room| !room.is_empty()) {
            match some(&mut source, room)? {
                0 => break,
                count => length += count,
            }
        }
        let mut rest = Zeroizing::new([0; 512]);
        let mut cut = false;
        while length == BOUND && some(&mut source, rest.as_mut_slice())? > 0 {
            cut = true;
        }
        octets.truncate(length);
        Ok(Self { octets, cut })
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// True if it is text, and such as can be typed.
    pub(super) fn is_text(&self) -> bool {
        !self.octets.contains(&0) && std::str::from_utf8(&self.octets).is_ok()
    }
}

fn some(source: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(room) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_is_read_and_what_does_not_fit_is_told() {
        let read = |length: usize| Password::read(io::repeat(b'x').take(length as u64)).unwrap();
        for length in [0, 1, BOUND - 1, BOUND] {
            assert_eq!((read(length).octets().len(), read(length).cut), (length, false));
        }
        assert_eq!((read(BOUND + 1).octets().len(), read(BOUND + 1).cut), (BOUND, true));
    }

    #[test]
    fn nothing_prints_it() {
        assert_eq!(format!("{:?}", Password::read(b"secret".as_slice()).unwrap()), "[redacted]");
    }
}
