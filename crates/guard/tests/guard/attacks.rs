//! What must not pass.

use taskmaster_guard::{Catalog, Column, Columns, Guard, Policy, Refusal, Relation, RelationKind, TableRule};

use crate::{catalog::CATALOG, statements::ATTACKS};

#[test]
fn no_attack_passes_and_each_is_refused_for_what_it_is() {
    let attacks = &*ATTACKS;
    assert!(attacks.len() >= 200, "only {} attacks", attacks.len());
    let wrong: Vec<String> = attacks
        .iter()
        .filter_map(|attack| {
            let expected = attack.expected.expect("an attack says how it is refused");
            match Guard::default().check(attack.sql, &attack.policy, &CATALOG) {
                Ok(checked) => Some(format!("PASSED: {}\n  as {}", attack.sql, checked.text())),
                Err(refusal) if refusal.kind() != expected => {
                    Some(format!("not {expected} but {refusal:?}: {}", attack.sql))
                }
                Err(_) => None,
            }
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
}

#[test]
fn no_attack_on_another_policy_passes_as_a_write_under_one_that_reads() {
    for attack in ATTACKS.iter() {
        if let Ok(checked) = Guard::default().check(attack.sql, &Policy::readonly(), &CATALOG) {
            assert!(!checked.writes(), "readonly lets it through: {}", attack.sql);
        }
    }
}

#[test]
fn a_refusal_tells_no_literal() {
    for attack in ATTACKS.iter() {
        let Err(refusal) = Guard::default().check(attack.sql, &attack.policy, &CATALOG) else { continue };
        let shown = format!("{refusal} {refusal:?}");
        for literal in attack.sql.split('\'').skip(1).step_by(2).filter(|literal| literal.len() > 4) {
            assert!(!shown.contains(literal), "{shown} tells {literal}");
        }
    }
}

#[test]
fn a_refusal_tells_no_text_that_stands_in_the_quotes_of_names() {
    let mut told = 0;
    for attack in ATTACKS.iter().filter(|attack| attack.sql.contains("hunter2")) {
        let refusal = Guard::default().check(attack.sql, &attack.policy, &CATALOG).expect_err(attack.sql);
        let shown = format!("{refusal} {refusal:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("a quoted name"), "{shown}");
        told += 1;
    }
    assert!(told >= 8);
    let enumerated = Guard::default().check("SELECT 'a'::enum('hunter2')", &Policy::readonly(), &CATALOG);
    assert!(!format!("{:?}", enumerated.expect_err("no such type")).contains("hunter2"));
    let misspelt = Guard::default().check("SELECT titel FROM tasks", &Policy::readonly(), &CATALOG);
    assert_eq!(misspelt, Err(Refusal::UnknownColumn { column: "titel".into() }));
    let elsewhere = Guard::default().check("SELECT \"title\" FROM api_keys", &Policy::readonly(), &CATALOG);
    assert_eq!(elsewhere, Err(Refusal::UnknownColumn { column: "title".into() }));
}

#[test]
fn no_statement_multiplies_the_work_of_reading_it() {
    // Each of these was, or would be, twice the work for each level: about the length of a day at this depth.
    let nested = |before: fn(usize) -> String, inner: &str, after: fn(usize) -> String| {
        let before: String = (0..29).rev().map(before).collect();
        let after: String = (0..29).map(after).collect();
        format!("{before}{inner}{after}")
    };
    let check = |sql: &str| Guard::default().check(sql, &Policy::app(), &CATALOG);
    let recursive = nested(
        |level| format!("WITH RECURSIVE c{level} AS ("),
        "SELECT 1",
        |level| format!(" UNION SELECT 1) SELECT 1 FROM c{level}"),
    );
    check(&recursive).expect("each side is read once");
    let in_from = nested(
        |level| format!("SELECT 1 FROM (WITH RECURSIVE c{level} AS ("),
        "SELECT 1",
        |level| format!(" UNION SELECT 1) SELECT 1 FROM c{level}) x"),
    );
    check(&in_from).expect("each side is read once");
    let in_conditions = nested(
        |level| format!("WITH c{level} AS (DELETE FROM tasks WHERE id IN ("),
        "SELECT id FROM tasks",
        |level| format!(") RETURNING id) SELECT id FROM c{level}"),
    );
    assert!(check(&in_conditions).is_err(), "a condition is read twice");

    let doubled: Vec<String> = (1..31)
        .map(|level| format!(", c{level} AS (SELECT a.*, b.* FROM c{0} a, c{0} b)", level - 1))
        .collect();
    let wide = format!("WITH c0 AS (SELECT 1 AS x){} SELECT 1 FROM c30", doubled.concat());
    assert!(matches!(check(&wide), Err(Refusal::Construct { .. })), "2^30 columns");
    let columns = (0..1_500).map(|number| format!(", 1 AS c{number}")).collect::<Vec<_>>().concat();
    let sources = (0..60).map(|number| format!(", x y{number}")).collect::<Vec<_>>().concat();
    let names = "z,".repeat(20_000);
    let long = format!("WITH x AS (SELECT 1 AS z{columns}) SELECT {names} z FROM x{sources}");
    assert_eq!(check(&long), Err(Refusal::TooDeep), "two thousand million comparisons");
}

#[test]
fn a_statement_has_at_most_64_sources_and_reads_a_view_once() {
    let many = |table: &str, number: usize| {
        let sources: Vec<String> = (0..number).map(|number| format!("{table} t{number}")).collect();
        let sql = format!("SELECT 1 FROM {}", sources.join(", "));
        Guard::default().check(&sql, &Policy::readonly(), &CATALOG)
    };
    many("active_tasks", 64).expect("as many as there may be");
    for source in ["active_tasks", "tasks", "generate_series(1, 2)", "(SELECT 1)"] {
        assert!(matches!(many(source, 65), Err(Refusal::Construct { .. })), "{source}");
    }

    let view = |name: &str, definition: String| Relation {
        schema: "public".into(),
        name: name.into(),
        kind: RelationKind::View { definition },
        columns: vec![Column { name: "id".into(), nullable: true }],
    };
    // Each reads the one before it sixteen times: were they read anew each time, that would be sixteen to the seventh.
    let views = (0..7).map(|number| {
        let below = if number == 0 { "tasks".into() } else { format!("v{}", number - 1) };
        let sources: Vec<String> = (0..16).map(|alias| format!("{below} t{alias}")).collect();
        view(&format!("v{number}"), format!(" SELECT t0.id\n   FROM {};", sources.join(", ")))
    });
    let catalog = Catalog::new("public", CATALOG.relations().iter().cloned().chain(views));
    let check = |sql: &str| Guard::default().check(sql, &Policy::readonly(), &catalog);
    let checked = check("SELECT id FROM v6").expect("a view of views");
    assert!(checked.tables().contains("tasks") && checked.tables().contains("v0"));
    let locked = check("SELECT id FROM v6 WHERE id IN (SELECT id FROM v6 FOR UPDATE)");
    assert!(matches!(locked, Err(Refusal::TableNotAllowed { .. })), "a view that was read before is locked");
}

#[test]
fn bytes_that_no_list_can_hold_are_refused() {
    let check = |sql: &str| Guard::default().check(sql, &Policy::readonly(), &CATALOG).expect_err(sql);
    assert_eq!(check("SELECT 1\0; DROP TABLE tasks"), Refusal::Nul);
    assert_eq!(check("SELECT '\0'"), Refusal::Nul);
    for space in ['\u{a0}', '\u{b}', '\u{feff}', '\u{2003}', '\u{1}', '\u{85}'] {
        assert!(matches!(check(&format!("SELECT{space}1")), Refusal::Construct { .. }), "{space:?}");
    }
    assert!(matches!(check("SELECT ｋey_hash FROM api_keys"), Refusal::Construct { .. }));
    assert!(
        matches!(check("SELECT \u{212a}ey_hash FROM api_keys"), Refusal::Construct { .. }),
        "a Kelvin sign folds to k"
    );
}

#[test]
fn a_statement_that_is_too_long_is_not_read() {
    let sql = format!("SELECT {}1", " ".repeat(100_000));
    assert_eq!(
        Guard::default().check(&sql, &Policy::readonly(), &CATALOG),
        Err(Refusal::TooLong { limit: 100_000 })
    );
    assert_eq!(
        Guard::with_max_length(7).check("SELECT 1", &Policy::readonly(), &CATALOG),
        Err(Refusal::TooLong { limit: 7 })
    );
}

#[test]
fn no_secret_column_can_be_named_by_anybody() {
    for policy in [Policy::readonly(), Policy::app(), Policy::admin()] {
        for column in
            ["key_hash", "previous_key_hash", "KEY_HASH", "\"key_hash\"", "k.key_hash", "public.k.key_hash"]
        {
            for statement in [
                format!("SELECT {column} FROM api_keys k"),
                format!("SELECT 1 FROM api_keys k WHERE {column} = $1"),
                format!("SELECT 1 FROM api_keys k ORDER BY {column}"),
                format!("SELECT count(*) FROM api_keys k GROUP BY {column}"),
                format!("SELECT max({column}) OVER () FROM api_keys k"),
                format!("SELECT 1 FROM tasks t JOIN api_keys k ON {column} LIKE $1"),
                format!("SELECT (SELECT {column}) FROM api_keys k"),
                format!("SELECT 1 FROM api_keys k WHERE EXISTS (SELECT 1 FROM tasks WHERE title = {column})"),
            ] {
                let refused = Guard::default().check(&statement, &policy, &CATALOG);
                assert!(refused.is_err(), "{statement}");
            }
        }
    }
}

#[test]
fn a_view_is_as_secret_as_what_is_beneath_it() {
    let view = |name: &str, definition: &str, columns: &[&str]| Relation {
        schema: "public".into(),
        name: name.into(),
        kind: RelationKind::View { definition: definition.into() },
        columns: columns.iter().map(|&name| Column { name: name.into(), nullable: true }).collect(),
    };
    let views = [
        view("hashes", " SELECT api_keys.key_hash AS title\n   FROM api_keys;", &["title"]),
        view("behind", " SELECT h.title\n   FROM hashes h;", &["title"]),
        view("whole", " SELECT k.*::text AS title\n   FROM api_keys k;", &["title"]),
        view("slow", " SELECT pg_sleep((10)::double precision) AS title;", &["title"]),
        view("files", " SELECT pg_read_file('/etc/passwd'::text) AS title;", &["title"]),
        view("roles", " SELECT pg_authid.rolpassword AS title\n   FROM pg_authid;", &["title"]),
        view("itself", " SELECT itself.title\n   FROM itself;", &["title"]),
        view(
            "writer",
            " WITH gone AS (DELETE FROM tasks WHERE id IS NULL RETURNING title) SELECT title FROM gone",
            &["title"],
        ),
        view("honest", " SELECT t.title, (t.status)::text AS state\n   FROM tasks t;", &["title", "state"]),
    ];
    let catalog = Catalog::new("public", CATALOG.relations().iter().cloned().chain(views));
    let check = |view: &str| {
        Guard::default().check(&format!("SELECT title FROM {view}"), &Policy::readonly(), &catalog)
    };
    for secret in ["hashes", "behind", "whole", "slow", "files", "roles", "itself", "writer"] {
        assert!(matches!(check(secret), Err(Refusal::View { .. })), "{secret}: {:?}", check(secret));
    }
    let checked = check("honest").expect("a view of what may be read");
    assert!(checked.tables().contains("tasks") && checked.tables().contains("honest"));

    let mut narrow = Policy::readonly();
    let only = Columns::Only(["state".to_owned()].into());
    narrow.tables.insert("honest".into(), TableRule { select: Some(only), ..TableRule::default() });
    let refused = Guard::default().check("SELECT title FROM honest", &narrow, &catalog);
    assert!(matches!(refused, Err(Refusal::ColumnNotAllowed { .. })));
    let refused =
        Guard::default().check("UPDATE honest SET title = $1 WHERE state = $2", &Policy::app(), &catalog);
    assert!(matches!(refused, Err(Refusal::TableNotAllowed { .. })));
}

#[test]
fn relations_of_other_schemas_need_their_name_in_the_policy() {
    let secret = Relation {
        schema: "pg_catalog".into(),
        name: "pg_stat_activity".into(),
        kind: RelationKind::Table,
        columns: vec![Column { name: "pid".into(), nullable: true }],
    };
    let catalog = Catalog::new("public", CATALOG.relations().iter().cloned().chain([secret]));
    let qualified = "SELECT pid FROM pg_catalog.pg_stat_activity";
    let check = |sql: &str, policy: &Policy| Guard::default().check(sql, policy, &catalog);
    assert!(matches!(check(qualified, &Policy::readonly()), Err(Refusal::TableNotAllowed { .. })));
    let mut policy = Policy::readonly();
    let rule = TableRule { select: Some(Columns::All), ..TableRule::default() };
    policy.tables.insert("pg_catalog.pg_stat_activity".into(), rule);
    assert!(check(qualified, &policy).is_ok());
    assert!(check("SELECT pid FROM pg_stat_activity", &policy).is_err());
}
