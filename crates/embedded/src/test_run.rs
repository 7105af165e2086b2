use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::server::database_url_variable;
use crate::{EmbeddedError, EmbeddedPostgres, Settings};

/// First key of the advisory lock that a run of tests holds on a server that is not its own.
const RUNS: i32 = 0x7461_736b;

/// What every database and every user of a test is called first; then come the run and a number.
const PREFIX: &str = "taskmaster_test_";

/// The server of this process's tests, which lasts until the process ends.
static RUN: Mutex<Option<Run>> = Mutex::new(None);

/// One process that runs tests, and the server that it runs them on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// URL of a database in which others are made and dropped.
    pub(crate) url: &'static str,
    id: u32,
}

impl Run {
    /// The run of this process, which the first call begins: on the server of `DATABASE_URL`, else on a throwaway cluster.
    pub(crate) fn current() -> Result<Self, EmbeddedError> {
        let mut current = RUN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = *current {
            return Ok(run);
        }
        let id = u32::try_from(RandomState::new().hash_one("run") >> 32).expect("32 bits fit");
        let url = if let Some(url) = database_url_variable()? {
            announce(url.clone(), id)?;
            url
        } else {
            let server = EmbeddedPostgres::start(Settings::throwaway())?;
            // It is to stop with the process, and no earlier.
            Box::leak(Box::new(server)).database_url()
        };
        Ok(*current.insert(Self { url: url.leak(), id }))
    }

    /// A name that no other run uses, and this one only once.
    pub(crate) fn new_name(self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        format!("{PREFIX}{:08x}_{}", self.id, COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Connects to the maintenance database of the run's server.
pub(crate) async fn connect(url: &str) -> Result<PgConnection, EmbeddedError> {
    PgConnection::connect(url).await.map_err(|error| match database_url_variable() {
        Ok(Some(_)) => EmbeddedError::NoAnswer(error.into()),
        _ => {
            EmbeddedError::Statement { doing: "connect to the test server".to_owned(), source: error.into() }
        }
    })
}

/// Runs one statement in which only names of ours occur.
pub(crate) async fn execute(
    connection: &mut PgConnection,
    doing: &str,
    sql: String,
) -> Result<(), EmbeddedError> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.map(|_| ())
        .map_err(|error| EmbeddedError::Statement { doing: doing.to_owned(), source: error.into() })
}

/// Drops a database that a test has made, together with the connections to it.
pub(crate) async fn drop_database(connection: &mut PgConnection, name: &str) -> Result<(), EmbeddedError> {
    let sql = format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#);
    execute(connection, "drop a test database", sql).await
}

/// Drops a user that a test has made, who owns nothing.
pub(crate) async fn drop_role(connection: &mut PgConnection, name: &str) -> Result<(), EmbeddedError> {
    execute(connection, "drop a test's user", format!(r#"DROP ROLE IF EXISTS "{name}""#)).await
}

/// Runs a future to its end on a thread of its own, since the caller's thread may be running another already.
pub(crate) fn on_own_thread<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime without threads needs nothing but memory").block_on(future)
    })
}

/// Tells the users of a shared server that this run lives, until the process ends, and drops what killed runs have left.
fn announce(url: String, id: u32) -> Result<(), EmbeddedError> {
    let (told, begun) = mpsc::channel();
    on_own_thread(async move {
        let (outcome, held) = match hold_and_sweep(&url, id).await {
            Ok(connection) => (Ok(()), Some(connection)),
            Err(error) => (Err(error), None),
        };
        told.send(outcome).expect("the caller waits for the outcome");
        if let Some(_connection) = held {
            // It stays open, and the lock with it, for as long as the process lives.
            std::future::pending::<()>().await;
        }
    });
    begun.recv().expect("the thread answers before it ends")
}

/// Takes the lock that says that run `id` lives, and drops the databases and users of those runs that no longer do.
async fn hold_and_sweep(url: &str, id: u32) -> Result<PgConnection, EmbeddedError> {
    let failed = |error: sqlx::Error| EmbeddedError::Statement {
        doing: "look for databases and users of killed test runs".to_owned(),
        source: error.into(),
    };
    let mut connection = connect(url).await?;
    let hold = format!("SET idle_session_timeout = 0; SELECT pg_advisory_lock({RUNS}, {})", id.cast_signed());
    execute(&mut connection, "announce the test run", hold).await?;

    // A run takes its lock before it makes a database, so names are read before locks: whoever has a name here and no
    // lock afterwards has ended.
    let names: Vec<(bool, String)> = sqlx::query_as(
        "SELECT true, datname::text FROM pg_database WHERE starts_with(datname, $1) UNION ALL \
         SELECT false, rolname::text FROM pg_roles WHERE starts_with(rolname, $1)",
    )
    .bind(PREFIX)
    .fetch_all(&mut connection)
    .await
    .map_err(failed)?;
    let living: Vec<i64> = sqlx::query_scalar(
        "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid::bigint = $1",
    )
    .bind(i64::from(RUNS))
    .fetch_all(&mut connection)
    .await
    .map_err(failed)?;
    for (is_database, name) in names {
        let run = name[PREFIX.len()..].split('_').next().and_then(|run| u32::from_str_radix(run, 16).ok());
        if run.is_some_and(|run| !living.contains(&i64::from(run))) {
            // Another run may be dropping it too, or it may belong to another role.
            let _ = if is_database {
                drop_database(&mut connection, &name).await
            } else {
                drop_role(&mut connection, &name).await
            };
        }
    }
    Ok(connection)
}
