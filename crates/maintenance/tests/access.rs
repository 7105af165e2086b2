//! Who may connect, as an administrator plans and checks it.

#![expect(clippy::unwrap_used, reason = "what a story cannot do without fails it, with the line")]

use std::process::{Command, Output};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use taskmaster_embedded::{TestServer, TestServerSettings};

/// A server that knows only its socket, with a migrated database and a user of the application.
struct Place {
    server: TestServer,
    admin: PgConnection,
}

impl Place {
    async fn new() -> Self {
        let signed = rcgen::generate_simple_self_signed(vec!["db.example.com".to_owned()]).unwrap();
        let settings = TestServerSettings::new().tls(signed.cert.pem(), signed.signing_key.serialize_pem());
        let server = TestServer::launch(settings).unwrap();
        let mut admin = PgConnection::connect(&server.url()).await.unwrap();
        run(&mut admin, "CREATE DATABASE tasks").await;
        taskmaster_migration::up(&server.url_of("tasks"), None).await.unwrap();
        run(&mut admin, "CREATE ROLE svc LOGIN; GRANT taskmaster_app TO svc").await;
        run(&mut admin, "REVOKE TEMPORARY ON DATABASE tasks FROM PUBLIC").await;
        let admin = PgConnection::connect(&server.url_of("tasks")).await.unwrap();
        Self { server, admin }
    }

    fn url(&self, user: &str) -> String {
        let dir = self.server.socket_dir().display().to_string().replace('/', "%2F");
        format!("postgres://{user}@localhost/tasks?host={dir}&port={}", self.server.port())
    }

    /// `maintain access`, with no setting from outside.
    fn access(&self, user: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_maintain"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DB_") {
                command.env_remove(name);
            }
        }
        command.arg("access").args(arguments).current_dir(env!("CARGO_TARGET_TMPDIR"));
        command.env("DATABASE_URL", self.url(user)).env("DB_ALLOWED_IPS", "10.0.0.0/8").output().unwrap()
    }

    #[track_caller]
    fn said(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.access("postgres", arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn check(&self, code: i32) -> Vec<String> {
        self.said(code, &["check", "--login", "app=svc"]).lines().map(str::to_owned).collect()
    }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await {
        panic!("{sql}: {error}");
    }
}

#[tokio::test]
async fn what_is_planned_is_as_asked_and_what_is_done_beside_it_is_found() {
    let mut place = Place::new().await;
    let plan = place.said(0, &["plan", "--login", "app=svc"]);
    assert!(plan.contains("GRANT taskmaster_app TO \"svc\";"), "{plan}");
    let is_line = |line: &&str| line.starts_with("host") || line.starts_with("local");
    let lines = plan.lines().filter(is_line).collect::<Vec<_>>().join("\n") + "\n";
    assert_eq!(lines.lines().count(), 3, "{plan}");

    // The plan's lines, then the superuser's, whom the test needs to get in without a password.
    place.server.set_hba(&format!("{lines}local all postgres trust\n")).unwrap();
    let trusted = place.check(2);
    assert_eq!(
        trusted,
        [
            "taskmaster_admin: nobody",
            "taskmaster_app: svc",
            "taskmaster_readonly: nobody",
            "wider    line 4 asks for no password (trust): postgres",
        ]
    );

    // Before the plan's lines another one decides.
    let open = "host all svc 0.0.0.0/0 md5\n";
    place.server.set_hba(&format!("{open}{lines}local all postgres trust\n")).unwrap();
    let found = place.check(2).join("\n");
    for expected in [
        "wider    line 1 lets in from addresses of 0.0.0.0/0 that are not in the networks: svc",
        "wider    line 1 lets in from 10.0.0.0/8 without TLS: svc",
        "wider    line 1 takes md5 in place of scram-sha-256: svc",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }

    // A faulty line, and no line for the network.
    place.server.set_hba("local all all trust\n").unwrap();
    let found = place.check(2).join("\n");
    assert!(found.contains("missing  members of taskmaster_admin, members of taskmaster_app"), "{found}");
    assert!(found.contains("are not let in from 10.0.0.0/8: no line is about them"), "{found}");
    let hba: String = sqlx::query_scalar("SHOW hba_file").fetch_one(&mut place.admin).await.unwrap();
    let faulty = "local all all trust\nhost all all 10.0.0.0/99 nonsense\n";
    run(
        &mut place.admin,
        &format!("COPY (SELECT unnest(string_to_array(rtrim('{faulty}', E'\\n'), E'\\n'))) TO '{hba}'"),
    )
    .await;
    let found = place.check(2).join("\n");
    assert!(found.contains("fault    line 2: "), "{found}");
    assert!(found.contains("the server goes by what it read before"), "{found}");
}

#[tokio::test]
async fn roles_and_grants_beyond_the_migrations_are_found() {
    let mut place = Place::new().await;
    let untouched = place.check(2).join("\n");
    assert!(
        !untouched.contains(" on ") && !untouched.contains("has ") && !untouched.contains("runs with"),
        "as the migrations made them: {untouched}"
    );
    run(
        &mut place.admin,
        "GRANT SELECT (key_hash) ON api_keys TO taskmaster_readonly;
         GRANT UPDATE ON audit_logs TO PUBLIC;
         REVOKE INSERT ON tasks FROM taskmaster_app;
         GRANT CREATE ON SCHEMA public TO taskmaster_app;
         GRANT TEMPORARY ON DATABASE tasks TO PUBLIC;
         GRANT EXECUTE ON FUNCTION audit_row() TO svc;
         CREATE ROLE ann LOGIN SUPERUSER;
         GRANT taskmaster_readonly, pg_monitor TO ann;
         ALTER ROLE taskmaster_app CREATEDB",
    )
    .await;
    let found = place.said(2, &["check", "--login", "app=svc", "--login", "admin=eve"]);
    for expected in [
        "taskmaster_readonly: ann\n",
        "wider    taskmaster_readonly has SELECT on api_keys (key_hash)\n",
        "wider    everybody has UPDATE on audit_logs\n",
        "missing  taskmaster_app has no INSERT on tasks\n",
        "wider    taskmaster_app may make objects in schema public: REVOKE CREATE ON SCHEMA\n",
        "wider    everybody may make temporary tables: REVOKE TEMPORARY ON DATABASE\n",
        "wider    audit_row(), which runs with its owner's rights, may be called by svc: REVOKE EXECUTE\n",
        "wider    ann, a member of taskmaster_readonly, has SUPERUSER\n",
        "wider    ann, a member of taskmaster_readonly, is one of pg_monitor\n",
        "wider    taskmaster_app has CREATEDB\n",
        "missing  there is no user eve\n",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[tokio::test]
async fn whoever_reaches_the_tables_in_another_way_is_found() {
    let mut place = Place::new().await;
    run(
        &mut place.admin,
        "CREATE ROLE keeper LOGIN; CREATE ROLE deputy LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE boss LOGIN;
         CREATE ROLE shell LOGIN; CREATE ROLE chief LOGIN CREATEROLE; CREATE ROLE nobody LOGIN;
         ALTER SCHEMA public OWNER TO keeper; ALTER DATABASE tasks OWNER TO boss;
         GRANT keeper TO deputy; GRANT pg_read_all_data TO reader; GRANT taskmaster_app TO boss;
         GRANT pg_execute_server_program TO shell;
         GRANT SELECT ON tasks TO taskmaster_app WITH GRANT OPTION;
         CREATE FUNCTION record_refusal(uuid, jsonb, int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
         REVOKE USAGE ON SCHEMA public FROM PUBLIC, taskmaster_readonly",
    )
    .await;
    place.server.set_hba("local all postgres trust\nlocal elsewhere all trust\n").unwrap();
    let found = place.check(2).join("\n") + "\n";
    for expected in [
        "wider    deputy, a member of none of the roles, is one of keeper\n",
        "wider    reader, a member of none of the roles, is one of pg_read_all_data\n",
        "wider    shell, a member of none of the roles, is one of pg_execute_server_program\n",
        "wider    boss, a member of taskmaster_app, is an owner\n",
        "wider    taskmaster_app has SELECT WITH GRANT OPTION on tasks\n",
        "wider    record_refusal(uuid,jsonb,integer), which runs with its owner's rights, may be called by everybody: REVOKE EXECUTE\n",
        "missing  taskmaster_readonly may not use schema public: GRANT USAGE ON SCHEMA\n",
        "wider    line 2 asks for no password (trust): chief, shell\n",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    assert!(!found.contains("nobody,") && !found.contains("taskmaster_app may not use"), "{found}");
}

#[tokio::test]
async fn who_may_not_read_the_lines_is_told_the_statements_and_still_sees_the_roles() {
    let place = Place::new().await;
    let output = place.access("svc", &["check"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("svc may not read the server's pg_hba.conf"), "{errors}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("taskmaster_app: svc\n"));
    let statements =
        errors.split("let one run ").nth(1).unwrap().split(" in database").next().unwrap().trim();
    let mut admin = PgConnection::connect(&place.server.url_of("tasks")).await.unwrap();
    run(&mut admin, statements).await;
    assert_eq!(place.access("svc", &["check"]).status.code(), Some(2));
}

#[tokio::test]
async fn everybody_is_refused_by_name() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maintain"));
    command.args(["access", "plan"]).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
        .env("DATABASE_URL", "postgres://svc@db.example.com/tasks")
        .env("DB_ALLOWED_IPS", "10.0.0.0/8,0.0.0.0/0");
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("the allowed networks are 0.0.0.0/0, which is everybody"), "{error}");
    let twice = command.arg("--everybody").output().unwrap();
    assert!(String::from_utf8(twice.stdout).unwrap().contains(" 0.0.0.0/0  scram-sha-256\n"));
}
