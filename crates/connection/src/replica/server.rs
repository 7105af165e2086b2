//! One replica: whether it can be read from, and what is done when it cannot.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::primary::PrimaryWalTracker;
use crate::{
    error::{Error, Result},
    host::Host,
    operation::{Access, Operation},
    pool::{Pool, PoolConnection},
    sqlstate,
    statement::{Query, QueryOutput},
    wal::{ReadMark, ReplayState},
};

/// The call that looks whether a replica is there again.
const OPERATION: Operation = Operation::new("database.replica", Access::Read);

/// How far the server is. The log that it replays is of the latest timeline that its control file names, or of a later one.
const LOOK: &str = "\
    SELECT pg_is_in_recovery() AS is_standby, \
           greatest((SELECT timeline_id FROM pg_control_checkpoint()), \
                    (SELECT min_recovery_end_timeline FROM pg_control_recovery())) AS timeline, \
           (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::int8 AS lsn, \
           (SELECT system_identifier FROM pg_control_system()) AS cluster";

/// How long a read may wait for a connection to a replica, or to be told how far it is, before it goes to the primary.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// For how long a replica that is behind is not asked again.
const BEHIND: Duration = Duration::from_millis(5);

/// The waits until one that failed is tried again: the first, and the longest.
const SOON: Duration = Duration::from_millis(50);
const LATE: Duration = Duration::from_secs(5);

/// A server that only reads.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) host: Host,
    pub(super) pool: Pool,
    tracker: Arc<PrimaryWalTracker>,
    /// Is `true` if it failed and is not used until a check has seen it work again.
    is_out: AtomicBool,
    /// Reads that need this mark or a later one are not for it until then.
    behind: Mutex<Option<(Instant, ReadMark)>>,
    reads: AtomicU64,
}

impl Replica {
    /// It is used as soon as it was reached once.
    pub(super) fn new(host: Host, pool: Pool, tracker: Arc<PrimaryWalTracker>) -> Arc<Self> {
        let replica = Arc::new(Self {
            host,
            pool,
            tracker,
            is_out: AtomicBool::new(true),
            behind: Mutex::default(),
            reads: AtomicU64::new(0),
        });
        tokio::spawn(readmit(Arc::downgrade(&replica)));
        replica
    }

    pub(super) fn is_out(&self) -> bool {
        self.is_out.load(Ordering::Relaxed)
    }

    /// The reads that it has answered.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Reads from it, if it knows all that is before `need`. Nothing is returned if the primary has to be asked.
    pub(super) async fn read(self: &Arc<Self>, query: Query, need: ReadMark) -> Option<Result<QueryOutput>> {
        let operation = query.operation();
        if self.is_out() || self.is_exhausted() || self.is_behind(need) {
            return None;
        }
        let mut connection = match timeout(ACQUIRE_TIMEOUT, self.acquire_caught_up(operation, need)).await {
            Ok(Ok(connection)) => connection?,
            Ok(Err(error)) => {
                self.eject(&error);
                return None;
            }
            // Others may have taken its last connections meanwhile, which is no fault of it.
            Err(_) if self.is_exhausted() => return None,
            Err(elapsed) => {
                self.eject(&elapsed);
                return None;
            }
        };
        match connection.execute_autocommit(query, &AtomicBool::default()).await {
            Ok(output) => {
                self.reads.fetch_add(1, Ordering::Relaxed);
                Some(Ok(output))
            }
            // The statement's own time is up, and would be at the primary.
            Err(error) if error.sqlstate() == Some(sqlstate::QUERY_CANCELED) => Some(Err(error)),
            // So is its answer too long there.
            Err(error) if error.exceeds_limit() => Some(Err(error)),
            Err(error) => {
                // What it replays may get in the way of a read (40001), and a table may be there that it does not know yet.
                // Whatever it is, the primary has the last word.
                tracing::debug!(host = %self.host, call = operation.name, %error, "a read goes to the primary after a replica failed it");
                if !error.keeps_session() {
                    self.eject(&error);
                }
                None
            }
        }
    }

    /// Does not use it until it was seen to work.
    pub(super) fn eject(self: &Arc<Self>, reason: &(dyn std::fmt::Display + Sync)) {
        if !self.is_out.swap(true, Ordering::Relaxed) {
            tracing::warn!(host = %self.host, %reason, "a replica is not read from until it works again");
            tokio::spawn(readmit(Arc::downgrade(self)));
        }
    }

    /// A connection on which the server knows all that is before `need` and is not too far behind.
    async fn acquire_caught_up(
        &self,
        operation: Operation,
        need: ReadMark,
    ) -> Result<Option<PoolConnection>> {
        let mut connection = self.pool.acquire(operation).await?;
        let now = Instant::now();
        let has_reached = |replay: ReplayState| replay.fresh_until > now && replay.position.has_reached(need);
        if connection.replay_state().is_some_and(has_reached) {
            return Ok(Some(connection));
        }
        let position = self.look(&mut connection).await?;
        let fresh_until = self.tracker.fresh_until(position);
        if let Some(fresh_until) = fresh_until {
            connection.set_replay_state(ReplayState { position, fresh_until });
        }
        if fresh_until.is_some() && position.has_reached(need) {
            return Ok(Some(connection));
        }
        // One that is too far behind has to be left alone by all.
        let from = if fresh_until.is_some() { need } else { ReadMark::default() };
        *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now() + BEHIND, from));
        Ok(None)
    }

    /// How far the server is, if it is a standby of the primary's cluster.
    async fn look(&self, connection: &mut PoolConnection) -> Result<ReadMark> {
        let row = connection.execute(Query::unprepared(OPERATION, LOOK)).await?.into_first();
        let read = || -> std::result::Result<Option<(ReadMark, i64)>, sea_orm::DbErr> {
            let Some(row) = row else { return Ok(None) };
            // On a server that is no standby there may be no position.
            if !row.try_get("", "is_standby")? {
                return Ok(None);
            }
            let (timeline, lsn): (i32, i64) = (row.try_get("", "timeline")?, row.try_get("", "lsn")?);
            let position = ReadMark::new(timeline.unsigned_abs(), lsn.unsigned_abs());
            Ok(Some((position, row.try_get("", "cluster")?)))
        };
        let refused = |reason: &str| {
            Error::misconfigured(format!("{}: {reason}", self.host), "it is no replica of the primary")
        };
        match read()? {
            None => Err(refused("the server is no standby; take it from the list of replicas")),
            Some((_, cluster)) if !self.tracker.is_of(cluster) => {
                Err(refused("the server is of another cluster than the primary, as far as that is known"))
            }
            Some((position, _)) => Ok(position),
        }
    }

    /// Returns `true` if all connections that there may be are used.
    fn is_exhausted(&self) -> bool {
        let status = self.pool.status();
        status.in_use >= status.max
    }

    fn is_behind(&self, need: ReadMark) -> bool {
        let behind = *self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        behind.is_some_and(|(until, from)| need >= from && until > Instant::now())
    }
}

/// Tries a replica until it works.
async fn readmit(replica: Weak<Replica>) {
    let mut delay = SOON;
    loop {
        let Some(tried) = replica.upgrade() else { return };
        if tried.pool.is_closing() {
            return;
        }
        let limit = tried.pool.shared.config.pool.connect_timeout + ACQUIRE_TIMEOUT;
        let looked = async {
            let mut connection = tried.pool.acquire(OPERATION).await?;
            tried.look(&mut connection).await
        };
        let reason = match timeout(limit, looked).await {
            Ok(Ok(_)) => {
                tried.is_out.store(false, Ordering::Relaxed);
                tracing::info!(host = %tried.host, "a replica can be read from");
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        tracing::debug!(host = %tried.host, reason, "a replica cannot be read from");
        drop(tried);
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(LATE);
    }
}
