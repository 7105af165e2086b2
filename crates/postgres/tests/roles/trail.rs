//! The audit trail tells what the application does, and the application cannot tell a story of its own.

use super::{Roles, attempt, column, run};

const TOLD: &str =
    "SELECT concat_ws(' ', entity_type, action, user_id) FROM audit_logs ORDER BY timestamp, id";

#[tokio::test]
async fn a_write_of_the_application_is_told_with_its_actor_and_none_can_be_made_up() {
    let roles = Roles::new().await;
    let mut owner = roles.owner().await;
    for role in ["app", "admin"] {
        let mut session = roles.connect(role).await;
        let sql = format!(
            r#"BEGIN; SELECT set_actor('{{"user_id": "{role}"}}'); INSERT INTO tasks (title) VALUES ('t'); COMMIT"#
        );
        run(&mut session, &sql).await.unwrap();
        for sql in [
            "INSERT INTO audit_logs (entity_type, entity_id, action) VALUES ('task', gen_random_uuid(), 'create')",
            "INSERT INTO recent_activity (entity_type) VALUES ('task')",
            "UPDATE audit_logs SET user_id = 'eve'",
            "UPDATE audit_seal_rows SET row_hash = ''",
            "UPDATE audit_seals SET hash = ''",
            "DELETE FROM audit_seals",
            "TRUNCATE audit_logs",
        ] {
            let refused = attempt(&mut session, sql).await.unwrap_err();
            assert!(["42501", "55000"].contains(&refused.as_str()), "{role}: {sql}: {refused}");
        }
    }
    let mut admin = roles.connect("admin").await;
    for sql in [
        "DELETE FROM audit_logs",
        "INSERT INTO audit_seal_rows SELECT 1, id, sha256('') FROM audit_logs",
        "INSERT INTO audit_seals SELECT 7, now(), 1, '', 1, 1, now(), sha256(''), sha256(''), sha256(''), now()",
    ] {
        // The seal of an entry must be there, and be made by the same transaction.
        let refused = attempt(&mut admin, sql).await.unwrap_err();
        assert!(["TM004", "23503"].contains(&refused.as_str()), "{sql}: {refused}");
    }
    assert_eq!(column(&mut owner, TOLD).await, ["task create app", "task create admin"]);
}

/// The temporary schema goes before all others unless a function's search path names it: an application could catch its own trail.
#[tokio::test]
async fn temporary_tables_and_types_catch_no_row_of_the_trail() {
    let roles = Roles::new().await;
    let mut owner = roles.owner().await;
    let mut app = roles.connect("app").await;
    let sql = "CREATE TEMPORARY TABLE audit_logs (LIKE public.audit_logs INCLUDING DEFAULTS);
               CREATE TEMPORARY TABLE tasks (LIKE public.tasks INCLUDING DEFAULTS);
               CREATE TEMPORARY TABLE audit_seals (LIKE public.audit_seals);
               GRANT ALL ON audit_logs, tasks, audit_seals TO PUBLIC;
               CREATE DOMAIN pg_temp.jsonb AS pg_catalog.text;
               CREATE DOMAIN pg_temp.uuid AS pg_catalog.text;
               INSERT INTO public.tasks (title) VALUES ('t')";
    run(&mut app, sql).await.unwrap();
    assert_eq!(column(&mut owner, TOLD).await, ["task create"]);
    let cycle = "UPDATE public.tasks SET parent_task_id = b.id FROM public.tasks b WHERE public.tasks.id = b.parent_task_id";
    run(&mut app, "INSERT INTO public.tasks (title, parent_task_id) SELECT 'u', id FROM public.tasks")
        .await
        .unwrap();
    assert_eq!(run(&mut app, cycle).await, Err("TM002".to_owned()));

    let mut admin = roles.connect("admin").await;
    let sql = "CREATE TEMPORARY TABLE audit_seals (LIKE public.audit_seals);
               CREATE TEMPORARY TABLE audit_seal_rows (LIKE public.audit_seal_rows);
               INSERT INTO audit_seals SELECT 1, now(), 1, '', 1, 1, now(), sha256(''), sha256(''), sha256(''), now();
               INSERT INTO audit_seal_rows SELECT 1, id, sha256('') FROM public.audit_logs;
               DELETE FROM public.audit_logs";
    assert_eq!(run(&mut admin, sql).await, Err("TM004".to_owned()));
}
