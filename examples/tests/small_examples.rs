//! Each small example runs as it is, on a PostgreSQL of its own.

#![expect(clippy::unwrap_used, reason = "what a story cannot do without fails it, with the line")]

use std::process::Command;

fn output(program: &str) -> String {
    let output = Command::new(program).env_remove("DATABASE_URL").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn unit_of_work() {
    let text = output(env!("CARGO_BIN_EXE_unit_of_work"));
    for line in [
        "committed:   the task and its requirement are both there",
        "rolled back: 1 task there",
        "dropped:     1 task there",
        "refused:     task is not valid: title must not be blank",
        "went on:     2 tasks there",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}

#[test]
fn storage_manager() {
    let text = output(env!("CARGO_BIN_EXE_storage_manager"));
    for line in [
        "stored, changed and begun: Log in with a passkey (in_progress, version 3)",
        "completed: true, over its estimate: false",
        "listed: 1 tagged auth, more pages: false",
        "audit trail: create, update, status_change, status_change",
        "numbers: 2 tasks, 1 completed, 1 cancelled",
        "known: 1 AI interaction, 1 validation, completion: true",
        "timeline: ai_interaction, validation, completion",
        "waits for: Model the readers; ready: Model the readers",
        "workflow: 2 steps, 1 running, 1 retry of codegen",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}

#[test]
fn errors() {
    let text = output(env!("CARGO_BIN_EXE_errors"));
    for line in [
        "logged:    cannot charge order 9; the bank hangs up; connection refused",
        "groups:    cannot charge order 9 (3 times, 3 unresolved, 1 task)",
        "critical:  3, of the task \"Charge orders\"",
        "resolved:  3 by ada, regressed: false",
        "came back: 4 times, 1 unresolved, regressed: true",
        "found:     cannot **charge** order **12**",
        "numbers:   5 errors in 2 groups, 3 resolved",
        "refused:   error log is not valid: error_message must not be blank; stack_trace has 5000000 characters, \
         the limit is 1000000",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}

#[test]
fn audit() {
    let text = output(env!("CARGO_BIN_EXE_audit"));
    for line in [
        "ada: create task (all fields)",
        "ada: update task (priority)",
        "ci-bot: status_change task (status)",
        "ci-bot made 2 changes",
        "seal 1 holds 4 rows",
        "intact: true, 4 rows compared",
        "of seal 1 was changed",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}

#[test]
fn api_keys() {
    let text = output(env!("CARGO_BIN_EXE_api_keys"));
    for line in [
        "issued:      a key of 69 characters",
        "verified:    come in, release bot",
        "forbidden:   this key may not tasks:execute",
        "cut short:   the key has 68 characters, expected are 69",
        "old key:     come in, release bot",
        "new key:     come in, release bot",
        "limited:     too many calls, come back in 40 s",
        "after grace: no such key",
        "used:        3 times (1 key had uses to write down)",
        "look at:     left over (never_expires, without_rate_limit)",
        "ended:       this key was ended",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
    assert!(!text.contains("tmk_prod_"), "the key itself is not shown: {text}");
}

#[test]
fn raw_query() {
    let text = output(env!("CARGO_BIN_EXE_raw_query"));
    for line in [
        "urgent: Log in with a passkey (8)\nurgent: Send reminders (5)\nas JSON",
        r#"as JSON: [{"status":"pending","tasks":3}]"#,
        "changed: 1 row",
        "refused: UPDATE is not allowed",
        "refused: SELECT of column key_hash of api_keys is not allowed by the policy",
        "refused: this is more than one statement: send them one at a time",
        "refused: UPDATE of tasks has no condition on its rows: say WHERE",
        "refused: function pg_sleep is not allowed",
        r#"trail: ada: "UPDATE tasks SET priority = ? WHERE id IS NOT NULL" ("verb_not_allowed")"#,
        r#"trail: triage: "SELECT pg_sleep(?)" ("function_not_allowed")"#,
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}

#[test]
fn mocking() {
    assert_eq!(output(env!("CARGO_BIN_EXE_mocking")), "raised: 2 of 3\n");
}

#[test]
fn bulk() {
    let text = output(env!("CARGO_BIN_EXE_bulk"));
    for line in [
        "written: 5000 of 12000\nwritten: 10000 of 12000\nwritten: 12000 of 12000\nstored: 12000 tasks",
        "refused: task is not valid: [11999].title must not be blank",
        "read: 1200 urgent tasks, the last is Task 9999",
        "measured: 1200 reads; 1203 metrics of 2 names in all",
        "pruned: 1203 metrics",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}
