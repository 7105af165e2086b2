//! A server that takes over from another.

use taskmaster_embedded::{Stop, TestServer};
use taskmaster_models::NewTask;
use taskmaster_postgres::{Database, PgStore};
use taskmaster_repository::Repositories as _;

use crate::{
    quota,
    stage::{self, Stage},
    writers::{WRITERS, Writers},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_and_the_writes_go_on_there() {
    let primary = Stage::set().await;
    let Some(standby) = primary.synchronous_standby().await else { return };
    // The standby comes first, and is passed over as long as it takes no writes.
    let database = Database::connect(stage::config([standby.address(), primary.address()])).await.unwrap();
    PgStore::new(database.clone()).tasks().create(&NewTask::new("0-before")).await.unwrap();
    let writers = Writers::begin(&database);
    writers.go_on(200).await;

    primary.with(|server| server.stop(Stop::Immediate)).await;
    writers.are_refused(1).await;
    standby.with(TestServer::promote).await;
    writers.go_on(200).await;
    let mut record = writers.finish(quota::FAILED_OVER).await;
    record.acknowledged.insert("0-before".to_owned());
    record.was_told_that_it_passes();
    record.is_kept("failed over", &standby, WRITERS).await;
}
