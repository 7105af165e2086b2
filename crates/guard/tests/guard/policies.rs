//! Policies as data.

use taskmaster_guard::{Columns, Guard, Policy, PolicySet, Refusal, Verb};

use crate::catalog::CATALOG;

const GUIDE: &str = include_str!("../../../../docs/guard.md");

fn example() -> PolicySet {
    let example =
        GUIDE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    toml::from_str(example).expect("the guide's example is a set of policies")
}

#[test]
fn the_example_of_the_guide_says_what_it_means() {
    let set = example();
    let triage = set.of(Some("alice"), None).expect("alice has a policy");
    let check = |sql: &str| Guard::default().check(sql, &triage, &CATALOG);
    assert!(check("SELECT title FROM tasks WHERE id = $1").is_ok());
    assert!(check("UPDATE tasks SET status = $1 WHERE id = $2").is_ok());
    assert!(matches!(
        check("UPDATE tasks SET title = $1 WHERE id = $2"),
        Err(Refusal::ColumnNotAllowed { .. })
    ));
    assert!(matches!(check("SELECT context FROM error_logs"), Err(Refusal::ColumnNotAllowed { .. })));
    assert!(check("SELECT error_message FROM error_logs").is_ok());
    assert!(matches!(check("SELECT * FROM workflow_states"), Err(Refusal::TableNotAllowed { .. })));
    assert!(matches!(check("DELETE FROM tasks WHERE id = $1"), Err(Refusal::VerbNotAllowed { .. })));

    assert_eq!(set.of(Some("bob"), Some("taskmaster_readonly")), Some(Policy::readonly()));
    assert_eq!(set.of(Some("alice"), Some("taskmaster_readonly")), Some(triage));
    assert_eq!(set.of(Some("bob"), Some("stranger")), None);
    assert_eq!(set.of(None, None), None);
}

#[test]
fn a_word_that_no_policy_has_is_refused() {
    for wrong in [
        "[policies.x]\ntabels = {}",
        "[policies.x.tables.tasks]\nselekt = \"all\"",
        "[policies.x.tables.tasks]\nselect = \"everything\"",
        "[policies.x.tables.tasks]\nselect = { without = [\"title\"] }",
        "[groups]\na = \"b\"",
    ] {
        assert!(toml::from_str::<PolicySet>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_policy_survives_being_written_down() {
    for policy in
        [Policy::readonly(), Policy::app(), Policy::admin(), example().named("triage").expect("it is there")]
    {
        let text = toml::to_string(&policy).expect("a policy is data");
        assert_eq!(toml::from_str::<Policy>(&text).expect("as it was written"), policy);
    }
}

#[test]
fn a_policy_of_nothing_allows_no_table() {
    let check = |sql: &str| Guard::default().check(sql, &Policy::default(), &CATALOG);
    for relation in CATALOG.relations() {
        assert!(check(&format!("SELECT 1 FROM {}", relation.name)).is_err(), "{}", relation.name);
    }
    assert!(check("SELECT 1").is_ok());
}

#[test]
fn the_ready_made_policies_name_only_what_there_is_and_no_secret() {
    for policy in [Policy::readonly(), Policy::app(), Policy::admin()] {
        for (table, verb, columns) in policy.tables() {
            let relation = CATALOG.relations().iter().find(|relation| relation.name == table);
            let relation = relation.unwrap_or_else(|| panic!("there is no table {table}"));
            if let Columns::Only(columns) = columns {
                for column in columns {
                    assert!(relation.columns.iter().any(|known| known.name == *column), "{table}.{column}");
                }
            }
            for secret in ["key_hash", "previous_key_hash"] {
                assert!(table != "api_keys" || !columns.contains(secret), "{verb} of {secret}");
            }
            let is_trail =
                table.starts_with("audit_") || table == "schema_migrations" || table.starts_with("api_key");
            assert!(!is_trail || verb == Verb::Select, "{verb} of {table}");
        }
    }
    assert!(Policy::readonly().tables().all(|(_, verb, _)| verb == Verb::Select));
}

#[test]
fn every_table_has_been_thought_of() {
    let policy = Policy::readonly();
    for relation in CATALOG.relations() {
        let sql = format!("SELECT count(*) FROM {}", relation.name);
        let checked = Guard::default().check(&sql, &policy, &CATALOG);
        assert!(checked.is_ok(), "{}: say in ready_made.rs who may read it, {checked:?}", relation.name);
    }
}

#[test]
fn functions_of_the_schema_need_their_name_in_the_policy() {
    let sql = "SELECT public.next_free_slot(1), next_free_slot(2)";
    let check = |policy: &Policy| Guard::default().check(sql, policy, &CATALOG);
    assert!(matches!(check(&Policy::readonly()), Err(Refusal::FunctionNotAllowed { .. })));
    let mut policy = Policy::readonly();
    policy.functions.insert("next_free_slot".into());
    assert!(check(&policy).is_ok());
    policy.functions.insert("pg_sleep".into());
    let refused = Guard::default().check("SELECT pg_sleep(1)", &policy, &CATALOG);
    assert!(matches!(refused, Err(Refusal::FunctionNotAllowed { .. })), "what begins with pg_ is built in");
}
