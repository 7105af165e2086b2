//! A connection in a caller's hand, and what becomes of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool::managed::{Object, PoolError, Timeouts};
use sea_orm::sqlx::Connection as _;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    cancel::Cancel,
    manager::{Manager, Pool, Shared, close, closing},
};
use crate::{
    backoff::Backoff,
    config::Target,
    error::{Error, Result},
    metrics::timings,
    operation::Operation,
    sqlstate,
    statement::{ImplicitTransaction, Query, QueryOutput},
    wal::ReplayState,
};

/// The time that a statement has to end by itself after its caller is gone. Most are about to.
const GRACE: Duration = Duration::from_millis(100);

/// The limit for rolling back and resetting a session.
const RESET_TIMEOUT: Duration = Duration::from_secs(5);

/// The statements that make a session as it was at its beginning, but for its prepared statements, which cost to
/// prepare again. It tells how many of these callers have made by `PREPARE`, how many the driver has, and whether
/// writes are refused.
const RESET: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; \
                     SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; \
                     SELECT count(*) FILTER (WHERE from_sql), count(*) FILTER (WHERE NOT from_sql), \
                            current_setting('default_transaction_read_only')::bool OR pg_is_in_recovery() \
                     FROM pg_catalog.pg_prepared_statements";

/// Ends all that a caller may have begun by a statement of its own, and does not have the server warn if that is
/// nothing. It fails in a transaction that has failed, which ends with the connection.
const END: &str = "BEGIN; ROLLBACK";

/// A connection in a caller's hand. Dropped, it goes back to the pool if it is in order, and is closed if not.
#[derive(Debug)]
pub(crate) struct PoolConnection {
    /// `None` only in `drop`.
    connection: Option<Object<Manager>>,
    state: State,
    /// Is `true` if an unnamed statement was executed, which may have changed the session's settings.
    is_dirty: bool,
    /// Is `true` if the transaction was begun as one that only reads.
    only_reads: bool,
    /// Is `true` if the server took no write, though it was chosen as one that does.
    is_demoted: bool,
    ticket: u64,
    shared: Arc<Shared>,
}

/// The knowledge of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It waits for a statement.
    Ready,
    /// It is in a transaction and waits for a statement.
    InTransaction,
    /// A statement runs, or its caller stopped waiting for it.
    Busy,
    /// Its statement was ended for a caller that stopped waiting.
    Abandoned,
    /// It is of no more use.
    Broken,
}

impl Pool {
    /// Acquires a connection for this operation, as soon as there is one. What passes by itself is tried again
    /// meanwhile.
    pub(crate) async fn acquire(&self, operation: Operation) -> Result<PoolConnection> {
        let limit = self.shared.config.pool.acquire_timeout;
        let deadline = Instant::now() + limit;
        let mut backoff = Backoff::new(&self.shared.config.retry);
        let _acquiring = self.shared.metrics.acquiring();
        loop {
            if self.is_closing() {
                return Err(closing());
            }
            let error = match timeout_at(deadline, self.inner.timeout_get(&Timeouts::new())).await {
                Ok(Ok(connection)) => {
                    return Ok(PoolConnection::new(connection, operation, Arc::clone(&self.shared)));
                }
                Ok(Err(PoolError::Backend(error))) => error,
                Ok(Err(PoolError::Closed)) => return Err(closing()),
                Ok(Err(error)) => return Err(Error::unavailable(error.to_string(), error)),
                Err(_) => {
                    self.shared.metrics.timed_out();
                    return Err(self.exhausted(limit));
                }
            };
            // The server has a connection for the next attempt, or none, at once or after a while.
            match backoff.next() {
                Some(delay) if error.is_retryable() && Instant::now() + delay < deadline => {
                    tracing::debug!(call = operation.name, %error, ?delay, "connecting is tried again");
                    timings::retried();
                    tokio::time::sleep(delay).await;
                }
                _ => return Err(error),
            }
        }
    }
}

impl PoolConnection {
    fn new(connection: Object<Manager>, operation: Operation, shared: Arc<Shared>) -> Self {
        let ticket = shared.checkouts.take(operation, &connection.host, connection.backend_pid);
        let (state, is_dirty, only_reads, is_demoted) = (State::Ready, false, false, false);
        Self { connection: Some(connection), state, is_dirty, only_reads, is_demoted, ticket, shared }
    }

    /// Executes a statement that is a transaction of its own. `may_take_place` is set from when on it may take place
    /// although no answer comes.
    pub(crate) async fn execute_autocommit(
        &mut self,
        query: Query,
        may_take_place: &AtomicBool,
    ) -> Result<QueryOutput> {
        let own = query.transaction();
        if own.is_none() && !self.shared.config.pool.behind_pooler {
            may_take_place.store(true, Ordering::Relaxed);
            return self.execute(query).await;
        }
        let own = own.unwrap_or_default();
        let is_prepared = query.is_prepared();
        match Box::pin(self.execute_in_transaction(&own, query.clone(), may_take_place)).await {
            // The driver asks for types that it does not know yet when the statement is prepared already, and what is
            // asked in between undoes a statement that has no name. By now it knows them.
            Err(error) if is_prepared && error.sqlstate() == Some("26000") => {
                Box::pin(self.execute_in_transaction(&own, query, may_take_place)).await
            }
            result => result,
        }
    }

    /// Executes it between BEGIN and COMMIT. Behind a pooler all statements need these: sqlx prepares a statement in a
    /// round trip of its own, and only in a transaction does a pooler give both to the same session.
    async fn execute_in_transaction(
        &mut self,
        own: &ImplicitTransaction,
        query: Query,
        may_take_place: &AtomicBool,
    ) -> Result<QueryOutput> {
        let operation = query.operation();
        // Set before, since what is set at its beginning may fail when it has begun.
        self.set_in_transaction(true);
        // Statements that are not prepared may be several, one of them a COMMIT.
        let may_commit = operation.is_unnamed() && !query.is_prepared();
        let output = self.begin_and_execute(own, query, may_commit.then_some(may_take_place)).await;
        if self.state != State::InTransaction {
            return output;
        }
        let end = if output.is_ok() { "COMMIT" } else { "ROLLBACK" };
        may_take_place.store(may_commit || output.is_ok(), Ordering::Relaxed);
        let ended = self.execute(Query::unprepared(operation, end)).await;
        self.set_in_transaction(false);
        // The first failure is what counts.
        output.and_then(|output| ended.map(|_| output))
    }

    async fn begin_and_execute(
        &mut self,
        own: &ImplicitTransaction,
        query: Query,
        may_take_place: Option<&AtomicBool>,
    ) -> Result<QueryOutput> {
        self.execute(self.shared.begin(query.operation(), own.mode).and(&own.settings)).await?;
        if let Some(first) = &own.first {
            self.execute(first.clone()).await?;
        }
        if let Some(may_take_place) = may_take_place {
            may_take_place.store(true, Ordering::Relaxed);
        }
        self.execute(query).await
    }

    /// Executes a statement.
    pub(crate) async fn execute(&mut self, query: Query) -> Result<QueryOutput> {
        let operation = query.operation();
        self.shared.checkouts.set_operation(self.ticket, operation);
        self.is_dirty |= operation.is_unnamed();
        self.only_reads = query.begins_reading().unwrap_or(self.only_reads);
        let Some(connection) = &mut self.connection else { return Err(closing()) };
        let _executing = timings::executing();
        let before = std::mem::replace(&mut self.state, State::Busy);
        // A name stands for a text with one list of types, and those of guarded statements are as their callers please.
        let is_named = !self.shared.config.pool.behind_pooler && query.transaction().is_none();
        let output = query.execute(&mut connection.conn, is_named).await;
        self.state = match &output {
            // The server still sends the rest of it.
            Err(error) if error.exceeds_limit() => State::Busy,
            Err(error) if breaks(error, is_named) => State::Broken,
            Err(error) if self.demotes(error, before) => {
                self.is_demoted = true;
                self.close_idle();
                State::Broken
            }
            _ => before,
        };
        if output.as_ref().is_err_and(|error| !error.exceeds_limit() && !error.keeps_session()) {
            self.shared.recheck_idle();
        }
        output
    }

    /// Returns the replay of the replica, as it was seen on this connection.
    pub(crate) fn replay_state(&self) -> Option<ReplayState> {
        self.connection.as_ref().and_then(|connection| connection.replay)
    }

    pub(crate) fn set_replay_state(&mut self, replay: ReplayState) {
        if let Some(connection) = &mut self.connection {
            connection.replay = Some(replay);
        }
    }

    /// Notes that a transaction was begun on it, or has ended.
    pub(crate) fn set_in_transaction(&mut self, begun: bool) {
        match self.state {
            State::Ready | State::InTransaction => {
                self.state = if begun { State::InTransaction } else { State::Ready };
            }
            State::Busy | State::Abandoned | State::Broken => {}
        }
    }

    /// Returns `true` if the error says that the server takes no writes any more. Where an unnamed statement may have
    /// set so for the session, the reset finds it out.
    fn demotes(&self, error: &Error, before: State) -> bool {
        let by_itself = self.is_dirty || (before == State::InTransaction && self.only_reads);
        let demands_writes = self.shared.config.target == Target::ReadWrite;
        demands_writes && !by_itself && error.sqlstate() == Some(sqlstate::READ_ONLY)
    }

    /// Returns `true` if the server took no write, though it was chosen as one that does. Another one may do so by now.
    pub(crate) fn is_demoted(&self) -> bool {
        self.is_demoted
    }

    /// Closes the connections that wait for a call: they are to a server that will not do any more.
    fn close_idle(&self) {
        let Some(pool) = self.connection.as_ref().and_then(Object::pool) else { return };
        let prewarmed = std::mem::take(&mut *self.shared.prewarmed());
        for connection in pool.retain(|_, _| false).removed.into_iter().chain(prewarmed) {
            self.shared.metrics.dropped("broken");
            close(connection);
        }
    }

    /// Is `true` if a caller stopped waiting for a statement on it. What the server made of it will never be known
    /// here.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.state == State::Busy
    }

    /// Is `true` if a caller stopped waiting for a statement on it, or it broke. It will be closed.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.state, State::Busy | State::Broken)
    }

    /// Rolls back what the caller left, and resets the session.
    async fn reset(mut self, left: State) {
        let sql = match (left, self.is_dirty) {
            (State::InTransaction, false) => "ROLLBACK".to_owned(),
            (State::InTransaction, true) => format!("ROLLBACK; {RESET}"),
            _ => format!("{END}; {RESET}"),
        };
        let Some(connection) = &mut self.connection else { return };
        let query = Query::unprepared(Operation::UNNAMED, sql);
        let reset = timeout(RESET_TIMEOUT, query.execute(&mut connection.conn, false)).await;
        let known = connection.conn.cached_statements_size();
        let Ok(Ok(output)) = reset else { return };
        if !self.is_dirty || self.is_reset(output, known) {
            self.state = State::Ready;
        }
        self.is_dirty = false;
        drop(self);
    }

    /// Returns `true` if the session is as it was after a [`RESET`] with this answer, and the driver knows this many
    /// statements.
    fn is_reset(&self, output: QueryOutput, known: usize) -> bool {
        let counts = output.into_all().pop().and_then(|row| {
            let number = |index| row.try_get_by_index::<i64>(index).ok();
            Some((number(0)?, number(1)?, row.try_get_by_index::<bool>(2).ok()?))
        });
        let Some((foreign, own, refuses_writes)) = counts else { return false };
        if refuses_writes && self.shared.config.target == Target::ReadWrite {
            self.close_idle();
            return false;
        }
        foreign == 0 && usize::try_from(own) == Ok(known)
    }

    /// Ends the statement that no caller waits for any more, and closes the connection. Until then it keeps its place
    /// in the pool, so that a storm of them does not overrun the server.
    async fn cancel_statement(mut self) {
        self.state = State::Abandoned;
        let Some(connection) = &mut self.connection else { return };
        let ended = timeout(GRACE, connection.conn.ping()).await;
        if let (Err(_), Some(pid)) = (ended, connection.backend_pid) {
            self.shared.canceller.cancel(&connection.host, &[pid], Cancel::Statement).await;
        }
        drop(self);
    }

    /// Gives the connection to a task of its own, which is not waited for. Should the task never run, the connection is
    /// closed.
    fn spawn_cleanup<F: Future<Output = ()> + Send + 'static>(&mut self, task: impl FnOnce(Self) -> F) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Some(connection) = self.connection.take() else { return };
        let (connection, shared) = (Some(connection), Arc::clone(&self.shared));
        let own = Self { connection, state: State::Broken, shared, ..*self };
        runtime.spawn(task(own));
    }
}

impl Drop for PoolConnection {
    fn drop(&mut self) {
        let is_clean = !self.is_dirty || self.shared.config.pool.behind_pooler;
        match self.state {
            State::Ready if is_clean => {}
            left @ (State::Ready | State::InTransaction) => self.spawn_cleanup(|own| own.reset(left)),
            State::Busy => self.spawn_cleanup(Self::cancel_statement),
            State::Abandoned | State::Broken => {}
        }
        // Whoever it was handed over to gives it back later.
        let Some(mut connection) = self.connection.take() else { return };
        if self.state == State::Ready && is_clean {
            connection.used_at = Instant::now();
            drop(connection);
        } else {
            let reason = if self.state == State::Abandoned { "cancelled" } else { "broken" };
            self.shared.metrics.dropped(reason);
            close(Object::take(connection));
        }
        if let Some(held_for) = self.shared.checkouts.give_back(self.ticket) {
            self.shared.metrics.used(held_for);
        }
    }
}

/// Returns `true` if a connection is of no more use after this error of a statement with a name or without.
fn breaks(error: &Error, is_named: bool) -> bool {
    // A statement that it has prepared is out of date or gone, and would be so each time.
    let is_outdated = is_named && error.sqlstate().is_some_and(|code| sqlstate::OUTDATED.contains(&code));
    is_outdated || !error.keeps_session()
}
