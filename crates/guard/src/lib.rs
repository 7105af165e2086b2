//! The statement guard: which raw statements are sent to the database, decided by reading them. No I/O.
//!
//! A statement passes three readers. The lexer knows PostgreSQL's own rules and lets through only what has one reading. The parser makes a
//! tree of it. The walk visits every node, knows every field, and refuses what it does not know. What is sent
//! is then rendered from the tree: it must hold each token that was given, and must parse to the same tree. So the server gets the statement
//! that the guard has read.
//!
//! ```
//! use taskmaster_guard::{Catalog, Column, Guard, Policy, Refusal, Relation, RelationKind};
//!
//! let column = |name: &str| Column { name: name.into(), nullable: false };
//! let tasks = Relation {
//!     schema: "public".into(),
//!     name: "tasks".into(),
//!     kind: RelationKind::Table,
//!     columns: vec![column("id"), column("title")],
//! };
//! let catalog = Catalog::new("public", [tasks]);
//!
//! let checked = Guard::default().check("SELECT title FROM tasks WHERE id = $1", &Policy::readonly(), &catalog)?;
//! assert!(!checked.writes());
//!
//! let refused = Guard::default().check("DELETE FROM tasks WHERE id = $1", &Policy::readonly(), &catalog);
//! assert!(matches!(refused, Err(Refusal::VerbNotAllowed { .. })));
//! # Ok::<(), Refusal>(())
//! ```

mod allowed;
mod catalog;
mod lexer;
mod policy;
mod ready_made;
mod refusal;
mod scope;
mod walk;

use std::{collections::BTreeSet, thread};

use sqlparser::{
    ast::Statement,
    dialect::PostgreSqlDialect,
    parser::{Parser, ParserError, ParserOptions},
    tokenizer::{Location, Token as ParserToken, TokenWithSpan, Tokenizer},
};

pub use catalog::{Catalog, Column, Relation, RelationKind};
pub use policy::{Columns, Policy, PolicySet, TableRule, Verb};
pub use refusal::Refusal;

use lexer::{Kind, Token, Tokens};

/// Checks statements.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    max_length: usize,
}

impl Default for Guard {
    /// Reads statements of at most 100,000 bytes.
    fn default() -> Self {
        Self { max_length: 100_000 }
    }
}

/// A statement that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedStatement {
    text: String,
    verb: Verb,
    writes: bool,
    tables: BTreeSet<String>,
    parameters: u16,
}

impl CheckedStatement {
    /// What is to be sent, and nothing else: not the text that was checked.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the statement itself does; a WITH query in it may do something else.
    #[must_use]
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Returns `true` if anything in it changes or locks rows.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.writes
    }

    /// The tables and views that it names, and those beneath the views.
    #[must_use]
    pub fn tables(&self) -> &BTreeSet<String> {
        &self.tables
    }

    /// How many parameters it has: the greatest `n` of `$n`.
    #[must_use]
    pub fn parameters(&self) -> u16 {
        self.parameters
    }
}

impl Guard {
    /// Reads statements of at most `bytes` bytes.
    #[must_use]
    pub fn with_max_length(bytes: usize) -> Self {
        Self { max_length: bytes }
    }

    /// The statement as it may be sent under the policy.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] that is found.
    pub fn check(&self, sql: &str, policy: &Policy, catalog: &Catalog) -> Result<CheckedStatement, Refusal> {
        if sql.len() > self.max_length {
            return Err(Refusal::TooLong { limit: self.max_length });
        }
        let Tokens { tokens, is_deep } = statement_tokens(sql)?;
        known_verb(&tokens)?;
        let checked = if is_deep {
            on_a_deep_stack(|| Self::read(&tokens, policy, catalog))
        } else {
            Self::read(&tokens, policy, catalog)
        };
        checked.map_err(|refusal| refusal.without_names(|name| hides_a_text(name, &tokens, catalog)))
    }

    fn read(given: &[Token<'_>], policy: &Policy, catalog: &Catalog) -> Result<CheckedStatement, Refusal> {
        let statement = parse(&lexer::joined(given))?;
        let mut walker = walk::Walker::new(policy, catalog);
        let verb = walker.statement(&statement)?;

        let text = faithful(&statement, given)?;
        let parameters = given.iter().filter(|token| token.kind == Kind::Parameter);
        let parameters = parameters.filter_map(|token| token.text[1..].parse().ok()).max().unwrap_or(0);
        let (tables, writes) = walker.findings();
        Ok(CheckedStatement { text, verb, writes, tables, parameters })
    }
}

/// Does the work in a thread that has room for the deepest tree. Its memory is taken only as far as it is used.
fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, Refusal> + Send) -> Result<T, Refusal> {
    thread::scope(|scope| {
        let reader = thread::Builder::new()
            .name("statement guard".into())
            .stack_size(64 << 20)
            .spawn_scoped(scope, work);
        reader.map_err(|_| Refusal::TooDeep)?.join().unwrap_or(Err(Refusal::TooDeep))
    })
}

/// The tokens of the one statement that there is.
fn statement_tokens(sql: &str) -> Result<Tokens<'_>, Refusal> {
    if sql.contains('\0') {
        return Err(Refusal::Nul);
    }
    let Tokens { mut tokens, is_deep } = lexer::tokens(sql)?;
    while tokens.last().is_some_and(|token| token.is(";")) {
        tokens.pop();
    }
    if tokens.is_empty() {
        return Err(Refusal::Empty);
    }
    if tokens.iter().any(|token| token.is(";")) {
        return Err(Refusal::SeveralStatements);
    }
    Ok(Tokens { tokens, is_deep })
}

fn known_verb(tokens: &[Token<'_>]) -> Result<(), Refusal> {
    let Some(first) = tokens.iter().find(|token| !token.is("(")) else { return Err(Refusal::Empty) };
    if ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES"].iter().any(|verb| first.is_word(verb)) {
        Ok(())
    } else if first.kind == Kind::Word {
        Err(Refusal::VerbNotAllowed { verb: first.text.to_ascii_uppercase() })
    } else {
        Err(Refusal::Unparsable { near: shown(first) })
    }
}

fn parse(text: &str) -> Result<Statement, Refusal> {
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, text)
        .with_unescape(false)
        .tokenize_with_location()
        .map_err(|error| Refusal::Unparsable { near: near(text, error.location) })?;
    let significant: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, ParserToken::Whitespace(_))).collect();
    let options =
        ParserOptions { trailing_commas: false, unescape: false, require_semicolon_stmt_delimiter: true };
    let mut parser = Parser::new(&dialect)
        .with_options(options)
        .with_recursion_limit(200)
        .with_tokens_with_locations(significant);
    let statement = parser.parse_statement().map_err(|error| match error {
        ParserError::RecursionLimitExceeded => Refusal::TooDeep,
        ParserError::TokenizerError(_) | ParserError::ParserError(_) => {
            Refusal::Unparsable { near: near(text, parser.get_current_token().span.start) }
        }
    })?;
    let rest = parser.peek_token_ref();
    if rest.token == ParserToken::EOF {
        Ok(statement)
    } else {
        Err(Refusal::Unparsable { near: near(text, rest.span.start) })
    }
}

/// What is at a place of a text of ours, without telling a literal.
fn near(text: &str, location: Location) -> String {
    let line = text
        .split('\n')
        .nth(usize::try_from(location.line.saturating_sub(1)).unwrap_or(0))
        .unwrap_or_default();
    let column = usize::try_from(location.column.saturating_sub(1)).unwrap_or(0);
    let rest = line.char_indices().nth(column).map_or("", |(at, _)| &line[at..]);
    match lexer::tokens(rest.split(' ').next().unwrap_or_default()) {
        Ok(Tokens { tokens, is_deep: _ }) if location.line == 1 && !tokens.is_empty() => shown(&tokens[0]),
        _ => "its end or a literal".into(),
    }
}

fn shown(token: &Token<'_>) -> String {
    match token.kind {
        Kind::Word | Kind::Parameter | Kind::Operator | Kind::Punctuation => format!("`{}`", token.text),
        Kind::Quoted => "a quoted name".into(),
        Kind::Text | Kind::Number => "a literal".into(),
    }
}

/// Returns `true` if a name that a refusal would tell is, or has in it, one that was given in quotes and is no name
/// here: it can be a text with the wrong quotes.
fn hides_a_text(name: &str, given: &[Token<'_>], catalog: &Catalog) -> bool {
    let parts = |name: &str| format!(".{}.", name.replace('"', "").to_ascii_lowercase());
    let quoted = given.iter().filter(|token| token.kind == Kind::Quoted);
    let mut unknown =
        quoted.map(|token| token.text.trim_matches('"')).filter(|quoted| !catalog.has_name(quoted));
    unknown.any(|quoted| parts(name).contains(&parts(quoted)))
}

/// The statement rendered from the tree, if nothing of what was given is gone, nothing was added, and it reads as the same tree.
fn faithful(statement: &Statement, given: &[Token<'_>]) -> Result<String, Refusal> {
    let rendered = statement.to_string();
    let Tokens { tokens, is_deep: _ } = lexer::tokens(&rendered).map_err(|_| Refusal::Ambiguous)?;
    if normalized(&tokens) != normalized(given) {
        return Err(Refusal::Ambiguous);
    }
    let text = lexer::joined(&tokens);
    match parse(&text) {
        Ok(again) if again == *statement => Ok(text),
        _ => Err(Refusal::Ambiguous),
    }
}

/// The tokens in order of their text, without what the parser does not note since it means nothing.
fn normalized(tokens: &[Token<'_>]) -> Vec<(Kind, String)> {
    let mut normal: Vec<(Kind, String)> = tokens
        .iter()
        .filter_map(|token| match token.kind {
            Kind::Word => {
                let word = token.text.to_ascii_lowercase();
                let word = match word.as_str() {
                    "as" | "row" | "rows" | "outer" => return None,
                    "next" => "first".into(),
                    _ => word,
                };
                Some((Kind::Word, word))
            }
            Kind::Operator if token.text == "!=" => Some((Kind::Operator, "<>".into())),
            // The case of the prefix is the parser's.
            Kind::Text if token.text.starts_with('e') => Some((Kind::Text, format!("E{}", &token.text[1..]))),
            kind => Some((kind, token.text.into())),
        })
        .collect();
    normal.sort();
    normal
}
