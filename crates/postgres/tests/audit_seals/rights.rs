//! What the database refuses to whom.

use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use taskmaster_models::{MAX_TEXT, NewTask, clock};
use taskmaster_postgres::Pg;
use taskmaster_repository::Repositories;

use super::Trail;

#[tokio::test]
async fn the_owner_of_the_tables_is_refused_too() {
    let trail = Trail::new().await;
    for sql in [
        "UPDATE audit_logs SET user_id = 'eve'",
        "UPDATE audit_logs SET user_id = 'eve' WHERE false",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "UPDATE audit_seal_rows SET seal_number = 1",
        "DELETE FROM audit_seal_rows",
        "TRUNCATE audit_seal_rows",
        "UPDATE audit_seals SET hash = sha256('')",
        "UPDATE audit_seals SET pruned_at = now(), row_count = 7",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals CASCADE",
    ] {
        let error = trail.db.execute_unprepared(sql).await.unwrap_err().to_string();
        assert!(error.contains("is refused"), "{sql}: {error}");
    }
    assert!(trail.verify(None).await.is_intact());
}

#[tokio::test]
async fn the_documented_rights_are_enough_and_no_more() {
    let trail = Trail::new().await;
    // Roles belong to the whole server, so these are gone with their transaction, and that needs one connection.
    let mut options = ConnectOptions::new(trail.database.url());
    options.max_connections(1);
    let db = Database::connect(options).await.unwrap();
    let store = Pg::new(db.clone());
    let run = async |sql: &str| db.execute_unprepared(sql).await.map(drop);
    run("BEGIN;
         CREATE ROLE only_sealer; CREATE ROLE only_retention; CREATE ROLE only_auditor;
         GRANT USAGE ON SCHEMA public TO only_sealer, only_retention, only_auditor;
         GRANT SELECT ON audit_logs, audit_seals, audit_seal_rows TO only_sealer, only_retention, only_auditor;
         GRANT INSERT ON audit_seals, audit_seal_rows TO only_sealer;
         GRANT UPDATE (pruned_at) ON audit_seals TO only_retention;
         GRANT DELETE ON audit_logs, audit_seal_rows TO only_retention")
    .await
    .unwrap();
    for (role, forbidden) in [
        (
            "only_sealer",
            ["UPDATE audit_logs SET user_id = 'eve'", "DELETE FROM audit_logs", "TRUNCATE audit_logs"],
        ),
        (
            "only_sealer",
            ["DELETE FROM audit_seals", "UPDATE audit_seals SET pruned_at = now()", "TRUNCATE audit_seals"],
        ),
        (
            "only_retention",
            [
                "UPDATE audit_logs SET user_id = 'eve'",
                "DELETE FROM audit_logs",
                "UPDATE audit_seals SET hash = ''",
            ],
        ),
        (
            "only_auditor",
            ["DELETE FROM audit_logs", "DELETE FROM audit_seal_rows", "DELETE FROM audit_seals"],
        ),
    ] {
        for sql in forbidden {
            run(&format!("SAVEPOINT s; SET LOCAL ROLE {role}")).await.unwrap();
            let error = run(sql).await.unwrap_err().to_string();
            assert!(
                error.contains("permission denied") || error.contains("is refused"),
                "{role}: {sql}: {error}"
            );
            run("ROLLBACK TO s").await.unwrap();
        }
    }
    run("SET LOCAL ROLE only_sealer").await.unwrap();
    assert_eq!(store.audit_logs().seal().await.unwrap().unwrap().number, 4);
    run("SET LOCAL ROLE only_auditor").await.unwrap();
    let verification = store.audit_logs().verify(None).await.unwrap();
    assert!(verification.is_intact(), "{verification:?}");
    run("SET LOCAL ROLE only_retention").await.unwrap();
    assert_eq!(store.audit_logs().prunable(clock::latest()).await.unwrap(), 10);
    assert_eq!(store.audit_logs().prune(clock::latest(), 4).await.unwrap(), 4);
    assert_eq!(store.audit_logs().prune(clock::latest(), 100).await.unwrap(), 6);
    run("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn a_seal_is_marked_as_pruned_once() {
    let trail = Trail::new().await;
    trail.db.execute_unprepared("UPDATE audit_seals SET pruned_at = now() WHERE number = 1").await.unwrap();
    for value in ["NULL", "now()"] {
        let sql = format!("UPDATE audit_seals SET pruned_at = {value} WHERE number = 1");
        let error = trail.db.execute_unprepared(&sql).await.unwrap_err().to_string();
        assert!(error.contains("it can only be marked as pruned, once"), "{error}");
    }
}

#[tokio::test]
async fn an_address_with_a_netmask_hides_no_row() {
    let trail = Trail::new().await;
    trail
        .db
        .execute_unprepared(
            r#"BEGIN; SELECT set_actor('{"ip_address": "10.0.0.0/8"}'); INSERT INTO tasks (title) VALUES ('t'); COMMIT"#,
        )
        .await
        .unwrap();
    let latest = trail.store.audit_logs().recent_activity(1).await.unwrap();
    assert_eq!(latest[0].log.ip_address, Some("10.0.0.0".parse().unwrap()));
    trail.store.audit_logs().seal().await.unwrap().unwrap();
    assert!(trail.verify(None).await.is_intact(), "it is sealed and verified all the same");
}

#[tokio::test]
async fn rows_get_into_a_seal_only_when_it_is_made() {
    let trail = Trail::new().await;
    let unsealed =
        "FROM audit_logs a WHERE NOT EXISTS (SELECT FROM audit_seal_rows r WHERE r.audit_id = a.id)";
    let refused = async |sql: &str| {
        let error = trail.db.execute_unprepared(sql).await.unwrap_err().to_string();
        assert!(error.contains("is refused"), "{sql}: {error}");
    };
    refused(&format!("INSERT INTO audit_seal_rows SELECT 3, a.id, sha256('') {unsealed}")).await;
    trail.db.execute_unprepared("UPDATE audit_seals SET pruned_at = now() WHERE number = 1").await.unwrap();
    refused(&format!("INSERT INTO audit_seal_rows SELECT 1, a.id, sha256('') {unsealed}")).await;
    let seal = |number: &str, transaction: &str, pruned: &str| {
        format!(
            "INSERT INTO audit_seals SELECT {number}, now(), cluster, snapshot, {transaction}, row_count, newest_at, \
             previous_hash, rows_hash, hash, {pruned} FROM audit_seals WHERE number = 3"
        )
    };
    let own = "pg_current_xact_id()::text::bigint";
    refused(&seal("9223372036854775807", own, "NULL")).await;
    refused(&seal("5", own, "NULL")).await;
    refused(&seal("4", own, "now()")).await;
    refused(&seal("4", "transaction_id", "NULL")).await;
    assert!(trail.verify(None).await.is_intact());
}

#[tokio::test]
async fn the_largest_texts_are_sealed_and_verified() {
    let trail = Trail::new().await;
    // As JSON text each of these characters takes six.
    let new = NewTask { description: Some("\u{1}".repeat(MAX_TEXT)), ..NewTask::new("Large") };
    trail.store.tasks().create(&new).await.unwrap();
    // What is still larger is left out of the trail: it would stop all sealing.
    let sql = "INSERT INTO tasks (title, metadata) SELECT 'Larger', jsonb_build_object('a', repeat('x', 170000000))";
    trail.db.execute_unprepared(sql).await.unwrap();
    let left_out =
        trail.store.audit_logs().recent_activity(1).await.unwrap().remove(0).log.new_values.unwrap();
    assert_eq!(left_out["left_out"], "more than 160 MB");

    assert_eq!(trail.store.audit_logs().seal().await.unwrap().unwrap().row_count, 3);
    assert!(trail.verify(None).await.is_intact());
}
