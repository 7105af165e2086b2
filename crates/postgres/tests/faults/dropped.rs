//! Callers who stop waiting in the middle of it.

use std::{collections::BTreeSet, time::Duration};

use sea_orm::sqlx;
use taskmaster_models::NewTask;
use taskmaster_postgres::{Database, PgStore};
use taskmaster_repository::Repositories as _;
use tokio::task::JoinSet;

use crate::{quota, stage::Stage, writers::WRITERS};

/// Writes until so many are acknowledged, and gives up others after this and that time. Meanwhile it reads what it wrote, to see
/// that nobody gets the answer to what somebody else has asked.
async fn write_impatiently(store: PgStore, writer: usize, quota: usize) -> (BTreeSet<String>, usize) {
    let (mut acknowledged, mut given_up) = (BTreeSet::new(), 0);
    for number in 0_u64.. {
        if acknowledged.len() >= quota {
            break;
        }
        let new = NewTask::new(format!("{writer}-{number}"));
        let patience =
            if number % 2 == 0 { Duration::from_micros(number * 37 % 3000) } else { Duration::from_mins(1) };
        match tokio::time::timeout(patience, store.tasks().create(&new)).await {
            Ok(task) => {
                let task = task.unwrap();
                assert_eq!(task.title, new.title);
                let found = store.tasks().find_by_id(task.id).await.unwrap().unwrap();
                assert_eq!(found.title, new.title);
                acknowledged.insert(new.title);
            }
            Err(_) => given_up += 1,
        }
    }
    (acknowledged, given_up)
}

#[tokio::test(flavor = "multi_thread")]
async fn futures_are_dropped_at_any_moment_and_nobody_gets_the_answer_of_another() {
    let stage = Stage::set().await;
    let database = Database::connect(stage.config()).await.unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write_impatiently(
            PgStore::new(database.clone()),
            writer,
            quota::FUTURES_DROPPED / WRITERS,
        ));
    }
    let (mut acknowledged, mut given_up) = (BTreeSet::new(), 0);
    while let Some(writer) = writers.join_next().await {
        let (titles, times) = writer.unwrap();
        acknowledged.extend(titles);
        given_up += times;
    }
    let titles: Vec<String> =
        sqlx::query_scalar("SELECT title FROM tasks").fetch_all(&mut stage.connect().await).await.unwrap();
    let stored: BTreeSet<_> = titles.iter().cloned().collect();
    assert_eq!(stored.len(), titles.len(), "something was written twice");
    assert_eq!(acknowledged.difference(&stored).count(), 0, "acknowledged writes are lost");
    assert!(given_up > 0, "nobody was impatient");
    println!("futures dropped: {} acknowledged, 0 lost; {given_up} given up", acknowledged.len());

    // Nothing is left that runs, and no connection is lost to the pool.
    let unfinished =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'taskmaster' AND state <> 'idle'";
    stage.await_count(0, unfinished).await;
    let status = database.status();
    assert_eq!((status.in_use, status.waiting), (0, 0), "{status:?}");
}
