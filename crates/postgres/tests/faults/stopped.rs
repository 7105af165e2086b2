//! Servers that stop, and start again.

use std::time::Duration;

use taskmaster_embedded::{EmbeddedError, Stop, TestServer, TestServerSettings};
use taskmaster_postgres::Database;

use crate::{
    quota,
    stage::{Encryption, Stage},
    writers::{WRITERS, Writers},
};

async fn the_writes_go_on_after(story: &str, how: Stop, encryption: Encryption) {
    let stage = Stage::set_over(encryption).await;
    let database = Database::connect(stage.config()).await.unwrap();
    stage.is_as_encrypted_as_said().await;
    let writers = Writers::begin(&database);
    writers.go_on(200).await;
    stage.with(move |server| server.restart(how)).await;
    writers.go_on(200).await;
    let record = writers.finish(quota::RESTARTED).await;
    record.was_told_that_it_passes();
    record.is_kept(story, &stage, WRITERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_restarted_and_the_writes_go_on() {
    the_writes_go_on_after("restarted", Stop::Fast, Encryption::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_tls_is_restarted_and_the_writes_go_on() {
    the_writes_go_on_after("restarted, over TLS", Stop::Fast, Encryption::Tls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_at_once_and_recovers_and_the_writes_go_on() {
    the_writes_go_on_after("ended at once", Stop::Immediate, Encryption::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_killed_and_recovers_and_the_writes_go_on() {
    the_writes_go_on_after("killed", Stop::Kill, Encryption::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_away_for_ten_seconds_and_everybody_is_told_meanwhile() {
    let stage = Stage::set().await;
    let database = Database::connect(stage.config()).await.unwrap();
    let writers = Writers::begin(&database);
    writers.go_on(200).await;
    stage.with(|server| server.stop(Stop::Fast)).await;
    // This is no wait for anything: it is how long the fault lasts.
    let away = tokio::time::sleep(Duration::from_secs(10));
    tokio::join!(away, writers.are_refused(3), writers.await_bad_health());
    stage.with(TestServer::start).await;
    writers.go_on(200).await;
    let record = writers.finish(quota::STOPPED_FOR_LONG).await;
    record.was_told_that_it_passes();
    record.is_kept("away for 10 s", &stage, WRITERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_ends_the_server_and_the_writes_go_on_when_there_is_room_again() {
    let stage = match Stage::set_with(TestServerSettings::new().wal_disk()).await {
        Err(error @ EmbeddedError::MayNotMount) => return eprintln!("not shown here: {error}"),
        stage => stage.unwrap(),
    };
    let database = Database::connect(stage.config()).await.unwrap();
    let writers = Writers::begin(&database);
    writers.go_on(200).await;
    stage.with(TestServer::fill_wal_disk).await;
    stage.with(TestServer::await_end).await;
    writers.are_refused(1).await;
    writers.await_bad_health().await;
    stage.with(TestServer::free_wal_disk).await;
    stage.with(TestServer::start).await;
    writers.go_on(100).await;
    let record = writers.finish(quota::DISK_FULL).await;
    record.was_told_that_it_passes();
    record.is_kept("disk full", &stage, WRITERS).await;
}
