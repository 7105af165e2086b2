//! `PgBouncer` in transaction mode between the store and the server: the whole conformance suite passes, sessions are shared
//! without anything of one client reaching the next, and what breaks comes back by itself.
//!
//! Where it is not installed, one ignored test says so.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its own functions")]

mod faults;
mod sharing;
mod stage;

use std::{
    panic::AssertUnwindSafe,
    process::ExitCode,
    sync::{Arc, LazyLock},
};

use futures::{FutureExt as _, future::LocalBoxFuture};
use libtest_mimic::{Arguments, Failed, Trial};
use secrecy::ExposeSecret as _;
use taskmaster_embedded::{EmbeddedError, TestPooler};
use taskmaster_postgres::{Database, PgStore, config::DatabaseConfig};
use taskmaster_testkit::{conformance, migrated_database};
use tokio::runtime::Runtime;

/// A test: its name and its story.
type Test = (&'static str, fn() -> LocalBoxFuture<'static, ()>);

/// Makes a file's list of tests from its functions.
macro_rules! tests {
    ($($test:ident),+ $(,)?) => {
        pub(super) const TESTS: &[super::Test] = &[$((stringify!($test), || Box::pin($test()))),+];
    };
}
use tests;

/// The pooler of all cases, in front of the server that has the databases of the tests. Ten connections of each store share
/// three of the server. It lasts until this process ends.
static POOLER: LazyLock<TestPooler> = LazyLock::new(|| {
    let url = Runtime::new().unwrap().block_on(async { migrated_database().await.url() });
    let config = DatabaseConfig::from_url(&url).unwrap();
    let (host, port) = (&config.hosts[0].name, config.hosts[0].port.to_string());
    let mut server = vec![("host", host.as_str()), ("port", port.as_str()), ("user", &config.user)];
    if let Some(password) = &config.password {
        server.push(("password", password.expose_secret()));
    }
    TestPooler::launch(&server, &[("default_pool_size", "3")]).unwrap()
});

async fn run(case: conformance::Case) {
    let database = migrated_database().await;
    let way = stage::way_through(&POOLER, database.name());
    let database = Database::connect(way).await.expect("the test's database can be reached");
    (case.run)(Arc::new(PgStore::new(database.clone()))).await;
}

/// A trial that is its own runtime, and tells of a panic like any test.
fn trial(name: &str, story: impl FnOnce() -> LocalBoxFuture<'static, ()> + Send + 'static) -> Trial {
    Trial::test(name, move || {
        LazyLock::force(&POOLER);
        let told = Runtime::new()?.block_on(AssertUnwindSafe(story()).catch_unwind());
        told.map_err(|_| Failed::without_message())
    })
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = match TestPooler::program() {
        Ok(_) => {
            let cases = conformance::cases().map(|case| trial(case.name, move || Box::pin(run(case))));
            let own = [sharing::TESTS, faults::TESTS].into_iter().flatten();
            cases.chain(own.map(|(name, story)| trial(name, story))).collect()
        }
        Err(EmbeddedError::NoPooler) => {
            let name = "skipped, since PgBouncer is not installed (Debian: apt-get install pgbouncer)";
            vec![Trial::test(name, || Ok(())).with_ignored_flag(true)]
        }
        Err(error) => panic!("{error}"),
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}
