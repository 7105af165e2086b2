//! What a session has written, it reads.

use sea_orm::{ConnectionTrait as _, Statement};
use taskmaster_embedded::TestServerSettings;
use taskmaster_models::{Actor, Environment, KeyVerdict, NewApiKey, NewTask, Service, TaskId, clock};
use taskmaster_postgres::PgStore;
use taskmaster_repository::{Repositories as _, Store as _};

use crate::stage::{self, FAR, Stage, create, find, reads, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_read_from_the_primary_until_the_replica_knows_it() {
    let Some(stage) = Stage::set().await else { return };
    let database = stage.database(FAR).await;
    let (store, other) = (PgStore::new(database.clone()), PgStore::new(database.session()));
    stage.pause().await;

    let id = create(&store, "written").await;
    let before = reads(&database);
    for _ in 0..20 {
        assert!(find(&store, id).await.is_some());
    }
    assert_eq!(reads(&database), before, "the replica does not know it");
    assert!(find(&other, id).await.is_none(), "another session is served by the replica");
    assert_eq!(reads(&database), before + 1);

    stage.resume().await;
    until("the replica is read from again", async || {
        assert!(find(&store, id).await.is_some());
        reads(&database) > before + 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_way_something_is_written_it_is_read() {
    let Some(stage) = Stage::set().await else { return };
    let database = stage.database(FAR).await;
    stage.pause().await;

    // A unit of work.
    let store = PgStore::new(database.session());
    let uow = store.begin().await.unwrap();
    let id = uow.tasks().create(&NewTask::new("committed")).await.unwrap().id;
    assert!(uow.tasks().find_by_id(id).await.unwrap().is_some(), "its own reads are its own");
    uow.commit().await.unwrap();
    assert!(find(&store, id).await.is_some());
    // By somebody, whose store is of the same session.
    let store = PgStore::new(database.session());
    let actor = Actor::user("somebody");
    let id = store.acting_as(&actor).unwrap().tasks().create(&NewTask::new("by somebody")).await.unwrap().id;
    assert!(find(&store, id).await.is_some());
    // A statement that comes from no repository.
    let session = database.session();
    let id = TaskId::new();
    let insert = "INSERT INTO tasks (id, title) VALUES ($1, 'by hand')";
    let values = [id.as_uuid().into()];
    let insert = Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, insert, values);
    session.execute_raw(insert).await.unwrap();
    assert!(find(&PgStore::new(session.clone()), id).await.is_some());

    let before = reads(&database);
    assert!(find(&PgStore::new(database.session()), id).await.is_none());
    assert_eq!(reads(&database), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_primary_knows_for_sure_is_not_asked_of_a_replica() {
    let Some(stage) = Stage::set().await else { return };
    let database = stage.database(FAR).await;
    stage.pause().await;
    let before = reads(&database);
    let session = || PgStore::new(database.session());

    let new = NewApiKey::new("key", Service::Codegen, Environment::Production);
    let created = session().api_keys().create(&new).await.unwrap();
    let verdict = session().api_keys().verify(&created.key, &[], clock::now()).await.unwrap();
    assert!(matches!(verdict, KeyVerdict::Valid(_)), "{verdict:?}");
    session().server_time().await.unwrap();
    assert_eq!(reads(&database), before);
}

/// A replica that is always behind, by more than a read takes.
#[tokio::test(flavor = "multi_thread")]
async fn no_read_of_many_is_without_what_was_written_before() {
    const TASKS: usize = 16;
    const ROUNDS: usize = 25;
    let settings = TestServerSettings::new().setting("recovery_min_apply_delay", "25ms");
    let Some(stage) = Stage::set_with(settings).await else { return };
    let database = stage.database(FAR).await;
    let before = reads(&database);
    let writers = (0..TASKS).map(|writer| {
        // Half of them share a session.
        let of_its_own = if writer % 2 == 0 { database.clone() } else { database.session() };
        tokio::spawn(async move {
            let store = PgStore::new(of_its_own.clone());
            let mut written = Vec::new();
            for round in 0..ROUNDS {
                written.push(create(&store, &format!("{writer}-{round}")).await);
                for _ in 0..6 {
                    let found = find(&store, written[round]).await;
                    assert!(found.is_some(), "{writer} has not read what it wrote in round {round}");
                    tokio::time::sleep(std::time::Duration::from_millis(4)).await;
                }
            }
            written
        })
    });
    for written in futures::future::join_all(writers).await {
        assert_eq!(written.unwrap().len(), ROUNDS);
    }
    stage::reads_come_to_the_replica(&database).await;
    println!("{} of {} reads by the replica", reads(&database) - before, TASKS * ROUNDS * 6);
}
