//! What every store must do, as a list of cases.
//!
//! A case is a story about an empty store that it has for itself; it fails by a panic. A store passes the suite by running
//! each case as a test of its own:
//!
//! ```
//! use std::sync::Arc;
//!
//! use taskmaster_testkit::{MemoryStore, conformance};
//!
//! # #[tokio::main]
//! # async fn main() {
//! let case = conformance::cases().next().expect("there are cases");
//! (case.run)(Arc::new(MemoryStore::new())).await;
//! # }
//! ```
//!
//! A function of a noun's file that is not in the file's list is dead code, so no case can be forgotten.

mod api_key;
mod api_key_audit;
mod api_key_rate_limit;
mod api_key_usage;
mod api_key_verify;
mod audit_log;
mod audit_seal;
mod bulk;
mod concurrency;
mod error_log;
mod error_log_group;
mod error_log_limits;
mod error_log_patch;
mod error_log_prune;
mod error_log_report;
mod error_log_resolve;
mod error_log_search;
mod expect;
mod given;
mod limits;
mod metric;
mod metric_numbers;
mod page;
mod ready;
mod retention;
mod retry;
mod search;
mod statistics;
mod stream;
mod task;
mod task_bulk;
mod task_context;
mod task_dependency;
mod task_dependency_bulk;
mod task_patch;
mod unit_of_work;
mod validation;
mod workflow_state;

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use taskmaster_repository::Store;

/// One story about a store.
#[derive(Clone, Copy)]
pub struct Case {
    /// What must hold, with the noun before it, for example `task::a_task_comes_back_as_it_was_given`.
    pub name: &'static str,
    /// Tells the story on a store that is empty and that nobody else uses. Panics when something does not hold.
    pub run: fn(Arc<dyn Store>) -> BoxFuture<'static, ()>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Makes a file's list of cases from its functions. A macro, since a function cannot tell another one's name.
macro_rules! suite {
    ($noun:literal, $($case:ident),+ $(,)?) => {
        pub(super) const CASES: &[super::Case] = &[$(super::Case {
            name: concat!($noun, "::", stringify!($case)),
            run: |store| Box::pin(async move { $case(&*store).await }),
        }),+];
    };
}
use suite;

/// All cases.
pub fn cases() -> impl Iterator<Item = Case> {
    let all = [
        task::CASES,
        task_patch::CASES,
        task_bulk::CASES,
        task_context::CASES,
        task_dependency::CASES,
        task_dependency_bulk::CASES,
        workflow_state::CASES,
        error_log::CASES,
        error_log_patch::CASES,
        error_log_limits::CASES,
        error_log_resolve::CASES,
        error_log_group::CASES,
        error_log_report::CASES,
        error_log_search::CASES,
        error_log_prune::CASES,
        audit_log::CASES,
        audit_seal::CASES,
        metric::CASES,
        metric_numbers::CASES,
        api_key::CASES,
        api_key_verify::CASES,
        api_key_rate_limit::CASES,
        api_key_usage::CASES,
        api_key_audit::CASES,
        ready::CASES,
        retry::CASES,
        retention::CASES,
        statistics::CASES,
        search::CASES,
        page::CASES,
        stream::CASES,
        bulk::CASES,
        unit_of_work::CASES,
        limits::CASES,
        validation::CASES,
        concurrency::CASES,
    ];
    all.into_iter().flatten().copied()
}
