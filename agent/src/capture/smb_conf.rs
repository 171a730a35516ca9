//! smb.conf as octets: finds one setting of `[global]` and exchanges its line. Nothing else in the file is touched.

use std::ops::Range;

/// The setting that names the hook.
pub(super) const SETTING: &str = "check password script";

/// Why a file cannot be changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfError {
    #[error("it has no [global] section, so it is no domain controller's")]
    NoGlobal,
    #[error("its \"{SETTING}\" goes over several lines; write it on one first")]
    Continued,
    #[error("its \"{SETTING}\" is not UTF-8")]
    NotUtf8,
}

/// Where the setting is, or would be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its line, the end of line included; empty, behind the header of `[global]`, if there is none.
    line: Range<usize>,
    /// `None`: it is not set, or set to nothing.
    pub(super) value: Option<String>,
}

/// Looks for the setting. Of several the last counts, as for Samba.
pub(super) fn find(text: &[u8]) -> Result<Found, ConfError> {
    let (mut at, mut header, mut found) = (0, None, None);
    // What stands before any section belongs to [global].
    let (mut in_global, mut continues) = (true, false);
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        let range = at..at + line.len();
        at = range.end;
        let is_continued = std::mem::replace(&mut continues, line.trim_ascii_end().ends_with(b"\\"));
        let line = line.trim_ascii();
        if is_continued || line.is_empty() || line.starts_with(b"#") || line.starts_with(b";") {
            continue;
        }
        if let Some(name) = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b"]")) {
            in_global = name.trim_ascii().eq_ignore_ascii_case(b"global");
            if in_global && header.is_none() {
                header = Some(range.end);
            }
            continue;
        }
        let Some(equals) = line.iter().position(|octet| *octet == b'=').filter(|_| in_global) else {
            continue;
        };
        let (name, value) = line.split_at(equals);
        if !is_setting(name) {
            continue;
        }
        if continues {
            return Err(ConfError::Continued);
        }
        let value = value.strip_prefix(b"=").unwrap_or_default().trim_ascii();
        let value = std::str::from_utf8(value).map_err(|_| ConfError::NotUtf8)?;
        found = Some(Found { line: range, value: (!value.is_empty()).then(|| value.to_owned()) });
    }
    let header = header.ok_or(ConfError::NoGlobal)?;
    Ok(found.unwrap_or(Found { line: header..header, value: None }))
}

/// Samba does not care about case and spaces in names.
fn is_setting(name: &[u8]) -> bool {
    let plain = |name: &[u8]| -> Vec<u8> {
        name.iter().filter(|octet| !octet.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect()
    };
    plain(name) == plain(SETTING.as_bytes())
}

impl Found {
    /// The line as it is, if there is one.
    pub(super) fn line<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        text.get(self.line.clone()).filter(|line| !line.is_empty())
    }

    /// The text with another line in this one's place.
    pub(super) fn exchanged(&self, text: &[u8], line: &[u8]) -> Vec<u8> {
        let (before, rest) = text.split_at_checked(self.line.start).unwrap_or((text, &[]));
        let after = rest.get(self.line.len()..).unwrap_or_default();
        let mut exchanged = before.to_vec();
        if !line.is_empty() && !before.ends_with(b"\n") {
            exchanged.push(b'\n');
        }
        exchanged.extend_from_slice(line);
        exchanged.extend_from_slice(after);
        exchanged
    }

    /// A line with this value, ending as the one that it replaces, or as the rest of the file.
    pub(super) fn with_value(&self, text: &[u8], value: &str) -> Vec<u8> {
        let model = self.line(text).unwrap_or(text);
        let end = if model.windows(2).any(|two| two == b"\r\n") { "\r\n" } else { "\n" };
        let indent: Vec<u8> = match self.line(text) {
            Some(line) => line.iter().copied().take_while(|octet| b" \t".contains(octet)).collect(),
            None => b"\t".to_vec(),
        };
        [&indent[..], format!("{SETTING} = {value}{end}").as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Option<String>, ConfError> {
        find(text.as_bytes()).map(|found| found.value)
    }

    #[test]
    fn the_last_setting_of_global_counts_however_it_is_spelled() {
        for (text, expected) in [
            ("[global]\n\tworkgroup = X\n", None),
            ("[Global]\n check password script = /a b\n", Some("/a b")),
            (
                "[global]\nCheckPasswordScript=/a\n[share]\n[ GLOBAL ]\r\ncheck  password script = /b\r\n",
                Some("/b"),
            ),
            ("check password script = /early\n[global]\n", Some("/early")),
            ("[global]\n#check password script = /no\n;check password script = /no\n", None),
            ("[share]\ncheck password script = /no\n[global]\n", None),
            ("[global]\nx = 1 \\\ncheck password script = /no\n", None),
            ("[global]\ncheck password script =\n", None),
        ] {
            assert_eq!(value(text), Ok(expected.map(str::to_owned)), "{text}");
        }
        assert_eq!(value("[share]\n"), Err(ConfError::NoGlobal));
        assert_eq!(value("[global]\ncheck password script = /a \\\n b\n"), Err(ConfError::Continued));
    }

    #[test]
    fn everything_else_stays_octet_for_octet() {
        for text in [
            &b"# caf\xe9\n[global]\n\tworkgroup = X\n\n[share]\n\tpath = /x"[..],
            b"[global]\r\n  check password script = /old x\r\n  a = b\r\n",
            b"[global]\ncheck password script = /old",
        ] {
            let found = find(text).unwrap();
            let fresh = found.exchanged(text, &found.with_value(text, "/new"));
            let again = find(&fresh).unwrap();
            assert_eq!(again.value.as_deref(), Some("/new"));
            let line = found.line(text).unwrap_or_default();
            assert_eq!(again.exchanged(&fresh, line), text, "{}", String::from_utf8_lossy(&fresh));
        }
    }

    #[test]
    fn a_header_without_an_end_of_line_gets_one() {
        let found = find(b"[global]").unwrap();
        assert_eq!(found.exchanged(b"[global]", b"\tx = y\n"), b"[global]\n\tx = y\n");
    }
}
