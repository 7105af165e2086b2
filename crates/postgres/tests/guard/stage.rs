//! A database with a row of everything.

use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, PgConnection};
use taskmaster_embedded::{TestDatabase, TestLogin};
use taskmaster_models::{AuditAction, AuditLog, AuditLogFilter, Direction, PageRequest};
use taskmaster_postgres::{Database, PgStore, RawStatements, config::DatabaseConfig};
use taskmaster_repository::Repositories as _;
use taskmaster_testkit::migrated_database;

/// What no raw statement may ever show.
pub(crate) const SECRETS: [&str; 2] = ["feedface", "deadbeef"];

const ROWS: &str = "\
    INSERT INTO tasks (id, title, description, status, priority, tags, assigned_to, estimated_hours, metadata)
        SELECT md5(n::text)::uuid, 'Task ' || n, 'What is to be done', (ARRAY['pending', 'in_progress', 'failed'])[n],
               n, '[\"a\", \"b\"]', 'ada', n, '{\"x\": 1}' FROM generate_series(1, 3) n;
    INSERT INTO tasks (title, status) VALUES ('Done', 'completed');
    INSERT INTO task_contexts (task_id, context_type, context_data)
        SELECT id, 'requirement', '{\"source\": \"user\"}' FROM tasks;
    INSERT INTO task_dependencies (parent_task_id, child_task_id) VALUES (md5('1')::uuid, md5('2')::uuid);
    INSERT INTO workflow_states (workflow_id, step, status) VALUES ('w', 'build', 'running'), ('w', 'test', 'pending');
    INSERT INTO error_logs (error_message, severity) VALUES ('It broke', 'fatal'), ('It broke again', 'error');
    INSERT INTO performance_metrics (metric_name, metric_value, metric_type) VALUES ('build.seconds', 3, 'task');
    INSERT INTO api_keys (name, service, key_hash, key_prefix, previous_key_hash, previous_key_prefix, previous_expires_at)
        VALUES ('ci', 'codegen', repeat('feedface', 8), 'tmk_dev_a', repeat('deadbeef', 8), 'tmk_dev_b', now() + '1 day')";

pub(crate) struct Stage {
    pub(crate) server: TestDatabase,
    pub(crate) raw: RawStatements,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let server = migrated_database().await;
        let mut owner = PgConnection::connect(&server.url()).await.unwrap();
        run(&mut owner, ROWS).await.unwrap();
        let raw = RawStatements::new(connect(&server.url()).await);
        Self { server, raw }
    }

    /// The database as a member of this role.
    pub(crate) async fn login(&self, role: &str) -> (TestLogin, RawStatements) {
        let login = self.server.login(&[role]).await.unwrap();
        let raw = RawStatements::new(connect(login.url()).await);
        (login, raw)
    }

    pub(crate) async fn owner(&self) -> PgConnection {
        PgConnection::connect(&self.server.url()).await.unwrap()
    }

    /// The refusals in the trail, oldest first.
    pub(crate) async fn refusals(&self) -> Vec<AuditLog> {
        let filter = AuditLogFilter { action: Some(AuditAction::Refuse), ..AuditLogFilter::default() };
        let store = PgStore::new(self.raw.database().clone());
        let page = PageRequest { limit: 500, direction: Direction::Ascending, ..PageRequest::default() };
        store.audit_logs().find_by(&filter, &page).await.unwrap().items
    }
}

pub(crate) async fn connect(url: &str) -> Database {
    let mut config = DatabaseConfig::from_url(url).unwrap();
    config.pool.min = 0;
    config.pool.max = 3;
    Database::connect(config).await.unwrap()
}

/// Runs statements of the test's own.
pub(crate) async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.map(drop)
}

/// The one text that a statement returns.
pub(crate) async fn text(connection: &mut PgConnection, sql: &str) -> String {
    let value: Option<String> = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .persistent(false)
        .fetch_one(connection)
        .await
        .unwrap();
    value.unwrap_or_default()
}
