//! How many statements each call sends, and how many times it waits for the server.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use sea_orm::Database;
use serde_json::json;
use taskmaster_models::{
    Actor, MetricType, NewMetric, NewTask, NewWorkflowState, PageRequest, TaskFilter, TaskPatch, TaskStatus,
    WorkflowStatus,
};
use taskmaster_postgres::{
    Pg, PgStore,
    config::{DatabaseConfig, Host, SslMode},
};
use taskmaster_repository::{Repositories, Store};
use taskmaster_testkit::migrated_database;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
};

#[tokio::test]
async fn fault_26_a_call_sends_one_statement_and_an_actor_no_further_one() {
    let database = migrated_database().await;
    let mut db = Database::connect(database.url()).await.unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    db.set_metric_callback(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let anybody = Pg::new(db);
    let somebody = anybody.acting_as(&Actor::user("ci-bot")).unwrap();
    let stores: [&dyn Repositories; 2] = [&anybody, &*somebody];
    for store in stores {
        let (tasks, states, metrics) = (store.tasks(), store.workflow_states(), store.metrics());
        let one = |what: &str| assert_eq!(sent.swap(0, Ordering::Relaxed), 1, "{what}");
        let task = tasks.create(&NewTask::new("a")).await.unwrap();
        one("create");
        tasks.bulk_create(&[NewTask::new("b"), NewTask::new("c")]).await.unwrap();
        one("bulk_create");
        tasks.find_by_id(task.id).await.unwrap();
        one("find_by_id");
        tasks.find_by(&TaskFilter::default(), &PageRequest::default()).await.unwrap();
        one("find_by");
        let patch = TaskPatch { priority: Some(3), expected_version: Some(1), ..TaskPatch::default() };
        tasks.update(task.id, &patch).await.unwrap();
        one("update");
        tasks.update_status(task.id, TaskStatus::InProgress, json!({})).await.unwrap();
        one("update_status");
        tasks.complete(task.id, None, json!({})).await.unwrap();
        one("complete");
        tasks.claim_ready("worker", 1).await.unwrap();
        one("claim_ready");
        tasks.delete(task.id).await.unwrap();
        one("delete");
        let state = NewWorkflowState::new("release", "build", WorkflowStatus::Running);
        let state = states.create(&state).await.unwrap();
        one("create of a state");
        states.set_result(state.id, json!(1)).await.unwrap();
        one("set_result");
        states.increment_retry(state.id, None).await.unwrap();
        one("increment_retry");
        metrics.record_many(&[NewMetric::new(MetricType::Task, "hours", 1.0)]).await.unwrap();
        one("record_many");
    }
}

/// What goes from a client to the server, counted: each of these messages is answered, and the client waits for the answer.
#[derive(Default)]
struct Traffic {
    syncs: AtomicUsize,
    simple_queries: AtomicUsize,
}

impl Traffic {
    /// Passes all that `client` says on to `server`.
    async fn pass(&self, mut client: impl AsyncRead + Unpin, mut server: impl AsyncWrite + Unpin) {
        // The first message has no kind.
        let mut is_first = true;
        loop {
            let kind = if is_first { 0 } else { client.read_u8().await.unwrap_or(b'X') };
            let Ok(length) = client.read_u32().await else { return };
            let mut body = vec![0; length as usize - 4];
            if client.read_exact(&mut body).await.is_err() {
                return;
            }
            match kind {
                b'S' => self.syncs.fetch_add(1, Ordering::Relaxed),
                b'Q' => self.simple_queries.fetch_add(1, Ordering::Relaxed),
                _ => 0,
            };
            let mut message = if is_first { vec![] } else { vec![kind] };
            message.extend(length.to_be_bytes());
            message.extend(body);
            is_first = false;
            if server.write_all(&message).await.is_err() {
                return;
            }
        }
    }

    fn taken(&self) -> (usize, usize) {
        (self.syncs.swap(0, Ordering::Relaxed), self.simple_queries.swap(0, Ordering::Relaxed))
    }
}

/// Connects to what it is told, which is a TCP address or a Unix socket.
async fn dial(host: &Host) -> (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>) {
    if host.name.starts_with('/') {
        let socket = format!("{}/.s.PGSQL.{}", host.name, host.port);
        let (read, write) = UnixStream::connect(socket).await.unwrap().into_split();
        return (Box::new(read), Box::new(write));
    }
    let (read, write) = TcpStream::connect((host.name.as_str(), host.port)).await.unwrap().into_split();
    (Box::new(read), Box::new(write))
}

#[tokio::test]
async fn fault_26_a_call_is_one_round_trip_and_a_unit_of_work_two_more() {
    let database = migrated_database().await;
    let mut config = DatabaseConfig::from_url(&database.url()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = Host { name: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
    let far = std::mem::replace(&mut config.hosts, vec![near]).remove(0);
    config.tls.mode = Some(SslMode::Disable);
    config.pool.min = 0;
    let traffic = Arc::new(Traffic::default());
    let proxy = tokio::spawn({
        let traffic = Arc::clone(&traffic);
        async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mut answers, to_server) = dial(&far).await;
                let (from_client, mut to_client) = client.into_split();
                let traffic = Arc::clone(&traffic);
                tokio::spawn(async move { traffic.pass(from_client, to_server).await });
                tokio::spawn(async move { tokio::io::copy(&mut answers, &mut to_client).await });
            }
        }
    });
    let store = PgStore::new(taskmaster_postgres::Database::connect(config).await.unwrap());
    let tasks = store.tasks();
    let task = tasks.create(&NewTask::new("a")).await.unwrap();
    tasks.find_by_id(task.id).await.unwrap();
    traffic.taken();

    for _ in 0..100 {
        tasks.find_by_id(task.id).await.unwrap();
        tasks.create(&NewTask::new("b")).await.unwrap();
    }
    assert_eq!(traffic.taken(), (200, 0), "no BEGIN, no COMMIT, no ping");

    for _ in 0..10 {
        let uow = store.begin().await.unwrap();
        uow.tasks().find_by_id(task.id).await.unwrap();
        uow.tasks().create(&NewTask::new("c")).await.unwrap();
        uow.commit().await.unwrap();
    }
    assert_eq!(traffic.taken(), (20, 20), "BEGIN and COMMIT");
    proxy.abort();
}
