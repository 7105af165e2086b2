//! Neither plain keys nor peppers nor hashes are anywhere but where they belong: not in the database's other columns, not in the
//! audit trail, in errors, in what is logged, or in `Debug`.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use std::{
    error::Error,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use secrecy::ExposeSecret;
use serde_json::json;
use taskmaster_models::{
    Actor, ApiKeyPatch, Environment, KeyVerdict, NewApiKey, PageRequest, RateLimit, SecurityAuditRequest,
    Service,
};
use taskmaster_postgres::PgStore;
use taskmaster_repository::{IssuedApiKey, Repositories, RepositoryError, Store};
use taskmaster_security::{KeyHasher, Pepper};
use taskmaster_testkit::{MemoryStore, migrated_database};
use tracing_subscriber::fmt::MakeWriter;

const PEPPER: &str = "seven spices and a secret ingredient";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn new_key(name: &str) -> NewApiKey {
    NewApiKey {
        created_at: at(0),
        expires_at: Some(at(1_000_000)),
        rate_limit: Some(RateLimit::new(2, TimeDelta::minutes(1))),
        ..NewApiKey::new(name, Service::Codegen, Environment::Production)
    }
}

fn peppered() -> KeyHasher {
    KeyHasher::with_peppers(vec![Pepper::new(7, PEPPER.into()).unwrap()]).unwrap()
}

/// The part of a key that is a secret.
fn secret(issued: &IssuedApiKey) -> String {
    issued.key.expose_secret()[20..].to_owned()
}

/// Everything that can be done with keys, some of it in vain. Returns all secrets of which none may be seen, the one that
/// was rotated away first.
async fn a_life_of_keys(store: &dyn Store) -> (Vec<IssuedApiKey>, Vec<String>) {
    let store = store.acting_as(&Actor::user("ada")).unwrap();
    let keys = store.api_keys();
    let first = keys.create(&new_key("first")).await.unwrap();
    let id = first.api_key.id;
    let more = keys.bulk_create(&[new_key("a"), new_key("b")]).await.unwrap();
    keys.create(&new_key("first")).await.unwrap_err();
    for _ in 0..3 {
        keys.verify(&first.key, &[], at(1)).await.unwrap();
    }
    let text = first.key.expose_secret();
    for mistyped in [&text[1..], &text[..60], &text.replace("prod", "qa"), &format!("{}0", &text[..68])] {
        keys.verify(&mistyped.into(), &[], at(1)).await.unwrap();
    }
    keys.verify(&more[0].key, &["tasks:read".parse().unwrap()], at(1)).await.unwrap();
    let rotated = keys.rotate(id, TimeDelta::hours(1), at(2)).await.unwrap();
    keys.verify(&first.key, &[], at(70)).await.unwrap();
    keys.verify(&rotated.key, &[], at(70)).await.unwrap();
    let patch = ApiKeyPatch { name: Some("renamed".to_owned()), ..ApiKeyPatch::default() };
    keys.update(id, &patch).await.unwrap();
    keys.deactivate(more[0].api_key.id, "it leaked", at(3)).await.unwrap();
    keys.delete(more[1].api_key.id).await.unwrap();
    keys.flush_usage().await.unwrap();
    let uow = store.begin().await.unwrap();
    let undone = uow.api_keys().create(&new_key("undone")).await.unwrap();
    uow.rollback().await.unwrap();
    let issued: Vec<_> = [first, rotated, undone].into_iter().chain(more).collect();
    let secrets = issued.iter().map(secret).chain([PEPPER.to_owned()]).collect();
    (issued, secrets)
}

/// The columns that hold hashes, of every key.
async fn hashes(db: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT key_hash AS hash FROM api_keys \
               UNION ALL SELECT previous_key_hash FROM api_keys WHERE previous_key_hash IS NOT NULL";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "hash").unwrap()).collect()
}

/// Every row of every table and view as text, with the table's name before it.
async fn dump(db: &DatabaseConnection) -> String {
    let sql = "SELECT string_agg(format('%I: ', relname) || coalesce(query_to_xml(format('SELECT t::text AS row FROM %I AS t', \
                  relname), true, false, '')::text, ''), E'\\n') AS dump \
               FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v', 'm', 'p')";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get("", "dump").unwrap()
}

fn assert_hides(text: &str, secrets: &[String], what: &str) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{what} shows a secret: {text}");
    }
}

#[tokio::test]
async fn fault_08_no_secret_is_in_the_database_but_hashes_in_their_columns() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap().with_key_hasher(peppered());
    let (issued, secrets) = a_life_of_keys(&store).await;

    let dump = dump(&db).await;
    assert!(dump.contains("renamed") && dump.contains("it leaked"), "the dump has the rows");
    assert!(dump.contains("audit_logs: ") && dump.contains("active_api_keys: "), "the dump has all tables");
    assert!(dump.contains(issued[1].api_key.key_prefix.as_ref().unwrap()));
    assert_hides(&dump, &secrets, "the dump");
    let hashes = hashes(&db).await;
    assert_eq!(hashes.len(), 3, "two keys, and the one before a rotation");
    for hash in &hashes {
        assert_eq!((hash.len(), dump.matches(hash.as_str()).count()), (64, 1), "only in its column");
    }
    // What ANALYZE has copied into the statistics, where others may look than at the table.
    db.execute_unprepared("ANALYZE api_keys").await.unwrap();
    let sql = "SELECT string_agg(s::text, E'\\n') AS stats FROM pg_stats AS s WHERE tablename = 'api_keys'";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    let stats: String = row.try_get("", "stats").unwrap();
    assert!(stats.contains(issued[1].api_key.key_prefix.as_ref().unwrap()), "other columns have statistics");
    assert_hides(&stats, &hashes, "the statistics");
    let trail = dump.split("audit_logs: ").nth(1).unwrap().lines().filter(|line| line.contains("key_hash"));
    assert_eq!(trail.count(), 0, "not even the name of the column is in the trail");
}

/// All that an error says, by itself and by its sources, for people and for programmers.
fn all_of(error: &RepositoryError) -> String {
    let mut texts = vec![format!("{error} {error:?} {error:#?}")];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(format!("{cause} {cause:?} {cause:#?}"));
        source = cause.source();
    }
    texts.join("\n")
}

#[tokio::test]
async fn fault_08_no_error_quotes_a_row_that_holds_a_hash() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap().with_key_hasher(peppered());
    let (issued, mut secrets) = a_life_of_keys(&store).await;
    secrets.extend(hashes(&db).await);
    let id = issued[1].api_key.id;
    let run = async |sql: &str| db.execute_unprepared(sql).await.unwrap();
    let rename = |name: &str| ApiKeyPatch { name: Some(name.to_owned()), ..ApiKeyPatch::default() };
    let for_ever = ApiKeyPatch { expires_at: Some(None), ..ApiKeyPatch::default() };
    let keys = store.api_keys();
    let mut errors = Vec::new();

    run("ALTER TABLE api_keys ADD CONSTRAINT odd CHECK (name <> 'odd')").await;
    errors.push(keys.update(id, &rename("odd")).await.unwrap_err());
    errors.push(keys.create(&new_key("odd")).await.unwrap_err());
    run("ALTER TABLE api_keys ALTER COLUMN expires_at SET NOT NULL").await;
    errors.push(keys.update(id, &for_ever).await.unwrap_err());
    run("CREATE UNIQUE INDEX one_hash ON api_keys (key_hash)").await;
    run("UPDATE api_keys SET is_active = TRUE").await;
    errors.push(keys.create(&NewApiKey { id, ..new_key("taken") }).await.unwrap_err());
    run("CREATE UNIQUE INDEX one_active ON api_keys ((length(key_hash))) WHERE name LIKE 'pair%'").await;
    keys.create(&new_key("pair 1")).await.unwrap();
    errors.push(keys.create(&new_key("pair 2")).await.unwrap_err());
    run("UPDATE api_keys SET permissions = '[1]'").await;
    errors.push(keys.verify(&issued[1].key, &[], at(5)).await.unwrap_err());
    let unpeppered = PgStore::connect(&database.url()).await.unwrap();
    errors.push(unpeppered.api_keys().verify(&issued[1].key, &[], at(5)).await.unwrap_err());
    run("ALTER TABLE api_keys RENAME COLUMN key_hash TO hash").await;
    errors.push(keys.verify(&issued[1].key, &[], at(5)).await.unwrap_err());

    let kinds = errors.iter().map(|error| match error {
        RepositoryError::Conflict { constraint, .. } => constraint.clone(),
        RepositoryError::Inconsistent { column, .. } => column.clone(),
        RepositoryError::Refused { .. } => "refused".to_owned(),
        RepositoryError::Backend { .. } => "backend".to_owned(),
        other => panic!("{other:?}"),
    });
    let expected =
        ["odd", "odd", "backend", "api_keys_pkey", "one_active", "permissions", "refused", "refused"];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    for error in &errors {
        let text = all_of(error);
        assert_hides(&text, &secrets, "an error");
        assert!(!text.contains("Failing row contains"), "{text}");
    }
    assert!(all_of(&errors[2]).contains("expires_at"), "what is wrong is told: {}", errors[2]);
}

#[tokio::test]
async fn fault_07_what_is_shown_of_a_key_holds_no_hash() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let pg = PgStore::connect(&database.url()).await.unwrap().with_key_hasher(peppered());
    let memory = MemoryStore::new().with_key_hasher(peppered());
    let uow = memory.begin().await.unwrap();
    let (issued, mut secrets) = a_life_of_keys(&pg).await;
    let (of_memory, more) = a_life_of_keys(&memory).await;
    secrets.extend(more);
    secrets.extend(hashes(&db).await);
    uow.rollback().await.unwrap();

    let mut shown = vec![format!("{pg:?} {memory:?} {issued:?} {of_memory:?} {:?}", peppered())];
    let page = PageRequest::default();
    for store in [&pg as &dyn Store, &memory] {
        for issued in issued.iter().chain(&of_memory) {
            let verdict = store.api_keys().verify(&issued.key, &[], at(500)).await.unwrap();
            shown.push(format!("{verdict:?}"));
            if let KeyVerdict::Valid(key) = verdict {
                let summary = key.summary(at(500));
                assert_eq!(json!(summary)["is_valid"], true, "a truth value and nothing else");
                shown.push(format!("{summary:?} {} {}", json!(summary), json!(key)));
            }
        }
        let findings =
            store.api_keys().security_audit(&SecurityAuditRequest::new(at(500)), &page).await.unwrap();
        assert!(!findings.items.is_empty());
        shown.push(format!("{findings:?} {}", json!(findings)));
    }
    let shown = shown.join("\n");
    assert_hides(&shown, &secrets, "what is shown of a key");
    assert!(!shown.contains("key_hash"), "{shown}");
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

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

// All crates below log by `tracing`. The subscriber is the whole process's, so it sees the other tests' keys as well.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_logged_at_trace_level_holds_a_secret() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap().with_key_hasher(peppered());
    let (_, mut secrets) = a_life_of_keys(&store).await;
    secrets.extend(hashes(&db).await);

    tracing::trace!("the log is on");
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("the log is on") && logged.contains("SELECT key_hash"),
        "statements of others are logged"
    );
    let of_the_store: String = logged.lines().filter(|line| !line.contains("AS hash")).collect();
    assert_hides(&of_the_store, &secrets, "the log");
}
