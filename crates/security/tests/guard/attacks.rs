//! What must not pass.

use taskmaster_security::guard::{
    Catalog, Column, Columns, Guard, Policy, Refusal, Relation, RelationKind, TableRule,
};

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
