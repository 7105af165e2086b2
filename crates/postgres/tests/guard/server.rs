//! Statements on a server, by a superuser and in a transaction that may write, so that the guard is the only wall.

use std::collections::BTreeSet;

use sea_orm::sqlx::{self, AssertSqlSafe, PgConnection, Row as _, ValueRef as _};
use taskmaster_guard::{Catalog, Column, Policy, Relation, RelationKind};
use taskmaster_postgres::{QueryError, RawStatements};

use crate::stage::{run, text};

/// What there is, read by other means than `query` reads it.
pub(crate) async fn catalog(connection: &mut PgConnection) -> Catalog {
    let sql = "SELECT c.relname::text, coalesce(v.definition, ''), a.attname::text, a.attnotnull \
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
               LEFT JOIN pg_views v ON v.schemaname = 'public' AND v.viewname = c.relname \
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 \
                 AND NOT a.attisdropped ORDER BY c.relname, a.attnum";
    let rows: Vec<(String, String, String, bool)> = sqlx::query_as(sql).fetch_all(connection).await.unwrap();
    let mut relations: Vec<Relation> = Vec::new();
    for (name, definition, column, not_null) in rows {
        let kind =
            if definition.is_empty() { RelationKind::Table } else { RelationKind::View { definition } };
        if relations.last().is_none_or(|last| last.name != name) {
            relations.push(Relation { schema: "public".into(), name, kind, columns: Vec::new() });
        }
        relations.last_mut().unwrap().columns.push(Column { name: column, nullable: !not_null });
    }
    Catalog::new("public", relations)
}

/// All that a statement could have changed, as text, but for the logins that other tests make: rows, what the schema is made of, sequences, settings, and what a session holds.
pub(crate) async fn digest(connection: &mut PgConnection, catalog: &Catalog) -> Vec<Option<String>> {
    let mut parts = vec![
        "(SELECT string_agg(concat_ws(' ', oid, relname, relkind, relowner, relacl), ',' ORDER BY oid) FROM pg_class WHERE oid >= 16384)".to_owned(),
        "(SELECT string_agg(concat_ws(' ', oid, proname, prosrc, proacl), ',' ORDER BY oid) FROM pg_proc WHERE oid >= 16384)".to_owned(),
        "(SELECT string_agg(concat_ws(' ', oid, tgname, tgenabled), ',' ORDER BY oid) FROM pg_trigger)".to_owned(),
        "(SELECT string_agg(concat_ws(' ', oid, rolname, rolsuper, rolcanlogin), ',' ORDER BY oid) FROM pg_roles WHERE rolname NOT LIKE 'taskmaster\\_test\\_%')".to_owned(),
        "(SELECT string_agg(concat_ws(' ', schemaname, sequencename, last_value), ',' ORDER BY sequencename) FROM pg_sequences)".to_owned(),
        "(SELECT string_agg(concat_ws(' ', name, setting), ',' ORDER BY name) FROM pg_settings WHERE name NOT LIKE 'transaction%')".to_owned(),
        "(SELECT count(*)::text FROM pg_largeobject_metadata)".to_owned(),
        "(SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())".to_owned(),
        "(SELECT string_agg(c, ',') FROM pg_listening_channels() c)".to_owned(),
        "(SELECT count(*)::text FROM pg_cursors)".to_owned(),
        "(SELECT string_agg(extname, ',') FROM pg_extension)".to_owned(),
    ];
    for relation in catalog.relations().iter().filter(|relation| relation.kind == RelationKind::Table) {
        let name = &relation.name;
        parts.push(format!("(SELECT string_agg(t::text, ',' ORDER BY t::text) FROM public.{name} t)"));
    }
    let sql = format!("SELECT ARRAY[{}]", parts.join(", "));
    sqlx::query_scalar(AssertSqlSafe(sql)).persistent(false).fetch_one(connection).await.unwrap()
}

/// Fails with what is different.
pub(crate) fn assert_unchanged(before: &[Option<String>], after: &[Option<String>]) {
    for (before, after) in before.iter().zip(after) {
        assert_eq!(before, after);
    }
}

/// What became of a statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// Its rows, as sorted texts.
    Rows(Vec<String>),
    Failed(String),
}

/// Runs a statement with NULL for all its parameters, and then again with other hashes of keys. It must change nothing, and show the
/// same. What it did is rolled back.
pub(crate) async fn harmless(connection: &mut PgConnection, sql: &str, parameters: u16) -> Ran {
    run(connection, "BEGIN").await.unwrap();
    let ran = rows(connection, sql, parameters).await;
    if let Ran::Rows(shown) = &ran {
        let wrote = text(connection, "SELECT pg_current_xact_id_if_assigned()::text").await;
        assert_eq!(wrote, "", "it wrote: {sql}");
        let other = "SET LOCAL session_replication_role = replica; \
                     UPDATE api_keys SET key_hash = repeat('0123abcd', 8), previous_key_hash = repeat('4567cdef', 8)";
        run(connection, other).await.unwrap();
        if !has_chance(sql) {
            assert_eq!(
                Ran::Rows(shown.clone()),
                rows(connection, sql, parameters).await,
                "it tells of hashes: {sql}"
            );
        }
    }
    run(connection, "ROLLBACK; DEALLOCATE ALL").await.unwrap();
    ran
}

/// Returns `true` if it says something else each time, or depends on how much space rows take.
fn has_chance(sql: &str) -> bool {
    ["random", "clock_timestamp", "gen_random_uuid", "timeofday", "column_size", "tablesample"]
        .iter()
        .any(|chance| sql.to_lowercase().contains(chance))
}

async fn rows(connection: &mut PgConnection, sql: &str, parameters: u16) -> Ran {
    let nulls = vec!["NULL"; usize::from(parameters)].join(", ");
    let list = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let prepared = run(connection, &format!("DEALLOCATE ALL; PREPARE statement AS {sql}")).await;
    if let Err(error) = prepared {
        return Ran::Failed(error.to_string());
    }
    let execute = AssertSqlSafe(format!("EXECUTE statement{list}"));
    match sqlx::raw_sql(execute).fetch_all(connection).await {
        Err(error) => Ran::Failed(error.to_string()),
        Ok(rows) => {
            let mut rows: Vec<String> = rows
                .iter()
                .map(|row| {
                    let value = |index| {
                        let value = row.try_get_raw(index).unwrap();
                        if value.is_null() { String::new() } else { value.as_str().unwrap_or("?").to_owned() }
                    };
                    (0..row.len()).map(value).collect::<Vec<_>>().join("\t")
                })
                .collect();
            rows.sort();
            Ran::Rows(rows)
        }
    }
}

/// The names of the functions that the server has.
pub(crate) async fn functions(connection: &mut PgConnection) -> BTreeSet<String> {
    let sql = "SELECT DISTINCT proname::text FROM pg_proc WHERE prokind IN ('f', 'a', 'w')";
    sqlx::query_scalar(sql).fetch_all(connection).await.unwrap().into_iter().collect()
}

/// The kind of the refusal with which `query` ends.
pub(crate) async fn refusal(raw: &RawStatements, policy: &Policy, sql: &str) -> Option<&'static str> {
    match raw.with_policy("listed", policy.clone()).query(sql, &[]).await {
        Err(QueryError::Refused(refusal)) => Some(refusal.kind()),
        _ => None,
    }
}
