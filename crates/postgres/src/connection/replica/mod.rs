//! Reads that need not go to the primary.
//!
//! Who reads sees what the same session has written. A write's position in the log is not asked for with each write, which would be
//! a round trip; at its end is noted that the next answer of the primary to the question how far it is will cover it. Until the
//! answer is there and a replica has come as far, the session's reads go to the primary, and nobody waits for anything.
//!
//! - [`mark`]: a place in the log, and what it means to have reached it.
//! - [`horizon`]: how far the primary is.
//! - [`session`]: which place the reads of somebody need.
//! - [`server`]: how far a replica is, and what is done when it fails.

mod horizon;
mod mark;
mod server;
mod session;

use std::{sync::Arc, time::Duration};

use sea_orm::sqlx;
use serde::Serialize;
use taskmaster_repository::Result;
use tokio::time::Instant;

use self::{horizon::Horizon, server::Replica, session::Session};
use super::{
    call::{self, Access, Call},
    config::{DatabaseConfig, Host, ReplicaConfig, Target},
    pool::Pool,
    statement::{Answer, Question},
    telemetry::{PoolMetrics, gauges},
    upkeep,
};

pub(crate) use self::{server::Seen, session::Writing};

pub use self::mark::{ReadMark, ReadMarkError};

/// Where the reads of a session go.
#[derive(Clone, Debug)]
pub(crate) struct Reads {
    session: Arc<Session>,
    horizon: Arc<Horizon>,
    replicas: Arc<[Arc<Replica>]>,
}

/// One of the replicas, as of one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ReplicaMetrics {
    /// The server.
    pub host: String,
    /// Whether reads may go to it. If not, it has failed or was not reached yet, and is tried from time to time.
    pub in_service: bool,
    /// How many reads it has answered.
    pub reads: u64,
    /// The connections to it.
    pub pool: PoolMetrics,
}

impl Reads {
    /// The reads on the database of this pool, with the replicas that it is configured to have.
    pub(crate) fn begin(primary: &Pool) -> Result<Self> {
        let config = &primary.shared.config;
        let max_lag = config.replica.as_ref().map_or(Duration::ZERO, |replica| replica.max_lag);
        let horizon = Arc::new(Horizon::new(max_lag));
        let mut replicas = Vec::new();
        for host in config.replica.iter().flat_map(|replica| &replica.hosts) {
            let name = format!("replica {host}");
            let pool = Pool::new(Arc::new(config_of(config, host)), name)?;
            upkeep::begin(&pool);
            gauges::begin(&pool);
            replicas.push(Replica::new(host.clone(), pool, Arc::clone(&horizon)));
        }
        if !replicas.is_empty() {
            horizon::watch(&horizon, primary);
        }
        Ok(Self { session: Arc::default(), horizon, replicas: replicas.into() })
    }

    /// The reads of another session.
    pub(crate) fn of_another_session(&self) -> Self {
        Self { session: Arc::default(), ..self.clone() }
    }

    /// A write of this session begins.
    pub(crate) fn writing(&self, statement_limit: Duration) -> Writing {
        Writing::new(Arc::clone(&self.session), Arc::clone(&self.horizon), statement_limit)
    }

    /// Whether a replica may do for this call.
    pub(crate) fn may_serve(&self, call: Call) -> bool {
        call.access == Access::Read && !self.replicas.is_empty()
    }

    /// Reads from a replica if one will do. Nothing is returned if the primary has to be asked.
    pub(crate) async fn read(
        &self,
        call: Call,
        question: &Question,
        deadline: Option<Instant>,
    ) -> Option<std::result::Result<Answer, sqlx::Error>> {
        let need = self.session.need(&self.horizon)?;
        for replica in self.replicas.iter() {
            // Should it never answer, there is time for the primary.
            let now = Instant::now();
            let deadline = deadline.map(|deadline| now + deadline.saturating_duration_since(now) / 2);
            match call::until(deadline, replica.read(call, need, question.clone())).await {
                Ok(None) => {}
                Ok(answered) => return answered,
                Err(elapsed) => replica.put_out(&elapsed),
            }
        }
        None
    }

    /// A mark that covers all that this session has seen to be written.
    pub(crate) async fn mark(&self, primary: &Pool) -> Result<ReadMark> {
        match self.session.need(&self.horizon) {
            Some(mark) => Ok(mark),
            None => self.horizon.ask(primary).await,
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
            pool: replica.pool.shared.telemetry.snapshot(replica.pool.status()).pool,
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
