//! What is logged: the shapes of statements, slow ones with their plan, the pool's numbers. Never a value.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its own functions")]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use taskmaster_models::{Actor, NewTask, PageRequest, SearchRequest, TaskFilter, TaskPatch};
use taskmaster_postgres::{Database, PgStore, config::DatabaseConfig};
use taskmaster_repository::{Repositories, Store};
use taskmaster_testkit::migrated_database;
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }

    /// Waits until something was logged that has all these words.
    async fn line(&self, words: &[&str]) -> String {
        let logged = async {
            loop {
                let text = self.text();
                let is_it = |line: &&str| words.iter().all(|word| line.contains(word));
                if let Some(line) = text.lines().find(is_it) {
                    return line.to_owned();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let logged = tokio::time::timeout(Duration::from_mins(1), logged).await;
        logged.unwrap_or_else(|_| panic!("no line with {words:?}"))
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What nobody may see in a log.
const SECRETS: [&str; 3] = ["swordfish", "424242", "barracuda"];

// The subscriber is the whole process's, so this is one test.
#[tokio::test(flavor = "multi_thread")]
async fn shapes_plans_and_numbers_are_logged_and_values_at_no_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let server = migrated_database().await;
    let before = log.text().len();
    let mut config = DatabaseConfig::from_url(&server.url()).unwrap();
    config.logging.queries = true;
    config.logging.slow_query = None;
    let plain = Database::connect(config.clone()).await.unwrap();
    config.logging.slow_query = Some(Duration::ZERO);
    config.logging.slow_query_plan = true;
    config.logging.pool_stats = Some(Duration::from_millis(10));
    let slow = Database::connect(config).await.unwrap();

    for database in [&plain, &slow] {
        let store = PgStore::new(database.clone()).acting_as(&Actor::user("barracuda")).unwrap();
        let mut new = NewTask::new("the swordfish is a fish");
        new.metadata.insert("weight".to_owned(), json!(424_242));
        let task = store.tasks().create(&new).await.unwrap();
        store.tasks().create(&new).await.unwrap_err();
        let patch = TaskPatch { title: Some("barracuda".to_owned()), ..TaskPatch::default() };
        store.tasks().update(task.id, &patch).await.unwrap();
        store.tasks().search(&SearchRequest::new("swordfish")).await.unwrap();
        store.tasks().find_by(&TaskFilter::default(), &PageRequest::default()).await.unwrap();
        let unit = store.begin().await.unwrap();
        unit.tasks().delete(task.id).await.unwrap();
        unit.commit().await.unwrap();
        // Somebody who writes values into a statement.
        let sql = "SELECT 'swordfish', 424242, $$barracuda$$ /* swordfish */ AS foreign_text";
        database.execute_unprepared(sql).await.unwrap();
        database.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        let broken = "SELECT 'swordfish'::integer AS foreign_text";
        database.execute_unprepared(broken).await.unwrap_err();
        assert!(database.health().await.is_up());
    }

    let shape = ["taskmaster_connection", "call=\"task.create\"", "INSERT INTO tasks", "$1", "execute_ms="];
    let statement = log.line(&[&shape[..], &[" INFO ", " statement "]].concat()).await;
    assert!(!statement.contains("slow"), "{statement}");
    log.line(&["error.type=\"23505\"", "call=\"task.create\""]).await;
    log.line(&["call=\"unit_of_work.commit\"", "db.query.text=COMMIT"]).await;
    log.line(&[&shape[..], &[" WARN ", "slow statement"]].concat()).await;
    log.line(&["call=\"statement\"", "SELECT ?, ?, ?", "foreign_text"]).await;
    log.line(&["connections of the pool", "max=10"]).await;
    log.line(&["DEBUG", "db.call", "db.operation.name=\"create\"", "db.collection.name=\"tasks\""]).await;
    log.line(&["plan of a slow statement", "cost="]).await;

    // The same statement again and again has its plan told once.
    let told = |call: &str| {
        let text = log.text();
        text.lines().filter(|line| line.contains("plan of a slow statement") && line.contains(call)).count()
    };
    let count = "call=\"task.count\"";
    while told(count) == 0 {
        PgStore::new(slow.clone()).tasks().count(&TaskFilter::default()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..100 {
        PgStore::new(slow.clone()).tasks().count(&TaskFilter::default()).await.unwrap();
    }
    // When that of another statement was told, nobody's is being looked for.
    let missing = "call=\"task_context.count\"";
    while told(missing) == 0 {
        PgStore::new(slow.clone())
            .task_contexts()
            .count(&taskmaster_models::TaskContextFilter::default())
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(told(count), 1);

    let text = log.text();
    for secret in SECRETS {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} was logged");
    }
    let by_sqlx = text[before..].lines().find(|line| line.contains("sqlx::query"));
    assert_eq!(by_sqlx, None, "sqlx logs no statement of its own");
}
