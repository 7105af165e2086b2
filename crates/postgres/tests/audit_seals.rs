//! The seals of the audit trail: no writer is taken for a forger, and no forger for a writer.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::json;
use taskmaster_embedded::TestDatabase;
use taskmaster_models::{
    AddedReason, AuditAnchor, AuditFinding, AuditLogFilter, AuditLogId, AuditSeal, AuditVerification,
    NewTask, PageRequest, TaskPatch, TaskStatus, clock,
};
use taskmaster_postgres::PgStore;
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_testkit::migrated_database;
use tokio::time::sleep;

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

async fn found_after(sql: &str, expected: impl Fn(&Trail) -> Vec<AuditFinding>) {
    let trail = Trail::new().await;
    let before = trail.verify(None).await;
    assert!(before.is_intact(), "{before:?}");
    trail.tamper(sql).await;
    let after = trail.verify(None).await;
    assert_eq!(after.findings, expected(&trail), "{sql}");
    assert_eq!(after.finding_count, after.findings.len() as u64, "{sql}");
}

#[tokio::test]
async fn a_change_of_any_column_names_the_row() {
    for change in [
        "entity_type = 'task_context'",
        "entity_id = gen_random_uuid()",
        "action = 'delete'",
        "old_values = '{}'",
        "old_values = 'null'",
        "new_values = NULL",
        "new_values = new_values || '{\"title\": \"Another\"}'",
        "user_id = 'eve'",
        "user_id = ''",
        "session_id = 's'",
        "ip_address = '10.0.0.1'",
        "user_agent = 'curl'",
        "timestamp = timestamp + interval '1 microsecond'",
        "metadata = '{\"a\": 1}'",
        "transaction_id = transaction_id + 1",
    ] {
        let sql = format!("UPDATE audit_logs SET {change} WHERE id = $row");
        found_after(&sql, |trail| vec![AuditFinding::RowChanged { id: trail.rows[0], seal: 2 }]).await;
    }
}

#[tokio::test]
async fn a_row_under_another_id_is_one_removed_and_one_added() {
    let added = "ffffffff-0000-7000-8000-000000000000";
    found_after(&format!("UPDATE audit_logs SET id = '{added}' WHERE id = $row"), |trail| {
        let reason = AddedReason::TransactionWasOver;
        vec![
            AuditFinding::RowRemoved { id: trail.rows[0], seal: 2 },
            AuditFinding::RowAdded { id: added.parse().unwrap(), seal: 3, reason },
        ]
    })
    .await;
}

#[tokio::test]
async fn two_rows_that_changed_their_contents_are_both_named() {
    let swap = "UPDATE audit_logs a SET entity_id = b.entity_id, new_values = b.new_values FROM audit_logs b \
                WHERE a.id IN ($row, $other) AND b.id IN ($row, $other) AND a.id <> b.id";
    found_after(swap, |trail| {
        trail.rows[..2].iter().map(|id| AuditFinding::RowChanged { id: *id, seal: 2 }).collect()
    })
    .await;
}

#[tokio::test]
async fn a_removed_row_is_named() {
    found_after("DELETE FROM audit_logs WHERE id = $row", |trail| {
        vec![AuditFinding::RowRemoved { id: trail.rows[0], seal: 2 }]
    })
    .await;
    let with_entry =
        "DELETE FROM audit_logs WHERE id = $row; DELETE FROM audit_seal_rows WHERE audit_id = $row";
    found_after(with_entry, |_| vec![AuditFinding::RowsOfSealChanged { number: 2 }]).await;
}

#[tokio::test]
async fn an_added_row_is_named() {
    let id = "ffffffff-0000-7000-8000-000000000000".parse().unwrap();
    let add = |columns: &str, values: &str| {
        format!(
            "INSERT INTO audit_logs (id, entity_type, entity_id, action, {columns}) \
             SELECT '{id}', 'task', gen_random_uuid(), 'create', {values}"
        )
    };
    let reason = AddedReason::TransactionWasOver;
    let old_time = add("timestamp", "(SELECT min(timestamp) FROM audit_logs)");
    found_after(&old_time, |_| vec![AuditFinding::RowBackdated { id, seal: 3 }]).await;
    let old_transaction = add("transaction_id", "(SELECT min(transaction_id) FROM audit_logs)");
    found_after(&old_transaction, |_| vec![AuditFinding::RowAdded { id, seal: 3, reason }]).await;

    // The same, when they have been sealed since; a row of a transaction that is over is not even sealed.
    let seal = async |sql: &str| {
        let trail = Trail::new().await;
        trail.tamper(sql).await;
        trail.store.audit_logs().seal().await.unwrap().unwrap();
        trail.verify(None).await.findings
    };
    assert_eq!(seal(&old_time).await, [AuditFinding::RowBackdated { id, seal: 3 }]);
    assert_eq!(seal(&old_transaction).await, [AuditFinding::RowAdded { id, seal: 3, reason }]);
    let future = seal(&add("transaction_id", "1000000000000")).await;
    let reason = AddedReason::TransactionNotOver;
    assert_eq!(future, [AuditFinding::RowAdded { id, seal: 4, reason }]);
}

#[tokio::test]
async fn a_row_added_with_an_entry_in_an_old_seal_names_the_seal() {
    let sql = "INSERT INTO audit_logs (id, entity_type, entity_id, action, transaction_id) \
               SELECT 'ffffffff-0000-7000-8000-000000000000', 'task', gen_random_uuid(), 'create', transaction_id \
                 FROM audit_logs WHERE id = $row; \
               INSERT INTO audit_seal_rows SELECT 2, 'ffffffff-0000-7000-8000-000000000000', sha256('')";
    found_after(sql, |_| {
        let id = "ffffffff-0000-7000-8000-000000000000".parse().unwrap();
        vec![AuditFinding::RowChanged { id, seal: 2 }, AuditFinding::RowsOfSealChanged { number: 2 }]
    })
    .await;
}

#[tokio::test]
async fn a_changed_entry_is_told_from_a_changed_row() {
    found_after("UPDATE audit_seal_rows SET row_hash = sha256('') WHERE audit_id = $row", |trail| {
        vec![AuditFinding::EntryChanged { id: trail.rows[0], seal: 2 }]
    })
    .await;
    let both = "UPDATE audit_logs SET user_id = 'eve' WHERE id = $row; \
                UPDATE audit_seal_rows SET row_hash = (SELECT pg_catalog.sha256(convert_to(jsonb_build_array(id, \
                    entity_type, entity_id, action, old_values::text, new_values::text, user_id, session_id, \
                    ip_address::text, user_agent, (extract(epoch FROM timestamp) * 1000000)::bigint, metadata::text, \
                    transaction_id)::text, 'UTF8')) FROM audit_logs WHERE id = $row) WHERE audit_id = $row";
    found_after(both, |_| vec![AuditFinding::RowsOfSealChanged { number: 2 }]).await;
    let moved = "UPDATE audit_seal_rows SET seal_number = 1 WHERE audit_id = $row";
    found_after(moved, |_| [1, 2].map(|number| AuditFinding::RowsOfSealChanged { number }).to_vec()).await;
    let reason = AddedReason::TransactionWasOver;
    found_after("DELETE FROM audit_seal_rows WHERE audit_id = $row", |trail| {
        vec![
            AuditFinding::RowsOfSealChanged { number: 2 },
            AuditFinding::RowAdded { id: trail.rows[0], seal: 3, reason },
        ]
    })
    .await;
}

#[tokio::test]
async fn a_change_of_any_column_of_a_seal_names_the_seal() {
    for change in [
        "sealed_at = sealed_at - interval '1 hour'",
        "cluster = cluster + 1",
        "snapshot = '1:1:'",
        "snapshot = '1000000:1000000:'",
        "snapshot = 'nonsense'",
        "transaction_id = 1",
        "row_count = row_count + 1",
        "newest_at = newest_at + interval '1 hour'",
        "previous_hash = sha256('')",
        "hash = sha256('')",
    ] {
        let sql = format!("UPDATE audit_seals SET {change} WHERE number = 2");
        found_after(&sql, |_| vec![AuditFinding::SealChanged { number: 2 }]).await;
    }
    found_after("UPDATE audit_seals SET rows_hash = sha256('') WHERE number = 2", |_| {
        vec![AuditFinding::RowsOfSealChanged { number: 2 }, AuditFinding::SealChanged { number: 2 }]
    })
    .await;
}

#[tokio::test]
async fn a_missing_seal_is_named() {
    for number in [1, 2, 3] {
        let sql = format!("DELETE FROM audit_seals WHERE number = {number}");
        let trail = Trail::new().await;
        trail.tamper(&sql).await;
        let findings = trail.verify(None).await.findings;
        assert_eq!(findings, [AuditFinding::SealMissing { number }]);
    }
}

#[tokio::test]
async fn a_seal_that_retention_did_not_take_is_named() {
    let sql = "UPDATE audit_seals SET pruned_at = now() WHERE number = 2; \
               DELETE FROM audit_logs WHERE id IN (SELECT audit_id FROM audit_seal_rows WHERE seal_number = 2)";
    found_after(sql, |_| vec![AuditFinding::PrunedOutOfOrder { number: 2 }]).await;
}

#[tokio::test]
async fn what_a_chain_without_its_end_hides_an_anchor_finds() {
    let trail = Trail::new().await;
    let anchor = trail.store.audit_logs().anchor().await.unwrap().unwrap();
    trail
        .tamper("DELETE FROM audit_seal_rows WHERE seal_number = 3; DELETE FROM audit_seals WHERE number = 3")
        .await;
    assert!(trail.verify(None).await.is_intact(), "the trail itself looks like one that was sealed twice");
    let found = trail.verify(Some(anchor)).await.findings;
    let AuditAnchor { number, hash: anchored, .. } = anchor;
    assert_eq!(found, [AuditFinding::AnchorMismatch { number, anchored, found: None }]);
}

#[tokio::test]
async fn what_a_chain_made_anew_hides_an_anchor_finds() {
    let trail = Trail::new().await;
    let anchor = trail.store.audit_logs().anchor().await.unwrap().unwrap();
    trail
        .tamper(
            "UPDATE audit_logs SET user_id = 'eve' WHERE id = $row; TRUNCATE audit_seals, audit_seal_rows",
        )
        .await;
    trail.store.audit_logs().seal().await.unwrap().unwrap();
    assert!(trail.verify(None).await.is_intact());
    let found = trail.verify(Some(anchor)).await.findings;
    let AuditAnchor { number, hash: anchored, .. } = anchor;
    assert_eq!(found, [AuditFinding::AnchorMismatch { number, anchored, found: None }]);
}

#[tokio::test]
async fn a_seal_that_is_rewritten_with_its_hash_breaks_the_chain() {
    let trail = Trail::new().await;
    let anchor = trail.store.audit_logs().anchor().await.unwrap().unwrap();
    let rewrite = async |mut seal: AuditSeal| {
        seal.hash = seal.expected_hash();
        let AuditSeal { number, cluster, previous_hash, hash, .. } = seal;
        let sql = format!(
            "UPDATE audit_seals SET cluster = {cluster}, previous_hash = '\\x{previous_hash}', hash = '\\x{hash}' \
             WHERE number = {number}"
        );
        trail.tamper(&sql).await;
        seal
    };
    let [_, second, third] = trail.seals().await.try_into().unwrap();
    let second = rewrite(AuditSeal { cluster: 7, ..second }).await;
    assert_eq!(trail.verify(None).await.findings, [AuditFinding::SealChanged { number: 2 }]);
    let third = rewrite(AuditSeal { previous_hash: second.hash, ..third }).await;
    assert!(trail.verify(None).await.is_intact(), "this chain is as good as the first");
    let found = trail.verify(Some(anchor)).await.findings;
    let AuditAnchor { number, hash: anchored, .. } = anchor;
    assert_eq!(found, [AuditFinding::AnchorMismatch { number, anchored, found: Some(third.hash) }]);
}

#[tokio::test]
async fn findings_beyond_the_first_thousand_are_counted() {
    let trail = Trail::new().await;
    let new: Vec<_> = (0..2500).map(|n| NewTask::new(format!("Task {n}"))).collect();
    trail.store.tasks().bulk_create(&new).await.unwrap();
    trail.store.audit_logs().seal().await.unwrap();
    trail.tamper("UPDATE audit_logs SET user_id = 'eve'").await;
    let verification = trail.verify(None).await;
    assert_eq!(verification.findings.len(), AuditVerification::MAX_FINDINGS);
    // The unsealed row of before is sealed now.
    assert_eq!((verification.finding_count, verification.rows), (2510, 2510));
}

#[tokio::test]
async fn the_owner_of_the_tables_is_refused_too() {
    let trail = Trail::new().await;
    for sql in [
        "UPDATE audit_logs SET user_id = 'eve'",
        "UPDATE audit_logs SET user_id = 'eve' WHERE false",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "UPDATE audit_seal_rows SET seal_number = 1",
        "DELETE FROM audit_seal_rows",
        "TRUNCATE audit_seal_rows",
        "UPDATE audit_seals SET hash = sha256('')",
        "UPDATE audit_seals SET pruned_at = now(), row_count = 7",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals CASCADE",
    ] {
        let error = trail.db.execute_unprepared(sql).await.unwrap_err().to_string();
        assert!(error.contains("is refused"), "{sql}: {error}");
    }
    assert!(trail.verify(None).await.is_intact());
}

#[tokio::test]
async fn the_documented_rights_are_enough_and_no_more() {
    let trail = Trail::new().await;
    // Roles belong to the whole server, so these are gone with their transaction, and that needs one connection.
    let mut options = ConnectOptions::new(trail.database.url());
    options.max_connections(1);
    let db = Database::connect(options).await.unwrap();
    let store = PgStore::new(db.clone());
    let run = async |sql: &str| db.execute_unprepared(sql).await.map(drop);
    run("BEGIN;
         CREATE ROLE only_sealer; CREATE ROLE only_retention; CREATE ROLE only_auditor;
         GRANT USAGE ON SCHEMA public TO only_sealer, only_retention, only_auditor;
         GRANT SELECT ON audit_logs, audit_seals, audit_seal_rows TO only_sealer, only_retention, only_auditor;
         GRANT INSERT ON audit_seals, audit_seal_rows TO only_sealer;
         GRANT UPDATE (pruned_at) ON audit_seals TO only_retention;
         GRANT DELETE ON audit_logs, audit_seal_rows TO only_retention")
    .await
    .unwrap();
    for (role, forbidden) in [
        (
            "only_sealer",
            ["UPDATE audit_logs SET user_id = 'eve'", "DELETE FROM audit_logs", "TRUNCATE audit_logs"],
        ),
        (
            "only_sealer",
            ["DELETE FROM audit_seals", "UPDATE audit_seals SET pruned_at = now()", "TRUNCATE audit_seals"],
        ),
        (
            "only_retention",
            [
                "UPDATE audit_logs SET user_id = 'eve'",
                "DELETE FROM audit_logs",
                "UPDATE audit_seals SET hash = ''",
            ],
        ),
        (
            "only_auditor",
            ["DELETE FROM audit_logs", "DELETE FROM audit_seal_rows", "DELETE FROM audit_seals"],
        ),
    ] {
        for sql in forbidden {
            run(&format!("SAVEPOINT s; SET LOCAL ROLE {role}")).await.unwrap();
            let error = run(sql).await.unwrap_err().to_string();
            assert!(
                error.contains("permission denied") || error.contains("is refused"),
                "{role}: {sql}: {error}"
            );
            run("ROLLBACK TO s").await.unwrap();
        }
    }
    run("SET LOCAL ROLE only_sealer").await.unwrap();
    assert_eq!(store.audit_logs().seal().await.unwrap().unwrap().number, 4);
    run("SET LOCAL ROLE only_auditor").await.unwrap();
    let verification = store.audit_logs().verify(None).await.unwrap();
    assert!(verification.is_intact(), "{verification:?}");
    run("SET LOCAL ROLE only_retention").await.unwrap();
    assert_eq!(store.audit_logs().prunable(clock::latest()).await.unwrap(), 10);
    assert_eq!(store.audit_logs().prune(clock::latest(), 4).await.unwrap(), 4);
    assert_eq!(store.audit_logs().prune(clock::latest(), 100).await.unwrap(), 6);
    run("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn a_seal_is_marked_as_pruned_once() {
    let trail = Trail::new().await;
    trail.db.execute_unprepared("UPDATE audit_seals SET pruned_at = now() WHERE number = 1").await.unwrap();
    for value in ["NULL", "now()"] {
        let sql = format!("UPDATE audit_seals SET pruned_at = {value} WHERE number = 1");
        let error = trail.db.execute_unprepared(&sql).await.unwrap_err().to_string();
        assert!(error.contains("it can only be marked as pruned, once"), "{error}");
    }
}

#[tokio::test]
async fn an_address_with_a_netmask_is_not_taken_for_an_address() {
    let trail = Trail::new().await;
    trail
        .db
        .execute_unprepared(
            r#"BEGIN; SELECT set_actor('{"ip_address": "10.0.0.0/8"}'); INSERT INTO tasks (title) VALUES ('t'); COMMIT"#,
        )
        .await
        .unwrap();
    let error = trail.store.audit_logs().recent_activity(1).await.unwrap_err();
    match error {
        RepositoryError::Inconsistent { table, column, .. } => {
            assert_eq!((table, column.as_str()), ("audit_logs", "ip_address"));
        }
        other => panic!("expected Inconsistent, got {other:?}"),
    }
    trail.store.audit_logs().seal().await.unwrap().unwrap();
    assert!(trail.verify(None).await.is_intact(), "it is sealed and verified all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_writers_and_two_sealers_leave_an_intact_trail() {
    const WRITERS: usize = 64;
    let database = migrated_database().await;
    let mut options = ConnectOptions::new(database.url());
    options.max_connections(68);
    let store = PgStore::new(Database::connect(options).await.unwrap());
    let shared = store.tasks().create(&NewTask::new("Shared")).await.unwrap().id;
    let done = AtomicBool::new(false);

    let writer = async |number: usize| {
        for round in 0..6 {
            let uow = store.begin().await.unwrap();
            let task = uow.tasks().create(&NewTask::new(format!("Task {number}.{round}"))).await.unwrap();
            // Long enough for some seals to be made meanwhile.
            sleep(Duration::from_millis(number as u64 % 8 * 5)).await;
            uow.tasks().update_status(task.id, TaskStatus::InProgress, json!({})).await.unwrap();
            if number % 5 == 0 {
                uow.rollback().await.unwrap();
            } else {
                uow.commit().await.unwrap();
            }
            let patch = TaskPatch { priority: Some(round), ..TaskPatch::default() };
            store.tasks().update(shared, &patch).await.unwrap();
        }
    };
    let sealer = async || {
        let mut made = 0;
        while !done.load(Ordering::Relaxed) {
            made += usize::from(store.audit_logs().seal().await.unwrap().is_some());
            sleep(Duration::from_millis(3)).await;
        }
        made
    };
    let watcher = async || {
        while !done.load(Ordering::Relaxed) {
            let verification = store.audit_logs().verify(None).await.unwrap();
            assert!(verification.is_intact(), "{verification:?}");
        }
    };
    let writers = async {
        futures::future::join_all((0..WRITERS).map(writer)).await;
        done.store(true, Ordering::Relaxed);
    };
    let (_, one, other, ()) = futures::future::join4(writers, sealer(), sealer(), watcher()).await;
    let last = usize::from(store.audit_logs().seal().await.unwrap().is_some());

    let verification = store.audit_logs().verify(None).await.unwrap();
    assert!(verification.is_intact(), "{verification:?}");
    assert_eq!(verification.seals, (one + other + last) as u64);
    assert!(verification.seals > 3, "only {} seals were made meanwhile", verification.seals);
    let rows = store.audit_logs().count(&AuditLogFilter::default()).await.unwrap();
    assert_eq!((verification.rows, verification.unsealed), (rows, 0));
    // A creation, a change of status and its context for each kept task, each update of the shared task, and its creation.
    let kept = (WRITERS - WRITERS.div_ceil(5)) * 6;
    assert_eq!(rows, (kept * 3 + WRITERS * 6 + 1) as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_disturbs_no_verification() {
    let database = migrated_database().await;
    let store = PgStore::connect(&database.url()).await.unwrap();
    for _ in 0..20 {
        let new: Vec<_> = (0..150).map(|n| NewTask::new(format!("Task {n}"))).collect();
        store.tasks().bulk_create(&new).await.unwrap();
        store.audit_logs().seal().await.unwrap().unwrap();
    }
    let done = AtomicBool::new(false);
    let pruner = async {
        let mut pruned = 0;
        loop {
            let gone = store.audit_logs().prune(clock::latest(), 40).await.unwrap();
            pruned += gone;
            if gone == 0 {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
        pruned
    };
    let watcher = async {
        while !done.load(Ordering::Relaxed) {
            let verification = store.audit_logs().verify(None).await.unwrap();
            assert!(verification.is_intact(), "{verification:?}");
        }
    };
    let (pruned, ()) = futures::future::join(pruner, watcher).await;
    assert_eq!(pruned, 3000);
    let verification = store.audit_logs().verify(None).await.unwrap();
    assert!(verification.is_intact(), "{verification:?}");
    assert_eq!((verification.seals, verification.pruned_seals, verification.rows), (20, 20, 0));
    assert_eq!(store.audit_logs().count(&AuditLogFilter::default()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_prunings_at_once_delete_each_row_once() {
    let trail = Trail::new().await;
    let prune = async || {
        let mut pruned = 0;
        loop {
            match trail.store.audit_logs().prune(clock::latest(), 2).await {
                Ok(0) => return pruned,
                Ok(gone) => pruned += gone,
                Err(error) => assert!(error.is_retryable(), "{error:?}"),
            }
        }
    };
    let (one, other) = futures::future::join(prune(), prune()).await;
    assert_eq!(one + other, 9);
    assert_eq!(trail.store.audit_logs().count(&AuditLogFilter::default()).await.unwrap(), 1);
    assert!(trail.verify(None).await.is_intact());
    drop(trail.database);
}
