use sea_orm_migration::DbErr;
use sea_orm_migration::sea_orm::{RuntimeErr, SqlxError, SqlxPostgresError};
use taskmaster_connection::config::ConfigError;

/// Why migrating did not work. Each text is one sentence that says what to do; none holds a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No server will do.
    #[error("{0}")]
    Connection(#[from] taskmaster_connection::Error),
    /// A name that no schema can have.
    #[error(
        "{schema:?} cannot be the name of a schema: use 1 to 63 bytes that do not begin with pg_ and are not information_schema"
    )]
    InvalidSchema {
        /// The name given.
        schema: String,
    },
    /// The search path leads nowhere.
    #[error("no schema of the search_path {search_path:?} exists: name one with --schema, and `up` makes it")]
    NoSchema {
        /// The search path of the connection.
        search_path: String,
    },
    /// The server takes no writes.
    #[error("the server at {server} is read-only: use the URL of the primary, and a role that may write")]
    ReadOnly {
        /// Host and port, or socket.
        server: String,
    },
    /// The schema has been migrated by a newer program.
    #[error(
        "schema {schema:?} is newer than this program, which does not know {versions}: use the newer program"
    )]
    SchemaNewer {
        /// The schema.
        schema: String,
        /// The migrations that this program lacks.
        versions: String,
    },
    /// A table of migrations is another program's.
    #[error(
        "{table} of schema {schema:?} is not Taskmaster's but, by its columns, that of {owner}: name another schema with --schema, and `up` makes it"
    )]
    ForeignTable {
        /// The schema.
        schema: String,
        /// The table.
        table: &'static str,
        /// The program that makes such a table.
        owner: &'static str,
    },
    /// Migrations are not applied yet.
    #[error("{versions} of schema {schema:?} is not applied yet: run `migrate up` first")]
    Pending {
        /// The schema.
        schema: String,
        /// The migrations in question.
        versions: String,
    },
    /// The role may not give what the migrations grant.
    #[error("the schema {schema:?} still lacks {statements}: use the URL of the schema's owner")]
    NotGranted {
        /// The schema.
        schema: String,
        /// The statements that had no effect.
        statements: String,
    },
    /// Files of applied migrations have been edited.
    #[error(
        "{versions} changed after being applied to schema {schema:?}: restore the files, and make a new migration instead"
    )]
    Changed {
        /// The schema.
        schema: String,
        /// The migrations in question.
        versions: String,
    },
    /// Migrations whose `up.sql` does nothing yet.
    #[error("up.sql of {versions} holds no statement: write it first")]
    Empty {
        /// The migrations in question.
        versions: String,
    },
    /// A statement of a migration failed; its transaction was rolled back.
    #[error("{0}")]
    Statement(String),
    /// Anything else that the database says.
    #[error("the database refused: {0}")]
    Database(String),
    /// A new migration cannot have this name.
    #[error(
        "{name:?} cannot name a migration: use lower-case letters, digits and _, and at most {longest} of them"
    )]
    InvalidName {
        /// The name given.
        name: String,
        /// How long it may be, in bytes.
        longest: usize,
    },
    /// A file or folder of migrations cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Its path.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl From<DbErr> for MigrateError {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::Migration(text) => Self::Statement(text),
            error => Self::Database(describe(&error)),
        }
    }
}

/// What the server says, with its SQLSTATE, detail and hint, without the words that the layers above put around it.
pub(crate) fn describe(error: &DbErr) -> String {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => describe_sqlx(error),
        error => error.to_string(),
    }
}

fn describe_sqlx(error: &SqlxError) -> String {
    let Some(refusal) = error.as_database_error().and_then(|it| it.try_downcast_ref::<SqlxPostgresError>())
    else {
        return error.to_string();
    };
    let mut parts = vec![refusal.message().to_owned()];
    parts.extend(refusal.detail().map(|detail| format!("detail: {detail}")));
    parts.extend(refusal.hint().map(|hint| format!("hint: {hint}")));
    if refusal.code() == "42501" {
        parts.push("grant the right, or use the URL of the schema's owner".to_owned());
    }
    parts.push(format!("SQLSTATE: {}", refusal.code()));
    parts.join("; ")
}
