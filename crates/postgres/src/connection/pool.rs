//! The connections that are kept, and who has them.

use std::{sync::Arc, time::Duration};

use deadpool::managed::{self, Metrics, Object, PoolError, QueueMode, RecycleError, TimeoutType, Timeouts};
use sea_orm::sqlx::{self, Connection as _, PgConnection, postgres::PgDatabaseError, postgres::PgSeverity};
use taskmaster_repository::RepositoryError;
use tokio::time::Instant;

use super::{
    config::DatabaseConfig,
    dial::Dialer,
    statement::{Answer, Question},
};

/// How long a connection may have been idle before it is tried when it is next used.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// How long a connection may take to answer when it is tried, or to roll back what somebody left.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pool: cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    inner: managed::Pool<Connector>,
    config: Arc<DatabaseConfig>,
}

/// How many connections there are, and how many of them are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// How many are open.
    pub size: usize,
    /// How many of these wait for a call.
    pub idle: usize,
    /// How many of these are used.
    pub in_use: usize,
    /// How many calls wait for a connection.
    pub waiting: usize,
    /// How many connections there are at most.
    pub max: usize,
}

/// Makes the pool's connections, and looks at each before it is used again.
#[derive(Debug)]
struct Connector {
    dialer: Dialer,
}

#[derive(Debug)]
struct Connection {
    session: PgConnection,
    used_at: Instant,
}

/// A connection in somebody's hand. Dropped, it goes back to the pool if it is in order.
#[derive(Debug)]
pub(crate) struct Lease {
    connection: Option<Object<Connector>>,
    state: State,
}

/// What is known of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It waits for a statement.
    Ready,
    /// It is in a transaction and waits for a statement.
    InTransaction,
    /// A statement runs, or somebody stopped waiting for one.
    Busy,
    /// It is of no more use.
    Broken,
}

impl managed::Manager for Connector {
    type Type = Connection;
    type Error = RepositoryError;

    async fn create(&self) -> Result<Connection, RepositoryError> {
        let link = self.dialer.dial().await?;
        Ok(Connection { session: link.conn, used_at: Instant::now() })
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &Metrics,
    ) -> managed::RecycleResult<RepositoryError> {
        if connection.used_at.elapsed() < TRUSTED_IDLE {
            return Ok(());
        }
        match tokio::time::timeout(PATIENCE, connection.session.ping()).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(RecycleError::message("it does not answer")),
        }
    }
}

impl Pool {
    pub(crate) fn new(config: Arc<DatabaseConfig>) -> Result<Self, RepositoryError> {
        let connector = Connector { dialer: Dialer::new(Arc::clone(&config)) };
        let inner = managed::Pool::builder(connector)
            .max_size(config.pool.max)
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| RepositoryError::Backend { source: Box::new(error) })?;
        Ok(Self { inner, config })
    }

    /// A connection, as soon as there is one.
    pub(crate) async fn lease(&self) -> Result<Lease, RepositoryError> {
        let timeouts = Timeouts { wait: Some(self.config.pool.acquire_timeout), ..Timeouts::default() };
        match self.inner.timeout_get(&timeouts).await {
            Ok(connection) => Ok(Lease { connection: Some(connection), state: State::Ready }),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(RepositoryError::Unavailable {
                reason:
                    "no connection of the pool came free in time; use a larger pool or shorter transactions"
                        .to_owned(),
                source: "all connections are in use".into(),
            }),
            Err(error) => Err(RepositoryError::Backend { source: Box::new(error) }),
        }
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let status = self.inner.status();
        PoolStatus {
            size: status.size,
            idle: status.available,
            in_use: status.size.saturating_sub(status.available),
            waiting: status.waiting,
            max: status.max_size,
        }
    }
}

impl Lease {
    /// Puts a statement.
    pub(crate) async fn put(&mut self, question: Question) -> Result<Answer, sqlx::Error> {
        let Some(connection) = &mut self.connection else {
            return Err(sqlx::Error::PoolClosed);
        };
        let before = std::mem::replace(&mut self.state, State::Busy);
        let answer = question.put(&mut connection.session, true).await;
        self.state = match &answer {
            Err(error) if breaks(error) => State::Broken,
            _ => before,
        };
        answer
    }

    /// Says that a transaction was begun on it, or ended.
    pub(crate) fn in_transaction(&mut self, begun: bool) {
        match self.state {
            State::Ready | State::InTransaction => {
                self.state = if begun { State::InTransaction } else { State::Ready };
            }
            State::Busy | State::Broken => {}
        }
    }

    fn leave(mut self, state: State) {
        self.state = state;
    }

    /// Rolls back what somebody left, and is not waited for.
    fn roll_back_in_background(mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return self.leave(State::Broken);
        };
        // If the runtime ends before the task begins, the connection is dropped in this state.
        self.state = State::Broken;
        runtime.spawn(async move {
            self.state = State::InTransaction;
            let rolled_back =
                tokio::time::timeout(PATIENCE, self.put(Question::unprepared("ROLLBACK"))).await;
            self.leave(if matches!(rolled_back, Ok(Ok(_))) { State::Ready } else { State::Broken });
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match self.state {
            State::Ready => connection.used_at = Instant::now(),
            State::InTransaction => {
                let lease = Self { connection: Some(connection), state: State::InTransaction };
                lease.roll_back_in_background();
            }
            State::Busy | State::Broken => drop(Object::take(connection)),
        }
    }
}

/// Whether a connection is of no more use after this error: everything but an error that the server told and that left the
/// session in order.
fn breaks(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(database) = error else { return true };
    let server = database.downcast_ref::<PgDatabaseError>();
    matches!(server.severity(), PgSeverity::Fatal | PgSeverity::Panic)
}
