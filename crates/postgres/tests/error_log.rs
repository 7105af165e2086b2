//! Error logs on PostgreSQL: a storm of one error, groups of older versions, the audit trail, and the views.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use futures::future::join_all;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, QueryResult, sqlx};
use taskmaster_models::{
    Actor, ErrorLogFilter, ErrorType, Fingerprint, NewErrorLog, NewTask, PageRequest, Resolution, Severity,
    clock,
};
use taskmaster_postgres::{Pg, PgStore};
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_testkit::migrated_database;

async fn rows(db: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    db.query_all_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql)).await.unwrap()
}

async fn one<T: sea_orm::TryGetable>(db: &DatabaseConnection, sql: &str) -> T {
    rows(db, sql).await.remove(0).try_get_by_index(0).unwrap()
}

/// A store with a pool of this many connections, in a database where nobody may wait for a lock: whoever has to ends with an
/// error, and not after a while.
async fn impatient_store(url: &str, connections: u32) -> Pg<DatabaseConnection> {
    let db = Database::connect(url).await.unwrap();
    let sql = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''10s''', current_database()); END $$";
    db.execute_unprepared(sql).await.unwrap();
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(connections).sqlx_logging(false);
    Pg::new(Database::connect(options).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_of_one_error_from_16_connections_waits_for_no_row() {
    const CONNECTIONS: usize = 16;
    const EACH: usize = 200;
    let database = migrated_database().await;
    let store = impatient_store(&database.url(), 20).await;
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let new = |n: usize| NewErrorLog {
        task_id: Some(task.id),
        ..NewErrorLog::new(ErrorType::Database, format!("no connection after {n} tries"))
    };
    let group = new(0).fingerprint();

    // These hold what they have written of the same group and task as long as the storm lasts.
    let (holder, other) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let held = holder.error_logs().create(&new(0)).await.unwrap();
    other.error_logs().bulk_create(&[new(1), new(2)]).await.unwrap();
    let writer = |connection: usize| {
        let (store, new) = (store.clone(), (0..EACH).map(|n| new(connection * EACH + n)).collect::<Vec<_>>());
        tokio::spawn(async move {
            let (one_by_one, at_once) = new.split_at(EACH / 2);
            for error in one_by_one {
                store.error_logs().create(error).await.unwrap();
            }
            store.error_logs().bulk_create(at_once).await.unwrap();
        })
    };
    for writer in join_all((0..CONNECTIONS).map(writer)).await {
        writer.unwrap();
    }

    let total = (CONNECTIONS * EACH) as u64;
    let seen = store.error_logs().group(&group).await.unwrap().unwrap();
    assert_eq!((seen.count, seen.unresolved, seen.tasks), (total, total, 1));
    // To resolve the group waits for none of the writers, either.
    let done = Resolution::new("more connections", "ada");
    assert_eq!(store.error_logs().resolve_group(&group, &done).await.unwrap(), total);
    holder.commit().await.unwrap();
    other.rollback().await.unwrap();
    let seen = store.error_logs().group(&group).await.unwrap().unwrap();
    assert_eq!((seen.count, seen.unresolved), (total + 1, 1));
    assert!(!seen.regressed, "it happened before the resolution");
    assert_eq!(store.error_logs().find_by_id(held.id).await.unwrap(), Some(held));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_resolve_and_one_who_prunes_a_group_at_once_do_not_block_each_other() {
    let database = migrated_database().await;
    let store = impatient_store(&database.url(), 10).await;
    for round in 0..5 {
        let new: Vec<_> =
            (0..500).map(|n| NewErrorLog::new(ErrorType::System, format!("no disk {n}"))).collect();
        store.error_logs().bulk_create(&new).await.unwrap();
        let (group, done) = (new[0].fingerprint(), Resolution::new("a new disk", "ada"));
        let errors = store.error_logs();
        let (one, other, pruned) = futures::join!(
            errors.resolve_group(&group, &done),
            errors.resolve_group(&group, &done),
            errors.prune(clock::now(), 200)
        );
        assert!(one.unwrap() + other.unwrap() <= 500, "round {round}");
        assert!(pruned.unwrap() <= 200);
        let open = ErrorLogFilter { resolved: Some(false), ..ErrorLogFilter::default() };
        assert_eq!(errors.count(&open).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn pruning_leaves_what_somebody_is_changing_to_the_next_time() {
    let database = migrated_database().await;
    let store = impatient_store(&database.url(), 4).await;
    let new = ["a", "b"].map(|message| NewErrorLog::new(ErrorType::System, message));
    store.error_logs().bulk_create(&new).await.unwrap();
    let uow = store.begin().await.unwrap();
    uow.error_logs().resolve(new[0].id, &Resolution::new("done", "ada")).await.unwrap();
    let later = clock::now() + chrono::TimeDelta::hours(1);
    assert_eq!(store.error_logs().prune(later, 10).await.unwrap(), 1);
    uow.commit().await.unwrap();
    assert_eq!(store.error_logs().prune(later, 10).await.unwrap(), 1);
}

#[tokio::test]
async fn rows_of_another_version_of_the_algorithm_keep_their_group() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let new = || NewErrorLog::new(ErrorType::System, "no disk");
    let (old, plain) = (new(), new());
    store.error_logs().bulk_create(&[old.clone(), plain.clone()]).await.unwrap();
    // As a program with another algorithm has written it, and one with none.
    let theirs: Fingerprint = format!("7:{}", "ab".repeat(16)).parse().unwrap();
    assert_ne!(theirs.algorithm(), Fingerprint::ALGORITHM);
    let write = format!(
        "UPDATE error_logs SET fingerprint = '{theirs}' WHERE id = '{}'; UPDATE error_logs SET fingerprint = NULL WHERE id = '{}'",
        old.id, plain.id
    );
    db.execute_unprepared(&write).await.unwrap();

    let ours = store.error_logs().create(&new()).await.unwrap().fingerprint.unwrap();
    assert_eq!(ours.algorithm(), Fingerprint::ALGORITHM);
    let done = Resolution::new("a new disk", "ada");
    let resolved = store.error_logs().resolve(old.id, &done).await.unwrap();
    assert_eq!(resolved.fingerprint, Some(theirs), "no write moves it");
    let count = async |group| store.error_logs().group(&group).await.unwrap().map(|group| group.count);
    assert_eq!((count(theirs).await, count(ours).await), (Some(1), Some(1)));
    let groups = store.error_logs().groups(&ErrorLogFilter::default(), 10).await.unwrap();
    assert_eq!(groups.len(), 2, "an error without a fingerprint belongs to no group");
    let read = store.error_logs().find_by_id(plain.id).await.unwrap().unwrap();
    assert_eq!(read.fingerprint, None);
    let statistics = store.error_logs().statistics(&ErrorLogFilter::default()).await.unwrap();
    assert_eq!((statistics.total, statistics.groups), (3, 2));
}

#[tokio::test]
async fn fault_26_errors_are_written_and_each_write_carries_its_actor_to_the_trail() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap().acting_as(&Actor::user("ada")).unwrap();
    let new = || NewErrorLog::new(ErrorType::System, "no disk");
    let first = store.error_logs().create(&new()).await.unwrap();
    let more = store.error_logs().bulk_create(&[new(), new()]).await.unwrap();
    let done = Resolution::new("a new disk", "ada");
    store.error_logs().resolve(first.id, &done).await.unwrap();
    store.error_logs().resolve(first.id, &done).await.unwrap();
    store.error_logs().reopen(first.id).await.unwrap();
    store.error_logs().resolve_group(&first.fingerprint.unwrap(), &done).await.unwrap();
    store.error_logs().delete(more[0].id).await.unwrap();
    store.error_logs().prune(clock::now(), 10).await.unwrap();

    let trail = rows(&db, "SELECT action, count(*) FROM audit_logs WHERE entity_type = 'error_log' AND user_id = 'ada' GROUP BY 1 ORDER BY 1").await;
    let trail: Vec<(String, i64)> = trail
        .iter()
        .map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap()))
        .collect();
    // A resolution of what is resolved changes nothing and is not told.
    let expected = [("create", 3), ("delete", 3), ("update", 5)].map(|(action, n)| (action.to_owned(), n));
    assert_eq!(trail, expected);
    let nobody: i64 = one(&db, "SELECT count(*) FROM audit_logs WHERE user_id IS NULL").await;
    assert_eq!(nobody, 0);
    let told: bool = one(&db, "SELECT bool_or(new_values ? 'search' OR old_values ? 'search') FROM audit_logs WHERE old_values IS NOT NULL AND new_values IS NOT NULL").await;
    assert!(!told, "the trail keeps no index");
}

#[tokio::test]
async fn fault_23_the_views_say_what_the_repository_says() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let task = store.tasks().create(&NewTask::new("Save")).await.unwrap();
    let new = |severity, resolved| NewErrorLog {
        severity,
        resolved,
        task_id: Some(task.id),
        ..NewErrorLog::new(ErrorType::Timeout, "too late")
    };
    let new = [
        new(Severity::Fatal, false),
        new(Severity::Fatal, true),
        new(Severity::Warn, false),
        new(Severity::Error, false),
    ];
    store.error_logs().bulk_create(&new).await.unwrap();

    let critical = store.error_logs().critical_errors(&PageRequest::default()).await.unwrap().items;
    let view = rows(&db, "SELECT id, task_title, task_status FROM critical_errors").await;
    let view: Vec<(uuid::Uuid, String, String)> = view
        .iter()
        .map(|row| {
            (
                row.try_get("", "id").unwrap(),
                row.try_get("", "task_title").unwrap(),
                row.try_get("", "task_status").unwrap(),
            )
        })
        .collect();
    let expected: Vec<_> = critical
        .iter()
        .map(|c| (c.error.id.as_uuid(), c.task_title.clone().unwrap(), c.task_status.unwrap().to_string()))
        .collect();
    assert_eq!(view, expected);
    assert_eq!(view.len(), 2);

    let summary = store.error_logs().summary(&ErrorLogFilter::default()).await.unwrap();
    let sql = "SELECT error_type, severity, error_count, unresolved_count, avg_resolution_hours::float8 AS hours, \
               latest_occurrence FROM error_summary";
    let view = rows(&db, sql).await;
    assert_eq!(view.len(), summary.len());
    for row in &view {
        let text = |column| row.try_get::<String>("", column).unwrap();
        let number = |column| u64::try_from(row.try_get::<i64>("", column).unwrap()).unwrap();
        let of_kind = |kind: &&taskmaster_models::ErrorSummary| {
            kind.error_type.as_str() == text("error_type") && kind.severity.as_str() == text("severity")
        };
        let kind = summary.iter().find(of_kind).unwrap();
        assert_eq!(
            (kind.error_count, kind.unresolved_count),
            (number("error_count"), number("unresolved_count"))
        );
        assert_eq!(
            kind.latest_occurrence,
            row.try_get::<chrono::DateTime<chrono::Utc>>("", "latest_occurrence").unwrap()
        );
        let hours: f64 = row.try_get("", "hours").unwrap();
        assert!((kind.avg_resolution_hours - hours).abs() < 0.1, "{kind:?} {hours}");
    }
}

#[tokio::test]
async fn what_another_client_wrote_and_no_model_can_hold_names_its_column() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let error = store.error_logs().create(&NewErrorLog::new(ErrorType::System, "no disk")).await.unwrap();
    for (constraint, column, value) in [
        ("error_logs_severity_check", "severity", "'odd'"),
        ("error_logs_fingerprint_check", "fingerprint", "'odd'"),
        ("error_logs_context_check", "context", "'[]'"),
    ] {
        let refused = db.execute_unprepared(&format!("UPDATE error_logs SET {column} = {value}")).await;
        assert!(refused.unwrap_err().to_string().contains(constraint), "{constraint}");
        let sql = format!(
            "ALTER TABLE error_logs DROP CONSTRAINT {constraint}; UPDATE error_logs SET {column} = {value}"
        );
        db.execute_unprepared(&sql).await.unwrap();
        let read = store.error_logs().find_by_id(error.id).await.unwrap_err();
        match &read {
            RepositoryError::Inconsistent { table, column: named, id, .. } => {
                assert_eq!((*table, named.as_str(), id), ("error_logs", column, &error.id.to_string()));
            }
            other => panic!("expected Inconsistent, got {other:?}"),
        }
        let restored = "UPDATE error_logs SET severity = 'error', fingerprint = NULL, context = '{}'";
        db.execute_unprepared(restored).await.unwrap();
    }
    // A row that knows only the described columns is read like any other.
    sqlx::query("INSERT INTO error_logs (error_message) VALUES ('plain')")
        .execute(db.get_postgres_connection_pool())
        .await
        .unwrap();
    let page = store.error_logs().find_by(&ErrorLogFilter::default(), &PageRequest::default()).await.unwrap();
    assert_eq!((page.items[0].error_type, page.items[0].severity), (ErrorType::General, Severity::Error));
}
