//! The command line that every program of Taskmaster shares.
//!
//! [`DatabaseArgs`] is the one rule which database is meant, in this order:
//!
//! 1. `--database-url`;
//! 2. `DATABASE_URL`;
//! 3. the variables `DB_*` over the table `[database]` of `taskmaster.toml`;
//! 4. the embedded PostgreSQL, for the programs of a developer's machine and for all others with `--embedded`.
//!
//! A database that is named in part, such as by `DB_HOST` alone, is an error and never the embedded one. A program that
//! writes says first where: [`Located::announce`].
//!
//! ```no_run
//! use clap::Parser;
//! use taskmaster_cli::{DatabaseArgs, LocateError};
//! use taskmaster_connection::Database;
//!
//! #[derive(Parser)]
//! struct Arguments {
//!     #[command(flatten)]
//!     database: DatabaseArgs,
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let located = Arguments::parse().database.locate("my-program")?;
//! located.announce();
//! let database = Database::connect(located.config.clone()).await?;
//! # Ok(())
//! # }
//! ```

mod database;
mod log;

pub use database::{DatabaseArgs, LocateError, Located};
pub use log::show_log;
