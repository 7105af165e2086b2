//! What lies beyond the tables: other roles, the schema, the server, its files.

use super::{ROLES, Roles, attempt, column, run};

#[tokio::test]
async fn nobody_gets_beyond_the_tables() {
    let roles = Roles::new().await;
    let mut owner = roles.owner().await;
    let who = column(&mut owner, "SELECT current_user::text").await.remove(0);
    let pid = column(&mut owner, "SELECT pg_backend_pid()::text").await.remove(0);
    // PostgreSQL 14 gives everybody this right; the plan of docs/access.md takes it, and later versions begin without
    // it.
    run(&mut owner, "REVOKE CREATE ON SCHEMA public FROM PUBLIC").await.unwrap();
    for (at, role) in ROLES.into_iter().enumerate() {
        let mut session = roles.connect(role).await;
        let own = roles.logins[at].name();
        let mut forbidden = vec![
            // Becoming somebody else, or more.
            format!("SET ROLE \"{who}\""),
            format!("SET SESSION AUTHORIZATION \"{who}\""),
            format!("ALTER ROLE \"{own}\" SUPERUSER"),
            format!("ALTER ROLE \"{own}\" CREATEROLE"),
            format!("ALTER ROLE {role} LOGIN"),
            format!("GRANT \"{who}\" TO \"{own}\""),
            format!("GRANT pg_read_server_files TO \"{own}\""),
            "CREATE ROLE eve LOGIN".to_owned(),
            format!("SELECT pg_terminate_backend({pid})"),
            format!("SELECT pg_cancel_backend({pid})"),
        ];
        forbidden
            .extend(ROLES.iter().filter(|other| **other != role).map(|other| format!("SET ROLE {other}")));
        forbidden.extend(ROLES.iter().map(|group| format!("GRANT {group} TO \"{own}\"")));
        forbidden.extend(
            [
                // The schema.
                "CREATE TABLE mine ()",
                "CREATE VIEW mine AS SELECT 1",
                "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "CREATE FUNCTION mine() RETURNS int LANGUAGE c AS 'x'",
                "CREATE SCHEMA mine",
                "CREATE EXTENSION dblink",
                "ALTER TABLE tasks ADD COLUMN mine int",
                "ALTER TABLE tasks DISABLE TRIGGER ALL",
                "ALTER TABLE audit_logs DISABLE TRIGGER audit_logs_refuse_delete",
                "ALTER FUNCTION audit_row() RESET search_path",
                "DROP TABLE tasks",
                "DROP TRIGGER tasks_audit ON tasks",
                "CREATE INDEX ON tasks (title)",
                "CREATE TRIGGER t AFTER INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION touch_row()",
                "CREATE TEMPORARY TABLE mine (id uuid); CREATE TRIGGER t AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION audit_row('task')",
                "CREATE RULE r AS ON INSERT TO tasks DO NOTHING",
                "CREATE POLICY p ON tasks",
                "COMMENT ON TABLE tasks IS 'mine'",
                "INSERT INTO schema_migrations (version) VALUES ('m')",
                "DELETE FROM schema_migrations",
                // The server.
                "SET session_replication_role = replica",
                "SELECT set_config('session_replication_role', 'replica', false)",
                "SET log_statement = 'none'",
                "SELECT pg_reload_conf()",
                "SELECT * FROM pg_authid",
                "SELECT * FROM pg_hba_file_rules",
                "CHECKPOINT",
                "LOAD 'x'",
                // Its files.
                "SELECT pg_read_file('postgresql.conf')",
                "SELECT pg_read_binary_file('postgresql.conf')",
                "SELECT pg_ls_dir('.')",
                "SELECT pg_stat_file('postgresql.conf')",
                "SELECT lo_import('/etc/hostname')",
                "SELECT lo_export(1, '/tmp/mine')",
                "COPY tasks TO '/tmp/mine'",
                "COPY (SELECT 1) TO '/tmp/mine'",
                "COPY (SELECT 1) TO PROGRAM 'true'",
                "CREATE TEMPORARY TABLE mine (line text); COPY mine FROM '/etc/hostname'",
                "CREATE TEMPORARY TABLE mine (line text); COPY mine FROM PROGRAM 'true'",
            ]
            .map(str::to_owned),
        );
        for sql in forbidden {
            match attempt(&mut session, &sql).await {
                // An extension may not be installed, a server may have no such function.
                Err(code) if code == "42501" || sql.contains("EXTENSION") && code == "0A000" => {}
                outcome => panic!("{role}: {sql}: {outcome:?}"),
            }
        }
        // This one is refused in any transaction.
        assert_eq!(run(&mut session, "ALTER SYSTEM SET work_mem = '1GB'").await, Err("42501".to_owned()));
        // Who has nothing to pass on is warned and not refused.
        run(&mut session, "GRANT SELECT ON tasks TO PUBLIC").await.unwrap();
    }
    let public = "SELECT c.relname::text FROM pg_class c, aclexplode(c.relacl) g
                   WHERE c.relnamespace = 'public'::regnamespace AND g.grantee = 0";
    assert_eq!(column(&mut owner, public).await, Vec::<String>::new());
    assert_eq!(column(&mut owner, "SELECT 1::text").await, ["1"], "the owner's session lives");
}

/// A temporary table hides nothing from the functions of the schema, and a reader writes nothing that lasts.
#[tokio::test]
async fn what_every_user_of_a_database_can_do_is_known() {
    let roles = Roles::new().await;
    let mut owner = roles.owner().await;
    let mut reader = roles.connect("readonly").await;
    // PostgreSQL lets everybody do these; docs/access.md says how to forbid them.
    attempt(&mut reader, "CREATE TEMPORARY TABLE mine ()").await.unwrap();
    attempt(&mut reader, "SELECT lo_create(0)").await.unwrap();
    attempt(&mut reader, "SELECT pg_advisory_xact_lock(1)").await.unwrap();
    let database = column(&mut owner, "SELECT quote_ident(current_database())").await.remove(0);
    let harden = format!(
        "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
         REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) FROM PUBLIC"
    );
    run(&mut owner, &harden).await.unwrap();
    for sql in ["CREATE TEMPORARY TABLE mine ()", "SELECT lo_create(0)", "SELECT lo_from_bytea(0, '')"] {
        assert_eq!(attempt(&mut reader, sql).await, Err("42501".to_owned()), "{sql}");
    }
    let mut app = roles.connect("app").await;
    attempt(&mut app, "INSERT INTO tasks (title) VALUES ('t')").await.unwrap();
}
