use taskmaster_embedded::{Template, TestDatabase};

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
