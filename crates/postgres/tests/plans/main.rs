//! The plan of every query on 100,000 rows of each table: none reads a large table from end to end.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

mod api_key;
mod audit_log;
mod error_log;
mod metric;
mod task;
mod task_context;
mod task_dependency;
mod workflow_state;

use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use taskmaster_models::TaskId;
use taskmaster_postgres::Pg;
use taskmaster_testkit::migrated_database;

/// A store that remembers the statements it runs.
struct Recorder {
    store: Pg<DatabaseConnection>,
    statements: Arc<Mutex<Vec<Statement>>>,
}

impl Recorder {
    async fn new(url: &str) -> Self {
        let statements: Arc<Mutex<Vec<Statement>>> = Arc::default();
        let mut db = Database::connect(url).await.unwrap();
        let memory = Arc::clone(&statements);
        db.set_metric_callback(move |info| memory.lock().unwrap().push(info.statement.clone()));
        Self { store: Pg::new(db), statements }
    }

    /// The plans of the statements that ran since the last call, and a fault for each that reads a table from end to end.
    async fn faults(&self, what: &str, db: &DatabaseConnection) -> Vec<String> {
        let statements = std::mem::take(&mut *self.statements.lock().unwrap());
        assert!(!statements.is_empty(), "{what} ran no statement");
        let mut faults = Vec::new();
        for statement in statements {
            let Statement { sql, values, .. } = statement;
            let explain =
                Statement { sql: format!("EXPLAIN {sql}"), values, db_backend: DbBackend::Postgres };
            let rows = db.query_all_raw(explain).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "QUERY PLAN").unwrap()).collect();
            let plan = plan.join("\n");
            if plan.contains("Seq Scan") {
                faults.push(format!("{what}:\n{sql}\n{plan}\n"));
            }
        }
        faults
    }
}

/// Runs calls one after the other and collects the faults of each one's plans.
macro_rules! plans {
    ($recorder:ident, $db:ident, $faults:ident; $( $call:expr; )+) => {
        $(
            $call.await.unwrap();
            $faults.extend($recorder.faults(stringify!($call), $db).await);
        )+
    };
}
use plans;

#[tokio::test]
async fn fault_25_no_query_reads_100_000_rows_for_a_few() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    // Without triggers and foreign keys, which would take minutes.
    let fills = [
        api_key::FILL,
        audit_log::FILL,
        task::FILL,
        task_context::FILL,
        task_dependency::FILL,
        workflow_state::FILL,
        error_log::FILL,
        metric::FILL,
    ]
    .concat();
    let script = format!(
        "SET session_replication_role = replica; {fills} SET session_replication_role = DEFAULT; ANALYZE"
    );
    db.execute_unprepared(&script).await.unwrap();
    let recorder = Recorder::new(&database.url()).await;

    let mut faults = task::faults(&recorder, &db).await;
    faults.extend(audit_log::faults(&recorder, &db).await);
    faults.extend(task_context::faults(&recorder, &db).await);
    faults.extend(task_dependency::faults(&recorder, &db).await);
    faults.extend(workflow_state::faults(&recorder, &db).await);
    faults.extend(error_log::faults(&recorder, &db).await);
    faults.extend(metric::faults(&recorder, &db).await);
    faults.extend(api_key::faults(&recorder, &db).await);

    assert!(faults.is_empty(), "{} plans read a table from end to end:\n{}", faults.len(), faults.join("\n"));
}

/// One of the tasks of [`task::FILL`].
fn some_task() -> TaskId {
    TaskId::from_uuid("c4ca4238-a0b9-2382-0dcc-509a6f75849b".parse().unwrap())
}
