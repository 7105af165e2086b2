//! Reads that need not go to the primary.
//!
//! A reader sees what the same session has written. A write's WAL position is not asked for with each write, which
//! would be a round trip. At its end the session notes that the next answer of the primary about its position covers
//! the write. Until that answer is there and a replica has come as far, the session's reads go to the primary, and no
//! read waits.
//!
//! - [`primary`]: the primary's WAL position.
//! - [`read_session`]: the position that the reads of one handle need.
//! - [`server`]: a replica's position, and what is done when it fails.

mod primary;
mod read_session;
mod server;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use self::{primary::PrimaryWalTracker, read_session::ReadSession, server::Replica};
use crate::{
    config::{DatabaseConfig, ReplicaConfig, Target},
    deadline,
    error::Result,
    host::Host,
    metrics::ReplicaMetrics,
    operation::Access,
    pool::{self, Pool},
    statement::{Query, QueryOutput},
    wal::ReadMark,
};

pub(crate) use self::read_session::PendingWrite;

/// Where the reads of a session go.
#[derive(Clone, Debug)]
pub(crate) struct ReadRouter {
    session: Arc<ReadSession>,
    tracker: Arc<PrimaryWalTracker>,
    replicas: Arc<[Arc<Replica>]>,
}

impl ReadRouter {
    /// The reads on the database of this pool, with the replicas that it is configured to have.
    pub(crate) fn start(primary: &Pool) -> Result<Self> {
        let config = &primary.shared.config;
        let max_lag = config.replica.as_ref().map_or(Duration::ZERO, |replica| replica.max_lag);
        let tracker = Arc::new(PrimaryWalTracker::new(max_lag));
        let mut replicas = Vec::new();
        for host in config.replica.iter().flat_map(|replica| &replica.hosts) {
            let name = format!("replica {host}");
            let pool = Pool::new(Arc::new(config_of(config, host)), name)?;
            pool::start_housekeeping(&pool);
            replicas.push(Replica::new(host.clone(), pool, Arc::clone(&tracker)));
        }
        if !replicas.is_empty() {
            primary::watch(&tracker, primary);
        }
        Ok(Self { session: Arc::default(), tracker, replicas: replicas.into() })
    }

    /// The reads of another session.
    pub(crate) fn of_another_session(&self) -> Self {
        Self { session: Arc::default(), ..self.clone() }
    }

    /// A write of this session begins.
    pub(crate) fn writing(&self, statement_limit: Duration) -> PendingWrite {
        PendingWrite::new(Arc::clone(&self.session), Arc::clone(&self.tracker), statement_limit)
    }

    /// Returns `true` if a replica may serve this statement.
    pub(crate) fn may_serve(&self, query: &Query) -> bool {
        query.access() == Access::Read && !self.replicas.is_empty()
    }

    /// Reads from a replica if one will do. Nothing is returned if the primary has to be asked.
    pub(crate) async fn read(&self, query: &Query, deadline: Option<Instant>) -> Option<Result<QueryOutput>> {
        let need = self.session.need(&self.tracker)?;
        for replica in self.replicas.iter() {
            // Should it never answer, there is time for the primary.
            let now = Instant::now();
            let deadline = deadline.map(|deadline| now + deadline.saturating_duration_since(now) / 2);
            match deadline::until(deadline, replica.read(query.clone(), need)).await {
                Ok(None) => {}
                Ok(answered) => return answered,
                Err(elapsed) => replica.eject(&elapsed),
            }
        }
        None
    }

    /// A mark that covers all that this session has seen to be written.
    pub(crate) async fn mark(&self, primary: &Pool) -> Result<ReadMark> {
        match self.session.need(&self.tracker) {
            Some(mark) => Ok(mark),
            None => self.tracker.ask(primary).await,
        }
    }

    /// The reads of this session have to see all that is before `mark`.
    pub(crate) fn see(&self, mark: ReadMark) {
        self.session.see(mark);
    }

    /// The pools of the replicas.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.replicas.iter().map(|replica| &replica.pool)
    }

    /// What was measured of each replica.
    pub(crate) fn metrics(&self) -> Vec<ReplicaMetrics> {
        let metrics = |replica: &Arc<Replica>| ReplicaMetrics {
            host: replica.host.to_string(),
            in_service: !replica.is_out(),
            reads: replica.reads(),
            pool: replica.pool.shared.metrics.snapshot(replica.pool.status()).pool,
        };
        self.replicas.iter().map(metrics).collect()
    }
}

/// The way to a replica, where it differs from that to the primary.
fn config_of(primary: &DatabaseConfig, host: &Host) -> DatabaseConfig {
    let mut config = primary.clone();
    config.hosts = vec![host.clone()];
    config.target = Target::ReadOnly;
    config.pool.max = primary.replica.as_ref().map_or(1, |ReplicaConfig { max, .. }| *max);
    config.pool.min = 0;
    // What is known of a server goes with a connection to it.
    config.pool.behind_pooler = false;
    config.replica = None;
    config.logging.pool_stats = None;
    config
}
