//! Splits a file of SQL into its statements.
//!
//! They are sent one by one: an error then has a line, and a Citus coordinator refuses several commands in one message.

/// One statement of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// The line of the file on which it begins, from 1.
    pub(crate) line: usize,
    /// Its text without the semicolon.
    pub(crate) sql: &'a str,
}

/// The statements of `file`, in order. Semicolons inside quotes, dollar quotes and comments end nothing; what is only
/// blank or comment is left out. A quote that is never closed reaches to the end of the file, where the server complains.
///
/// A body between `BEGIN ATOMIC` and `END` would be cut apart: write functions with dollar quotes.
pub(crate) fn statements(file: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some(token) = next_token(file, at) {
        match token.kind {
            Kind::Semicolon => {
                if let Some(begin) = start.take() {
                    pieces.push(piece(file, begin, at));
                }
            }
            Kind::Blank => {}
            Kind::Text => _ = start.get_or_insert(at),
        }
        at = token.end;
    }
    if let Some(begin) = start {
        pieces.push(piece(file, begin, file.len()));
    }
    pieces
}

fn piece(file: &str, begin: usize, end: usize) -> Piece<'_> {
    let line = 1 + file[..begin].matches('\n').count();
    Piece { line, sql: file[begin..end].trim_end() }
}

enum Kind {
    Semicolon,
    /// White space or a comment.
    Blank,
    Text,
}

struct Token {
    kind: Kind,
    end: usize,
}

fn next_token(file: &str, at: usize) -> Option<Token> {
    let rest = &file[at..];
    let first = rest.chars().next()?;
    let (kind, length) = match first {
        ';' => (Kind::Semicolon, 1),
        '-' if rest.starts_with("--") => (Kind::Blank, rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => (Kind::Blank, block_comment(rest)),
        '\'' => (Kind::Text, quoted(rest, '\'', false)),
        '"' => (Kind::Text, quoted(rest, '"', false)),
        '$' => (Kind::Text, dollar_quoted(rest).unwrap_or(1)),
        _ if is_word_start(first) => (Kind::Text, word(rest)),
        _ if first.is_whitespace() => (Kind::Blank, first.len_utf8()),
        _ => (Kind::Text, first.len_utf8()),
    };
    Some(Token { kind, end: at + length })
}

/// A word is one token, because a `$` inside it begins no quote, and because an `E` right before a quote gives backslashes
/// a meaning in it.
fn word(rest: &str) -> usize {
    let end = rest.find(|c| !is_word_start(c) && !c.is_ascii_digit() && c != '$').unwrap_or(rest.len());
    if matches!(&rest[..end], "e" | "E") && rest[end..].starts_with('\'') {
        return end + quoted(&rest[end..], '\'', true);
    }
    end
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && !c.is_whitespace())
}

fn quoted(rest: &str, quote: char, backslashes: bool) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if backslashes && c == '\\' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    rest.len()
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn dollar_quoted(rest: &str) -> Option<usize> {
    let tag_end = 1 + rest[1..].find('$')?;
    let tag = &rest[1..tag_end];
    let starts_well = tag.chars().next().is_none_or(is_word_start);
    if !starts_well || !tag.chars().all(|c| is_word_start(c) || c.is_ascii_digit()) {
        return None;
    }
    let delimiter = &rest[..=tag_end];
    let body = delimiter.len();
    Some(rest[body..].find(delimiter).map_or(rest.len(), |at| body + at + body))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(file: &str) -> Vec<&str> {
        statements(file).into_iter().map(|piece| piece.sql).collect()
    }

    #[test]
    fn semicolons_end_statements_and_the_last_needs_none() {
        assert_eq!(texts("SELECT 1; SELECT 2 ;\n;;\nSELECT 3"), ["SELECT 1", "SELECT 2", "SELECT 3"]);
    }

    #[test]
    fn blanks_and_comments_alone_are_no_statement() {
        assert!(texts(" \n-- a; b\n/* c; /* d; */ e; */\n;").is_empty());
    }

    #[test]
    fn a_comment_inside_a_statement_stays_in_it() {
        assert_eq!(
            texts("SELECT -- one; two\n 1;SELECT /* ; */ 2"),
            ["SELECT -- one; two\n 1", "SELECT /* ; */ 2"]
        );
    }

    #[test]
    fn semicolons_in_quotes_end_nothing() {
        for statement in [
            "SELECT 'a;''b;'",
            "SELECT \";\"\";\"",
            r"SELECT E'\';'",
            r"SELECT e'\\', ';'",
            "SELECT $$;$$",
            "DO $a$ x; $b$; $a$",
            "SELECT $ä1$;$ä1$",
            "SELECT U&';'",
        ] {
            assert_eq!(texts(&format!("{statement};SELECT 2")), [statement, "SELECT 2"]);
        }
    }

    #[test]
    fn a_backslash_means_nothing_without_an_e_of_its_own() {
        assert_eq!(
            texts(r"SELECT '\';SELECT date'\';SELECT 3"),
            [r"SELECT '\'", r"SELECT date'\'", "SELECT 3"]
        );
    }

    #[test]
    fn a_dollar_in_a_name_or_a_parameter_begins_no_quote() {
        assert_eq!(texts("SELECT a$b$;SELECT $1;SELECT $2 $;"), ["SELECT a$b$", "SELECT $1", "SELECT $2 $"]);
    }

    #[test]
    fn a_statement_knows_its_line() {
        let lines: Vec<usize> =
            statements("-- head\n\nSELECT 1;\nSELECT\n 2; SELECT 3").iter().map(|p| p.line).collect();
        assert_eq!(lines, [3, 4, 5]);
    }

    proptest! {
        #[test]
        fn any_text_is_split_without_loss_of_what_counts(file in any::<String>()) {
            let mut rest = file.as_str();
            for piece in statements(&file) {
                prop_assert!(!piece.sql.trim().is_empty());
                let at = rest.find(piece.sql).expect("a statement is a part of the file, after the one before it");
                rest = &rest[at + piece.sql.len()..];
            }
        }

        #[test]
        fn statements_joined_with_semicolons_come_apart_again(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "SELECT 1", "SELECT 'a;b'", "SELECT E'\\';'", "DO $$ ; $$", "DO $t$ $$ ; $t$", "SELECT \";\"",
                    "SELECT /* ; /* ; */ */ 1", "SELECT x$y", "SELECT -- ;\n 1",
                ]),
                0..8,
            ),
            gap in prop::sample::select(vec![";", " ; ", ";\n-- ;\n", ";;/* ; */"]),
        ) {
            let file = parts.join(gap);
            prop_assert_eq!(texts(&file), parts);
        }
    }
}
