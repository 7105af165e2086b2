//! What health tells. That it does so in time when a server or a network breaks is among the stories of `faults`.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its own functions")]

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use sea_orm::{ConnectionTrait, TransactionSession, TransactionTrait};
use taskmaster_embedded::{Stop, TestDatabase, TestServer, TestServerSettings};
use taskmaster_models::{NewTask, clock};
use taskmaster_postgres::{
    Database, Health, HealthStatus, PgStore, Replication,
    config::{DatabaseConfig, Host, ReplicaConfig, Target},
};
use taskmaster_repository::{Repositories, Store};
use taskmaster_testkit::{migrated_database, standby_of};

async fn connect(url: &str, change: impl FnOnce(&mut DatabaseConfig)) -> Database {
    let mut config = DatabaseConfig::from_url(url).unwrap();
    config.pool.min = 0;
    // What is expected to be well has this long on a machine that is busy.
    config.health_deadline = Duration::from_mins(1);
    change(&mut config);
    Database::connect(config)
        .await
        .unwrap()
        .expecting_migrations("schema_migrations", taskmaster_migration::names())
}

/// A short deadline, for what is expected not to answer.
fn soon(config: &mut DatabaseConfig) {
    config.health_deadline = Duration::from_millis(500);
}

/// What health says now, which it must before a test would hang. An answer from before the question is of no use here.
async fn health(database: &Database) -> Health {
    let asked = clock::now();
    let told = async {
        loop {
            let told = database.health().await;
            if told.checked_at >= asked {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), told).await.expect("health is told in time")
}

fn reasons(health: &Health) -> String {
    health.reasons.join("\n")
}

async fn run(database: &Database, sql: &str) {
    database.execute_unprepared(sql).await.unwrap();
}

/// Waits until the database is healthy again.
async fn recovers(database: &Database) {
    let well = async {
        while health(database).await.status != HealthStatus::Healthy {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), well).await.expect("it is well again");
}

#[tokio::test]
async fn a_database_that_is_well_says_so_and_what_it_is() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| {}).await;
    let health = health(&database).await;

    assert_eq!((health.status, reasons(&health).as_str()), (HealthStatus::Healthy, ""));
    assert!(health.is_up() && health.connected && health.latency.is_some() && health.took > Duration::ZERO);
    let major: u32 = health.server_version.as_ref().unwrap().split_once('.').unwrap().0.parse().unwrap();
    assert!(major >= 14, "{health:?}");
    assert_eq!(health.pool.max, database.config().pool.max);
    let migrations = health.migrations.as_ref().unwrap();
    assert_eq!(migrations.applied, taskmaster_migration::names().count());
    assert!(migrations.pending.is_empty() && migrations.unknown.is_empty(), "{migrations:?}");
    assert!(health.certificate.is_none() && health.last_error.is_none());
    assert!(matches!(health.replication, Some(Replication::Primary { .. })), "{health:?}");
    let json = serde_json::to_value(&health).unwrap();
    assert_eq!(json["status"], "healthy");
    assert!(json["latency_seconds"].as_f64().unwrap() > 0.0, "{json}");
}

#[tokio::test]
async fn migrations_that_are_pending_or_unknown_are_named() {
    let server = migrated_database().await;
    let names: Vec<_> = taskmaster_migration::names().collect();
    let expected = names[1..].iter().copied().chain(["m99990101_000000_later"]);
    let database = connect(&server.url(), |_| {}).await.expecting_migrations("schema_migrations", expected);
    let told = health(&database).await;
    assert_eq!(told.status, HealthStatus::Degraded);
    assert!(reasons(&told).contains("m99990101_000000_later"), "{told:?}");
    let migrations = told.migrations.unwrap();
    assert_eq!(migrations.pending, ["m99990101_000000_later"]);
    assert_eq!(migrations.unknown, names[..1]);

    let empty = TestDatabase::empty().await.unwrap();
    let told = health(&connect(&empty.url(), |_| {}).await).await;
    assert_eq!((told.status, told.connected), (HealthStatus::Degraded, true));
    assert_eq!(told.migrations.unwrap().pending, names);
}

#[tokio::test]
async fn a_pool_that_is_exhausted_is_told_while_it_is() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |config| config.pool.max = 1).await;
    let store = PgStore::new(database.clone());
    let unit = store.begin().await.unwrap();
    let waiting = tokio::spawn(async move { store.begin().await.unwrap().rollback().await });
    while database.status().waiting == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let told = health(&database).await;
    assert_eq!((told.status, told.connected), (HealthStatus::Degraded, true));
    assert!(
        reasons(&told).contains("all 1 connections") && reasons(&told).contains("1 calls wait"),
        "{told:?}"
    );

    unit.rollback().await.unwrap();
    waiting.await.unwrap().unwrap();
    recovers(&database).await;
}

#[tokio::test]
async fn the_last_error_is_told_without_what_it_was_about() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| {}).await;
    let task = NewTask::new("swordfish");
    PgStore::new(database.clone()).tasks().create(&task).await.unwrap();
    PgStore::new(database.clone()).tasks().create(&task).await.unwrap_err();
    let told = health(&database).await;
    let error = told.last_error.clone().unwrap();
    assert_eq!(
        (error.call, error.kind, error.sqlstate.as_deref()),
        ("task.create", "statement", Some("23505"))
    );
    assert_eq!(told.status, HealthStatus::Healthy, "an error of a caller's is none of the database's");
    assert!(!format!("{told:?} {}", serde_json::json!(told)).contains("swordfish"));
}

#[tokio::test]
async fn fault_05_a_killed_probe_is_replaced_at_once() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| {}).await;
    let admin = connect(&server.url(), |_| {}).await;
    assert_eq!(health(&database).await.status, HealthStatus::Healthy);
    run(
        &admin,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    assert_eq!(health(&database).await.status, HealthStatus::Healthy);
}

#[tokio::test]
async fn details_that_a_lock_keeps_back_are_missing_and_the_rest_is_told() {
    let server = migrated_database().await;
    let database = connect(&server.url(), soon).await;
    let migrating = connect(&server.url(), |_| {}).await;
    let transaction = migrating.begin().await.unwrap();
    transaction.execute_unprepared("LOCK TABLE schema_migrations").await.unwrap();

    // On a machine that is busy, not even a greeting may come in time.
    let told = loop {
        let told = health(&database).await;
        if told.connected {
            break told;
        }
    };
    assert_eq!(told.status, HealthStatus::Degraded);
    assert!(reasons(&told).contains("no details in time"), "{told:?}");
    assert!(told.migrations.is_none() && told.latency.is_some());

    transaction.rollback().await.unwrap();
    recovers(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_free_slot_is_degraded_while_the_pool_has_connections() {
    let settings = TestServerSettings::new()
        .setting("max_connections", "6")
        .setting("max_wal_senders", "0")
        .setting("superuser_reserved_connections", "3");
    let server = TestServer::launch(settings).unwrap();
    let admin = connect(&server.url(), |config| config.pool.max = 1).await;
    run(&admin, "CREATE ROLE app LOGIN").await;
    let app = |config: &mut DatabaseConfig| {
        config.user = "app".to_owned();
        config.pool.max = 3;
    };
    // Two of the three that the server has for ordinary users, besides the administrator's one.
    let database = connect(&server.url(), app).await;
    let store = PgStore::new(database.clone());
    let first = store.begin().await.unwrap();
    let mut units = vec![first];
    while let Ok(Ok(unit)) = tokio::time::timeout(Duration::from_secs(2), store.begin()).await {
        units.push(unit);
    }
    let told = health(&database).await;
    assert_eq!((told.status, told.connected), (HealthStatus::Degraded, true), "{told:?}");
    assert!(reasons(&told).contains("no connection slot left"), "{told:?}");
    for unit in units {
        unit.rollback().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_of_a_replication_tell_their_part_and_who_may_not_see_it_is_told_so() {
    let primary = TestServer::launch(TestServerSettings::new()).unwrap();
    let Some(standby) = standby_of(&primary) else { return };
    let first = connect(&primary.url(), |_| {}).await;
    run(&first, "CREATE ROLE nosy LOGIN").await;
    let second = connect(&standby.url(), |config| config.target = Target::ReadOnly).await;
    let nosy = connect(&primary.url(), |config| config.user = "nosy".to_owned()).await;

    // The standby says now and then how far it is.
    loop {
        let told = health(&first).await;
        match told.replication.unwrap() {
            Replication::Primary { standbys: 1, lag: Some(_), unknown: None } => break,
            Replication::Primary { .. } => tokio::time::sleep(Duration::from_millis(20)).await,
            other @ Replication::Standby { .. } => panic!("{other:?}"),
        }
    }
    let told = health(&second).await;
    let Some(Replication::Standby { streaming: true, lag: Some(_) }) = told.replication else {
        panic!("{told:?}")
    };
    let told = health(&nosy).await;
    let Some(Replication::Primary { standbys: 1, lag: None, unknown: Some(why) }) = told.replication else {
        panic!("{told:?}")
    };
    assert!(why.contains("pg_monitor"), "{why}");
}

/// Health as it is told of servers that nobody has migrated.
async fn of_server(server: &TestServer, change: impl FnOnce(&mut DatabaseConfig)) -> Database {
    connect(&server.url(), change)
        .await
        .expecting_migrations("schema_migrations", std::iter::empty::<String>())
}

/// Waits until it is degraded, and says why and how the replication is then.
async fn degrades(database: &Database) -> (String, Replication) {
    let degraded = async {
        loop {
            let told = health(database).await;
            if told.status == HealthStatus::Degraded
                && let Some(replication) = &told.replication
            {
                return (reasons(&told), replication.clone());
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), degraded).await.expect("it is told to be degraded")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_cut_off_is_degraded_and_not_said_to_be_up_to_date() {
    let primary = TestServer::launch(TestServerSettings::new()).unwrap();
    let Some(standby) = standby_of(&primary) else { return };
    let database = of_server(&standby, |config| config.target = Target::ReadOnly).await;
    recovers(&database).await;

    primary.stop(Stop::Fast).unwrap();
    let (reason, replication) = degrades(&database).await;
    assert!(reason.contains("not connected to the server that it follows"), "{reason}");
    let Replication::Standby { streaming: false, lag } = replication else { panic!("{replication:?}") };
    assert_ne!(lag, Some(Duration::ZERO));

    primary.start().unwrap();
    recovers(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_whose_replica_is_gone_is_degraded_until_it_is_back() {
    let primary = TestServer::launch(TestServerSettings::new()).unwrap();
    let Some(standby) = standby_of(&primary) else { return };
    let replica = Host { name: standby.socket_dir().to_str().unwrap().to_owned(), port: standby.port() };
    let replicated = |config: &mut DatabaseConfig| {
        let max_lag = Duration::from_hours(1);
        config.replica = Some(ReplicaConfig { hosts: vec![replica], max: 1, max_lag });
    };
    let database = of_server(&primary, replicated).await;
    recovers(&database).await;

    standby.stop(Stop::Fast).unwrap();
    let (reason, replication) = degrades(&database).await;
    assert!(reason.contains("no standby follows the server"), "{reason}");
    assert!(matches!(replication, Replication::Primary { standbys: 0, lag: None, .. }), "{replication:?}");

    standby.start().unwrap();
    recovers(&database).await;
}

#[tokio::test]
async fn a_storm_of_questions_one_after_the_other_is_few_looks() {
    let server = migrated_database().await;
    let database = connect(&server.url(), |_| {}).await;
    let begin = Instant::now();
    let mut looks = BTreeSet::new();
    for _ in 0..500 {
        looks.insert(database.health().await.checked_at);
    }
    let most = begin.elapsed().as_millis() / 250 + 1;
    assert!(looks.len() as u128 <= most, "{} looks instead of {most}", looks.len());
}

#[tokio::test]
async fn an_answer_that_nobody_has_waited_for_is_not_given_to_those_who_ask_much_later() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |config| config.application_name = "admin".to_owned()).await;
    let database = connect(&server.url(), |config| config.application_name = "asked".to_owned()).await;
    assert!(database.health().now_or_never().is_none());
    // Longer than an answer is kept, and until the server has nothing more to do for it.
    let idle = "SELECT FROM pg_stat_activity WHERE application_name = 'asked' AND query ILIKE '%schema_migrations%' \
                AND state = 'idle'";
    while admin.execute_unprepared(idle).await.unwrap().rows_affected() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked = clock::now();
    let told = database.health().await;
    assert!(told.checked_at >= asked, "{told:?}");
}

#[tokio::test]
async fn a_look_that_outlives_the_shutdown_leaves_no_connection() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |config| config.application_name = "admin".to_owned()).await;
    let database = connect(&server.url(), |config| config.application_name = "ends".to_owned()).await;
    let transaction = admin.begin().await.unwrap();
    transaction.execute_unprepared("LOCK TABLE schema_migrations").await.unwrap();
    let asking = tokio::spawn({
        let database = database.clone();
        async move { database.health().await }
    });
    let waiting = "SELECT FROM pg_stat_activity WHERE application_name = 'ends' AND wait_event_type = 'Lock'";
    while admin.execute_unprepared(waiting).await.unwrap().rows_affected() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    database.shutdown(Duration::from_secs(10)).await;
    transaction.rollback().await.unwrap();
    asking.await.unwrap();

    let left = "SELECT FROM pg_stat_activity WHERE application_name = 'ends'";
    let closed = async {
        while admin.execute_unprepared(left).await.unwrap().rows_affected() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), closed).await.expect("no connection is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_told_with_the_days_that_are_left() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let settings = TestServerSettings::new()
        .tcp()
        .setting("ssl", "on")
        .file("server.crt", certificate.pem())
        .file("server.key", key.serialize_pem());
    let server = TestServer::launch(settings).unwrap();
    let url = format!("postgres://postgres@{}/postgres?sslmode=require", server.address());
    let told = health(&connect(&url, |_| {}).await).await;
    let certificate = told.certificate.unwrap();
    // Without anything else rcgen makes them valid until the year 4096.
    assert!(certificate.days_left > 365 * 1000 && certificate.subject.contains("rcgen"), "{certificate:?}");
}

#[tokio::test]
async fn a_database_that_is_shut_down_is_down_and_holds_no_connection() {
    let server = migrated_database().await;
    let admin = connect(&server.url(), |config| config.application_name = "admin".to_owned()).await;
    let database = connect(&server.url(), |config| config.application_name = "ends".to_owned()).await;
    assert!(health(&database).await.is_up());
    database.shutdown(Duration::from_secs(10)).await;
    // At once: that it was up a moment ago is told to nobody.
    let told = database.health().await;
    assert!(!told.is_up() && reasons(&told).contains("shutting down"), "{told:?}");
    let left = "SELECT FROM pg_stat_activity WHERE application_name = 'ends'";
    while admin.execute_unprepared(left).await.unwrap().rows_affected() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
