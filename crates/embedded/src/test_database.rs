use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};

use sqlx::postgres::PgConnection;

use crate::test_run::{Run, connect, drop_database, execute, on_own_thread};
use crate::{EmbeddedError, url};

/// First key of the advisory lock under which a template is prepared.
const TEMPLATES: i32 = 0x746d_706c;

/// The first version whose `CREATE DATABASE` has a strategy to choose.
const HAS_STRATEGY: u32 = 150_000;

/// A database that is prepared once for each server and then cloned for each test.
#[derive(Debug, Clone)]
pub struct Template {
    database: String,
}

impl Template {
    /// Names a template by all that decides its content, such as the text of the migrations: when that changes, a new one
    /// is prepared. `content` may have any length, as only its hash is kept.
    #[must_use]
    pub fn new(content: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let hash = hasher.finish();
        Self { database: format!("taskmaster_template_{hash:016x}") }
    }
}

/// A database of one test's own, dropped at the test's end, whether it passes, fails or panics.
///
/// The server is that of `DATABASE_URL`, on which the role needs `CREATEDB`, else a throwaway cluster that all tests of this
/// process share and that ends with it, however that happens. On the server of `DATABASE_URL` a killed process leaves its
/// databases; the next process that runs tests there drops them. It tells the dead from the living by a lock that each
/// holds in a session, so the URL must not lead through a pooler. Templates stay there, to be used again: they are named
/// `taskmaster_template_*` and may be dropped at any time, after `ALTER DATABASE … IS_TEMPLATE false`.
#[derive(Debug)]
pub struct TestDatabase {
    run: Run,
    name: String,
}

impl TestDatabase {
    /// A clone of `template`. When the server does not have that yet, it is made as an empty database and `prepare` gets
    /// its URL to fill it, for example with the schema; others who want it wait meanwhile. What a killed process has left
    /// half prepared is dropped and prepared again.
    ///
    /// The first call in a process blocks its thread for about a second while the server starts.
    ///
    /// # Errors
    ///
    /// When there is no server, when it refuses a statement, and when `prepare` fails.
    pub async fn create<P, F, E>(template: &Template, prepare: P) -> Result<Self, EmbeddedError>
    where
        P: FnOnce(String) -> F,
        F: Future<Output = Result<(), E>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let run = Run::current()?;
        let mut connection = connect(run.url).await?;
        if !is_prepared(&mut connection, template).await? {
            prepare_template(&mut connection, run, template, prepare).await?;
        }
        // Copying the files is two to three times as fast as writing them to the log, which is the default.
        let strategy = match connection.server_version_num() {
            Some(version) if version < HAS_STRATEGY => "",
            _ => "STRATEGY file_copy",
        };
        Self::clone_of(&mut connection, run, &format!(r#"TEMPLATE "{}" {strategy}"#, template.database)).await
    }

    /// An empty database.
    ///
    /// # Errors
    ///
    /// When there is no server, or it refuses a statement.
    pub async fn empty() -> Result<Self, EmbeddedError> {
        let run = Run::current()?;
        let mut connection = connect(run.url).await?;
        Self::clone_of(&mut connection, run, "").await
    }

    /// The URL to connect to.
    #[must_use]
    pub fn url(&self) -> String {
        url::with_database(self.run.url, &self.name)
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    async fn clone_of(connection: &mut PgConnection, run: Run, options: &str) -> Result<Self, EmbeddedError> {
        let name = run.new_name();
        execute(connection, "make a test database", format!(r#"CREATE DATABASE "{name}" {options}"#)).await?;
        Ok(Self { run, name })
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (url, name) = (self.run.url, std::mem::take(&mut self.name));
        // A test must not fail for want of tidiness; the server's end or the next run removes what is left.
        let _ = on_own_thread(async move {
            let mut connection = connect(url).await?;
            drop_database(&mut connection, &name).await
        })
        .join();
    }
}

/// Whether the template is whole: it is marked so only after it has been prepared.
async fn is_prepared(connection: &mut PgConnection, template: &Template) -> Result<bool, EmbeddedError> {
    let found =
        sqlx::query_scalar("SELECT datistemplate AND NOT datallowconn FROM pg_database WHERE datname = $1")
            .bind(&template.database)
            .fetch_optional(connection)
            .await;
    found.map(|marked| marked.unwrap_or(false)).map_err(|error| EmbeddedError::Statement {
        doing: "look for the template database".to_owned(),
        source: error.into(),
    })
}

async fn prepare_template<P, F, E>(
    connection: &mut PgConnection,
    run: Run,
    template: &Template,
    prepare: P,
) -> Result<(), EmbeddedError>
where
    P: FnOnce(String) -> F,
    F: Future<Output = Result<(), E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let Template { database } = template;
    execute(
        connection,
        "wait for the template database",
        format!("SELECT pg_advisory_lock({TEMPLATES}, hashtext('{database}'))"),
    )
    .await?;
    if !is_prepared(connection, template).await? {
        drop_database(connection, database).await?;
        execute(connection, "make the template database", format!(r#"CREATE DATABASE "{database}""#)).await?;
        let url = url::with_database(run.url, database);
        if let Err(error) = prepare(url).await {
            drop_database(connection, database).await?;
            return Err(EmbeddedError::Prepare(error.into()));
        }
        let mark = format!(r#"ALTER DATABASE "{database}" ALLOW_CONNECTIONS false IS_TEMPLATE true"#);
        execute(connection, "mark the template database", mark).await?;
        // A database that somebody is connected to cannot be cloned.
        let end =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        execute(connection, "end the connections to the template database", end).await?;
    }
    execute(
        connection,
        "release the template database",
        format!("SELECT pg_advisory_unlock({TEMPLATES}, hashtext('{database}'))"),
    )
    .await
}
