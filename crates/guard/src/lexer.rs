//! PostgreSQL's own lexical rules, of which only what cannot be misread is let through.
//!
//! A guard that splits the text otherwise than the server does reads another statement than the server runs. So whatever two readers could
//! see differently is refused here, before the parser gets it: Unicode escapes, dollar quotes, names with `$`, numbers that run into
//! words. Comments are dropped, and so never reach the server.

use super::Refusal;

/// How deep a statement may be: what reads it descends as deep.
const MAX_DEPTH: usize = 900;
const MAX_PARENTHESES: usize = 60;

/// What any thread's stack has room for.
const SHALLOW_DEPTH: usize = 100;
const SHALLOW_PARENTHESES: usize = 12;

/// A name of more bytes is cut by PostgreSQL, and then is another name.
const MAX_NAME: usize = 63;

/// What these mean is known. PostgreSQL can have others, defined by whoever may create.
const OPERATORS: [&str; 43] = [
    "+", "-", "*", "/", "%", "^", "<", ">", "=", "<=", ">=", "<>", "!=", "||", "|", "&", "#", "~", "<<",
    ">>", "->", "->>", "#>", "#>>", "@>", "<@", "?", "?|", "?&", "#-", "@?", "@@", "&&", "~*", "!~", "!~*",
    "~~", "~~*", "!~~", "!~~*", "^@", "=>", "-|-",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Word,
    Quoted,
    Text,
    Number,
    Parameter,
    Operator,
    Punctuation,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

impl Token<'_> {
    /// Returns `true` if this is the word, in whatever case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is(&self, punctuation: &str) -> bool {
        self.kind == Kind::Punctuation && self.text == punctuation
    }
}

/// The tokens with a space between any two.
pub(super) fn joined(tokens: &[Token<'_>]) -> String {
    let mut text = String::with_capacity(tokens.iter().map(|token| token.text.len() + 1).sum());
    for token in tokens {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(token.text);
    }
    text
}

/// The tokens of a statement, and what it takes to read it.
pub(super) struct Tokens<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    /// Is `true` if a tree of these tokens may be too deep for the stack of any thread.
    pub(super) is_deep: bool,
}

/// The tokens of a statement, without comments.
pub(super) fn tokens(sql: &str) -> Result<Tokens<'_>, Refusal> {
    let mut lexer = Lexer { rest: sql, glued: false };
    let mut tokens: Vec<Token<'_>> = Vec::new();
    while let Some(token) = lexer.next()? {
        if token.kind == Kind::Text && tokens.last().is_some_and(|last| last.kind == Kind::Text) {
            return Err(construct("two texts in a row"));
        }
        tokens.push(token);
    }
    let is_deep = limit_depth(&tokens)?;
    Ok(Tokens { tokens, is_deep })
}

fn construct(what: &'static str) -> Refusal {
    Refusal::Construct { what }
}

struct Lexer<'a> {
    rest: &'a str,
    /// Is `true` if the last token was a word or a number that the next character touches.
    glued: bool,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Result<Option<Token<'a>>, Refusal> {
        self.skip_space_and_comments()?;
        let glued = std::mem::take(&mut self.glued);
        let Some(&first) = self.rest.as_bytes().first() else { return Ok(None) };
        let token = match first {
            b'e' | b'E' if self.rest[1..].starts_with('\'') => {
                self.take(Kind::Text, escaped_text(self.rest)?)
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word()?,
            b'"' => self.take(Kind::Quoted, quoted_name(self.rest, glued)?),
            b'\'' if glued => return Err(construct("a text with a prefix")),
            b'\'' => self.take(Kind::Text, plain_text(self.rest)?),
            b'0'..=b'9' => self.number()?,
            b'.' if self.rest[1..].starts_with(|next: char| next.is_ascii_digit()) => self.number()?,
            b'$' => self.parameter(glued)?,
            b':' if self.rest.starts_with("::") => self.take(Kind::Punctuation, 2),
            b':' if self.rest.starts_with(":=") => return Err(construct("`:=`")),
            b'(' | b')' | b'[' | b']' | b',' | b'.' | b';' | b':' => self.take(Kind::Punctuation, 1),
            first if is_operator(first) => self.operator()?,
            first if first.is_ascii() => return Err(construct("a character that SQL does not know")),
            _ => return Err(construct("a character outside ASCII, neither quoted nor in a text")),
        };
        Ok(Some(token))
    }

    fn take(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        Token { kind, text }
    }

    /// Comments nest, as in PostgreSQL.
    fn skip_space_and_comments(&mut self) -> Result<(), Refusal> {
        loop {
            let trimmed = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
            if trimmed.len() < self.rest.len() {
                self.glued = false;
            }
            self.rest = trimmed;
            if self.rest.starts_with("--") {
                let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
                self.rest = &self.rest[end..];
            } else if self.rest.starts_with("/*") {
                self.rest = &self.rest[comment(self.rest)?..];
                self.glued = false;
            } else {
                return Ok(());
            }
        }
    }

    fn word(&mut self) -> Result<Token<'a>, Refusal> {
        let end = self.rest.find(|next: char| !next.is_ascii_alphanumeric() && next != '_');
        let token = self.take(Kind::Word, end.unwrap_or(self.rest.len()));
        if token.text.len() > MAX_NAME {
            return Err(construct("a name of more than 63 bytes"));
        }
        if self.rest.starts_with("&'") || self.rest.starts_with("&\"") {
            return Err(construct("a Unicode escape"));
        }
        self.glued = true;
        Ok(token)
    }

    fn number(&mut self) -> Result<Token<'a>, Refusal> {
        let bytes = self.rest.as_bytes();
        let digits =
            |from: usize| from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = digits(0);
        if bytes.get(end) == Some(&b'.') {
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let after = digits(end + 1 + sign);
            if after > end + 1 + sign {
                end = after;
            }
        }
        if bytes.get(end).is_some_and(|&next| !next.is_ascii() || is_word_part(next) || next == b'.') {
            return Err(construct("a number that runs into a word"));
        }
        self.glued = true;
        Ok(self.take(Kind::Number, end))
    }

    fn parameter(&mut self, glued: bool) -> Result<Token<'a>, Refusal> {
        let bytes = self.rest.as_bytes();
        let digits = bytes[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if glued {
            return Err(construct("a name with `$`"));
        }
        if digits == 0 {
            return Err(construct("a dollar-quoted text"));
        }
        let is_junk = bytes.get(1 + digits).is_some_and(|&next| !next.is_ascii() || is_word_part(next));
        let number: u32 = self.rest[1..=digits].parse().unwrap_or(0);
        if is_junk || bytes[1] == b'0' || number == 0 || number > 65_535 {
            return Err(construct("a parameter that is not $1 to $65535"));
        }
        Ok(self.take(Kind::Parameter, 1 + digits))
    }

    /// The longest run of operator characters that no comment begins in; one that ends in `+` or `-` only if it has a character that
    /// standard SQL has in no operator.
    fn operator(&mut self) -> Result<Token<'a>, Refusal> {
        let run = self.rest.bytes().take_while(|&byte| is_operator(byte)).count();
        let run = &self.rest[..run];
        let end = [run.find("--"), run.find("/*")].into_iter().flatten().min().unwrap_or(run.len());
        let mut operator = &run[..end];
        let is_special = operator.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']);
        while operator.len() > 1 && operator.ends_with(['+', '-']) && !is_special {
            operator = &operator[..operator.len() - 1];
        }
        if !OPERATORS.contains(&operator) {
            return Err(construct("an operator that is not one of PostgreSQL's usual ones"));
        }
        Ok(self.take(Kind::Operator, operator.len()))
    }
}

fn is_operator(byte: u8) -> bool {
    b"+-*/<>=~!@#%^&|`?".contains(&byte)
}

fn is_word_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

fn comment(text: &str) -> Result<usize, Refusal> {
    let bytes = text.as_bytes();
    let (mut at, mut open) = (2, 1_usize);
    while open > 0 {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'/'), Some(b'*')) => (at, open) = (at + 2, open + 1),
            (Some(b'*'), Some(b'/')) => (at, open) = (at + 2, open - 1),
            (Some(_), _) => at += 1,
            (None, _) => return Err(construct("a comment without an end")),
        }
    }
    Ok(at)
}

/// A backslash is no escape here with `standard_conforming_strings`, and one without: so none may be in front of a quote.
fn plain_text(text: &str) -> Result<usize, Refusal> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\''), Some(b'\'')) => at += 2,
            (Some(b'\''), _) => return Ok(at + 1),
            (Some(b'\\'), Some(b'\'')) => {
                return Err(construct("a backslash before a quote: bind the text as a parameter"));
            }
            (Some(_), _) => at += 1,
            (None, _) => return Err(construct("a text without an end")),
        }
    }
}

/// `E'…'` with the escapes that all readers agree on.
fn escaped_text(text: &str) -> Result<usize, Refusal> {
    let bytes = text.as_bytes();
    let mut at = 2;
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\\'), Some(b'n' | b't' | b'r' | b'\\')) => at += 2,
            (Some(b'\\'), _) => return Err(construct("an escape in a text: bind the text as a parameter")),
            (Some(b'\''), Some(b'\'')) => {
                return Err(construct("a quote in E'…': bind the text as a parameter"));
            }
            (Some(b'\''), _) => return Ok(at + 1),
            (Some(_), _) => at += 1,
            (None, _) => return Err(construct("a text without an end")),
        }
    }
}

fn quoted_name(text: &str, glued: bool) -> Result<usize, Refusal> {
    let Some(end) = text[1..].find('"') else { return Err(construct("a quoted name without an end")) };
    let name = &text[1..=end];
    if glued {
        return Err(construct("a quoted name with a prefix"));
    }
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(construct("a name that is empty or has more than 63 bytes"));
    }
    if text[end + 2..].starts_with('"') || name.contains(|next: char| next.is_control() || next == '\\') {
        return Err(construct("a name with quotes, backslashes or control characters"));
    }
    Ok(end + 2)
}

/// An upper bound of the tree's depth: every level of it takes a token between two commas.
fn limit_depth(tokens: &[Token<'_>]) -> Result<bool, Refusal> {
    #[derive(Default)]
    struct Level {
        length: usize,
        below: usize,
        deepest: usize,
    }
    impl Level {
        fn end_of_item(&mut self) {
            self.deepest = self.deepest.max(self.length + self.below);
            (self.length, self.below) = (0, 0);
        }
    }
    let mut levels = vec![Level::default()];
    let mut parentheses = 0;
    for token in tokens {
        if token.is("(") || token.is("[") {
            levels.push(Level::default());
            parentheses = parentheses.max(levels.len());
            if levels.len() > MAX_PARENTHESES {
                return Err(Refusal::TooDeep);
            }
        } else if (token.is(")") || token.is("]")) && levels.len() > 1 {
            if let Some(mut inner) = levels.pop() {
                inner.end_of_item();
                if let Some(outer) = levels.last_mut() {
                    outer.length += 1;
                    outer.below = outer.below.max(inner.deepest);
                }
            }
        } else if let Some(level) = levels.last_mut() {
            if token.is(",") {
                level.end_of_item();
            } else if !token.is(".") {
                level.length += 1;
            }
        }
    }
    let mut depth = 0;
    for level in &mut levels {
        level.end_of_item();
        depth += level.deepest;
    }
    if depth > MAX_DEPTH {
        return Err(Refusal::TooDeep);
    }
    Ok(depth > SHALLOW_DEPTH || parentheses > SHALLOW_PARENTHESES)
}
