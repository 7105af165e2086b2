use std::io::{self, Write as _};

use taskmaster_embedded::{EmbeddedError, Template, TestDatabase, TestServer};

/// A database of the caller's own, with all migrations applied. It is gone when the value is dropped.
///
/// The first call in a process starts a PostgreSQL, unless `DATABASE_URL` names one, and the first one after a change of
/// the migrations applies them; all others clone the result.
///
/// # Panics
///
/// When there is no PostgreSQL to be had, or a migration fails; the text says what to do.
pub async fn migrated_database() -> TestDatabase {
    let template = Template::new(taskmaster_migration::fingerprint());
    let prepare = async |url: String| taskmaster_migration::up(&url, None).await.map(drop);
    match TestDatabase::create(&template, prepare).await {
        Ok(database) => database,
        Err(error) => panic!("no database for this test: {error}"),
    }
}

/// Returns a standby of the server, or `None` after a line on standard error: the server's programs lack
/// `pg_basebackup`, and no package of this machine has it. It blocks.
///
/// # Panics
///
/// For any other error of [`TestServer::standby`].
#[must_use]
pub fn standby_of(primary: &TestServer) -> Option<TestServer> {
    match primary.standby() {
        Ok(standby) => Some(standby),
        Err(error @ EmbeddedError::NoBaseBackup { .. }) => {
            // Not by `eprintln`, which the harness keeps from a test that passes.
            let _ = writeln!(io::stderr(), "skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
