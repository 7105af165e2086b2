//! Every table and view, every verb, every column.

use std::collections::BTreeMap;

use taskmaster_guard::{Policy, Verb};

use super::{ROLES, Roles, attempt, column};

/// Who may do what: of readonly, app and admin. S is SELECT, I INSERT, U UPDATE and D DELETE of all columns; in lower case, of
/// those that [`PARTS`] names. Nobody may TRUNCATE.
const RIGHTS: [(&str, [&str; 3]); 20] = [
    ("tasks", ["S", "SIUD", "SIUD"]),
    ("task_contexts", ["S", "SIUD", "SIUD"]),
    ("task_dependencies", ["S", "SID", "SID"]),
    ("workflow_states", ["S", "SIUD", "SIUD"]),
    ("error_logs", ["S", "SIUD", "SIUD"]),
    ("api_keys", ["s", "SIUD", "SIUD"]),
    ("api_key_rate_windows", ["S", "SIUD", "SIUD"]),
    ("performance_metrics", ["S", "SI", "SIuD"]),
    ("audit_logs", ["S", "S", "SD"]),
    ("audit_seals", ["S", "S", "SIu"]),
    ("audit_seal_rows", ["S", "S", "SID"]),
    ("schema_migrations", ["S", "S", "S"]),
    ("seaql_migrations", ["S", "S", "S"]),
    ("active_tasks", ["S", "S", "S"]),
    ("task_summary", ["S", "S", "S"]),
    ("recent_activity", ["S", "S", "S"]),
    ("critical_errors", ["S", "S", "S"]),
    ("error_summary", ["S", "S", "S"]),
    ("active_api_keys", ["S", "S", "S"]),
    ("api_key_usage_summary", ["S", "S", "S"]),
];

/// Returns `true` if a right on some columns of a table is one on this column.
fn has_part(table: &str, column: &str) -> bool {
    match table {
        "api_keys" => !matches!(column, "key_hash" | "previous_key_hash"),
        "performance_metrics" => column == "id",
        "audit_seals" => column == "pruned_at",
        _ => panic!("{table} has no rights on some columns"),
    }
}

#[tokio::test]
async fn each_role_may_do_what_the_table_of_rights_says_and_nothing_else() {
    let roles = Roles::new().await;
    let mut owner = roles.owner().await;
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let sql = "SELECT format('%s %s', c.relname, a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
                  AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum";
    for line in column(&mut owner, sql).await {
        let (table, column) = line.split_once(' ').unwrap();
        columns.entry(table.to_owned()).or_default().push(column.to_owned());
    }
    let decided: Vec<&str> = RIGHTS.iter().map(|(table, _)| *table).collect();
    let undecided: Vec<&String> = columns.keys().filter(|table| !decided.contains(&table.as_str())).collect();
    assert!(undecided.is_empty(), "say in RIGHTS who may do what with {undecided:?}, and grant it");

    let mut wrong = Vec::new();
    for (at, role) in ROLES.into_iter().enumerate() {
        let mut session = roles.connect(role).await;
        for (table, rights) in RIGHTS {
            for (verb, statement) in [
                ('S', "SELECT $c FROM $t LIMIT 0"),
                ('I', "INSERT INTO $t ($c) SELECT (NULL::$t).$c WHERE false"),
                ('U', "UPDATE $t SET $c = (NULL::$t).$c"),
            ] {
                for column in &columns[table] {
                    let sql = statement.replace("$t", table).replace("$c", column);
                    let allowed = match attempt(&mut session, &sql).await {
                        Ok(()) => true,
                        Err(code) => match code.as_str() {
                            "42501" => false,
                            // The table is empty, so this is said of the statement itself: it writes a generated column, or
                            // a view that cannot be written.
                            "428C9" | "55000" | "0A000" => continue,
                            code => panic!("{role}: {sql}: {code}"),
                        },
                    };
                    let expected = rights[at].contains(verb)
                        || rights[at].contains(verb.to_ascii_lowercase()) && has_part(table, column);
                    if allowed != expected {
                        wrong.push(format!("{role}: {sql}: allowed {allowed}, expected {expected}"));
                    }
                }
            }
            for (verb, sql) in [
                ('D', "DELETE FROM $t"),
                ('T', "TRUNCATE $t"),
                ('L', "LOCK TABLE $t IN ACCESS EXCLUSIVE MODE"),
            ] {
                let sql = sql.replace("$t", table);
                let allowed = match attempt(&mut session, &sql).await {
                    Ok(()) => true,
                    Err(code) => match code.as_str() {
                        "42501" => false,
                        "55000" | "42809" | "0A000" => continue,
                        code => panic!("{role}: {sql}: {code}"),
                    },
                };
                // Whoever may change rows may keep others from it.
                let expected = match verb {
                    'L' => rights[at].contains(['U', 'D']),
                    verb => rights[at].contains(verb),
                };
                if allowed != expected {
                    wrong.push(format!("{role}: {sql}: allowed {allowed}, expected {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_reader_sees_no_hash_of_a_key_by_any_way_of_asking() {
    let roles = Roles::new().await;
    let mut owner = roles.owner().await;
    let sql = "INSERT INTO api_keys (name, service, key_hash, previous_key_hash, previous_expires_at)
               VALUES ('n', 'github', repeat('a', 64), repeat('b', 64), now()); ANALYZE api_keys";
    super::run(&mut owner, sql).await.unwrap();
    let mut session = roles.connect("readonly").await;
    for sql in [
        "SELECT * FROM api_keys",
        "TABLE api_keys",
        "SELECT k FROM api_keys k",
        "SELECT k.* FROM api_keys k",
        "SELECT to_jsonb(k) FROM api_keys k",
        "SELECT k::text FROM api_keys k",
        "SELECT (k).key_hash FROM api_keys k",
        "SELECT key_hash(k) FROM api_keys k",
        "SELECT id FROM api_keys WHERE key_hash < 'b'",
        "SELECT id FROM api_keys ORDER BY key_hash",
        "SELECT max(previous_key_hash) FROM api_keys",
        "SELECT count(*) FROM api_keys GROUP BY key_hash",
        "SELECT a.id FROM api_keys a JOIN api_keys b USING (key_hash)",
        "SELECT x.d FROM api_keys AS x(a, b, c, d)",
        "SELECT query_to_xml('SELECT key_hash FROM api_keys', true, true, '')",
        "SELECT table_to_xml('api_keys', true, true, '')",
        "COPY api_keys TO STDOUT",
        "COPY (SELECT key_hash FROM api_keys) TO STDOUT",
        "CREATE TEMPORARY VIEW v AS SELECT key_hash FROM api_keys; SELECT * FROM v",
        "SELECT * FROM pg_statistic",
    ] {
        let refused = attempt(&mut session, sql).await.unwrap_err();
        assert!(["42501", "42703"].contains(&refused.as_str()), "{sql}: {refused}");
    }
    let everything = "SELECT v::text FROM active_api_keys v UNION ALL SELECT v::text FROM api_key_usage_summary v
                      UNION ALL SELECT v::text FROM recent_activity v UNION ALL SELECT v::text FROM audit_logs v
                      UNION ALL SELECT v::text FROM pg_stats v WHERE tablename = 'api_keys'";
    let seen = column(&mut session, everything).await.join("\n");
    assert!(seen.contains("github") && !seen.contains("aaaa") && !seen.contains("bbbb"), "{seen}");
}

/// The guard is the first wall, the grants are the second: what it lets through for a role, they must let through, too.
#[tokio::test]
async fn the_policies_of_the_guard_allow_nothing_that_the_role_may_not_do() {
    let roles = Roles::new().await;
    let mut owner = roles.owner().await;
    for (role, policy) in ROLES.into_iter().zip([Policy::readonly(), Policy::app(), Policy::admin()]) {
        let mut compared = 0;
        for (table, verb, columns) in policy.tables() {
            let sql = format!(
                "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped"
            );
            let names = column(&mut owner, &sql).await;
            for name in names.into_iter().filter(|name| columns.contains(name)) {
                let may = match verb {
                    Verb::Delete => format!("has_table_privilege('{role}', '{table}', 'DELETE')"),
                    verb => format!("has_column_privilege('{role}', '{table}', '{name}', '{verb}')"),
                };
                let may = column(&mut owner, &format!("SELECT {may}::text")).await;
                assert_eq!(may, ["true"], "{role}: {verb} of {table}.{name}");
                compared += 1;
            }
        }
        assert!(compared > 100, "{role}: {compared}");
        for function in &policy.functions {
            let sql = format!(
                "SELECT bool_and(has_function_privilege('{role}', oid, 'EXECUTE'))::text FROM pg_proc
                  WHERE pronamespace = 'public'::regnamespace AND proname = '{function}'"
            );
            assert_eq!(column(&mut owner, &sql).await, ["true"], "{role}: {function}");
        }
    }
}
