//! Samba's own rule, which it no longer applies once there is a script (`check_password_quality` in
//! lib/util/genrand_util.c): characters of three of five categories.

use super::letters;
use super::password::Password;

/// What a person is told, by way of Samba's log.
pub(super) const RULE: &str = "the password must have characters of three of these kinds: digits, upper case letters, \
                               lower case letters, symbols, letters without case";

const SYMBOLS: &str = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/";

/// Other octets than UTF-8 are refused, and what follows an octet 0 does not count: Samba reads a C string.
pub(super) fn is_complex(password: &Password) -> bool {
    let text = password.octets().split(|octet| *octet == 0).next().unwrap_or_default();
    let mut seen = [false; 5];
    let mut rest = text.len();
    for chunk in text.utf8_chunks() {
        rest -= chunk.valid().len() + chunk.invalid().len();
        // The last character of a password that does not fit is cut as well.
        let is_cut = password.cut && rest == 0;
        if !chunk.invalid().is_empty() && !is_cut {
            return false;
        }
        for category in chunk.valid().chars().filter_map(category) {
            if let Some(seen) = seen.get_mut(category as usize) {
                *seen = true;
            }
        }
    }
    seen.iter().filter(|seen| **seen).count() >= 3
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Category {
    Digit,
    Upper,
    Lower,
    Symbol,
    /// Whatever lies beyond ASCII and has no case in Samba's tables.
    Other,
}

fn category(c: char) -> Option<Category> {
    match c {
        '0'..='9' => Some(Category::Digit),
        'A'..='Z' => Some(Category::Upper),
        'a'..='z' => Some(Category::Lower),
        _ if c.is_ascii() => SYMBOLS.contains(c).then_some(Category::Symbol),
        _ if !letters::has_case(c) => Some(Category::Other),
        _ if c.to_lowercase().eq([c]) => Some(Category::Lower),
        _ => Some(Category::Upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(octets: &[u8]) -> bool {
        is_complex(&Password::read(octets).unwrap())
    }

    #[test]
    fn three_of_the_five_kinds_are_enough() {
        for good in ["aB3", "aB!", "a3!", "B3!", "a3é#", "ÄÖ1ü", "Ж1ж", "pass1語", "PASS1語", "1!🔑", "a B 3"]
        {
            assert!(judged(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "alllowercase",
            "Passwort",
            "12345678",
            "abc123",
            "a b c",
            "äöü1",
            "語語語1",
            "aB\u{1}\u{7f} ",
        ] {
            assert!(!judged(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_and_what_follows_a_nul_does_not_count() {
        assert!(
            !judged(b"aB3\xff") && !judged(b"aB3\xed\xa0\x80") && !judged("aB3é".as_bytes().split_at(4).0)
        );
        assert!(!judged(b"a\0B3!") && judged(b"aB3\0"));
    }

    #[test]
    fn a_password_that_does_not_fit_is_judged_by_what_does() {
        let long = "語".repeat(30_000);
        assert!(judged(format!("aB{long}").as_bytes()) && judged(format!("a1{long}").as_bytes()));
        assert!(!judged(format!("a{long}").as_bytes()));
    }

    /// Samba's tables are older than Unicode's: `µ` and `ș` have no case there.
    #[test]
    fn case_is_what_sambas_tables_say() {
        for (c, expected) in [
            ('µ', Category::Other),
            ('ș', Category::Other),
            ('ß', Category::Other),
            ('é', Category::Lower),
            ('É', Category::Upper),
            ('ǆ', Category::Lower),
            ('Ⅷ', Category::Upper),
            ('ⓐ', Category::Lower),
            ('Ａ', Category::Upper),
            ('𐐀', Category::Other),
        ] {
            assert_eq!(category(c), Some(expected), "{c}");
        }
    }
}
