//! A session of one's own, for programs that need its state.

use std::sync::Arc;

use sea_orm::{
    DatabaseConnection,
    sqlx::{
        Connection as _,
        postgres::{PgPool, PgPoolOptions},
    },
};

use tokio::task::AbortHandle;

use super::{Connector, attempt::Attempts, server::ServerInfo};
use crate::{
    config::DatabaseConfig,
    error::{Error, Result},
};

/// One session, as SeaORM's own connection: for what needs advisory locks of a session, or settings that outlast a
/// statement, such as migrations. It is neither tested nor replaced: when it breaks, all that follows fails.
///
/// It needs a server that is reached without a pooler in transaction mode.
#[derive(Debug)]
pub struct SingleSession {
    pool: PgPool,
    server: ServerInfo,
}

impl SingleSession {
    /// Connects to the first host of the configuration that will do.
    ///
    /// # Errors
    ///
    /// As [`Database::connect`](crate::Database::connect), [`Misconfigured`](crate::ErrorKind::Misconfigured) for a
    /// configuration that names a pooler.
    pub async fn connect(config: DatabaseConfig) -> Result<Self> {
        config.validate()?;
        if config.pool.behind_pooler {
            let reason = "a session of its own is needed, which a pooler does not give; connect to the server directly, without \
                          DB_POOLER";
            return Err(Error::misconfigured(reason, "pool.behind_pooler is set"));
        }
        let connector = Connector::new(Arc::new(config));
        let found = Box::pin(connector.connect()).await?;
        let (server, way) = (found.server, found.way);
        // The next connection tells whether the server is still there.
        let _ = found.conn.close().await;

        let Connector { config, default_roots, watches_clients } = &connector;
        let attempts = Attempts::new(config, default_roots.as_deref(), watches_clients);
        let entrance = attempts.again(&server.host, &way).await?;
        let proxy = entrance.proxy.map(|proxy| {
            let proxied = async move { proxy.accept().await?.run().await };
            tokio::spawn(proxied).abort_handle()
        });
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(connector.config.pool.acquire_timeout)
            .connect_with(entrance.options)
            .await;
        match (pool, proxy) {
            (Ok(pool), _) => Ok(Self { pool, server }),
            (Err(error), proxy) => {
                // Without a connection it would wait for one for ever.
                proxy.iter().for_each(AbortHandle::abort);
                Err(error.into())
            }
        }
    }

    /// Returns the session as SeaORM's connection.
    #[must_use]
    pub fn connection(&self) -> DatabaseConnection {
        self.pool.clone().into()
    }

    /// Returns the session as sqlx's pool of one connection.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Returns the server that was found.
    #[must_use]
    pub fn server(&self) -> &ServerInfo {
        &self.server
    }

    /// Ends the session, and waits until it has ended.
    pub async fn close(self) {
        self.pool.close().await;
    }
}
