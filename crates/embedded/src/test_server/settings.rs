use std::fmt::Write;

/// How a [`TestServer`](crate::TestServer) is to be, where it differs from the default: a server that answers on a Unix socket only,
/// trusts everybody there, keeps what it has acknowledged when it is killed, and can be followed by standbys.
#[derive(Debug, Clone, Default)]
pub struct TestServerSettings {
    pub(super) tcp: bool,
    pub(super) wal_disk: bool,
    pub(super) config: String,
    pub(super) hba: Option<String>,
    /// Names in the data directory, and what the files hold.
    pub(super) files: Vec<(&'static str, String)>,
}

/// Bytes of the small disk for the write-ahead log.
pub(super) const WAL_DISK: &str = "32m";

/// What every server of this kind has in its `postgresql.conf`, before what the test adds. The machine itself does not fail in a
/// test, so nothing is forced to a disk.
pub(super) const BASE: &str = "
fsync = off
full_page_writes = off
autovacuum = off
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
wal_level = replica
max_wal_senders = 4
wal_keep_size = '64MB'
hot_standby = on
unix_socket_permissions = 0700
# Files in the cluster go away with it, while those in /dev/shm outlive a killed server.
dynamic_shared_memory_type = mmap
";

impl TestServerSettings {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on 127.0.0.1, too, on a port that nobody uses.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Keeps the write-ahead log on a small disk of its own, which can be [filled](crate::TestServer::fill_wal_disk). Not every
    /// system allows that: [`EmbeddedError::MayNotMount`](crate::EmbeddedError::MayNotMount).
    #[must_use]
    pub fn wal_disk(mut self) -> Self {
        self.wal_disk = true;
        // A log that uses its old files again would need no room for a long time, and one that removes them would make some.
        self.setting("wal_recycle", "off").setting("checkpoint_timeout", "1h").setting("wal_keep_size", "0")
    }

    /// Adds a line to `postgresql.conf`. Of two for one name the later one counts.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        writeln!(self.config, "{name} = '{}'", value.replace('\'', "''")).expect("a string takes all text");
        self
    }

    /// The whole of `pg_hba.conf`, in place of one that trusts everybody on this machine.
    ///
    /// Without a line for local connections of `postgres`, [`TestServer::url`](crate::TestServer::url) is of no use; without one
    /// for `replication`, there can be no standby.
    #[must_use]
    pub fn hba(mut self, content: impl Into<String>) -> Self {
        self.hba = Some(content.into());
        self
    }

    /// A file in the data directory, which only the server may read.
    #[must_use]
    pub fn file(mut self, name: &'static str, content: impl Into<String>) -> Self {
        self.files.push((name, content.into()));
        self
    }

    /// Speaks TLS, with this certificate and its key, both as PEM.
    #[must_use]
    pub fn tls(self, certificate: impl Into<String>, key: impl Into<String>) -> Self {
        let files = self.file("server.crt", certificate).file("server.key", key);
        files
            .setting("ssl", "on")
            .setting("ssl_cert_file", "server.crt")
            .setting("ssl_key_file", "server.key")
    }

    /// Accepts the certificates of clients that are signed by this one, which is PEM. It needs [`tls`](Self::tls), and lines of
    /// `pg_hba.conf` that ask for certificates.
    #[must_use]
    pub fn client_ca(self, certificate: impl Into<String>) -> Self {
        self.file("root.crt", certificate).setting("ssl_ca_file", "root.crt")
    }
}
