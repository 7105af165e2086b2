//! Statements that nobody has thought of: those of the list with other words in them, and made-up expressions.

use proptest::{
    prelude::*,
    sample::{Index, select},
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use taskmaster_guard::{Catalog, Guard, Policy};

use crate::{
    server::{Ran, assert_unchanged, catalog, digest, functions, harmless},
    stage::{SECRETS, Stage, run},
    statements::{ATTACKS, HONEST},
};

/// Words to put into statements: names of all that there is, and the words of the lists.
fn words(catalog: &Catalog, functions: impl Iterator<Item = String>) -> Vec<String> {
    let relations = catalog.relations().iter();
    let names = relations.flat_map(|relation| {
        relation.columns.iter().map(|column| &column.name).chain([&relation.name]).cloned()
    });
    let listed = HONEST
        .iter()
        .chain(ATTACKS.iter())
        .flat_map(|listed| listed.sql.split_whitespace())
        .map(String::from);
    let operators = [
        "||", "->", "->>", "#>", "@>", "<", "=", "~", "IN", "LIKE", "IS NULL", "::text", "::jsonb",
        "::uuid[]",
    ];
    let mut words: Vec<String> =
        names.chain(functions).chain(listed).chain(operators.map(String::from)).collect();
    words.sort();
    words.dedup();
    words
}

/// A statement of the list with some of its words exchanged.
fn exchanged(words: &[String]) -> impl Strategy<Value = String> + use<> {
    let honest: Vec<&str> = HONEST.iter().map(|listed| listed.sql).collect();
    let exchanges = prop::collection::vec((any::<Index>(), select(words.to_vec()), any::<bool>()), 1..3);
    (select(honest), exchanges).prop_map(|(sql, exchanges)| {
        let mut parts: Vec<String> = sql.split(' ').map(String::from).collect();
        for (at, word, keeps_call) in exchanges {
            let part = at.get_mut(&mut parts);
            // `lower(title)` becomes `upper(title)`, too.
            *part = match part.split_once('(') {
                Some((_, rest)) if keeps_call => format!("{word}({rest}"),
                _ => word,
            };
        }
        parts.join(" ")
    })
}

/// An expression of type text over the columns of `t` and `k`.
fn expression(columns: &[String], functions: &[String]) -> impl Strategy<Value = String> + use<> {
    let columns = columns.to_vec();
    let leaf = prop_oneof![
        3 => select(columns.clone()).prop_map(|column| format!("t.{column}::text")),
        1 => select(columns).prop_map(|column| format!("{column}::text")),
        1 => Just("'x'".to_owned()),
        1 => Just("t::text".to_owned()),
        1 => Just("$1::text".to_owned()),
        1 => Just("now()::text".to_owned()),
    ];
    let functions = functions.to_vec();
    leaf.prop_recursive(4, 12, 3, move |inner| {
        let text = [
            "lower",
            "upper",
            "md5",
            "reverse",
            "trim",
            "initcap",
            "quote_literal",
            "coalesce",
            "concat",
            "min",
            "max",
        ];
        prop_oneof![
            (select(text.to_vec()), inner.clone()).prop_map(|(f, x)| format!("{f}({x})")),
            (select(functions.clone()), inner.clone()).prop_map(|(f, x)| format!("{f}({x})::text")),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("({x} || {y})")),
            (inner.clone(), inner.clone())
                .prop_map(|(x, y)| format!("CASE WHEN {x} > {y} THEN {x} ELSE {y} END")),
            inner.clone().prop_map(|x| format!("(SELECT {x})")),
            inner.clone().prop_map(|x| format!("(SELECT string_agg({x}, ',') FROM tasks)")),
            inner.clone().prop_map(|x| format!("(ARRAY[{x}])[1]")),
            inner.clone().prop_map(|x| format!("jsonb_build_object('a', {x})::text")),
            inner.clone().prop_map(|x| format!("row_number() OVER (ORDER BY {x})::text")),
            inner.prop_map(|x| format!("left({x}, 5)")),
        ]
    })
}

/// A whole statement over one of the tables.
fn statement(catalog: &Catalog, functions: &[String]) -> impl Strategy<Value = String> + use<> {
    let relations = catalog.relations().iter();
    let columns = |relation: &taskmaster_guard::Relation| -> Vec<String> {
        relation.columns.iter().map(|column| column.name.clone()).collect()
    };
    let tables: Vec<(String, Vec<String>)> =
        relations.map(|relation| (relation.name.clone(), columns(relation))).collect();
    let keys = tables.iter().find(|(name, _)| name == "api_keys").unwrap().clone();
    let functions = functions.to_vec();
    prop_oneof![2 => select(tables), 1 => Just(keys)].prop_flat_map(move |(table, columns)| {
        let expression = || expression(&columns, &functions);
        (Just(table), expression(), expression(), 0..10_usize).prop_map(|(table, x, y, form)| match form {
            0 => format!("SELECT {x} FROM {table} t WHERE {y} IS NOT NULL"),
            1 => format!("SELECT {x}, count(*) FROM {table} t GROUP BY {x}"),
            2 => format!("SELECT {x} FROM {table} t ORDER BY {y} LIMIT 3"),
            3 => format!("WITH a AS (SELECT {x} AS x FROM {table} t) SELECT x FROM a"),
            4 => format!("SELECT {x} FROM {table} t JOIN tasks u ON {y} = u.title"),
            5 => format!("SELECT u.x FROM {table} t CROSS JOIN LATERAL (SELECT {x} AS x) u"),
            6 => format!("SELECT DISTINCT {x} FROM {table} t UNION SELECT title FROM tasks"),
            7 => format!("SELECT 1 FROM tasks WHERE EXISTS (SELECT 1 FROM {table} t WHERE {x} < {y})"),
            8 => format!("WITH a AS (DELETE FROM {table} t WHERE {x} = {y} RETURNING 1) SELECT 1 FROM a"),
            _ => format!("SELECT {x} FROM (SELECT * FROM {table}) t"),
        })
    })
}

#[tokio::test]
async fn no_generated_statement_that_a_reader_may_send_changes_anything_or_tells_a_hash() {
    let stage = Stage::new().await;
    let mut owner = stage.owner().await;
    let catalog = catalog(&mut owner).await;
    run(&mut owner, "SET statement_timeout = '10s'").await.unwrap();
    let functions: Vec<String> = functions(&mut owner).await.into_iter().collect();
    let before = digest(&mut owner, &catalog).await;
    let mut runner = TestRunner::new(Config::default());
    let words = words(&catalog, functions.iter().cloned());
    let made = prop_oneof![exchanged(&words), statement(&catalog, &functions)];
    let (mut accepted, mut ran) = (0, 0);
    for _ in 0..4000 {
        let sql = made.new_tree(&mut runner).unwrap().current();
        let Ok(checked) = Guard::default().check(&sql, &Policy::readonly(), &catalog) else { continue };
        assert!(!checked.writes(), "{sql}");
        accepted += 1;
        if let Ran::Rows(rows) = harmless(&mut owner, checked.text(), checked.parameters()).await {
            ran += 1;
            let shown = rows.join("\n").to_lowercase();
            assert!(SECRETS.iter().all(|secret| !shown.contains(secret)), "{sql}");
        }
    }
    println!("{accepted} of 4000 statements were accepted, {ran} ran");
    assert!(ran > 400, "only {ran} ran of {accepted} that were accepted");
    assert_unchanged(&before, &digest(&mut owner, &catalog).await);
}
