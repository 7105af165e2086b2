//! Ending what still runs on a server for somebody who waits no longer.

use std::{sync::Arc, time::Duration};

use sea_orm::sqlx::{self, Connection as _};
use tokio::sync::Semaphore;

use crate::{
    config::{DatabaseConfig, Target},
    connect::Connector,
    host::Host,
};

/// How long it may take to connect and to cancel.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections there are at once for this, besides those of the pool.
const CONNECTIONS: usize = 2;

/// Cancels statements, by connections of its own: the one on which a statement runs is deaf as long as it runs.
#[derive(Debug)]
pub(super) struct Canceller {
    config: Arc<DatabaseConfig>,
    turns: Semaphore,
}

/// How to end it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cancel {
    /// The statement that runs.
    Statement,
    /// The whole session.
    Session,
}

impl Canceller {
    pub(super) fn new(config: Arc<DatabaseConfig>) -> Self {
        Self { config, turns: Semaphore::new(CONNECTIONS) }
    }

    /// Ends what these processes of one server do. Returns whether the server was told.
    pub(super) async fn cancel(&self, host: &Host, pids: &[i32], cancel: Cancel) -> bool {
        matches!(tokio::time::timeout(CANCEL_TIMEOUT, self.send(host, pids, cancel)).await, Ok(true))
    }

    async fn send(&self, host: &Host, pids: &[i32], cancel: Cancel) -> bool {
        let Ok(_turn) = self.turns.acquire().await else { return false };
        // A process is one of this very host, whatever its role is by now.
        let config = DatabaseConfig {
            hosts: vec![host.clone()],
            target: Target::Any,
            ..DatabaseConfig::clone(&self.config)
        };
        let mut link = match Box::pin(Connector::new(Arc::new(config)).connect()).await {
            Ok(link) => link,
            Err(error) => {
                tracing::warn!(%host, %error, "what runs on the server could not be cancelled");
                return false;
            }
        };
        // A number may have gone to somebody else's process when ours has ended.
        let sql = match cancel {
            Cancel::Statement => {
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
                 WHERE pid = ANY($1) AND usename = current_user AND application_name = $2"
            }
            Cancel::Session => {
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE pid = ANY($1) AND usename = current_user AND application_name = $2"
            }
        };
        let told =
            sqlx::query(sql).bind(pids).bind(&self.config.application_name).execute(&mut link.conn).await;
        // It has served; that it cannot be closed politely is no news for anybody.
        let _ = link.conn.close().await;
        told.is_ok()
    }
}
