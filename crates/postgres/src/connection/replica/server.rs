//! One replica: whether it can be read from, and what is done when it cannot.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{DbErr, sqlx};
use taskmaster_repository::{RepositoryError, Result};
use tokio::time::{Instant, timeout};

use super::{ReadMark, horizon::Horizon};
use crate::{
    connection::{
        call::{Access, Call},
        config::Host,
        database::failed,
        lease::{self, Lease},
        pool::Pool,
        statement::{Answer, Question, is_cut},
    },
    error::from_db,
};

/// The call that looks whether a replica is there again.
const LOOKING: Call = Call { name: "database.replica", access: Access::Read };

/// How far the server is. The log that it replays is of the latest timeline that its control file names, or of a later one.
const LOOK: &str = "\
    SELECT pg_is_in_recovery() AS is_standby, \
           greatest((SELECT timeline_id FROM pg_control_checkpoint()), \
                    (SELECT min_recovery_end_timeline FROM pg_control_recovery())) AS timeline, \
           (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::int8 AS lsn, \
           (SELECT system_identifier FROM pg_control_system()) AS cluster";

/// How long a read may wait for a connection to a replica, or to be told how far it is, before it goes to the primary.
const PATIENCE: Duration = Duration::from_secs(2);

/// For how long a replica that is behind is not asked again.
const BEHIND: Duration = Duration::from_millis(5);

/// The waits until one that failed is tried again: the first, and the longest.
const SOON: Duration = Duration::from_millis(50);
const LATE: Duration = Duration::from_secs(5);

/// What was seen of a server on a connection. It goes with the connection, and nothing is concluded from it for another one: behind
/// a name may be several servers, and one that was restarted may have gone back in time, but no connection survives that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    position: ReadMark,
    fresh_until: Instant,
}

/// A server that only reads.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) host: Host,
    pub(super) pool: Pool,
    horizon: Arc<Horizon>,
    /// Whether it failed and is not used until somebody has seen it work again.
    is_out: AtomicBool,
    /// Reads that need this mark or a later one are not for it until then.
    behind: Mutex<Option<(Instant, ReadMark)>>,
    reads: AtomicU64,
}

impl Replica {
    /// It is used as soon as it was reached once.
    pub(super) fn new(host: Host, pool: Pool, horizon: Arc<Horizon>) -> Arc<Self> {
        let replica = Arc::new(Self {
            host,
            pool,
            horizon,
            is_out: AtomicBool::new(true),
            behind: Mutex::default(),
            reads: AtomicU64::new(0),
        });
        tokio::spawn(bring_back(Arc::downgrade(&replica)));
        replica
    }

    pub(super) fn is_out(&self) -> bool {
        self.is_out.load(Ordering::Relaxed)
    }

    /// How many reads it has answered.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Reads from it, if it knows all that is before `need`. Nothing is returned if the primary has to be asked.
    pub(super) async fn read(
        self: &Arc<Self>,
        call: Call,
        need: ReadMark,
        question: Question,
    ) -> Option<std::result::Result<Answer, sqlx::Error>> {
        if self.is_out() || self.is_exhausted() || self.is_behind(need) {
            return None;
        }
        let mut lease = match timeout(PATIENCE, self.fit(call, need)).await {
            Ok(Ok(lease)) => lease?,
            Ok(Err(error)) => {
                self.put_out(&error);
                return None;
            }
            // Others may have taken its last connections meanwhile, which is no fault of it.
            Err(_) if self.is_exhausted() => return None,
            Err(elapsed) => {
                self.put_out(&elapsed);
                return None;
            }
        };
        match lease.put_alone(question, &AtomicBool::default()).await {
            Ok(answer) => {
                self.reads.fetch_add(1, Ordering::Relaxed);
                Some(Ok(answer))
            }
            // The statement's own time is up, and would be at the primary.
            Err(error) if lease::sqlstate(&error).as_deref() == Some("57014") => Some(Err(error)),
            // So is its answer too long there.
            Err(error) if is_cut(&error) => Some(Err(error)),
            Err(error) => {
                // What it replays may get in the way of a read (40001), and a table may be there that it does not know yet.
                // Whatever it is, the primary has the last word.
                tracing::debug!(host = %self.host, call = call.name, %error, "a read goes to the primary after a replica failed it");
                if !lease::leaves_session_in_order(&error) {
                    self.put_out(&error);
                }
                None
            }
        }
    }

    /// Does not use it until it was seen to work.
    pub(super) fn put_out(self: &Arc<Self>, reason: &(dyn std::fmt::Display + Sync)) {
        if !self.is_out.swap(true, Ordering::Relaxed) {
            tracing::warn!(host = %self.host, %reason, "a replica is not read from until it works again");
            tokio::spawn(bring_back(Arc::downgrade(self)));
        }
    }

    /// A connection on which the server knows all that is before `need` and is not too far behind.
    async fn fit(&self, call: Call, need: ReadMark) -> Result<Option<Lease>> {
        let mut lease = self.pool.lease(call).await?;
        let now = Instant::now();
        if lease.seen().is_some_and(|seen| seen.fresh_until > now && seen.position.has_reached(need)) {
            return Ok(Some(lease));
        }
        let position = self.look(&mut lease).await?;
        let fresh_until = self.horizon.fresh_until(position);
        if let Some(fresh_until) = fresh_until {
            lease.saw(Seen { position, fresh_until });
        }
        if fresh_until.is_some() && position.has_reached(need) {
            return Ok(Some(lease));
        }
        // One that is too far behind has to be left alone by all.
        let from = if fresh_until.is_some() { need } else { ReadMark::default() };
        *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now() + BEHIND, from));
        Ok(None)
    }

    /// How far the server is, if it is a standby of the primary's cluster.
    async fn look(&self, lease: &mut Lease) -> Result<ReadMark> {
        let answer = lease.put(Question::unprepared(LOOK)).await;
        let row = answer.map_err(|error| from_db(LOOKING.entity(), failed(error)))?.first();
        let read = || -> std::result::Result<Option<(ReadMark, i64)>, DbErr> {
            let Some(row) = row else { return Ok(None) };
            // On a server that is no standby there may be no position.
            if !row.try_get("", "is_standby")? {
                return Ok(None);
            }
            let (timeline, lsn): (i32, i64) = (row.try_get("", "timeline")?, row.try_get("", "lsn")?);
            let position = ReadMark::new(timeline.unsigned_abs(), lsn.unsigned_abs());
            Ok(Some((position, row.try_get("", "cluster")?)))
        };
        let refused = |reason: &str| RepositoryError::Refused {
            reason: format!("{}: {reason}", self.host),
            source: "it is no replica of the primary".into(),
        };
        match read().map_err(|error| from_db(LOOKING.entity(), error))? {
            None => Err(refused("the server is no standby; take it from the list of replicas")),
            Some((_, cluster)) if !self.horizon.is_of(cluster) => {
                Err(refused("the server is of another cluster than the primary, as far as that is known"))
            }
            Some((position, _)) => Ok(position),
        }
    }

    /// Whether all connections that there may be are used.
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
async fn bring_back(replica: Weak<Replica>) {
    let mut delay = SOON;
    loop {
        let Some(tried) = replica.upgrade() else { return };
        if tried.pool.is_closing() {
            return;
        }
        let limit = tried.pool.shared.config.pool.connect_timeout + PATIENCE;
        let looked = LOOKING.run(async {
            let mut lease = tried.pool.lease(LOOKING).await?;
            tried.look(&mut lease).await
        });
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
