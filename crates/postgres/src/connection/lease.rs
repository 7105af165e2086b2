//! A connection in somebody's hand, and what becomes of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool::managed::Object;
use sea_orm::sqlx::{
    self, Connection as _,
    postgres::{PgDatabaseError, PgSeverity},
};
use tokio::time::{Instant, timeout};

use super::{
    call::Call,
    cancel::Ending,
    config::Target,
    pool::{self, Connector, Shared},
    replica::Seen,
    statement::{Answer, OwnTransaction, Question, is_cut},
    telemetry::phase,
};

/// How long a statement may take to end by itself when nobody waits for it any more. Most are about to.
const GRACE: Duration = Duration::from_millis(100);

/// How long it may take to roll back what somebody left.
const PATIENCE: Duration = Duration::from_secs(5);

/// What makes a session as it was at its beginning, but for its prepared statements, which cost to prepare again. It tells how
/// many of these somebody has made by `PREPARE`, how many the driver has, and whether writes are refused.
const RESET: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; \
                     SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; \
                     SELECT count(*) FILTER (WHERE from_sql), count(*) FILTER (WHERE NOT from_sql), \
                            current_setting('default_transaction_read_only')::bool OR pg_is_in_recovery() \
                     FROM pg_catalog.pg_prepared_statements";

/// Ends whatever somebody may have begun by a statement of his own, and does not have the server warn if that is nothing. It
/// fails in a transaction that has failed, which ends with the connection.
const END: &str = "BEGIN; ROLLBACK";

/// A connection in somebody's hand. Dropped, it goes back to the pool if it is in order, and is closed if not.
#[derive(Debug)]
pub(crate) struct Lease {
    /// `None` only in `drop`.
    connection: Option<Object<Connector>>,
    state: State,
    /// Whether a statement that comes from no repository was put: nobody knows what it has set.
    is_touched: bool,
    /// Whether the transaction was begun as one that only reads.
    only_reads: bool,
    /// Whether the server took no write, though it was chosen as one that does.
    has_turned: bool,
    ticket: u64,
    shared: Arc<Shared>,
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
    /// Its statement was ended for somebody who stopped waiting.
    Abandoned,
    /// It is of no more use.
    Broken,
}

impl Lease {
    pub(super) fn new(connection: Object<Connector>, call: Call, shared: Arc<Shared>) -> Self {
        let ticket = shared.holders.take(call, &connection.host, connection.backend_pid);
        let (state, is_touched, only_reads, has_turned) = (State::Ready, false, false, false);
        Self { connection: Some(connection), state, is_touched, only_reads, has_turned, ticket, shared }
    }

    /// Puts a statement that is a transaction of its own. `may_be_kept` tells from when on it may take place although no answer
    /// comes.
    pub(crate) async fn put_alone(
        &mut self,
        question: Question,
        may_be_kept: &AtomicBool,
    ) -> Result<Answer, sqlx::Error> {
        let own = question.transaction();
        if own.is_none() && !self.shared.config.pool.behind_pooler {
            may_be_kept.store(true, Ordering::Relaxed);
            return self.put(question).await;
        }
        let own = own.unwrap_or_default();
        let is_prepared = question.is_prepared();
        match Box::pin(self.put_in_transaction(&own, question.clone(), may_be_kept)).await {
            // The driver asks for types that it does not know yet when the statement is prepared already, and what is asked in
            // between undoes a statement that has no name. By now it knows them.
            Err(error) if is_prepared && sqlstate(&error).as_deref() == Some("26000") => {
                Box::pin(self.put_in_transaction(&own, question, may_be_kept)).await
            }
            answer => answer,
        }
    }

    /// Puts it between a beginning and an end. Behind a pooler all need these: sqlx prepares a statement in a round trip of its own,
    /// and only in a transaction does a pooler give both to the same session.
    async fn put_in_transaction(
        &mut self,
        own: &OwnTransaction,
        question: Question,
        may_be_kept: &AtomicBool,
    ) -> Result<Answer, sqlx::Error> {
        // Said before, since what is set at its beginning may fail when it has begun.
        self.in_transaction(true);
        // Statements that are not prepared may be several, one of them a COMMIT.
        let may_commit = Call::current().is_unnamed() && !question.is_prepared();
        let answer = self.begin_and_put(own, question, may_commit.then_some(may_be_kept)).await;
        if self.state != State::InTransaction {
            return answer;
        }
        let end = if answer.is_ok() { "COMMIT" } else { "ROLLBACK" };
        may_be_kept.store(may_commit || answer.is_ok(), Ordering::Relaxed);
        let ended = self.put(Question::unprepared(end)).await;
        self.in_transaction(false);
        // What went wrong first is what counts.
        answer.and_then(|answer| ended.map(|_| answer))
    }

    async fn begin_and_put(
        &mut self,
        own: &OwnTransaction,
        question: Question,
        may_be_kept: Option<&AtomicBool>,
    ) -> Result<Answer, sqlx::Error> {
        self.put(self.shared.begin(own.mode).and(&own.settings)).await?;
        if let Some(actor) = &own.actor {
            self.put(Question::naming(actor)?).await?;
        }
        if let Some(may_be_kept) = may_be_kept {
            may_be_kept.store(true, Ordering::Relaxed);
        }
        self.put(question).await
    }

    /// Puts a statement.
    pub(crate) async fn put(&mut self, question: Question) -> Result<Answer, sqlx::Error> {
        let call = Call::current();
        self.shared.holders.calls(self.ticket, call);
        self.is_touched |= call.is_unnamed();
        self.only_reads = question.begins_reading().unwrap_or(self.only_reads);
        let Some(connection) = &mut self.connection else { return Err(sqlx::Error::PoolClosed) };
        let _executing = phase::executing();
        let before = std::mem::replace(&mut self.state, State::Busy);
        // A name stands for a text with one list of types, and those of foreign statements are as their callers please.
        let is_named = !self.shared.config.pool.behind_pooler && question.transaction().is_none();
        let answer = question.put(&mut connection.session, is_named).await;
        self.state = match &answer {
            // The server still sends the rest of it.
            Err(error) if is_cut(error) => State::Busy,
            Err(error) if breaks(error, is_named) => State::Broken,
            Err(error) if self.turns(error, before) => {
                self.has_turned = true;
                self.close_idle();
                State::Broken
            }
            _ => before,
        };
        if answer.as_ref().is_err_and(|error| !is_cut(error) && !leaves_session_in_order(error)) {
            self.shared.suspect_idle();
        }
        answer
    }

    /// What was seen of the server on this connection.
    pub(super) fn seen(&self) -> Option<Seen> {
        self.connection.as_ref().and_then(|connection| connection.seen)
    }

    /// Keeps in mind what was seen of the server.
    pub(super) fn saw(&mut self, seen: Seen) {
        if let Some(connection) = &mut self.connection {
            connection.seen = Some(seen);
        }
    }

    /// Says that a transaction was begun on it, or ended.
    pub(crate) fn in_transaction(&mut self, begun: bool) {
        match self.state {
            State::Ready | State::InTransaction => {
                self.state = if begun { State::InTransaction } else { State::Ready };
            }
            State::Busy | State::Abandoned | State::Broken => {}
        }
    }

    /// Whether the error says that the server takes no writes any more. Where somebody may have set so for the session, it is
    /// looked at when it is given back.
    fn turns(&self, error: &sqlx::Error, before: State) -> bool {
        let by_itself = self.is_touched || (before == State::InTransaction && self.only_reads);
        let demands_writes = self.shared.config.target == Target::ReadWrite;
        demands_writes && !by_itself && sqlstate(error).as_deref() == Some("25006")
    }

    /// Whether the server took no write, though it was chosen as one that does. Another one may do so by now.
    pub(crate) fn has_turned(&self) -> bool {
        self.has_turned
    }

    /// Closes the connections that wait for a call: they are to a server that will not do any more.
    fn close_idle(&self) {
        let Some(pool) = self.connection.as_ref().and_then(Object::pool) else { return };
        let spares = std::mem::take(&mut *self.shared.spares());
        for connection in pool.retain(|_, _| false).removed.into_iter().chain(spares) {
            self.shared.telemetry.dropped("broken");
            pool::close(connection);
        }
    }

    /// Whether somebody stopped waiting for a statement on it. What the server made of it will never be known here.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.state == State::Busy
    }

    /// Whether somebody stopped waiting for a statement on it, or it broke. It will be closed.
    pub(crate) fn is_spoilt(&self) -> bool {
        matches!(self.state, State::Busy | State::Broken)
    }

    /// Rolls back what somebody left, and makes the session as it was.
    async fn clean(mut self, left: State) {
        let sql = match (left, self.is_touched) {
            (State::InTransaction, false) => "ROLLBACK".to_owned(),
            (State::InTransaction, true) => format!("ROLLBACK; {RESET}"),
            _ => format!("{END}; {RESET}"),
        };
        let Some(connection) = &mut self.connection else { return };
        let cleaned = timeout(PATIENCE, Question::unprepared(sql).put(&mut connection.session, false)).await;
        let known = connection.session.cached_statements_size();
        let Ok(Ok(answer)) = cleaned else { return };
        if !self.is_touched || self.is_as_it_was(answer, known) {
            self.state = State::Ready;
        }
        self.is_touched = false;
        drop(self);
    }

    /// Whether the session is as it was after a [`RESET`] with this answer, and the driver knows this many statements.
    fn is_as_it_was(&self, answer: Answer, known: usize) -> bool {
        let told = answer.all().pop().and_then(|row| {
            let number = |index| row.try_get_by_index::<i64>(index).ok();
            Some((number(0)?, number(1)?, row.try_get_by_index::<bool>(2).ok()?))
        });
        let Some((foreign, own, refuses_writes)) = told else { return false };
        if refuses_writes && self.shared.config.target == Target::ReadWrite {
            self.close_idle();
            return false;
        }
        foreign == 0 && usize::try_from(own) == Ok(known)
    }

    /// Ends the statement that nobody waits for any more, and closes the connection. Until then it keeps its place in the pool,
    /// so that a storm of them does not overrun the server.
    async fn end_statement(mut self) {
        self.state = State::Abandoned;
        let Some(connection) = &mut self.connection else { return };
        let ended = timeout(GRACE, connection.session.ping()).await;
        if let (Err(_), Some(pid)) = (ended, connection.backend_pid) {
            self.shared.canceller.end(&connection.host, &[pid], Ending::Statement).await;
        }
        drop(self);
    }

    /// Gives the lease to a task of its own, which is not waited for. Should the task never run, the connection is closed.
    fn hand_over<F: Future<Output = ()> + Send + 'static>(&mut self, task: impl FnOnce(Self) -> F) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Some(connection) = self.connection.take() else { return };
        let (connection, shared) = (Some(connection), Arc::clone(&self.shared));
        let lease = Self { connection, state: State::Broken, shared, ..*self };
        runtime.spawn(task(lease));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let is_clean = !self.is_touched || self.shared.config.pool.behind_pooler;
        match self.state {
            State::Ready if is_clean => {}
            left @ (State::Ready | State::InTransaction) => self.hand_over(|lease| lease.clean(left)),
            State::Busy => self.hand_over(Self::end_statement),
            State::Abandoned | State::Broken => {}
        }
        // Whoever it was handed over to gives it back later.
        let Some(mut connection) = self.connection.take() else { return };
        if self.state == State::Ready && is_clean {
            connection.used_at = Instant::now();
            drop(connection);
        } else {
            let reason = if self.state == State::Abandoned { "cancelled" } else { "broken" };
            self.shared.telemetry.dropped(reason);
            pool::close(Object::take(connection));
        }
        if let Some(held_for) = self.shared.holders.give_back(self.ticket) {
            self.shared.telemetry.used(held_for);
        }
    }
}

/// Whether a connection is of no more use after this error of a statement with a name or without.
fn breaks(error: &sqlx::Error, is_named: bool) -> bool {
    // A statement that it has prepared is out of date or gone, and would be so each time.
    let is_outdated = is_named && matches!(sqlstate(error).as_deref(), Some("0A000" | "26000"));
    is_outdated || !leaves_session_in_order(error)
}

/// Whether a prepared statement was gone or out of date, which is found out before anything of it is run: an error from within
/// it says where it was.
pub(crate) fn is_outdated(error: &PgDatabaseError) -> bool {
    let is_found_out = matches!(
        (error.code(), error.routine()),
        ("0A000", Some("RevalidateCachedQuery")) | ("26000", Some("FetchPreparedStatement"))
    );
    is_found_out && error.r#where().is_none()
}

/// Whether it is the error of a prepared statement that was gone or out of date, so that nothing of it was run.
pub(super) fn was_outdated(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| is_outdated(database.downcast_ref()))
}

/// Whether the server has told the error and went on, so that nothing of the statement was kept, or was never asked.
pub(crate) fn leaves_session_in_order(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            let server = database.downcast_ref::<PgDatabaseError>();
            !matches!(server.severity(), PgSeverity::Fatal | PgSeverity::Panic)
        }
        sqlx::Error::Encode(_) | sqlx::Error::RowNotFound | sqlx::Error::TypeNotFound { .. } => true,
        _ => false,
    }
}

pub(super) fn sqlstate(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code)
}
