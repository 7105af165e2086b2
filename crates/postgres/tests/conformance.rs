//! Runs the conformance suite on PostgreSQL, each case as a test of its own with a database of its own.

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Trial};
use taskmaster_postgres::PgStore;
use taskmaster_testkit::{conformance, migrated_database};
use tokio::runtime::Runtime;

async fn run(case: conformance::Case) {
    let database = migrated_database().await;
    let store = PgStore::connect(&database.url()).await.expect("the test's database can be reached");
    (case.run)(Arc::new(store)).await;
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
