//! The seals of the audit trail: no writer is taken for a forger, and no forger for a writer.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

mod concurrency;
mod rights;
mod tampering;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use taskmaster_embedded::TestDatabase;
use taskmaster_models::{AuditAnchor, AuditLogId, AuditSeal, AuditVerification, NewTask, PageRequest};
use taskmaster_postgres::PgStore;
use taskmaster_repository::Repositories;
use taskmaster_testkit::migrated_database;

/// Three seals of three rows each, and one row that is not sealed.
struct Trail {
    database: TestDatabase,
    db: DatabaseConnection,
    store: PgStore,
    /// The rows of the second seal, in order.
    rows: Vec<AuditLogId>,
}

impl Trail {
    async fn new() -> Self {
        let database = migrated_database().await;
        let db = Database::connect(database.url()).await.unwrap();
        let store = PgStore::connect(&database.url()).await.unwrap();
        for seal in 0..3 {
            let new: Vec<_> = (0..3).map(|n| NewTask::new(format!("Task {seal}.{n}"))).collect();
            store.tasks().bulk_create(&new).await.unwrap();
            store.audit_logs().seal().await.unwrap().unwrap();
        }
        store.tasks().create(&NewTask::new("Unsealed")).await.unwrap();
        let mut trail = Self { database, db, store, rows: Vec::new() };
        trail.rows = trail
            .ids("SELECT audit_id AS id FROM audit_seal_rows WHERE seal_number = 2 ORDER BY audit_id")
            .await;
        trail
    }

    async fn ids(&self, sql: &str) -> Vec<AuditLogId> {
        let rows = self.db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        rows.iter().map(|row| AuditLogId::from_uuid(row.try_get("", "id").unwrap())).collect()
    }

    /// Does what whoever owns the database can do: no trigger, no foreign key. In the text `$row` and `$other` are rows of the
    /// second seal.
    async fn tamper(&self, sql: &str) {
        let sql = sql
            .replace("$row", &format!("'{}'", self.rows[0]))
            .replace("$other", &format!("'{}'", self.rows[1]));
        let script =
            format!("SET session_replication_role = replica; {sql}; SET session_replication_role = DEFAULT");
        self.db.execute_unprepared(&script).await.unwrap();
    }

    async fn verify(&self, anchor: Option<AuditAnchor>) -> AuditVerification {
        self.store.audit_logs().verify(anchor).await.unwrap()
    }

    async fn seals(&self) -> Vec<AuditSeal> {
        self.store.audit_logs().seals(&PageRequest::default().ascending()).await.unwrap().items
    }
}
