//! Runs the conformance suite on the store in memory, each case as a test of its own.

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Trial};
use taskmaster_testkit::{MemoryStore, conformance};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let trial = |case: conformance::Case| {
        Trial::test(case.name, move || {
            Runtime::new()?.block_on((case.run)(Arc::new(MemoryStore::new())));
            Ok(())
        })
    };
    let trials = conformance::cases().map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
