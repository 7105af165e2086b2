//! The three roles: a cluster has them once, whatever its databases do.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::sqlx::Connection as _;
use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;
use taskmaster_embedded::{EmbeddedPostgres, Settings};
use taskmaster_migration::Target;

use crate::database::{column, connect, error_of, migrate, migrated, printed, run};

const ROLES: &str = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'taskmaster\\_%' ORDER BY 1";

/// A cluster without the roles.
async fn cluster() -> (EmbeddedPostgres, PgConnection) {
    let server = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    let connection = PgConnection::connect(&server.database_url()).await.unwrap();
    (server, connection)
}

/// Takes back all from the roles on.
async fn take_roles_back(target: &Target) {
    loop {
        let taken = target.down(1).await.unwrap();
        if taken[0].ends_with("_roles") {
            return;
        }
    }
}

#[tokio::test]
async fn who_may_not_make_roles_is_told_what_an_administrator_has_to_do() {
    let (server, mut admin) = cluster().await;
    run(&mut admin, r#"CREATE ROLE "the owner" LOGIN"#).await;
    run(&mut admin, r#"CREATE DATABASE tasks OWNER "the owner""#).await;
    run(&mut admin, "CREATE ROLE taskmaster_app NOLOGIN").await;
    let url = server.database_url_of("tasks").replacen("postgres@", "the%20owner@", 1);

    let error = error_of(&migrate(&url, &["up"]));
    assert!(
        error.contains("there is no role taskmaster_readonly, and the owner may not create roles"),
        "{error}"
    );
    assert!(error.contains("SQLSTATE: TM005"), "{error}");
    let (_, hint) = error.split_once("run once: ").unwrap();
    let (statements, _) = hint.rsplit_once("; SQLSTATE").unwrap();
    assert_eq!(statements, "CREATE ROLE taskmaster_readonly NOLOGIN; CREATE ROLE taskmaster_admin NOLOGIN;");

    run(&mut admin, statements).await;
    printed(&migrate(&url, &["up"]));
    // Nor may it drop them, and takes back all that it made.
    printed(&migrate(&url, &["down", "1000"]));
    assert_eq!(column(&mut admin, ROLES).await.len(), 3);
    printed(&migrate(&url, &["up"]));
}

#[tokio::test]
async fn a_schema_of_somebody_else_that_the_roles_may_not_use_is_told() {
    let (server, mut admin) = cluster().await;
    run(
        &mut admin,
        "CREATE ROLE taskmaster_readonly; CREATE ROLE taskmaster_app; CREATE ROLE taskmaster_admin; CREATE ROLE migrator LOGIN",
    )
    .await;
    run(&mut admin, "CREATE DATABASE tasks").await;
    let mut inside = PgConnection::connect(&server.database_url_of("tasks")).await.unwrap();
    run(&mut inside, r#"CREATE SCHEMA "Theirs"; GRANT USAGE, CREATE ON SCHEMA "Theirs" TO migrator"#).await;
    let url = server.database_url_of("tasks").replacen("postgres@", "migrator@", 1);

    let error = error_of(&migrate(&url, &["up", "--schema", "Theirs"]));
    assert!(
        error
            .contains(r#"role taskmaster_readonly may not use schema "Theirs", and migrator may not let it"#),
        "{error}"
    );
    assert!(error.contains("SQLSTATE: TM005"), "{error}");
    let (_, hint) = error.split_once("run once: ").unwrap();
    let (statement, _) = hint.rsplit_once("; SQLSTATE").unwrap();
    run(&mut inside, statement).await;
    printed(&migrate(&url, &["up", "--schema", "Theirs"]));
}

#[tokio::test]
async fn the_last_schema_takes_the_roles_with_it_unless_somebody_is_a_member() {
    let (server, mut admin) = cluster().await;
    run(&mut admin, "CREATE DATABASE one").await;
    let one = Target::connect(&server.database_url_of("one"), None).await.unwrap();
    one.up(None).await.unwrap();
    one.close().await;
    run(&mut admin, "CREATE DATABASE two TEMPLATE one").await;
    let one = Target::connect(&server.database_url_of("one"), None).await.unwrap();
    let two = Target::connect(&server.database_url_of("two"), None).await.unwrap();
    let all = ["taskmaster_admin", "taskmaster_app", "taskmaster_readonly"];
    assert_eq!(column(&mut admin, ROLES).await, all);

    take_roles_back(&one).await;
    assert_eq!(column(&mut admin, ROLES).await, all);
    run(&mut admin, "CREATE ROLE ann LOGIN; GRANT taskmaster_readonly TO ann").await;
    take_roles_back(&two).await;
    assert_eq!(column(&mut admin, ROLES).await, ["taskmaster_readonly"]);

    run(&mut admin, "DROP ROLE ann").await;
    two.up(None).await.unwrap();
    take_roles_back(&two).await;
    assert_eq!(column(&mut admin, ROLES).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn schemas_of_many_databases_come_and_go_at_the_same_moment() {
    let (server, mut admin) = cluster().await;
    run(&mut admin, "CREATE DATABASE first").await;
    let first = Target::connect(&server.database_url_of("first"), None).await.unwrap();
    first.up(None).await.unwrap();
    take_roles_back(&first).await;
    first.close().await;
    let mut all = Vec::new();
    for n in 0..6 {
        run(&mut admin, &format!("CREATE DATABASE d{n} TEMPLATE first")).await;
        let url = server.database_url_of(&format!("d{n}"));
        all.push(tokio::spawn(async move {
            let target = Target::connect(&url, None).await.unwrap();
            for _ in 0..15 {
                target.up(None).await.unwrap();
                take_roles_back(&target).await;
            }
            target.up(None).await.unwrap();
        }));
    }
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(column(&mut admin, ROLES).await.len(), 3);
}

#[tokio::test]
async fn every_table_and_view_has_been_decided_about() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let sql = "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
                  AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) g JOIN pg_roles r ON r.oid = g.grantee AND r.rolname LIKE 'taskmaster\\_%')";
    assert_eq!(
        column(&mut connection, sql).await,
        Vec::<String>::new(),
        "grant something, if only SELECT to taskmaster_admin"
    );

    let sql = "SELECT format('%s.%s', a.attrelid::regclass, a.attname) FROM pg_attribute a
                WHERE a.attrelid = 'api_keys'::regclass AND a.attnum > 0 AND NOT a.attisdropped
                  AND NOT has_column_privilege('taskmaster_readonly', a.attrelid, a.attnum, 'SELECT') ORDER BY a.attnum";
    let secret = column(&mut connection, sql).await;
    assert_eq!(
        secret,
        ["api_keys.key_hash", "api_keys.previous_key_hash"],
        "grant a new column, or say that it is secret"
    );
    let sql = "SELECT DISTINCT r.rolname::text FROM pg_proc p, aclexplode(p.proacl) g JOIN pg_roles r ON r.oid = g.grantee
                WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype = 'trigger'::regtype AND r.rolname LIKE 'taskmaster\\_%'";
    assert_eq!(column(&mut connection, sql).await, Vec::<String>::new(), "nobody makes triggers");
}

#[tokio::test]
async fn a_schema_of_any_name_has_the_grants_and_another_one_is_not_opened() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "CREATE SCHEMA closed; CREATE TABLE closed.tasks ()").await;
    let tenant = r#"Größe "1"; x"#;
    taskmaster_migration::up(&database.url(), Some(tenant)).await.unwrap();
    let grants = |schema: &str| {
        format!(
            "SELECT concat_ws(' ', c.relname, a.attname, g.grantee::regrole, g.privilege_type) FROM pg_class c
               LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
              CROSS JOIN LATERAL (SELECT * FROM aclexplode(c.relacl) UNION ALL SELECT * FROM aclexplode(a.attacl)) g
              WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{schema}') ORDER BY 1"
        )
    };
    let public: BTreeSet<_> = column(&mut connection, &grants("public")).await.into_iter().collect();
    let other: BTreeSet<_> = column(&mut connection, &grants(tenant)).await.into_iter().collect();
    assert!(public.len() > 100, "{public:?}");
    assert_eq!(public, other);
    let sql = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'taskmaster\\_%' AND has_schema_privilege(oid, 'closed', 'USAGE')";
    assert_eq!(column(&mut connection, sql).await, Vec::<String>::new());
}
