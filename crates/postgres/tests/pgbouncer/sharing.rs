//! Clients that share the server's sessions.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use sea_orm::{
    ConnectionTrait as _, DbBackend, DbErr, Statement, TransactionSession as _, TransactionTrait as _,
    sqlx::{self, Connection as _, PgConnection, Row as _, postgres::PgConnectOptions},
};
use taskmaster_models::NewTask;
use taskmaster_postgres::{Database, PgStore};
use taskmaster_repository::{Repositories as _, RepositoryError, Store as _};

use crate::stage::{Stage, ask, await_answer};

super::tests![
    fault_16_a_timeout_never_reaches_the_next_client_of_a_session,
    fault_16_a_statement_that_failed_or_took_too_long_leaves_nothing_in_the_session,
    a_schema_is_that_of_the_client_and_not_of_the_session,
    statements_have_no_names_in_the_session,
    a_type_that_the_driver_has_to_ask_for_is_no_error,
    a_unit_of_work_keeps_its_session_and_others_use_the_rest,
    many_clients_write_through_few_sessions_and_nothing_is_lost,
    a_caller_who_goes_away_stops_only_what_is_his,
    what_a_caller_left_is_not_kept_although_the_server_did_it,
];

const TIMEOUTS: &str = "SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'), \
                        current_setting('idle_in_transaction_session_timeout'))";
const SESSION: &str = "SELECT pg_backend_pid()::text";
const SLEEPERS: &str = "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE '%pg_sleep(%' \
                        AND pid <> pg_backend_pid() AND state = 'active'";

/// A store with this limit for a statement.
async fn with_limit(stage: &Stage, limit: Duration) -> Database {
    let mut config = stage.way();
    config.timeouts.statement = limit;
    Database::connect(config).await.unwrap()
}

/// What a client sees that sets nothing, in the only session that there is.
async fn default_timeouts(stage: &Stage) -> String {
    let url = format!("{}&application_name=other", stage.pooler.url_of("postgres"));
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.extra_float_digits(None).statement_cache_capacity(0);
    let mut client = PgConnection::connect_with(&options).await.unwrap();
    let row = sqlx::raw_sql(TIMEOUTS).fetch_one(&mut client).await.unwrap();
    row.get(0)
}

async fn fault_16_a_timeout_never_reaches_the_next_client_of_a_session() {
    let stage = Stage::with_sessions("1").await;
    let (hasty, patient) =
        (with_limit(&stage, Duration::from_millis(4321)).await, with_limit(&stage, Duration::ZERO).await);
    let session = ask(&hasty, SESSION).await.unwrap();
    for _ in 0..3 {
        assert_eq!(ask(&hasty, TIMEOUTS).await.unwrap(), "4321ms 30s 5min");
        assert_eq!(ask(&patient, TIMEOUTS).await.unwrap(), "0 30s 5min");
        assert_eq!(default_timeouts(&stage).await, "0 0 0");
    }
    let transaction = hasty.begin().await.unwrap();
    assert_eq!(ask(&transaction, TIMEOUTS).await.unwrap(), "4321ms 30s 5min");
    transaction.commit().await.unwrap();
    assert_eq!(default_timeouts(&stage).await, "0 0 0");
    assert_eq!(ask(&patient, SESSION).await.unwrap(), session, "it was one session all the time");
}

async fn fault_16_a_statement_that_failed_or_took_too_long_leaves_nothing_in_the_session() {
    let stage = Stage::with_sessions("1").await;
    let hasty = with_limit(&stage, Duration::from_millis(50)).await;
    let session = ask(&hasty, SESSION).await.unwrap();
    assert!(ask(&hasty, "SELECT (1/0)::text").await.is_err());
    assert_eq!(default_timeouts(&stage).await, "0 0 0");
    let late = ask(&hasty, "SELECT pg_sleep(600)::text").await.unwrap_err();
    assert!(late.to_string().contains("57014") || late.to_string().contains("timeout"), "{late}");
    assert_eq!(default_timeouts(&stage).await, "0 0 0");
    let transaction = hasty.begin().await.unwrap();
    assert!(ask(&transaction, "SELECT (1/0)::text").await.is_err());
    drop(transaction);
    assert_eq!(default_timeouts(&stage).await, "0 0 0");
    assert_eq!(ask(&hasty, SESSION).await.unwrap(), session, "none of this has cost the session");
}

async fn a_schema_is_that_of_the_client_and_not_of_the_session() {
    let stage = Stage::with_sessions("1").await;
    let anybody = stage.connect().await;
    let mut config = stage.way();
    config.schema = Some("ten\"ant".to_owned());
    let tenant = Database::connect(config).await.unwrap();
    assert_eq!(ask(&tenant, "SHOW search_path").await.unwrap(), "\"ten\"\"ant\"");
    assert_eq!(ask(&anybody, "SHOW search_path").await.unwrap(), "\"$user\", public");
}

async fn statements_have_no_names_in_the_session() {
    let stage = Stage::with_sessions("1").await;
    let database = stage.connect().await;
    let store = PgStore::new(database.clone());
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    for _ in 0..10 {
        store.tasks().find_by_id(task.id).await.unwrap().unwrap();
    }
    let uow = store.begin().await.unwrap();
    uow.tasks().find_by_id(task.id).await.unwrap().unwrap();
    uow.commit().await.unwrap();
    let names = ask(&database, "SELECT count(*)::text FROM pg_prepared_statements WHERE name <> ''").await;
    assert_eq!(names.unwrap(), "0");
}

async fn a_type_that_the_driver_has_to_ask_for_is_no_error() {
    let stage = Stage::with_sessions("1").await;
    let database = stage.connect().await;
    let statement =
        Statement::from_string(DbBackend::Postgres, "SELECT 'a & b'::tsquery AS words, 1 AS number");
    for _ in 0..2 {
        let row = database.query_one_raw(statement.clone()).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i32>("", "number").unwrap(), 1);
    }
}

async fn a_unit_of_work_keeps_its_session_and_others_use_the_rest() {
    let stage = Stage::with_sessions("2").await;
    let database = stage.connect().await;
    let transaction = database.begin().await.unwrap();
    let session = ask(&transaction, SESSION).await.unwrap();
    for _ in 0..5 {
        assert_ne!(ask(&database, SESSION).await.unwrap(), session);
        assert_eq!(ask(&transaction, SESSION).await.unwrap(), session);
    }
    transaction.commit().await.unwrap();
}

async fn many_clients_write_through_few_sessions_and_nothing_is_lost() {
    let stage = Stage::with_sessions("3").await;
    let database = stage.connect().await;
    let writers = (0..20).map(|writer| {
        let store = PgStore::new(database.clone());
        async move {
            for number in 0..10 {
                store.tasks().create(&NewTask::new(format!("{writer}.{number}"))).await.unwrap();
            }
        }
    });
    let sessions = join_all((0..50).map(|_| ask(&database, SESSION)));
    let (_, sessions) = futures::join!(join_all(writers), sessions);
    let sessions: Result<BTreeSet<String>, DbErr> = sessions.into_iter().collect();
    assert!(sessions.unwrap().len() <= 3);
    assert_eq!(ask(&database, "SELECT count(DISTINCT title)::text FROM tasks").await.unwrap(), "200");
}

async fn a_caller_who_goes_away_stops_only_what_is_his() {
    let stage = Stage::with_sessions("2").await;
    let (database, beside) = (stage.connect().await, stage.beside().await);
    let stays = tokio::spawn({
        let database = database.clone();
        async move { ask(&database, "SELECT 'done' FROM pg_sleep(3)").await }
    });
    let goes = tokio::spawn({
        let database = database.clone();
        async move { ask(&database, "SELECT 'done' FROM pg_sleep(600)").await }
    });
    await_answer(&beside, SLEEPERS, "2").await;
    goes.abort();
    // The server finds that nobody waits for it, long before the ten minutes or the limit for a statement are over.
    await_answer(&beside, &format!("{SLEEPERS} AND query LIKE '%600%'"), "0").await;
    assert_eq!(stays.await.unwrap().unwrap(), "done");
    assert_eq!(ask(&database, "SELECT 'served'").await.unwrap(), "served");
}

async fn what_a_caller_left_is_not_kept_although_the_server_did_it() {
    let stage = Stage::with_sessions("2").await;
    let (database, beside) = (stage.connect().await, stage.beside().await);
    let holder = beside.begin().await.unwrap();
    holder.execute_unprepared("LOCK TABLE tasks IN SHARE MODE").await.unwrap();
    let leaver = tokio::spawn({
        let store = PgStore::new(database.clone());
        async move {
            store
                .tasks()
                .create(&NewTask::new("left"))
                .await
                .map_err(|error: RepositoryError| error.to_string())
        }
    });
    let waiting = "SELECT count(*)::text FROM pg_locks WHERE NOT granted";
    await_answer(&beside, waiting, "1").await;
    leaver.abort();
    assert!(leaver.await.unwrap_err().is_cancelled());
    holder.commit().await.unwrap();
    await_answer(&beside, waiting, "0").await;
    // Whoever was waited for has written now, and nobody said that it may stay.
    let written = "SELECT count(*)::text FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() \
                   AND backend_type = 'client backend'";
    await_answer(&beside, written, "0").await;
    assert_eq!(ask(&beside, "SELECT count(*)::text FROM tasks").await.unwrap(), "0");
}

#[tokio::test]
async fn in_session_mode_behind_pooler_is_needed_and_works_and_the_error_without_it_says_so() {
    let stage = Stage::set(&[("pool_mode", "session"), ("default_pool_size", "3")]).await;
    let database = stage.connect().await;
    let store = PgStore::new(database.clone());
    let task = store.tasks().create(&NewTask::new("through a session")).await.unwrap();
    assert!(store.tasks().find_by_id(task.id).await.unwrap().is_some());

    let mut direct = stage.way();
    direct.pool.behind_pooler = false;
    let error = Database::connect(direct).await.unwrap_err();
    assert!(error.reason().contains("DB_POOLER=true"), "{error}");
}
