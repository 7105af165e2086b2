//! The plans of slow statements, told in the log. A plan is that of the text without its values, and nothing is executed for it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use tokio::time::{Instant, timeout};

use super::error_type::ErrorType;
use crate::{config::DatabaseConfig, connect::Connector, query_text::QueryText};

/// How often the plan of one statement is told at most.
const INTERVAL: Duration = Duration::from_mins(10);

/// How long it may take to find out a plan.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many statements are remembered. More than a program has, unless it makes them up.
const REMEMBERED: usize = 1000;

/// Finds out plans, one at a time, on connections of its own.
#[derive(Debug)]
pub(super) struct Plans {
    config: Arc<DatabaseConfig>,
    is_busy: AtomicBool,
    told: Mutex<HashMap<Arc<str>, Instant>>,
}

/// Somebody's turn, until it is dropped.
struct Turn(Arc<Plans>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.is_busy.store(false, Ordering::Release);
    }
}

impl Plans {
    pub(super) fn new(config: Arc<DatabaseConfig>) -> Arc<Self> {
        Arc::new(Self { config, is_busy: AtomicBool::new(false), told: Mutex::default() })
    }

    /// Logs the plan of a slow statement before long, if that is wanted and is possible. Nobody waits for it.
    pub(super) fn tell(self: &Arc<Self>, call: &'static str, shape: &QueryText) {
        // Behind a pooler, what is prepared here would be left in somebody else's session.
        if !self.config.logging.slow_query_plan || self.config.pool.behind_pooler {
            return;
        }
        let (Some(text), Ok(runtime)) = (shape.explainable(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        if self.is_busy.swap(true, Ordering::Acquire) {
            return;
        }
        let turn = Turn(Arc::clone(self));
        if !self.is_due(&text) {
            return;
        }
        runtime.spawn(async move {
            let found = timeout(PATIENCE, turn.0.find(&text)).await;
            let text = &*text;
            match found {
                Ok(Ok(plan)) => {
                    tracing::warn!(call, "db.query.text" = text, plan, "plan of a slow statement");
                }
                Ok(Err(error)) => {
                    tracing::debug!(call, error, "a slow statement's plan was not found out");
                }
                Err(_) => tracing::debug!(call, "a slow statement's plan takes too long"),
            }
        });
    }

    /// Returns `true` if the plan was not logged lately.
    fn is_due(&self, text: &Arc<str>) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(text).is_some_and(|at| at.elapsed() < INTERVAL) {
            return false;
        }
        if told.len() >= REMEMBERED {
            told.clear();
        }
        told.insert(Arc::clone(text), Instant::now());
        true
    }

    /// The plan as text, or the SQLSTATE or kind of what prevented it.
    async fn find(&self, text: &str) -> Result<String, String> {
        let link = Connector::new(Arc::clone(&self.config)).connect().await;
        let mut link = link.map_err(|error| ErrorType::from(&error).name().into_owned())?;
        let plan = explain(&mut link.conn, text).await;
        // What was prepared goes with the connection.
        let _ = link.conn.close().await;
        plan.map_err(|error| {
            let sqlstate = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            sqlstate.map_or_else(|| "the connection broke".to_owned(), std::borrow::Cow::into_owned)
        })
    }
}

/// `EXPLAIN (GENERIC_PLAN)` is new in PostgreSQL 16; a prepared statement with a plan that is forced to be generic does the same on
/// all. Only prepared by the extended protocol it cannot be more than one statement.
async fn explain(connection: &mut PgConnection, text: &str) -> Result<String, sqlx::Error> {
    let begin = "BEGIN READ ONLY; SET LOCAL plan_cache_mode = force_generic_plan";
    connection.execute(sqlx::raw_sql(begin)).await?;
    let prepare = format!("PREPARE slow AS {text}");
    connection.execute(sqlx::query(AssertSqlSafe(prepare)).persistent(false)).await?;
    let count = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'slow'";
    let count: i32 = connection.fetch_one(sqlx::raw_sql(count)).await?.try_get(0)?;
    let values = vec!["NULL"; usize::try_from(count).unwrap_or(0)].join(", ");
    let explain = if count == 0 {
        "EXPLAIN EXECUTE slow".to_owned()
    } else {
        format!("EXPLAIN EXECUTE slow ({values})")
    };
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(explain))).await?;
    let lines = rows.iter().map(|row| row.try_get::<String, _>(0)).collect::<Result<Vec<_>, _>>()?;
    connection.execute(sqlx::raw_sql("ROLLBACK")).await?;
    Ok(lines.join("\n"))
}
