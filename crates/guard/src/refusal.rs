//! Why a statement is not sent.

use super::Verb;

/// Why a statement is refused. The text names what and what to do; literals are never in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The text has more bytes than are read.
    #[error("the statement has more than {limit} bytes: bind long values as parameters")]
    TooLong {
        /// The most bytes that are read.
        limit: usize,
    },
    /// The statement is nested too deeply, or has too many names and columns.
    #[error(
        "the statement is nested too deeply, or too much work to read: make it simpler, or bind an array instead of a long list"
    )]
    TooDeep,
    /// A byte that no text of PostgreSQL can hold.
    #[error("the statement holds a NUL byte")]
    Nul,
    /// There is no statement.
    #[error("there is no statement")]
    Empty,
    /// More than one statement.
    #[error("this is more than one statement: send them one at a time")]
    SeveralStatements,
    /// The parser does not understand it, so nobody knows what it does.
    #[error("the statement does not parse, near {near}")]
    Unparsable {
        /// A word or sign, or what kind of literal is there.
        near: String,
    },
    /// Rendered from what was read, the statement is not the one that was given.
    #[error("the statement cannot be read without doubt: word it otherwise")]
    Ambiguous,
    /// A kind of statement that is never allowed, or that the policy allows for no table.
    #[error("{verb} is not allowed")]
    VerbNotAllowed {
        /// The statement's first word.
        verb: String,
    },
    /// The policy does not allow this for the table.
    #[error("{verb} of {table} is not allowed by the policy")]
    TableNotAllowed {
        /// The table.
        table: String,
        /// What was to be done with it.
        verb: Verb,
    },
    /// The policy does not allow this for the column.
    #[error(
        "{verb} of column {column} of {table} is not allowed by the policy: name the columns that are, and no whole rows"
    )]
    ColumnNotAllowed {
        /// The column's table.
        table: String,
        /// The column.
        column: String,
        /// What was to be done with it.
        verb: Verb,
    },
    /// A function that is neither built in and harmless nor allowed by the policy.
    #[error(
        "function {function} is not allowed: only built-in functions without effects are, and those that the policy names"
    )]
    FunctionNotAllowed {
        /// The function.
        function: String,
    },
    /// A type that reaches what is not data.
    #[error("type {name} is not allowed in raw statements")]
    TypeNotAllowed {
        /// The type.
        name: String,
    },
    /// No such table in the schemas that the guard knows.
    #[error("there is no table {table} here")]
    UnknownTable {
        /// The name.
        table: String,
    },
    /// No such column in any table that the name can mean.
    #[error("there is no column {column} here")]
    UnknownColumn {
        /// The name, with its qualifier.
        column: String,
    },
    /// An UPDATE or DELETE that would change all rows.
    #[error("{verb} of {table} has no condition on its rows: say WHERE")]
    NoWhere {
        /// UPDATE or DELETE.
        verb: Verb,
        /// The table.
        table: String,
    },
    /// Something that the guard does not let through anywhere.
    #[error("not allowed in raw statements: {what}")]
    Construct {
        /// What it is.
        what: &'static str,
    },
    /// What a view does is refused.
    #[error("view {view} is not allowed by the policy: {reason}")]
    View {
        /// The view.
        view: String,
        /// What is refused beneath it.
        reason: Box<Refusal>,
    },
}

impl Refusal {
    /// The same refusal without the name that the statement gave, if that must not be told.
    pub(super) fn without_names(mut self, must_be_hidden: impl Fn(&str) -> bool) -> Self {
        if let Self::FunctionNotAllowed { function: name }
        | Self::TypeNotAllowed { name }
        | Self::UnknownTable { table: name }
        | Self::UnknownColumn { column: name } = &mut self
            && must_be_hidden(name)
        {
            *name = "(a quoted name)".into();
        }
        self
    }

    /// Its kind, for trails and metrics: a word that stays the same.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::TooDeep => "too_deep",
            Self::Nul => "nul",
            Self::Empty => "empty",
            Self::SeveralStatements => "several_statements",
            Self::Unparsable { .. } => "unparsable",
            Self::Ambiguous => "ambiguous",
            Self::VerbNotAllowed { .. } => "verb_not_allowed",
            Self::TableNotAllowed { .. } => "table_not_allowed",
            Self::ColumnNotAllowed { .. } => "column_not_allowed",
            Self::FunctionNotAllowed { .. } => "function_not_allowed",
            Self::TypeNotAllowed { .. } => "type_not_allowed",
            Self::UnknownTable { .. } => "unknown_table",
            Self::UnknownColumn { .. } => "unknown_column",
            Self::NoWhere { .. } => "no_where",
            Self::Construct { .. } => "construct",
            Self::View { .. } => "view",
        }
    }
}
