//! What must pass.

use taskmaster_guard::{Guard, Policy, Verb};

use crate::{catalog::CATALOG, statements::HONEST};

#[test]
fn no_honest_statement_is_refused() {
    let honest = &*HONEST;
    assert!(honest.len() >= 200, "only {} statements", honest.len());
    let refused: Vec<String> = honest
        .iter()
        .filter_map(|statement| match Guard::default().check(statement.sql, &statement.policy, &CATALOG) {
            Ok(_) => None,
            Err(refusal) => Some(format!("{refusal}: {}", statement.sql)),
        })
        .collect();
    assert!(refused.is_empty(), "{} of {}:\n{}", refused.len(), honest.len(), refused.join("\n"));
}

#[test]
fn what_is_sent_is_accepted_again_and_is_then_the_same() {
    for statement in HONEST.iter() {
        let once = Guard::default().check(statement.sql, &statement.policy, &CATALOG).expect(statement.sql);
        let twice = Guard::default().check(once.text(), &statement.policy, &CATALOG).expect(statement.sql);
        assert_eq!(once, twice);
    }
}

#[test]
fn a_statement_that_reads_is_told_from_one_that_writes() {
    for statement in HONEST.iter() {
        let checked =
            Guard::default().check(statement.sql, &statement.policy, &CATALOG).expect(statement.sql);
        let under_readonly = Guard::default().check(statement.sql, &Policy::readonly(), &CATALOG);
        assert!(
            checked.writes() || under_readonly.is_ok() || statement.policy != Policy::readonly(),
            "{}",
            statement.sql
        );
        assert!(!checked.writes() || under_readonly.is_err(), "{}", statement.sql);
        assert!(checked.writes() || checked.verb() == Verb::Select, "{}", statement.sql);
    }
}

#[test]
fn the_checked_statement_tells_what_it_is() {
    let sql = "/* all of it */ WITH gone AS (DELETE FROM tasks WHERE status = $2 RETURNING id) SELECT $1::text, count(*) FROM gone -- end";
    let checked = Guard::default().check(sql, &Policy::app(), &CATALOG).expect("the policy allows it");
    assert_eq!(checked.verb(), Verb::Select);
    assert!(checked.writes());
    assert_eq!(checked.parameters(), 2);
    assert_eq!(checked.tables().iter().collect::<Vec<_>>(), ["tasks"]);
    assert!(!checked.text().contains("all of it") && !checked.text().contains("end"));
}
