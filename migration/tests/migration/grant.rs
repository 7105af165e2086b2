//! The live schema against what the migrations make: named by `verify`, and repaired by `grant` as far as rights go.

use sea_orm_migration::sea_orm::sqlx::Connection as _;
use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;
use taskmaster_embedded::{EmbeddedPostgres, Settings, TestDatabase};
use taskmaster_migration::{MigrateError, Target};

use crate::database::{
    column, connect, database_setting, empty, error_of, migrate, migrated, printed, run, value,
};

/// Every right in a schema, the owner's and everybody's too.
fn rights(schema: &str) -> String {
    format!(
        "SELECT concat_ws(' ', o.name, g.grantee::regrole, g.privilege_type, g.is_grantable) FROM (
             SELECT 'schema' AS name, n.oid, coalesce(n.nspacl, acldefault('n', n.nspowner)) AS acl, n.oid AS place
               FROM pg_namespace n
             UNION ALL SELECT c.relname, c.oid, coalesce(c.relacl, acldefault('r', c.relowner)), c.relnamespace
               FROM pg_class c WHERE c.relkind IN ('r', 'v')
             UNION ALL SELECT c.relname || '.' || a.attname, c.oid, a.attacl, c.relnamespace
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
             UNION ALL SELECT p.proname, p.oid, coalesce(p.proacl, acldefault('f', p.proowner)), p.pronamespace
               FROM pg_proc p
         ) o CROSS JOIN LATERAL aclexplode(o.acl) g
          WHERE o.place = (SELECT oid FROM pg_namespace WHERE nspname = '{schema}') ORDER BY 1"
    )
}

const STRIP: &str = "DROP OWNED BY taskmaster_readonly, taskmaster_app, taskmaster_admin";

async fn target(database: &TestDatabase, schema: &str) -> Target {
    Target::connect(&database.url(), Some(schema)).await.unwrap()
}

#[tokio::test]
async fn a_schema_stripped_of_its_rights_is_named_and_gets_exactly_those_of_the_migrations_back() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let tenant = r#"Größe "1"; x\2&"#;
    for schema in ["public", tenant] {
        target(&database, schema).await.up(None).await.unwrap();
    }
    let mut before = Vec::new();
    for schema in ["public", tenant] {
        before.push(column(&mut connection, &rights(schema)).await);
    }
    run(&mut connection, STRIP).await;
    for (schema, before) in ["public", tenant].into_iter().zip(before) {
        let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
        let open = format!(
            "GRANT EXECUTE ON FUNCTION {quoted}.audit_row(), {quoted}.record_refusal(uuid, jsonb) TO PUBLIC"
        );
        run(&mut connection, &open).await;
        let stripped = column(&mut connection, &rights(schema)).await;
        let target = target(&database, schema).await;
        let faults = target.verify(None).await.unwrap();
        for lost in
            before.iter().filter(|right| right.contains(" taskmaster_") && !right.starts_with("schema"))
        {
            let [name, role, verb, _] = lost.split(' ').collect::<Vec<_>>()[..] else { panic!("{lost}") };
            let is_named = |fault: &String| match name.split_once('.') {
                Some((table, column)) => {
                    fault.starts_with(&format!("GRANT {verb} ({column}) ON {table} TO {role} "))
                }
                None => {
                    fault.starts_with(&format!("GRANT {verb} ON "))
                        && fault.contains(name)
                        && fault.contains(role)
                }
            };
            assert!(faults.iter().any(is_named), "{lost}: {faults:#?}");
        }
        let revoked = faults.iter().filter(|it| it.starts_with("REVOKE EXECUTE ON FUNCTION ")).count();
        assert_eq!((revoked, stripped != before), (2, true), "{faults:#?}");

        let done = target.grant().await.unwrap();
        assert_eq!(done.len(), faults.len());
        assert_eq!(column(&mut connection, &rights(schema)).await, before);
        assert_eq!(target.verify(None).await.unwrap(), Vec::<String>::new());
        assert_eq!(target.grant().await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn one_lost_grant_is_repaired_alone_and_rights_beyond_the_migrations_stay() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "REVOKE DELETE ON tasks FROM taskmaster_app; REVOKE UPDATE (id) ON performance_metrics FROM taskmaster_admin;
         GRANT INSERT ON tasks TO taskmaster_readonly; GRANT SELECT ON tasks TO PUBLIC",
    )
    .await;
    let url = database.url();
    let error = error_of(&migrate(&url, &["verify"]));
    assert_eq!(
        error,
        "error: 2 faults found:\n\
         GRANT UPDATE (id) ON performance_metrics TO taskmaster_admin is missing: run `migrate grant`\n\
         GRANT DELETE ON tasks TO taskmaster_app is missing: run `migrate grant`"
    );
    let text = printed(&migrate(&url, &["grant"]));
    assert!(
        text.starts_with(
            "GRANT UPDATE (id) ON performance_metrics TO taskmaster_admin\nGRANT DELETE ON tasks"
        ),
        "{text}"
    );
    assert!(text.contains("\n2 statements done in schema \"public\""), "{text}");
    assert!(printed(&migrate(&url, &["grant"])).starts_with("nothing to grant in schema \"public\""));
    let kept = "SELECT has_table_privilege('taskmaster_readonly', 'tasks', 'INSERT')";
    assert!(value::<bool>(&mut connection, kept).await);
}

#[tokio::test]
async fn a_renamed_schema_is_named_and_its_functions_are_pointed_to_it() {
    let database = empty().await;
    let mut connection = connect(&database).await;
    for (old, new) in [("n", r#"Größe "2" \1&"#), (r#"A "b"; tasks.x"#, "plain"), ("tasks", "n")] {
        let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        target(&database, old).await.up(None).await.unwrap();
        run(&mut connection, &format!("ALTER SCHEMA {} RENAME TO {}", quote(old), quote(new))).await;
        // The trail of another schema must get no row.
        target(&database, old).await.up(None).await.unwrap();
        let target = target(&database, new).await;
        let faults = target.verify(None).await.unwrap();
        for start in [
            "ALTER FUNCTION refuse_unpruned() SET search_path = ",
            "function audit_row() names ",
            "function record_refusal(uuid, jsonb) names ",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(start)), "{start}: {faults:#?}");
        }
        target.grant().await.unwrap();
        assert_eq!(target.verify(None).await.unwrap(), Vec::<String>::new());
        let write = format!(
            "SET search_path = {}; INSERT INTO tasks (title) VALUES ('x'); DELETE FROM tasks; SET search_path = public",
            quote(new)
        );
        run(&mut connection, &write).await;
        let trail = |schema: &str| format!("SELECT count(*) FROM {}.audit_logs", quote(schema));
        assert_eq!(value::<i64>(&mut connection, &trail(new)).await, 2);
        assert_eq!(value::<i64>(&mut connection, &trail(old)).await, 0);
        let others = taskmaster_migration::up(&database.url(), Some(old)).await.unwrap();
        assert_eq!(others, Vec::<String>::new());
        run(&mut connection, &format!("DROP SCHEMA {} CASCADE", quote(old))).await;
        run(&mut connection, &format!("DROP SCHEMA {} CASCADE", quote(new))).await;
    }
}

#[tokio::test]
async fn disabled_and_missing_parts_are_named_with_what_to_run_and_grant_leaves_them() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "ALTER TABLE tasks DISABLE TRIGGER tasks_audit; ALTER TABLE tasks ENABLE REPLICA TRIGGER tasks_touch;
         ALTER TABLE task_contexts DISABLE TRIGGER ALL;
         DROP TRIGGER error_logs_audit ON error_logs;
         ALTER TABLE tasks DROP CONSTRAINT tasks_title_check, ADD CONSTRAINT tasks_title_check CHECK (title <> '') NOT VALID;
         ALTER TABLE tasks DROP CONSTRAINT tasks_tags_check;
         DROP INDEX idx_tasks_ready; DROP VIEW active_tasks;
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_tasks_tags'::regclass;
         CREATE SCHEMA other; CREATE FUNCTION other.touch_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         DROP TRIGGER workflow_states_touch ON workflow_states;
         CREATE TRIGGER workflow_states_touch BEFORE UPDATE ON workflow_states FOR EACH ROW EXECUTE FUNCTION other.touch_row();
         CREATE TABLE mine (id integer); ALTER TABLE mine ADD CHECK (id > 0) NOT VALID",
    )
    .await;
    let target = target(&database, "public").await;
    let faults = target.verify(None).await.unwrap();
    let expected = [
        "table error_logs: trigger error_logs_audit is missing: restore it from a backup",
        "table task_contexts: constraint task_contexts_task_id_fkey is not enforced, because its triggers are disabled: \
         run, as a superuser, ALTER TABLE public.task_contexts ENABLE TRIGGER ALL",
        "table task_contexts: trigger task_contexts_audit is disabled: run ALTER TABLE public.task_contexts ENABLE TRIGGER task_contexts_audit",
        "table task_contexts: trigger task_contexts_touch is disabled: run ALTER TABLE public.task_contexts ENABLE TRIGGER task_contexts_touch",
        "table tasks: constraint tasks_tags_check is missing: restore it from a backup",
        "table tasks: constraint tasks_title_check is not validated: run ALTER TABLE public.tasks VALIDATE CONSTRAINT tasks_title_check",
        "table tasks: index idx_tasks_ready is missing: restore it from a backup",
        "table tasks: index idx_tasks_tags is not valid: run REINDEX INDEX public.idx_tasks_tags",
        "table tasks: trigger tasks_audit is disabled: run ALTER TABLE public.tasks ENABLE TRIGGER tasks_audit",
        "table tasks: trigger tasks_touch is disabled: run ALTER TABLE public.tasks ENABLE TRIGGER tasks_touch",
        "table workflow_states: trigger workflow_states_touch calls other.touch_row() of another schema: drop it and make it anew",
        "view active_tasks is missing: restore it from a backup",
    ];
    assert_eq!(faults, expected);
    assert_eq!(target.grant().await.unwrap(), Vec::<String>::new());
    // Each remedy that is named works.
    for fault in faults {
        if let Some((_, remedy)) = fault.split_once("ALTER TABLE ").filter(|_| fault.contains("run")) {
            run(&mut connection, &format!("ALTER TABLE {remedy}")).await;
        }
        if let Some((_, remedy)) = fault.split_once("REINDEX ") {
            run(&mut connection, &format!("REINDEX {remedy}")).await;
        }
    }
    let left = target.verify(None).await.unwrap();
    assert!(
        left.iter().all(|fault| fault.contains("is missing") || fault.contains("make it anew")),
        "{left:#?}"
    );
}

#[tokio::test]
async fn verify_needs_no_right_but_to_read_two_tables() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, STRIP).await;
    let reader = database.login(&[]).await.unwrap();
    let name = reader.name();
    run(&mut connection, &format!(r#"GRANT SELECT ON schema_migrations, seaql_migrations TO "{name}""#))
        .await;
    database_setting(&database, "default_transaction_read_only = on").await;
    let reader = Target::connect(reader.url(), Some("public")).await.unwrap();
    let faults = reader.verify(None).await.unwrap();
    assert!(faults.len() > 90 && faults.iter().all(|fault| fault.starts_with("GRANT ")), "{faults:#?}");
    assert!(matches!(reader.grant().await, Err(MigrateError::ReadOnly { .. })));
}

#[tokio::test]
async fn a_role_that_may_not_grant_is_told_to_use_the_owners_and_nothing_is_changed() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, STRIP).await;
    let before = column(&mut connection, &rights("public")).await;
    let other = database.login(&[]).await.unwrap();
    let url = other.url();
    let name = other.name();
    run(&mut connection, &format!(r#"GRANT SELECT ON schema_migrations, seaql_migrations TO "{name}""#))
        .await;
    let error = error_of(&migrate(url, &["grant", "--schema", "public"]));
    assert!(error.contains("use the URL of the schema's owner"), "{error}");
    // With a right of its own on each table a GRANT is no error but a warning.
    run(&mut connection, &format!(r#"GRANT ALL ON ALL TABLES IN SCHEMA public TO "{name}"; GRANT ALL ON ALL FUNCTIONS IN SCHEMA public TO "{name}""#)).await;
    let error = error_of(&migrate(url, &["grant", "--schema", "public"]));
    assert!(
        error.contains("still lacks GRANT ") && error.contains("use the URL of the schema's owner"),
        "{error}"
    );
    run(&mut connection, &format!(r#"DROP OWNED BY "{name}""#)).await;
    assert_eq!(column(&mut connection, &rights("public")).await, before);
}

#[tokio::test]
async fn a_partly_migrated_schema_is_sent_to_up_and_its_rights_are_not_judged() {
    let database = empty().await;
    let url = database.url();
    let target = target(&database, "public").await;
    target.up(Some(18)).await.unwrap();
    run(&mut connect(&database).await, "REVOKE ALL ON tasks FROM taskmaster_app").await;
    assert_eq!(target.verify(None).await.unwrap(), Vec::<String>::new());
    let text = printed(&migrate(&url, &["verify"]));
    assert!(text.contains("pending migrations left out of the comparison"), "{text}");
    let error = error_of(&migrate(&url, &["grant"]));
    assert!(error.contains("of schema \"public\" is not applied yet: run `migrate up` first"), "{error}");
    target.up(None).await.unwrap();
    assert_eq!(target.grant().await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_grant_waits_for_another_one_and_then_finds_nothing_to_do() {
    let database = migrated().await;
    run(&mut connect(&database).await, STRIP).await;
    let (one, two) = (target(&database, "public").await, target(&database, "public").await);
    let (first, second) = tokio::join!(one.grant(), two.grant());
    let mut done = [first.unwrap().len(), second.unwrap().len()];
    done.sort_unstable();
    assert!(done[0] == 0 && done[1] > 90, "{done:?}");
}

#[tokio::test]
async fn roles_that_a_restore_has_not_brought_along_are_made_or_named() {
    let server = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
    let mut admin = PgConnection::connect(&server.database_url()).await.unwrap();
    run(&mut admin, "CREATE ROLE keeper LOGIN").await;
    run(&mut admin, "CREATE DATABASE tasks OWNER keeper").await;
    let root = server.database_url_of("tasks");
    let url = root.replacen("postgres@", "keeper@", 1);
    let mut inside = PgConnection::connect(&root).await.unwrap();
    let drop_roles = "DROP OWNED BY taskmaster_readonly, taskmaster_app, taskmaster_admin;
                      DROP ROLE taskmaster_readonly, taskmaster_app, taskmaster_admin";
    run(
        &mut admin,
        "CREATE ROLE taskmaster_readonly; CREATE ROLE taskmaster_app; CREATE ROLE taskmaster_admin",
    )
    .await;
    printed(&migrate(&url, &["up"]));
    run(&mut inside, drop_roles).await;

    let error = error_of(&migrate(&url, &["verify"]));
    assert!(error.contains("\nrole taskmaster_readonly is missing: run `migrate grant`\n"), "{error}");
    let error = error_of(&migrate(&url, &["grant"]));
    let (_, statements) = error.split_once("run once: ").unwrap();
    let (statements, _) = statements.rsplit_once("; SQLSTATE: TM005").unwrap();
    run(&mut admin, statements).await;
    printed(&migrate(&url, &["grant"]));
    printed(&migrate(&url, &["verify"]));

    // An administrator needs no such detour.
    run(&mut inside, drop_roles).await;
    let text = printed(&migrate(&root, &["grant"]));
    assert!(text.contains("CREATE ROLE taskmaster_app NOLOGIN\n"), "{text}");
    printed(&migrate(&url, &["verify"]));

    // Migrations that grant something to the roles would fail without them.
    printed(&migrate(&root, &["down", "2"]));
    run(&mut inside, drop_roles).await;
    printed(&migrate(&root, &["up"]));
    assert!(
        error_of(&migrate(&url, &["verify"])).contains("GRANT INSERT ON tasks TO taskmaster_app is missing")
    );
    printed(&migrate(&root, &["grant"]));
    printed(&migrate(&url, &["verify"]));
}

#[tokio::test]
async fn a_function_of_the_schema_cannot_mislead_verify() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "CREATE FUNCTION format(text, name) RETURNS text LANGUAGE sql AS $$ SELECT 1 / 0 $$;
         CREATE FUNCTION quote_ident(name) RETURNS text LANGUAGE sql AS $$ SELECT 1 / 0 $$",
    )
    .await;
    assert_eq!(target(&database, "public").await.verify(None).await.unwrap(), Vec::<String>::new());
    database_setting(&database, "default_transaction_read_only = on").await;
    printed(&migrate(&database.url(), &["verify"]));
}
