//! Backup and restore as `docs/operations.md` describes them: its commands are executed as they stand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sea_orm_migration::sea_orm::sqlx::Connection as _;
use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;
use taskmaster_embedded::{EmbeddedPostgres, Settings};

use crate::database::{column, error_of, migrate, printed, run, value};

const CHAPTERS: &str = include_str!("../../../docs/operations.md");

/// A cluster with a migrated database, one without roles, and a directory for the dumps.
struct Restore {
    old: EmbeddedPostgres,
    new: EmbeddedPostgres,
    folder: PathBuf,
}

impl Restore {
    /// Returns nothing when the server's package has no `pg_dump`.
    async fn begin(name: &str, schema: &str) -> Option<Self> {
        let old = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
        if !old.bin_dir().join("pg_dump").exists() {
            eprintln!("SKIPPED {name}: there is no pg_dump in {}", old.bin_dir().display());
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let new = EmbeddedPostgres::start(Settings::throwaway()).unwrap();
        let restore = Self { old, new, folder };
        for url in [restore.old.database_url(), restore.new.database_url()] {
            let mut admin = PgConnection::connect(&url).await.unwrap();
            run(&mut admin, "CREATE DATABASE tasks TEMPLATE template0 ENCODING 'UTF8'").await;
        }
        printed(&migrate(&restore.old_url(), &["up", "--schema", schema]));
        let sql = format!(
            "SET search_path = {schema}; INSERT INTO tasks (title) VALUES ('first'); INSERT INTO tasks (title, parent_task_id)
             SELECT 'second', id FROM tasks; CREATE ROLE svc LOGIN; GRANT taskmaster_app TO svc"
        );
        run(&mut restore.connect_old().await, &sql).await;
        Some(restore)
    }

    fn old_url(&self) -> String {
        self.old.database_url_of("tasks")
    }

    fn new_url(&self) -> String {
        self.new.database_url_of("tasks")
    }

    async fn connect_old(&self) -> PgConnection {
        PgConnection::connect(&self.old_url()).await.unwrap()
    }

    async fn connect_new(&self) -> PgConnection {
        PgConnection::connect(&self.new_url()).await.unwrap()
    }

    fn execute(&self, script: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_migrate")).parent().unwrap();
        let path = [program, self.old.bin_dir(), Path::new("/usr/bin"), Path::new("/bin")];
        Command::new("sh")
            .args(["-euc", script])
            .current_dir(&self.folder)
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("OLD", self.old_url())
            .env("NEW", self.new_url())
            .output()
            .unwrap()
    }

    /// Executes a block of the chapter, which must succeed.
    #[track_caller]
    fn block(&self, heading: &str, number: usize) -> String {
        let (_, chapter) = CHAPTERS.split_once(&format!("# {heading}\n")).unwrap();
        let block = chapter.split("\n```sh\n").nth(number).unwrap().split("```").next().unwrap();
        printed(&self.execute(block))
    }

    /// A member of `taskmaster_app` writes a task, and the trail has it.
    async fn a_member_of_app_can_work(&self, schema: &str) {
        let mut admin = self.connect_new().await;
        let sql = "DO $$ BEGIN CREATE ROLE svc LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT taskmaster_app TO svc";
        run(&mut admin, sql).await;
        let url = self.new_url().replacen("postgres@", "svc@", 1);
        let mut member = PgConnection::connect(&url).await.unwrap();
        run(&mut member, &format!("SET search_path = {schema}")).await;
        run(&mut member, "INSERT INTO tasks (title, description) VALUES ('by a member', 'words')").await;
        let sql = "SELECT count(*) FROM audit_logs WHERE new_values ->> 'title' = 'by a member'";
        assert_eq!(value::<i64>(&mut member, sql).await, 1);
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn a_restore_after_the_roles_lacks_nothing() {
    let Some(restore) = Restore::begin("restore_whole", "public").await else { return };
    restore.block("Backup and restore", 1);
    restore.block("Backup and restore", 2);
    assert!(restore.block("Backup and restore", 3).starts_with("the files agree with"));
    assert!(printed(&migrate(&restore.new_url(), &["grant"])).starts_with("nothing to grant"));
    restore.a_member_of_app_can_work("public").await;
}

#[tokio::test]
async fn a_restore_without_roles_or_grants_is_named_and_mended_by_one_command() {
    let Some(restore) = Restore::begin("restore_no_acl", "public").await else { return };
    restore.block("Backup and restore", 1);

    // The dump's own GRANTs fail in a cluster without the roles.
    let output = restore.execute("pg_restore --dbname \"$NEW\" tasks.dump");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("role \"taskmaster_app\" does not exist"), "{errors}");
    let faults = error_of(&migrate(&restore.new_url(), &["verify"]));
    for fault in [
        "role taskmaster_app is missing: run `migrate grant`",
        "GRANT INSERT ON tasks TO taskmaster_app is missing: run `migrate grant`",
        "GRANT SELECT (name) ON api_keys TO taskmaster_readonly is missing: run `migrate grant`",
        "GRANT EXECUTE ON FUNCTION set_actor(text) TO taskmaster_app is missing: run `migrate grant`",
        "GRANT SELECT ON seaql_migrations TO taskmaster_admin is missing: run `migrate grant`",
    ] {
        assert!(faults.contains(fault), "{fault}: {faults}");
    }
    printed(&migrate(&restore.new_url(), &["grant"]));
    printed(&migrate(&restore.new_url(), &["verify"]));
    restore.a_member_of_app_can_work("public").await;

    let mut admin = PgConnection::connect(&restore.new.database_url()).await.unwrap();
    run(&mut admin, "DROP DATABASE tasks").await;
    run(&mut admin, "CREATE DATABASE tasks TEMPLATE template0 ENCODING 'UTF8'").await;
    let text = restore.block("Without roles or grants", 1);
    for line in [
        "GRANT INSERT ON tasks TO taskmaster_app",
        "REVOKE EXECUTE ON FUNCTION record_refusal(uuid, jsonb) FROM PUBLIC",
        "REVOKE EXECUTE ON FUNCTION audit_row() FROM PUBLIC",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}: {text}");
    }
    assert!(text.contains("\nthe files agree with"), "{text}");
    restore.a_member_of_app_can_work("public").await;
}

#[tokio::test]
async fn a_schema_can_be_restored_alone_and_under_another_name() {
    let Some(restore) = Restore::begin("restore_schema", "tenant_7").await else { return };
    restore.block("Backup and restore", 1);
    printed(&restore.execute("psql --dbname \"$NEW\" --file roles.sql"));
    assert!(restore.block("One schema", 1).starts_with("the files agree with"));
    let mut admin = restore.connect_new().await;
    run(&mut admin, "DROP SCHEMA tenant_7 CASCADE").await;

    let text = restore.block("One schema", 2);
    assert!(text.contains("ALTER FUNCTION touch_row() SET search_path = \"tenant_8\", pg_temp\n"), "{text}");
    assert!(text.contains("CREATE OR REPLACE FUNCTION tenant_8.audit_row()\n"), "{text}");
    restore.a_member_of_app_can_work("tenant_8").await;
}

#[tokio::test]
async fn rows_alone_go_into_a_migrated_schema_and_no_trigger_stays_disabled() {
    let Some(restore) = Restore::begin("restore_rows", "public").await else { return };
    assert!(restore.block("Data only", 1).contains("the files agree with"));
    for sql in [
        "SELECT to_jsonb(t)::text FROM tasks t ORDER BY id",
        "SELECT to_jsonb(a)::text FROM audit_logs a ORDER BY id",
    ] {
        let rows = column(&mut restore.connect_new().await, sql).await;
        assert_eq!(rows.len(), 2);
        assert_eq!(rows, column(&mut restore.connect_old().await, sql).await);
    }
    restore.a_member_of_app_can_work("public").await;
}
