//! Networks that refuse, cut and swallow.

use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use taskmaster_models::NewTask;
use taskmaster_postgres::{Database, PgStore, connection::ErrorKind};
use taskmaster_repository::{Repositories as _, RepositoryError, Store as _};

use crate::{
    proxy::{Proxy, Weather},
    quota,
    stage::{Encryption, Stage},
    writers::{WRITERS, Writers},
};

/// A server, and a store that reaches it through a proxy. What hangs is given up after a second.
async fn behind_a_proxy(encryption: Encryption) -> (Stage, Proxy, Database) {
    let stage = Stage::set_over(encryption).await;
    let proxy = Proxy::to(stage.address());
    let mut config = stage.config_by(proxy.address());
    config.timeouts.call = Duration::from_secs(2);
    config.pool.connect_timeout = Duration::from_secs(1);
    let database = Database::connect(config).await.unwrap();
    stage.is_as_encrypted_as_said().await;
    (stage, proxy, database)
}

async fn are_cut(encryption: Encryption) {
    const ROUNDS: usize = 5;
    let (stage, proxy, database) = behind_a_proxy(encryption).await;
    let writers = Writers::begin(&database);
    for _ in 0..ROUNDS {
        writers.go_on(100).await;
        proxy.cut();
        writers.go_on(100).await;
    }
    let record = writers.finish(quota::CONNECTIONS_CUT).await;
    record.was_told_that_it_passes();
    record.is_kept("connections cut", &stage, ROUNDS * WRITERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_cut_again_and_again_and_the_writes_go_on() {
    are_cut(Encryption::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_connections_are_cut_again_and_again_and_the_writes_go_on() {
    are_cut(Encryption::Tls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_refuses_connections_for_a_while_and_the_writes_go_on() {
    let (stage, mut proxy, database) = behind_a_proxy(Encryption::Plain).await;
    let writers = Writers::begin(&database);
    writers.go_on(100).await;
    proxy.refuse().await;
    proxy.cut();
    writers.are_refused(2).await;
    writers.await_bad_health().await;
    proxy.accept();
    writers.go_on(100).await;
    let record = writers.finish(quota::REFUSED).await;
    record.was_told_that_it_passes();
    record.is_kept("connections refused", &stage, WRITERS).await;
}

async fn swallows_everything(encryption: Encryption) {
    let (stage, proxy, database) = behind_a_proxy(encryption).await;
    let writers = Writers::begin(&database);
    writers.go_on(100).await;
    proxy.set(Weather::HALF_OPEN);
    writers.are_refused(1).await;
    writers.await_bad_health().await;
    proxy.set(Weather::default());
    writers.go_on(100).await;
    let record = writers.finish(quota::HALF_OPEN).await;
    assert!(record.failed.values().any(|error| matches!(error, RepositoryError::Timeout { .. })));
    record.was_told_that_it_passes();
    record.is_kept("half-open", &stage, WRITERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_swallows_everything_and_each_call_ends_by_its_deadline() {
    swallows_everything(Encryption::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_swallows_what_is_encrypted_and_each_call_ends_by_its_deadline() {
    swallows_everything(Encryption::Tls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_idle_connections_that_swallow_everything_one_is_waited_for_and_not_each() {
    let stage = Stage::set_over(Encryption::Plain).await;
    let mut proxy = Proxy::to(stage.address());
    let mut config = stage.config_by(proxy.address());
    (config.pool.min, config.pool.max) = (0, 8);
    // Less than it would take to wait for each.
    config.pool.acquire_timeout = Duration::from_secs(8);
    let database = Database::connect(config).await.unwrap();
    let mut units = Vec::new();
    for _ in 0..8 {
        units.push(PgStore::new(database.clone()).begin().await.unwrap());
    }
    for unit in units {
        unit.rollback().await.unwrap();
    }
    // One that breaks has the other seven tried before they are used.
    database.execute_unprepared("SELECT pg_terminate_backend(pg_backend_pid())").await.unwrap_err();
    assert_eq!(database.status().idle, 7);
    proxy.forget().await;
    PgStore::new(database.clone()).server_time().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_lost_and_no_write_is_made_twice() {
    let (stage, proxy, database) = behind_a_proxy(Encryption::Plain).await;
    let writers = Writers::begin(&database);
    writers.go_on(100).await;
    proxy.set(Weather::ANSWERS_LOST);
    writers.are_refused(1).await;
    writers.await_bad_health().await;
    proxy.set(Weather::default());
    writers.go_on(100).await;
    let record = writers.finish(quota::ANSWERS_LOST).await;
    record.was_told_that_it_passes();
    record.is_kept("answers lost", &stage, WRITERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_19_connections_that_cannot_be_made_leave_nothing_behind() {
    let (stage, proxy, database) = behind_a_proxy(Encryption::Plain).await;
    drop(database);
    proxy.await_open(0).await;
    let before = proxy.accepted();
    for wrong in ["no_such_database", "postgres"] {
        for _ in 0..10 {
            let mut config = stage.config_by(proxy.address());
            wrong.clone_into(&mut config.database);
            config.user = if wrong == "postgres" { "nobody_we_know" } else { "postgres" }.to_owned();
            let error = Database::connect(config).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error:?}");
        }
    }
    assert!(proxy.accepted() >= before + 20);
    proxy.await_open(0).await;
    stage.await_count(0, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'taskmaster'").await;
    let database = Database::connect(stage.config_by(proxy.address())).await.unwrap();
    PgStore::new(database.clone()).tasks().create(&NewTask::new("served")).await.unwrap();
}
