//! The store and the unit of work: one struct over any connection.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use taskmaster_connection::{
    Access, Database, Error, Executor, OpenTransaction, Operation, Transaction, Transactional,
    config::DatabaseConfig,
};
use taskmaster_models::Actor;
use taskmaster_repository::{
    ApiKeyRepository, AuditLogRepository, ErrorLogRepository, MetricRepository, Repositories,
    RepositoryError, Result, Store, TaskContextRepository, TaskDependencyRepository, TaskRepository,
    UnitOfWork, WorkflowStateRepository,
};
use taskmaster_security::{KeyHasher, UsageLedger};

use crate::{
    error::from_connection,
    noun::{entity, operation},
    row,
    sql::Sql,
};

/// The calls of a unit of work that are no repository's.
const BEGIN: Operation = Operation::new("unit_of_work.begin", Access::Write);
const COMMIT: Operation = Operation::new("unit_of_work.commit", Access::Write);
const ROLLBACK: Operation = Operation::new("unit_of_work.rollback", Access::Write);

/// The repositories on one connection `C`: a pool ([`PgStore`]) or a transaction ([`PgUnitOfWork`]). SeaORM's own
/// `DatabaseConnection` is a pool as well as [`Database`].
#[derive(Clone, Debug)]
pub struct Pg<C> {
    conn: C,
    /// The actor as the JSON text that the function `set_actor` takes.
    actor: Option<Arc<str>>,
    /// Is `true` if a statement failed. PostgreSQL then answers COMMIT by rolling back, which is no error to the
    /// driver.
    failed: Arc<AtomicBool>,
    /// Is `true` if the connection is a unit of work's transaction.
    is_unit_of_work: bool,
    /// Makes the hashes of API keys.
    hasher: Arc<KeyHasher>,
    /// The uses of API keys that are not written down yet.
    usage: Arc<UsageLedger>,
}

/// The store: a pool of connections.
pub type PgStore = Pg<Database>;

/// A unit of work: a transaction at the connection's isolation level. That is READ COMMITTED unless
/// `default_transaction_isolation` says otherwise, and dependencies and parents can be changed at this level only.
pub type PgUnitOfWork = Pg<Transaction>;

impl PgStore {
    /// Connects to the database of this URL, with the default of everything else.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](RepositoryError::Unavailable) or [`Refused`](RepositoryError::Refused), with what to do about it: the
    /// server cannot be reached, refuses the user, has no such database, or is older than PostgreSQL 14. No error shows the
    /// password.
    pub async fn connect(url: &str) -> Result<Self> {
        let config = DatabaseConfig::from_url(url).map_err(Error::from);
        Self::connect_with(config.map_err(|error| from_connection("connection", error))?).await
    }

    /// Connects to the database of this configuration.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_with(config: DatabaseConfig) -> Result<Self> {
        let database = Database::connect(config).await;
        Ok(Self::new(database.map_err(|error| from_connection("connection", error))?))
    }

    /// The database that it is on.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.conn
    }
}

impl From<Database> for PgStore {
    fn from(database: Database) -> Self {
        Self::new(database)
    }
}

impl<C: Transactional> Pg<C> {
    /// The store on a pool that is there already. It should not log statements, since these hold the values.
    #[must_use]
    pub fn new(conn: C) -> Self {
        Self {
            conn,
            actor: None,
            failed: Arc::default(),
            is_unit_of_work: false,
            hasher: Arc::default(),
            usage: Arc::default(),
        }
    }

    /// The same store with this hasher of API keys, which knows the peppers. Without one, keys are hashed by SHA-256 alone.
    #[must_use]
    pub fn with_key_hasher(mut self, hasher: KeyHasher) -> Self {
        self.hasher = Arc::new(hasher);
        self
    }
}

impl<C: Executor> Pg<C> {
    /// The time by the server's clock. Where rows go by their age, this is the clock to go by: a host with a wrong one would
    /// remove rows that are young.
    ///
    /// # Errors
    ///
    /// Only when the store fails.
    pub async fn server_time(&self) -> Result<DateTime<Utc>> {
        let row = self.row("store.server_time", Sql::read_primary("SELECT clock_timestamp() AS now")).await?;
        row.map_or_else(
            || Err(RepositoryError::Backend { source: "the server has not told the time".into() }),
            |row| row::column(&row, "now"),
        )
    }

    /// The actor of the writes, if somebody is named.
    pub(crate) fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// Returns `true` if this is a unit of work.
    pub(crate) fn is_unit_of_work(&self) -> bool {
        self.is_unit_of_work
    }

    pub(crate) fn hasher(&self) -> &KeyHasher {
        &self.hasher
    }

    pub(crate) fn usage(&self) -> &UsageLedger {
        &self.usage
    }

    /// Runs a statement of the call of this name, such as `task.find_by`, and returns all rows.
    pub(crate) async fn rows(&self, name: &'static str, sql: Sql) -> Result<Vec<QueryResult>> {
        let operation = operation(name, sql.access());
        self.track_failure(name, self.conn.fetch_all(operation, sql.into_statement()).await)
    }

    /// Runs a statement of the call of this name and returns its one row, if there is one.
    pub(crate) async fn row(&self, name: &'static str, sql: Sql) -> Result<Option<QueryResult>> {
        let operation = operation(name, sql.access());
        self.track_failure(name, self.conn.fetch_optional(operation, sql.into_statement()).await)
    }

    /// Runs a statement of the call of this name and returns how many rows it wrote.
    pub(crate) async fn execute(&self, name: &'static str, sql: Sql) -> Result<u64> {
        let operation = operation(name, sql.access());
        self.track_failure(name, self.conn.execute(operation, sql.into_statement()).await)
    }

    /// Notes that a statement has failed.
    fn track_failure<T>(&self, name: &'static str, result: std::result::Result<T, Error>) -> Result<T> {
        result.map_err(|error| {
            self.failed.store(true, Ordering::Relaxed);
            from_connection(entity(name), error)
        })
    }
}

impl<C: Executor> Repositories for Pg<C> {
    fn tasks(&self) -> &dyn TaskRepository {
        self
    }

    fn task_contexts(&self) -> &dyn TaskContextRepository {
        self
    }

    fn task_dependencies(&self) -> &dyn TaskDependencyRepository {
        self
    }

    fn workflow_states(&self) -> &dyn WorkflowStateRepository {
        self
    }

    fn error_logs(&self) -> &dyn ErrorLogRepository {
        self
    }

    fn api_keys(&self) -> &dyn ApiKeyRepository {
        self
    }

    fn metrics(&self) -> &dyn MetricRepository {
        self
    }

    fn audit_logs(&self) -> &dyn AuditLogRepository {
        self
    }
}

#[async_trait]
impl<C> Store for Pg<C>
where
    C: Transactional + Clone + 'static,
    C::Transaction: 'static,
{
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>> {
        let conn = self.conn.begin(BEGIN).await.map_err(|error| from_connection("transaction", error))?;
        Ok(Box::new(Pg {
            conn,
            actor: self.actor.clone(),
            failed: Arc::default(),
            is_unit_of_work: true,
            hasher: Arc::clone(&self.hasher),
            usage: Arc::clone(&self.usage),
        }))
    }

    fn acting_as(&self, actor: &Actor) -> Result<Box<dyn Store>> {
        actor.validate().into_result()?;
        let actor = serde_json::json!(actor).to_string();
        Ok(Box::new(Self { actor: Some(actor.into()), ..self.clone() }))
    }
}

#[async_trait]
impl<C> UnitOfWork for Pg<C>
where
    C: OpenTransaction + 'static,
{
    async fn commit(self: Box<Self>) -> Result<()> {
        if self.failed.load(Ordering::Relaxed) {
            // What went wrong first is what counts. A connection that cannot roll back is closed, which rolls back, too.
            let _ = self.rollback().await;
            let source = "a statement of this unit of work failed before, so nothing of it was kept".into();
            return Err(RepositoryError::Backend { source });
        }
        self.conn.commit(COMMIT).await.map_err(|error| from_connection("transaction", error))
    }

    async fn rollback(self: Box<Self>) -> Result<()> {
        self.conn.rollback(ROLLBACK).await.map_err(|error| from_connection("transaction", error))
    }
}
