//! What a session has written, it reads in another process, too.

use std::time::Duration;

use taskmaster_models::TaskId;
use taskmaster_postgres::{Database, PgStore, ReadMark};

use crate::stage::{self, FAR, Stage, create, find, reads};

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_takes_along_what_was_written() {
    let Some(stage) = Stage::set().await else { return };
    let (here, there) = (stage.database(FAR).await, stage.database(FAR).await);
    stage.pause().await;
    let id = create(&PgStore::new(here.clone()), "here").await;
    let mark = here.read_mark().await.unwrap().to_string();

    let session = there.session();
    assert!(find(&PgStore::new(session.clone()), id).await.is_none(), "the replica does not know it");
    session.read_after(mark.parse::<ReadMark>().unwrap());
    assert!(find(&PgStore::new(session.clone()), id).await.is_some());
    assert_eq!(session.read_mark().await.unwrap().to_string(), mark, "and it can be taken further");

    stage.resume().await;
    stage::reads_come_to_the_replica(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_is_known_without_replicas() {
    let Some(stage) = Stage::set().await else { return };
    let mut config = stage.config(Duration::ZERO);
    config.replica = None;
    let writer = Database::connect(config).await.unwrap();
    let reader = stage.database(Duration::ZERO).await;
    stage.pause().await;
    let id = create(&PgStore::new(writer.clone()), "written").await;
    let before = reads(&reader);
    reader.read_after(writer.read_mark().await.unwrap());
    assert!(find(&PgStore::new(reader.clone()), id).await.is_some());
    assert!(find(&PgStore::new(writer.clone()), TaskId::new()).await.is_none());
    assert_eq!(reads(&reader), before);
}
