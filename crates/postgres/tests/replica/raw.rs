//! Raw reads.

use taskmaster_guard::Policy;
use taskmaster_postgres::{QueryError, RawStatements, Role};

use crate::stage::{FAR, Stage, ask, reads, say, until};

#[tokio::test]
async fn a_raw_read_goes_to_a_replica_in_its_role_and_one_that_is_too_long_puts_no_replica_out() {
    let Some(stage) = Stage::set().await else { return };
    let whoami = "CREATE FUNCTION whoami() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text'";
    say(&stage.primary, whoami).await;
    let is_there = "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = 'whoami')";
    until("the function is there", async || ask::<bool>(&stage.replica, is_there).await).await;
    let database = stage.database(FAR).await;
    let mut policy = Policy::readonly();
    policy.functions.insert("whoami".to_owned());
    let reader = RawStatements::new(database.clone())
        .with_policy("reader", policy)
        .in_role(Role::Readonly)
        .with_max_rows(10);

    let before = reads(&database);
    until("a raw read goes to the replica", async || {
        let rows = reader.query("SELECT whoami() AS who", &[]).await.unwrap();
        assert_eq!(rows.first().unwrap().get::<String>("who").unwrap(), "taskmaster_readonly");
        reads(&database) > before
    })
    .await;

    let long = "SELECT a FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
    assert!(matches!(reader.query(long, &[]).await, Err(QueryError::TooManyRows { limit: 10 })));
    let secret = "SELECT key_hash FROM api_keys";
    assert!(
        matches!(reader.query(secret, &[]).await, Err(QueryError::Refused(_))),
        "it is told at the primary"
    );
    let told = "SELECT count(*) FROM audit_logs WHERE action = 'refuse'";
    assert_eq!(ask::<i64>(&stage.primary, told).await, 1);
    until("the replica is read from again", async || {
        let before = reads(&database);
        reader.query("SELECT whoami()", &[]).await.unwrap();
        reads(&database) > before
    })
    .await;
}
