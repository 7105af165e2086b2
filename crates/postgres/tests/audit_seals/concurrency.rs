//! Writers, sealers, verifications and retention at the same moment.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sea_orm::{ConnectOptions, Database};
use serde_json::json;
use taskmaster_models::{AuditLogFilter, NewTask, TaskPatch, TaskStatus, clock};
use taskmaster_postgres::{Pg, PgStore};
use taskmaster_repository::{Repositories, Store};
use taskmaster_testkit::migrated_database;
use tokio::time::sleep;

use super::Trail;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_writers_and_two_sealers_leave_an_intact_trail() {
    const WRITERS: usize = 64;
    let database = migrated_database().await;
    let mut options = ConnectOptions::new(database.url());
    options.max_connections(68);
    let store = Pg::new(Database::connect(options).await.unwrap());
    let shared = store.tasks().create(&NewTask::new("Shared")).await.unwrap().id;
    let done = AtomicBool::new(false);

    let writer = async |number: usize| {
        for round in 0..6 {
            let uow = store.begin().await.unwrap();
            let task = uow.tasks().create(&NewTask::new(format!("Task {number}.{round}"))).await.unwrap();
            // Long enough for some seals to be made meanwhile.
            sleep(Duration::from_millis(number as u64 % 8 * 5)).await;
            uow.tasks().update_status(task.id, TaskStatus::InProgress, json!({})).await.unwrap();
            if number.is_multiple_of(5) {
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
    let ((), one, other, ()) = futures::future::join4(writers, sealer(), sealer(), watcher()).await;
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
    let (gone, ()) = futures::future::join(pruner, watcher).await;
    assert_eq!(gone, 3000);
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
