//! The text of a statement as it may be logged.

use std::{borrow::Cow, sync::Arc};

/// How much of a text is logged.
const LOGGED: usize = 4000;

/// The text of a statement without its values.
#[derive(Clone, Debug)]
pub(crate) struct QueryText {
    text: Text,
    binds_values: bool,
    is_prepared: bool,
}

#[derive(Clone, Debug)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl QueryText {
    /// A text of this crate's, such as `BEGIN`.
    pub(crate) const fn fixed(text: &'static str) -> Self {
        Self { text: Text::Static(text), binds_values: true, is_prepared: false }
    }

    pub(crate) fn new(text: Arc<str>, binds_values: bool, is_prepared: bool) -> Self {
        Self { text: Text::Shared(text), binds_values, is_prepared }
    }

    /// The text, if its plan can be told: all its values are bound.
    pub(crate) fn explainable(&self) -> Option<Arc<str>> {
        match &self.text {
            Text::Shared(text) if self.binds_values && self.is_prepared => Some(Arc::clone(text)),
            _ => None,
        }
    }

    /// The text without what may be a value, and without its end if it is very long.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let text = match &self.text {
            Text::Static(text) => text,
            Text::Shared(text) => &**text,
        };
        let cut = &text[..text.floor_char_boundary(LOGGED)];
        if self.binds_values { cut.into() } else { masked(cut).into() }
    }
}

/// Returns a statement with a question mark for each literal and without its comments, cut to 4,000 bytes before that:
/// fit to be logged (OpenTelemetry's sanitized `db.query.text`).
#[must_use]
pub fn sanitized(sql: &str) -> String {
    masked(&sql[..sql.floor_char_boundary(LOGGED)])
}

/// The text with a question mark for each literal, and without its comments.
fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_in_word =
            |masked: &str| masked.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'));
        let (shown, length) = match first {
            '\'' => ("?", quoted(rest, has_escapes(&masked))),
            '$' => ("?", dollar_quoted(rest)),
            '0'..='9' if !is_in_word(&masked) => ("?", number(rest)),
            '-' if rest.starts_with("--") => ("", rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => ("", comment(rest)),
            // A name, whatever is in it.
            '"' => {
                let end = rest[1..].find('"').map_or(rest.len(), |end| end + 2);
                (&rest[..end], end)
            }
            _ => ("", 0),
        };
        if length == 0 {
            masked.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            masked.push_str(shown);
            rest = &rest[length..];
        }
    }
    masked
}

/// Returns `true` if a backslash keeps a quote that follows from ending the text, as in `E'it\'s'`.
fn has_escapes(before: &str) -> bool {
    let prefix = before.strip_suffix(['E', 'e']);
    prefix.is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn number(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_')).unwrap_or(rest.len())
}

/// How long a comment is. One can hold others.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// How long the text between single quotes is.
fn quoted(rest: &str, has_escapes: bool) -> usize {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' if has_escapes => drop(characters.next()),
            '\'' if characters.peek().is_some_and(|(_, next)| *next == '\'') => drop(characters.next()),
            '\'' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// How long the text between dollar quotes is, and 0 if it is a parameter.
fn dollar_quoted(rest: &str) -> usize {
    let Some(end) = rest[1..].find('$') else { return 0 };
    let tag = &rest[..end + 2];
    let is_tag = tag[1..=end].chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag[1..].starts_with(|c: char| c.is_ascii_digit());
    if !is_tag {
        return 0;
    }
    rest[tag.len()..].find(tag).map_or(rest.len(), |close| 2 * tag.len() + close)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        QueryText::new(text.into(), false, true).text().into_owned()
    }

    #[test]
    fn what_may_be_a_value_in_a_foreign_text_is_not_shown() {
        for (text, expected) in [
            ("SELECT * FROM t1 WHERE a = 'it''s' AND b=42", "SELECT * FROM t1 WHERE a = ? AND b=?"),
            ("SELECT $1, E'a\\'b', x'ff', 1.5e10", "SELECT $1, E?, x?, ?"),
            ("SELECT $tag$ secret $$ $tag$, $$x$$", "SELECT ?, ?"),
            ("SELECT 'open", "SELECT ?"),
            ("SELECT $a$ open", "SELECT ?"),
            ("SELECT \"it's\" FROM \"2\"", "SELECT \"it's\" FROM \"2\""),
            ("SELECT $1 + $2::int4", "SELECT $1 + $2::int4"),
            ("SELECT 'a\\' , 'b', date'c\\', 'd'", "SELECT ? , ?, date?, ?"),
            ("SELECT 1 -- it's\n, 'secret'", "SELECT ? \n, ?"),
            ("SELECT /* it's /* deep */ é */ 'secret' /* open", "SELECT  ? "),
            ("SELECT 'é', 7", "SELECT ?, ?"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_of_this_crate_is_shown_as_it_is_but_for_what_is_too_much() {
        assert_eq!(QueryText::fixed("SELECT 'a', 1").text(), "SELECT 'a', 1");
        let long = QueryText::new("é".repeat(LOGGED).into(), true, true);
        assert_eq!(long.text().len(), LOGGED);
    }
}
