//! What the small examples share: a PostgreSQL that is there for one run only.
//!
//! Each program of this package shows one use. `quickstart` is the whole system on a real project; `unit_of_work`,
//! `storage_manager`, `errors`, `api_keys`, `audit`, `bulk`, `raw_query`, `mocking` and `serve_health` are
//! a page each.

use anyhow::Result;
use taskmaster_embedded::{EmbeddedPostgres, Settings};
use taskmaster_postgres::PgStore;

/// A store on a fresh, migrated PostgreSQL, which is gone when the first value is dropped.
///
/// # Errors
///
/// When this machine has no PostgreSQL programs, or the server does not start; the text says what to do.
pub async fn throwaway_store() -> Result<(EmbeddedPostgres, PgStore)> {
    let server = EmbeddedPostgres::start(Settings::throwaway())?;
    let url = server.database_url();
    taskmaster_migration::up(&url, None).await?;
    let store = PgStore::connect(&url).await?;
    Ok((server, store))
}

/// The programs of the README, so that they are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/coming-from-the-description.md")]
struct ComingFromTheDescription;
