//! Words as `/bin/sh` reads them, as far as our own command lines need it.

/// Quotes a word, if it needs that.
pub(super) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Takes a command line apart; `None` if a quote stays open.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => loop {
                match rest.next()? {
                    '\'' => break,
                    c => word.get_or_insert_default().push(c),
                }
            },
            '"' => loop {
                match rest.next()? {
                    '"' => break,
                    '\\' => word.get_or_insert_default().push(rest.next()?),
                    c => word.get_or_insert_default().push(c),
                }
            },
            '\\' => word.get_or_insert_default().push(rest.next()?),
            c => word.get_or_insert_default().push(c),
        }
        if c == '\'' || c == '"' {
            word.get_or_insert_default();
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_as_it_was() {
        for word in ["", "plain", "two words", "it's", r#"a "b" \c $d `e`"#, "é", "%u"] {
            assert_eq!(words(&quote(word)), Some(vec![word.to_owned()]));
            assert_eq!(words(&format!("x {} y", quote(word))).unwrap()[1], word);
        }
        assert_eq!(words(r#"a  "b c"'d'\ e"#), Some(vec!["a".into(), "b cd e".into()]));
        assert_eq!(words("it's"), None);
    }
}
