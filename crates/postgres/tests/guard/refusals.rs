//! What the trail tells of refused statements.

use serde_json::json;
use taskmaster_guard::{Policy, PolicySet};
use taskmaster_models::{Actor, AuditAction, AuditLogFilter, AuditedEntity};
use taskmaster_postgres::{
    Database, PgStore, QueryError, RawStatements,
    config::{DatabaseConfig, Target},
};
use taskmaster_repository::Repositories as _;

use crate::stage::{Stage, run, text};

#[tokio::test]
async fn a_refusal_tells_who_what_and_why_and_no_value() {
    let stage = Stage::new().await;
    let (login, database) = stage.login("taskmaster_readonly").await;
    let actor = Actor { session_id: Some("s-1".into()), ..Actor::user("ada") };
    let ada = database.with_policy("reports", Policy::readonly()).acting_as(&actor).unwrap();
    for title in ["hunter2", "hunter3"] {
        let sql = format!("DELETE FROM tasks /* hunter1 */ WHERE title = '{title}' AND priority = 73519");
        assert!(matches!(ada.query(&sql, &[]).await, Err(QueryError::Refused(_))));
    }
    let told = stage.refusals().await;
    assert_eq!(told.len(), 2);
    let log = &told[0];
    assert_eq!((log.entity_type, log.action), (AuditedEntity::Statement, AuditAction::Refuse));
    assert_eq!((log.user_id.as_deref(), log.session_id.as_deref()), (Some("ada"), Some("s-1")));
    let values = log.new_values.as_ref().unwrap();
    assert_eq!(values["statement"], "DELETE FROM tasks  WHERE title = ? AND priority = ?");
    assert_eq!(values["kind"], "verb_not_allowed");
    assert_eq!(values["reason"], "the statement is refused: DELETE is not allowed");
    assert_eq!(values["policy"], "reports");
    assert_eq!(values["login"], login.name());
    assert_eq!(values["left_out_before"], 0);
    assert_eq!(told[1].entity_id, log.entity_id, "statements that differ in their values are found together");
    let statistics = PgStore::new(stage.raw.database().clone())
        .audit_logs()
        .statistics(&AuditLogFilter::user("ada"))
        .await
        .unwrap();
    assert_eq!((statistics.total, statistics.refusals), (2, 2));
}

#[tokio::test]
async fn who_has_no_policy_may_send_nothing_and_that_is_told() {
    let stage = Stage::new().await;
    let policies = PolicySet {
        users: [("gone".into(), "no such policy".into())].into(),
        roles: [("ops".into(), "readonly".into())].into(),
        ..PolicySet::default()
    };
    for user in ["eve", "gone"] {
        let guarded = stage.raw.as_user(user, None, &policies).unwrap();
        assert!(matches!(guarded.query("SELECT 1", &[]).await, Err(QueryError::NoPolicy)));
    }
    let told: Vec<_> = stage.refusals().await.into_iter().filter_map(|log| log.user_id).collect();
    assert_eq!(told, ["eve", "gone"]);
    let ops = stage.raw.as_user("eve", Some("ops"), &policies).unwrap();
    assert_eq!(ops.query("SELECT 1", &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_no_text_of_the_server_can_hold_is_refused_and_told() {
    let stage = Stage::new().await;
    let guarded = stage.raw.with_policy("a\0b", Policy::readonly());
    for sql in ["SELECT '\0'", "", "SELECT 'never ends", "SELECT \u{feff}1"] {
        assert!(matches!(guarded.query(sql, &[]).await, Err(QueryError::Refused(_))));
    }
    let long = format!("SELECT {}", "x, ".repeat(50_000));
    assert!(matches!(guarded.query(&long, &[]).await, Err(QueryError::Refused(_))));
    let told = stage.refusals().await;
    assert_eq!(told.len(), 5);
    assert!(told.iter().all(|log| json!(log.new_values).to_string().len() < 20_000));
}

#[tokio::test]
async fn a_storm_of_refusals_fills_no_trail() {
    let stage = Stage::new().await;
    let guarded = stage.raw.with_policy("readonly", Policy::readonly());
    for n in 0..300 {
        assert!(guarded.query(&format!("TRUNCATE t{n}"), &[]).await.is_err());
    }
    let told = stage.refusals().await.len();
    assert!((10..=30).contains(&told), "{told}");
}

#[tokio::test]
async fn a_refusal_that_cannot_be_told_is_one_all_the_same() {
    let stage = Stage::new().await;
    let mut owner = stage.owner().await;
    run(&mut owner, "REVOKE EXECUTE ON FUNCTION record_refusal(uuid, jsonb) FROM taskmaster_readonly")
        .await
        .unwrap();
    let (_login, database) = stage.login("taskmaster_readonly").await;
    let guarded = database.with_policy("readonly", Policy::readonly());
    assert!(matches!(guarded.query("DROP TABLE tasks", &[]).await, Err(QueryError::Refused(_))));
    run(&mut owner, "GRANT EXECUTE ON FUNCTION record_refusal(uuid, jsonb) TO taskmaster_readonly")
        .await
        .unwrap();
    assert!(matches!(guarded.query("DROP TABLE tasks", &[]).await, Err(QueryError::Refused(_))));
    let told = stage.refusals().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].new_values.as_ref().unwrap()["left_out_before"], 1);
}

#[tokio::test]
async fn a_reader_whose_sessions_only_read_is_told_of_all_the_same() {
    let stage = Stage::new().await;
    let mut owner = stage.owner().await;
    let login = stage.server.login(&["taskmaster_readonly"]).await.unwrap();
    run(&mut owner, &format!("ALTER ROLE \"{}\" SET default_transaction_read_only = on", login.name()))
        .await
        .unwrap();
    let mut config = DatabaseConfig::from_url(login.url()).unwrap();
    (config.pool.min, config.target) = (0, Target::Any);
    let raw = RawStatements::new(Database::connect(config).await.unwrap());
    let guarded = raw.with_policy("readonly", Policy::readonly());
    assert!(matches!(guarded.query("DROP TABLE tasks", &[]).await, Err(QueryError::Refused(_))));
    assert_eq!(stage.refusals().await.len(), 1);
    assert_eq!(guarded.query("SELECT title FROM tasks", &[]).await.unwrap().len(), 4);
}

/// Whoever may call the function can tell of refusals that never were; he cannot tell of anything else, nor as another login.
#[tokio::test]
async fn a_forged_call_tells_of_a_refusal_only_and_is_bounded() {
    let stage = Stage::new().await;
    let mut owner = stage.owner().await;
    let login = stage.server.login(&["taskmaster_readonly"]).await.unwrap();
    let mut reader =
        <sea_orm::sqlx::PgConnection as sea_orm::sqlx::Connection>::connect(login.url()).await.unwrap();
    for forged in [
        "'{\"login\": \"postgres\", \"user_id\": \"ada\", \"kind\": {\"a\": 1}, \"left_out_before\": -5}'",
        "jsonb_build_object('statement', repeat('x', 1000000), 'reason', repeat('y', 1000000), 'kind', repeat('z', 1000000), \
         'policy', repeat('p', 1000000), 'left_out_before', repeat('9', 1000)::numeric)",
        "'[1, 2]'",
        "'\"text\"'",
        "NULL",
        "'{\"left_out_before\": \"many\"}'",
    ] {
        run(&mut reader, &format!("SELECT record_refusal(gen_random_uuid(), {forged})")).await.unwrap();
    }
    assert!(run(&mut reader, "SELECT record_refusal(NULL, '{}')").await.is_err());
    for log in stage.refusals().await {
        let values = log.new_values.unwrap();
        assert_eq!(values["login"], login.name());
        assert_eq!(values["left_out_before"], 0);
        assert!(json!(values).to_string().len() < 12_000);
    }
    let others =
        "SELECT count(*)::text FROM audit_logs WHERE (entity_type = 'statement') <> (action = 'refuse')";
    assert_eq!(text(&mut owner, others).await, "0");
    // Everybody else may not even call it.
    let outsider = stage.server.login(&[]).await.unwrap();
    let mut outsider =
        <sea_orm::sqlx::PgConnection as sea_orm::sqlx::Connection>::connect(outsider.url()).await.unwrap();
    assert!(run(&mut outsider, "SELECT record_refusal(gen_random_uuid(), '{}')").await.is_err());
}

#[tokio::test]
async fn seals_cover_refusals_and_retention_takes_them() {
    let stage = Stage::new().await;
    let guarded = stage.raw.with_policy("readonly", Policy::readonly());
    assert!(guarded.query("DROP TABLE tasks", &[]).await.is_err());
    let store = PgStore::new(stage.raw.database().clone());
    let seal = store.audit_logs().seal().await.unwrap().unwrap();
    let verified = store.audit_logs().verify(None).await.unwrap();
    assert!(verified.findings.is_empty(), "{verified:?}");
    let mut owner = stage.owner().await;
    run(
        &mut owner,
        "SET session_replication_role = replica; \
         UPDATE audit_logs SET new_values = new_values || '{\"kind\": \"nothing\"}' WHERE action = 'refuse'; RESET ALL",
    )
    .await
    .unwrap();
    let verified = store.audit_logs().verify(None).await.unwrap();
    assert_eq!(verified.findings.len(), 1, "{verified:?}");
    let later = seal.sealed_at + chrono::TimeDelta::days(1);
    assert!(store.audit_logs().prune(later, 1000).await.unwrap() > 0);
    assert!(stage.refusals().await.is_empty());
}
