//! The schema of Taskmaster as SQL files, and the program that applies them.
//!
//! ```no_run
//! # async fn example() -> Result<(), taskmaster_migration::MigrateError> {
//! let applied = taskmaster_migration::up("postgres://localhost/tasks", None).await?;
//! println!("{} migrations applied", applied.len());
//! # Ok(())
//! # }
//! ```
//!
//! Each folder of `migrations/` holds an `up.sql` and a `down.sql`, run statement by statement in one transaction, which
//! also holds the row of `schema_migrations` that says what was applied. A migration whose files have changed since is
//! refused, as is a schema that a newer program has migrated. Only one process migrates a schema at a time, the others
//! wait. Any schema will do: the tables of a tenant can live beside those of another.
//!
//! `inventory.txt` lists what the migrations make, rights included. [`Target::verify`] compares the live schema with
//! it, and [`Target::grant`] repairs what a restore without roles or grants has lost.
//!
//! [`Target`] is a schema of a database, with all that the `migrate` program does; [`Migrator`] serves sea-orm-migration's
//! own tools; [`fingerprint`] names what the migrations make, for a test that keeps a migrated template.

mod catalogue;
mod error;
mod foreign;
mod fresh;
mod grant;
mod inventory;
mod lock;
mod record;
mod runner;
mod scaffold;
mod split;
mod status;
mod target;
mod verify;

pub use catalogue::{Migrator, fingerprint, names};
pub use error::MigrateError;
pub use fresh::SchemaObject;
pub use scaffold::create_migration;
pub use status::{MigrationStatus, State, Status};
pub use target::{Target, unlimited};

/// The table whose column `version` names the migrations that were applied.
pub const TABLE: &str = "schema_migrations";

/// Applies all pending migrations to `schema` (by default the one in which the session would create tables), and returns
/// their names. The schema is made when there is none, and no connection is left open.
///
/// # Errors
///
/// As [`Target::connect`] and [`Target::up`].
pub async fn up(url: &str, schema: Option<&str>) -> Result<Vec<String>, MigrateError> {
    let target = Target::connect(url, schema).await?;
    let applied = target.up(None).await?;
    target.close().await;
    Ok(applied)
}

/// What has been applied to `schema` and what has not.
///
/// # Errors
///
/// As [`Target::connect`] and [`Target::status`].
pub async fn status(url: &str, schema: Option<&str>) -> Result<Status, MigrateError> {
    let target = Target::connect(url, schema).await?;
    let status = target.status().await?;
    target.close().await;
    Ok(status)
}
