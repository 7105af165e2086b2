//! API keys on PostgreSQL: limits and uses across processes, peppers, keys of the described system, and what a call costs.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use secrecy::SecretString;
use serde_json::Value;
use taskmaster_models::{
    Actor, ApiKey, ApiKeyFilter, ApiKeyId, ApiKeyPatch, Environment, KeyConcern, KeyVerdict, NewApiKey,
    PageRequest, Permission, RateLimit, SecurityAuditRequest, Service,
};
use taskmaster_postgres::{Pg, PgStore};
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_security::{KeyHash, KeyHasher, Pepper};
use taskmaster_testkit::migrated_database;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn new_key(name: &str) -> NewApiKey {
    NewApiKey { created_at: at(0), ..NewApiKey::new(name, Service::Codegen, Environment::Production) }
}

/// A store as another process would have it: with a pool and a ledger of its own.
async fn process(url: &str, connections: u32) -> Pg<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).sqlx_logging(false);
    Pg::new(Database::connect(options).await.unwrap())
}

async fn is_valid(store: &dyn Store, key: &SecretString, now: i64) -> bool {
    let verdict = store.api_keys().verify(key, &[], at(now)).await.unwrap();
    matches!(verdict, KeyVerdict::Valid(_))
}

async fn stored(store: &dyn Store, id: ApiKeyId) -> ApiKey {
    store.api_keys().find_by_id(id).await.unwrap().unwrap()
}

/// The trail of the keys, oldest first.
async fn trail(db: &DatabaseConnection) -> Vec<Value> {
    let sql = "SELECT json_build_object('action', action, 'user', user_id, 'new', new_values) AS entry \
               FROM audit_logs WHERE entity_type = 'api_key' ORDER BY timestamp, id";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "entry").unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_100_admits_100_of_800_tries_from_16_processes() {
    let database = migrated_database().await;
    let url = database.url();
    let store = process(&url, 1).await;
    let rate_limit = Some(RateLimit::new(100, TimeDelta::minutes(1)));
    let new = NewApiKey { rate_limit, ..new_key("ci") };
    let key = Arc::new(store.api_keys().create(&new).await.unwrap().key);
    let mut processes = Vec::new();
    for _ in 0..16 {
        processes.push(process(&url, 1).await);
    }
    let tries = |store: Pg<DatabaseConnection>| {
        let key = Arc::clone(&key);
        tokio::spawn(async move {
            let (mut admitted, mut refused) = (0, 0);
            for n in 0..50 {
                match store.api_keys().verify(&key, &[], at(n % 50)).await.unwrap() {
                    KeyVerdict::Valid(_) => admitted += 1,
                    KeyVerdict::RateLimited { retry_after } if retry_after > TimeDelta::zero() => {
                        refused += 1;
                    }
                    other => panic!("{other:?}"),
                }
            }
            store.api_keys().flush_usage().await.unwrap();
            (admitted, refused)
        })
    };
    let (mut admitted, mut refused) = (0, 0);
    for process in processes.into_iter().map(tries).collect::<Vec<_>>() {
        let (more_admitted, more_refused) = process.await.unwrap();
        admitted += more_admitted;
        refused += more_refused;
    }
    assert_eq!((admitted, refused), (100, 700));
    assert_eq!(stored(&store, new.id).await.usage_count, 100, "the uses of all processes add up");
}

#[tokio::test]
async fn a_call_costs_no_more_round_trips_than_promised() {
    let database = migrated_database().await;
    let mut db = Database::connect(database.url()).await.unwrap();
    let statements = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&statements);
    db.set_metric_callback(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let store = Pg::new(db);
    let free = store.api_keys().create(&new_key("free")).await.unwrap().key;
    let rate_limit = Some(RateLimit::new(2, TimeDelta::minutes(1)));
    let limited = NewApiKey { rate_limit, ..new_key("limited") };
    let limited = store.api_keys().create(&limited).await.unwrap().key;
    let cost = async |key: &SecretString| {
        let before = statements.load(Ordering::Relaxed);
        store.api_keys().verify(key, &[], at(1)).await.unwrap();
        statements.load(Ordering::Relaxed) - before
    };
    assert_eq!(cost(&free).await, 2, "one read, and its first use is written down");
    assert_eq!(cost(&free).await, 1);
    assert_eq!(cost(&limited).await, 3);
    assert_eq!(cost(&limited).await, 2);
    assert_eq!(cost(&limited).await, 1, "its window is full");
    assert_eq!(cost(&"tmk_prod_made_up".into()).await, 0);
    assert_eq!(cost(&"short".into()).await, 0);
}

fn pepper(version: u32) -> Pepper {
    Pepper::new(version, format!("pepper number {version}, long enough to be one").into()).unwrap()
}

#[tokio::test]
async fn keys_of_every_pepper_verify_until_it_is_no_longer_configured() {
    let database = migrated_database().await;
    let with = async |versions: &[u32]| {
        let peppers = versions.iter().map(|version| pepper(*version)).collect();
        let store = PgStore::connect(&database.url()).await.unwrap();
        store.with_key_hasher(KeyHasher::with_peppers(peppers).unwrap())
    };
    let (none, first, both, second) =
        (with(&[]).await, with(&[1]).await, with(&[2, 1]).await, with(&[2]).await);
    let plain = none.api_keys().create(&new_key("none")).await.unwrap();
    let old = first.api_keys().create(&new_key("first")).await.unwrap();
    let new = both.api_keys().create(&new_key("both")).await.unwrap();
    let versions = [&plain, &old, &new].map(|issued| issued.api_key.pepper_version);
    assert_eq!(versions, [None, Some(1), Some(2)]);
    for key in [&plain.key, &old.key, &new.key] {
        assert!(is_valid(&both, key, 1).await);
    }
    assert!(is_valid(&second, &plain.key, 1).await && is_valid(&second, &new.key, 1).await);
    let refused = second.api_keys().verify(&old.key, &[], at(1)).await.unwrap_err();
    assert!(matches!(refused, RepositoryError::Refused { .. }), "{refused:?}");
    assert!(refused.to_string().contains("pepper version 1"), "{refused}");
    assert!(!format!("{refused:?}").contains("long enough"), "{refused:?}");

    let rotated = both.api_keys().rotate(old.api_key.id, TimeDelta::minutes(1), at(2)).await.unwrap();
    assert_eq!(rotated.api_key.pepper_version, Some(2));
    assert!(is_valid(&both, &old.key, 3).await, "the old key is compared under the old pepper");
    assert!(is_valid(&first, &old.key, 3).await, "also where the new pepper is not configured yet");
    assert!(is_valid(&second, &rotated.key, 3).await);
}

#[tokio::test]
async fn a_key_of_the_described_system_still_verifies() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let pepper = KeyHasher::with_peppers(vec![pepper(1)]).unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap().with_key_hasher(pepper);
    let key: SecretString = "sk-live-4f9a-made-long-ago".into();
    let add = async |name: &str, is_active: bool| {
        let sql = "INSERT INTO api_keys (name, service, key_hash, key_prefix, permissions, is_active, rate_limit) \
                   VALUES ($1, 'github', $2, 'sk-live-...', '[\"read\", \"*\"]', $3, \
                           '{\"max_requests\": 100, \"window_ms\": 60000}')";
        let values = [name.into(), KeyHash::sha256(&key).to_hex().into(), is_active.into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        db.execute_raw(statement).await.unwrap();
    };
    add("switched off", false).await;
    let verdict = store.api_keys().verify(&key, &[], at(1)).await.unwrap();
    assert_eq!(verdict, KeyVerdict::Inactive);
    add("long ago", true).await;
    let verdict = store.api_keys().verify(&key, &["tasks:write".parse().unwrap()], at(1)).await.unwrap();
    let found = verdict.valid().unwrap();
    assert_eq!((found.name.as_str(), found.key_prefix.as_deref()), ("long ago", Some("sk-live-...")));

    db.execute_unprepared("DELETE FROM api_keys WHERE NOT is_active").await.unwrap();
    let new = store.api_keys().rotate(found.id, TimeDelta::minutes(1), at(10)).await.unwrap();
    assert_eq!(new.api_key.pepper_version, Some(1));
    assert!(is_valid(&store, &key, 69).await && is_valid(&store, &new.key, 69).await);
    assert_eq!(store.api_keys().verify(&key, &[], at(70)).await.unwrap(), KeyVerdict::Unknown);
}

#[tokio::test]
async fn fault_10_a_malformed_hash_is_named_by_its_place_and_never_a_panic() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let issued = store.api_keys().create(&new_key("ci")).await.unwrap();
    for hash in ["", "nonsense", &"z".repeat(64), &"é".repeat(32)] {
        let sql = "UPDATE api_keys SET key_hash = $1";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [hash.into()]);
        db.execute_raw(statement).await.unwrap();
        match store.api_keys().verify(&issued.key, &[], at(1)).await.unwrap_err() {
            RepositoryError::Inconsistent { table, column, id, detail } => {
                assert_eq!((table, column.as_str()), ("api_keys", "key_hash"));
                assert_eq!(id, issued.api_key.id.to_string());
                assert!(hash.is_empty() || !detail.contains(hash), "{detail}");
            }
            other => panic!("{other:?}"),
        }
    }

    let ok = store.api_keys().create(&new_key("rotated")).await.unwrap();
    let rotated = store.api_keys().rotate(ok.api_key.id, TimeDelta::minutes(1), at(1)).await.unwrap();
    db.execute_unprepared("UPDATE api_keys SET key_hash = 'nonsense'").await.unwrap();
    assert!(is_valid(&store, &ok.key, 2).await, "the hash of the key before is sound");
    let verdict = store.api_keys().verify(&rotated.key, &[], at(2)).await;
    assert!(matches!(verdict, Err(RepositoryError::Inconsistent { .. })), "{verdict:?}");
}

#[tokio::test]
async fn what_another_client_wrote_into_a_key_is_read_or_named() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let id = store.api_keys().create(&new_key("ci")).await.unwrap().api_key.id;
    for (column, value) in [
        ("permissions", "'[7]'"),
        ("rate_limit", "'{\"max_requests\": 0, \"window_ms\": 1}'"),
        ("rate_limit", "'{\"max_requests\": \"many\", \"window_ms\": 1}'"),
    ] {
        let sound = "UPDATE api_keys SET permissions = '[]', rate_limit = NULL";
        db.execute_unprepared(&format!("{sound}; UPDATE api_keys SET {column} = {value}")).await.unwrap();
        match store.api_keys().find_by_id(id).await.unwrap_err() {
            RepositoryError::Inconsistent { column: named, .. } => assert_eq!(named, column, "{value}"),
            other => panic!("{other:?}"),
        }
    }
    let sql = "UPDATE api_keys SET permissions = '[]', rate_limit = '{\"max_requests\": 5, \"window_ms\": 1, \"burst\": 2}'";
    db.execute_unprepared(sql).await.unwrap();
    assert_eq!(stored(&store, id).await.rate_limit, Some(RateLimit { max_requests: 5, window_ms: 1 }));
}

#[tokio::test]
async fn what_the_described_system_allowed_in_a_key_fails_no_call() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let issued = store.api_keys().create(&new_key("ci")).await.unwrap();
    let id = issued.api_key.id;
    let sql =
        "UPDATE api_keys SET permissions = '[\"Deploy!\", \"tasks:read\", \"tasks:fly\"]', rate_limit = '{}'";
    db.execute_unprepared(sql).await.unwrap();
    let shown = |key: &ApiKey| key.permissions.iter().map(ToString::to_string).collect::<Vec<_>>();
    let texts = ["Deploy!", "tasks:read", "tasks:fly"];
    let required = |text: &str| [Permission::stored(text)];
    let found = store.api_keys().verify(&issued.key, &required("tasks:read"), at(1)).await.unwrap();
    let found = found.valid().unwrap();
    assert_eq!(
        (shown(&found), found.rate_limit),
        (texts.map(str::to_owned).to_vec(), Some(limit(1_000, 3_600_000)))
    );
    for lacking in ["tasks:write", "Deploy!", "tasks:fly"] {
        let verdict = store.api_keys().verify(&issued.key, &required(lacking), at(1)).await.unwrap();
        assert_eq!(verdict, KeyVerdict::MissingPermission { missing: required(lacking).to_vec() });
    }
    let page = PageRequest::default();
    let all = store.api_keys().find_by(&ApiKeyFilter::default(), &page).await.unwrap();
    assert_eq!(shown(&all.items[0]), texts);
    let audit = SecurityAuditRequest::new(at(1));
    let findings = store.api_keys().security_audit(&audit, &page).await.unwrap();
    assert_eq!(findings.items[0].concerns, [KeyConcern::NeverExpires]);
    let wide = SecurityAuditRequest { concern: Some(KeyConcern::WidePermissions), ..audit };
    assert!(store.api_keys().security_audit(&wide, &page).await.unwrap().items.is_empty());

    let renamed = ApiKeyPatch { name: Some("renamed".to_owned()), ..ApiKeyPatch::default() };
    assert_eq!(shown(&store.api_keys().update(id, &renamed).await.unwrap()), texts);
    for (json, expected) in
        [("{\"max_requests\": 7}", limit(7, 3_600_000)), ("{\"window_ms\": 7}", limit(1_000, 7))]
    {
        db.execute_unprepared(&format!("UPDATE api_keys SET rate_limit = '{json}'")).await.unwrap();
        assert_eq!(stored(&store, id).await.rate_limit, Some(expected));
    }
}

fn limit(max_requests: i32, window_ms: i64) -> RateLimit {
    RateLimit { max_requests, window_ms }
}

#[tokio::test]
async fn changes_are_their_actor_s_and_uses_are_nobody_s() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap().acting_as(&Actor::user("ada")).unwrap();
    let keys = store.api_keys();
    let issued = keys.create(&new_key("ci")).await.unwrap();
    let id = issued.api_key.id;
    keys.bulk_create(&[new_key("a"), new_key("b")]).await.unwrap();
    keys.verify(&issued.key, &[], at(1)).await.unwrap();
    let patch = ApiKeyPatch { name: Some("renamed".to_owned()), ..ApiKeyPatch::default() };
    keys.update(id, &patch).await.unwrap();
    keys.rotate(id, TimeDelta::minutes(1), at(2)).await.unwrap();
    keys.rotate(id, TimeDelta::zero(), at(3)).await.unwrap();
    keys.deactivate(id, "leaked", at(4)).await.unwrap();
    keys.delete(id).await.unwrap();

    let trail = trail(&db).await;
    let told: Vec<_> = trail
        .iter()
        .map(|entry| {
            format!("{} by {}", entry["action"].as_str().unwrap(), entry["user"].as_str().unwrap_or("nobody"))
        })
        .collect();
    let expected = [
        "create by ada",
        "create by ada",
        "create by ada",
        "update by nobody",
        "update by ada",
        "update by ada",
        "update by ada",
        "update by ada",
        "delete by ada",
    ];
    assert_eq!(told, expected);
    assert_eq!(trail[3]["new"]["usage_count"], 1);
    assert_eq!(trail[3]["new"].get("version"), None);
}
