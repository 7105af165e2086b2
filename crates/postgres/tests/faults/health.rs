//! Health is told in time whatever breaks, tells that it has broken, and that it is well again.

use std::time::Duration;

use futures::future::join_all;
use taskmaster_embedded::{Stop, TestServer};
use taskmaster_models::clock;
use taskmaster_postgres::{Database, Health, HealthStatus};

use crate::{
    proxy::{Proxy, Weather},
    stage::{Encryption, LIMIT, Stage},
};

/// How long health may take. What is well answers much sooner.
const DEADLINE: Duration = Duration::from_millis(500);

async fn connect(stage: &Stage, proxy: &Proxy) -> Database {
    let mut config = stage.config_by(proxy.address());
    config.health_deadline = DEADLINE;
    Database::connect(config)
        .await
        .unwrap()
        .expecting_migrations("schema_migrations", taskmaster_migration::names())
}

/// What it says now, long before the test would be given up. An answer from before the question is of no use here.
async fn health(database: &Database) -> Health {
    storm(database, 1).await.remove(0)
}

/// Asks that often at once. Those who still get an answer from before do not count.
async fn storm(database: &Database, questions: usize) -> Vec<Health> {
    let asked = clock::now();
    let told = async {
        loop {
            let mut told = join_all((0..questions).map(|_| database.health())).await;
            told.retain(|told| told.checked_at >= asked);
            if !told.is_empty() {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT / 2, told).await.expect("health is told in time")
}

/// Asks often at once, and expects one answer: that it is down, for this reason.
async fn is_down(database: &Database, reason: &str) {
    let storm = storm(database, 100).await;
    let first = &storm[0];
    assert_eq!((first.status, first.connected), (HealthStatus::Down, false), "{first:?}");
    assert!(first.reasons.join("\n").contains(reason), "{first:?}");
    assert!(storm.iter().all(|told| told.checked_at == first.checked_at), "it was one look");
}

async fn recovers(database: &Database) {
    let well = async {
        while health(database).await.status != HealthStatus::Healthy {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, well).await.expect("it is well again");
}

async fn is_told_in_every_fault(encryption: Encryption) {
    let stage = Stage::set_over(encryption).await;
    let mut proxy = Proxy::to(stage.address());
    let database = connect(&stage, &proxy).await;
    recovers(&database).await;

    // A server that is well answers late, or never, or what it says is lost: nobody can tell one from the other.
    let late = Weather { delay: 10 * DEADLINE, ..Weather::default() };
    for weather in [Weather::HALF_OPEN, Weather::ANSWERS_LOST, late] {
        proxy.set(weather);
        let before = proxy.accepted();
        is_down(&database, "does not answer within 0.5 s").await;
        assert!(proxy.accepted() <= before + 1, "a hundred questions are one attempt");
        proxy.set(Weather::default());
        recovers(&database).await;
    }

    proxy.refuse().await;
    proxy.cut();
    is_down(&database, "cannot be reached").await;
    proxy.accept();
    recovers(&database).await;

    let sessions =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'taskmaster'";
    stage.say(sessions).await;
    recovers(&database).await;

    for how in [Stop::Fast, Stop::Immediate, Stop::Kill] {
        stage.with(move |server| server.stop(how)).await;
        let told = health(&database).await;
        assert_eq!((told.status, told.connected), (HealthStatus::Down, false), "{told:?}");
        assert!(told.server_version.is_some(), "it is what it was when it was last seen");
        stage.with(TestServer::start).await;
        recovers(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_in_time_in_every_fault_and_a_storm_of_questions_is_one_look() {
    is_told_in_every_fault(Encryption::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_in_time_in_every_fault_over_tls() {
    is_told_in_every_fault(Encryption::Tls).await;
}
