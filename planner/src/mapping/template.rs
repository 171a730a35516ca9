//! The text in which attributes are replaced: `{sn}, {givenName}`, `{displayName|cn}`, `{department|"Staff"}`,
//! `{userPrincipalName:before@}`.
//!
//! ```text
//! template    = *( text | "{{" | "}}" | placeholder )
//! placeholder = "{" alternative *( "|" alternative ) "}"
//! alternative = attribute *( ":" filter ) | quoted              (a quoted text only at the end)
//! quoted      = DQUOTE *( any character but DQUOTE | 2 DQUOTE ) DQUOTE
//! filter      = "lower" | "upper" | "before@"
//! ```
//! Blanks around alternatives and filters mean nothing.

use std::fmt;

use super::names;

/// A template that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The first alternative that has a value counts.
    Placeholder(Vec<Alternative>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Alternative {
    Attribute { name: String, filters: Vec<Filter> },
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Lower,
    Upper,
    Before,
}

/// What is wrong with a template, and at which character, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub at: usize,
    pub message: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "is wrong at character {}: {}", self.at, self.message)
    }
}

impl Template {
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let mut reader = Reader { text: text.chars().collect(), at: 0 };
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        while let Some(next) = reader.next() {
            match next {
                '{' | '}' if reader.skips(next) => plain.push(next),
                '{' => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(Piece::Placeholder(reader.placeholder()?));
                }
                '}' => {
                    return Err(reader.wrong(reader.at, "} closes nothing: write }} for a brace as text"));
                }
                other => plain.push(other),
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The attributes that it names, in order.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let placeholders = self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Placeholder(alternatives) => Some(alternatives),
        });
        placeholders.flatten().filter_map(|alternative| match alternative {
            Alternative::Attribute { name, .. } => Some(name.as_str()),
            Alternative::Text(_) => None,
        })
    }

    /// How many characters it gives at least, as far as it gives anything.
    pub(super) fn plain_length(&self) -> usize {
        let length = |piece: &Piece| match piece {
            Piece::Text(text) => text.chars().count(),
            Piece::Placeholder(_) => 0,
        };
        self.0.iter().map(length).sum()
    }

    /// What it gives; empty if it has placeholders and none of them has a value. Of the two blanks around an empty
    /// placeholder one goes with it.
    pub(crate) fn render(&self, mut value: impl FnMut(&str) -> String) -> String {
        let (mut made, mut has_value, mut drops_blank) = (String::new(), false, false);
        let is_plain = self.0.iter().all(|piece| matches!(piece, Piece::Text(_)));
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => {
                    let rest = text.strip_prefix(' ').filter(|_| drops_blank);
                    made.push_str(rest.unwrap_or(text));
                }
                Piece::Placeholder(alternatives) => {
                    let found = first_value(alternatives, &mut value);
                    drops_blank = found.is_empty() && made.ends_with(' ');
                    has_value |= !found.is_empty();
                    made.push_str(&found);
                    continue;
                }
            }
            drops_blank = false;
        }
        if is_plain || has_value { made.trim().to_owned() } else { String::new() }
    }
}

/// Asks for no more attributes than it needs.
fn first_value(alternatives: &[Alternative], value: &mut impl FnMut(&str) -> String) -> String {
    let values = alternatives.iter().map(|alternative| match alternative {
        Alternative::Attribute { name, filters } => {
            filters.iter().fold(value(name), |text, filter| filter.apply(&text)).trim().to_owned()
        }
        Alternative::Text(text) => text.clone(),
    });
    values.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

impl Filter {
    const ALL: [(&'static str, Self); 3] =
        [("lower", Self::Lower), ("upper", Self::Upper), ("before@", Self::Before)];

    fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Before => "before@",
        }
    }

    fn apply(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Before => text.split('@').next().unwrap_or_default().to_owned(),
        }
    }
}

/// The way that it is written: parsing it gives the same template.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Piece::Placeholder(alternatives) => {
                    let alternatives: Vec<_> = alternatives.iter().map(Alternative::to_string).collect();
                    write!(f, "{{{}}}", alternatives.join("|"))?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{}\"", text.replace('"', "\"\"")),
            Self::Attribute { name, filters } => {
                f.write_str(name)?;
                filters.iter().try_for_each(|filter| write!(f, ":{}", filter.name()))
            }
        }
    }
}

/// Reads character by character; `at` is how many were read, so it is also the number of the last one.
struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn skips(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn word(&mut self) -> String {
        let ends = |c: char| c.is_whitespace() || matches!(c, '|' | ':' | '"' | '{' | '}');
        let mut word = String::new();
        while let Some(next) = self.peek().filter(|next| !ends(*next)) {
            word.push(next);
            self.at += 1;
        }
        word
    }

    fn wrong(&self, at: usize, message: impl Into<String>) -> Wrong {
        Wrong { at, message: message.into() }
    }

    /// What stands between braces, after the opening one.
    fn placeholder(&mut self) -> Result<Vec<Alternative>, Wrong> {
        let opened = self.at;
        let mut found = Vec::new();
        loop {
            self.skip_blanks();
            let start = self.at + 1;
            if matches!(found.last(), Some(Alternative::Text(_))) {
                return Err(self.wrong(start, "nothing after a text is ever used: let the text be the last"));
            }
            found.push(if self.skips('"') { self.quoted()? } else { self.attribute(opened)? });
            self.skip_blanks();
            match self.next() {
                Some('}') => return Ok(found),
                Some('|') => {}
                Some(':') => {
                    return Err(self.wrong(self.at, "a text takes no filter: write it as it should be"));
                }
                Some('{') | None => return Err(self.unclosed(opened)),
                Some(_) => {
                    let ways = "write | before another attribute, : before a filter, } at the end";
                    return Err(self.wrong(
                        self.at,
                        format!("an attribute's name has no blanks or quotes in it: {ways}"),
                    ));
                }
            }
        }
    }

    fn unclosed(&self, opened: usize) -> Wrong {
        self.wrong(
            opened,
            "the brace is never closed: write } after the attribute, or {{ for a brace as text",
        )
    }

    fn attribute(&mut self, opened: usize) -> Result<Alternative, Wrong> {
        let start = self.at + 1;
        let name = self.word();
        if name.is_empty() {
            return Err(match self.peek() {
                None | Some('{') => self.unclosed(opened),
                Some(_) => self.wrong(start, "an attribute is missing here: write one, such as {givenName}"),
            });
        }
        names::check(&name).map_err(|message| self.wrong(start, message))?;
        let mut filters = Vec::new();
        self.skip_blanks();
        while self.skips(':') {
            self.skip_blanks();
            let start = self.at + 1;
            let word = self.word();
            let known = Filter::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, filter)| filter);
            filters.push(known.ok_or_else(|| {
                let known = "use lower, upper or before@ (blanks around a value are always cut)";
                self.wrong(start, format!("there is no filter \"{word}\": {known}"))
            })?);
            self.skip_blanks();
        }
        Ok(Alternative::Attribute { name, filters })
    }

    /// A text after its opening quote.
    fn quoted(&mut self) -> Result<Alternative, Wrong> {
        let start = self.at;
        let mut text = String::new();
        loop {
            match self.next() {
                None => {
                    let fix = "write \" at its end; \"\" stands for a quote in it";
                    return Err(self.wrong(start, format!("the text is never closed: {fix}")));
                }
                Some('"') if !self.skips('"') => break,
                Some(other) => text.push(other),
            }
        }
        if text.trim().is_empty() {
            return Err(self.wrong(start, "an empty text is what there is without it: leave it out"));
        }
        Ok(Alternative::Text(text))
    }
}
