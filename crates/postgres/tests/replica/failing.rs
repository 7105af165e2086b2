//! Replicas that are of no use: nobody who reads is told.

use std::{sync::Arc, time::Duration};

use taskmaster_embedded::Stop;
use taskmaster_models::{TaskContextFilter, TaskId};
use taskmaster_postgres::{Database, PgStore, config::Host};
use taskmaster_repository::Repositories as _;

use crate::stage::{FAR, Stage, ask, create, find, reads, reads_come_to_the_replica, say, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_gone_costs_no_read_and_is_used_again_when_it_is_back() {
    let Some(stage) = Stage::set().await else { return };
    let database = stage.database(FAR).await;
    for how in [Stop::Immediate, Stop::Kill] {
        let id = create(&PgStore::new(database.clone()), "before").await;
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let store = PgStore::new(database.session());
                tokio::spawn(async move {
                    for _ in 0..200 {
                        find(&store, id).await;
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                })
            })
            .collect();
        let server = Arc::clone(&stage.replica);
        tokio::task::spawn_blocking(move || server.stop(how).unwrap()).await.unwrap();
        let store = PgStore::new(database.session());
        until("the replica is given up", async || {
            find(&store, id).await;
            !database.metrics().replicas[0].in_service
        })
        .await;
        for reader in readers {
            reader.await.unwrap();
        }
        let server = Arc::clone(&stage.replica);
        tokio::task::spawn_blocking(move || server.start().unwrap()).await.unwrap();
        reads_come_to_the_replica(&database).await;
        assert!(find(&PgStore::new(database.clone()), id).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_never_was_there_keeps_nobody_from_connecting_and_reading() {
    let Some(stage) = Stage::set().await else { return };
    let mut config = stage.config(FAR);
    let nowhere = Host { name: "/nowhere".to_owned(), port: 5432 };
    config.replica.as_mut().unwrap().hosts.insert(0, nowhere);
    let database = Database::connect(config).await.unwrap();
    let id = create(&PgStore::new(database.clone()), "written").await;
    assert!(find(&PgStore::new(database.clone()), id).await.is_some());
    until("the second replica is read from", async || {
        assert!(find(&PgStore::new(database.clone()), id).await.is_some());
        database.metrics().replicas[1].reads > 0
    })
    .await;
    assert_eq!(reads(&database), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_too_far_behind_is_not_read_from_until_it_has_caught_up() {
    let Some(stage) = Stage::set().await else { return };
    let database = stage.database(Duration::from_millis(400)).await;
    stage.pause().await;
    let id = create(&PgStore::new(database.clone()), "unknown to the replica").await;
    let other = database.session();
    until("who has written nothing sees it, too", async || {
        find(&PgStore::new(other.clone()), id).await.is_some()
    })
    .await;
    let before = reads(&database);
    for _ in 0..20 {
        assert!(find(&PgStore::new(other.clone()), id).await.is_some());
    }
    assert_eq!(reads(&database), before);
    stage.resume().await;
    reads_come_to_the_replica(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_was_promoted_is_no_replica_any_more() {
    let Some(stage) = Stage::set().await else { return };
    let database = stage.database(Duration::from_millis(400)).await;
    let promoted = Arc::clone(&stage.replica);
    tokio::task::spawn_blocking(move || promoted.promote().unwrap()).await.unwrap();
    let session = database.session();
    until("the promoted server is given up", async || {
        find(&PgStore::new(session.clone()), TaskId::new()).await;
        !database.metrics().replicas[0].in_service
    })
    .await;
    let before = reads(&database);
    let id = create(&PgStore::new(database.clone()), "written").await;
    assert!(find(&PgStore::new(session.clone()), id).await.is_some());
    assert_eq!(reads(&database), before);
}

/// A table that the replica does not know yet, as after a migration.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_at_a_replica_is_made_at_the_primary() {
    let Some(stage) = Stage::set().await else { return };
    say(&stage.primary, "ALTER TABLE task_contexts RENAME TO not_yet").await;
    let lsn = ask::<String>(&stage.primary, "SELECT pg_current_wal_insert_lsn()::text").await;
    let replayed = format!("SELECT pg_last_wal_replay_lsn() >= '{lsn}'");
    until("the replica knows", async || ask::<bool>(&stage.replica, &replayed).await).await;
    let database = stage.database(FAR).await;
    stage.pause().await;
    say(&stage.primary, "ALTER TABLE not_yet RENAME TO task_contexts").await;

    let before = reads(&database);
    let contexts =
        PgStore::new(database.session()).task_contexts().count(&TaskContextFilter::default()).await;
    assert_eq!(contexts.unwrap(), 0);
    assert_eq!(reads(&database), before);
    reads_come_to_the_replica(&database).await;
}
