//! Runs the conformance suite as a member of `taskmaster_app`: it needs no more. What retention and seals do is done by a member
//! of `taskmaster_admin`, and refused to the application.

use std::{panic::AssertUnwindSafe, process::ExitCode, sync::Arc};

use futures::FutureExt as _;
use libtest_mimic::{Arguments, Trial};
use taskmaster_postgres::PgStore;
use taskmaster_testkit::{conformance, migrated_database};
use tokio::runtime::Runtime;

/// The cases that seal, or remove what retention removes.
const OF_THE_MAINTENANCE: [&str; 21] = [
    "audit_seal::a_pruning_limit_out_of_range_is_refused",
    "audit_seal::a_seal_holds_all_rows_that_are_there",
    "audit_seal::a_unit_of_work_cannot_seal",
    "audit_seal::a_unit_of_work_that_is_older_than_a_seal_is_no_finding",
    "audit_seal::an_anchor_of_another_chain_is_a_finding",
    "audit_seal::an_anchor_proves_the_chain_that_it_was_taken_from",
    "audit_seal::an_empty_trail_has_nothing_to_seal",
    "audit_seal::fault_26_pruning_takes_old_rows_and_leaves_their_seals",
    "audit_seal::pruning_takes_no_row_of_a_seal_with_a_younger_one",
    "audit_seal::rows_that_are_not_sealed_are_never_pruned",
    "audit_seal::seals_are_paged_by_their_number",
    "audit_seal::seals_form_a_chain",
    "audit_seal::what_is_written_after_a_seal_is_unsealed",
    "metric::a_unit_of_work_keeps_metrics_or_drops_them",
    "metric::an_actor_records_like_anybody",
    "metric::fault_26_pruning_takes_the_oldest_first_and_nothing_younger",
    "metric::pruning_takes_any_time",
    "retention::a_table_without_an_age_is_kept_for_good",
    "retention::fault_26_the_audit_trail_goes_seal_by_seal_and_stays_verifiable",
    "retention::many_rows_go_in_steps",
    "retention::rows_go_when_they_are_older_than_their_age_and_not_before",
];

async fn run(case: conformance::Case) {
    let database = migrated_database().await;
    let role = if OF_THE_MAINTENANCE.contains(&case.name) { "taskmaster_admin" } else { "taskmaster_app" };
    let login = database.login(&[role]).await.expect("a user can be made");
    let store = PgStore::connect(login.url()).await.expect("the test's database can be reached");
    (case.run)(Arc::new(store)).await;
    if role == "taskmaster_admin" {
        let database = migrated_database().await;
        let login = database.login(&["taskmaster_app"]).await.expect("a user can be made");
        let store = PgStore::connect(login.url()).await.expect("the test's database can be reached");
        let outcome = AssertUnwindSafe((case.run)(Arc::new(store))).catch_unwind().await;
        assert!(outcome.is_err(), "the application can do this, too: take it from the list");
    }
}

fn main() -> ExitCode {
    let trial = |case: conformance::Case| {
        Trial::test(case.name, move || {
            Runtime::new()?.block_on(run(case));
            Ok(())
        })
    };
    let trials = conformance::cases().map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
