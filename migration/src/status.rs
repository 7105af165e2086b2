use serde_json::{Value, json};

use crate::catalogue::{catalogue, description};
use crate::{MigrateError, Target};

/// What has been applied to a schema and what has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// All migrations that the program or the schema knows, oldest first.
    pub migrations: Vec<MigrationStatus>,
}

/// One migration in a [`Status`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its name, which is its version too.
    pub version: String,
    /// Its name in words.
    pub description: String,
    /// How it stands.
    pub state: State,
    /// When it was applied, in UTC, as RFC 3339.
    pub applied_at: Option<String>,
    /// How long its statements ran, in milliseconds.
    pub duration_ms: Option<i64>,
}

/// How a migration stands in a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is applied.
    Applied,
    /// It is not.
    Pending,
    /// It is applied, but its files have changed since.
    Changed,
    /// It is applied, but this program does not know it.
    Unknown,
}

impl State {
    /// The state as a lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
        }
    }
}

impl Status {
    /// How many are applied, changed and unknown ones among them.
    #[must_use]
    pub fn applied(&self) -> usize {
        self.migrations.len() - self.pending()
    }

    /// How many are pending.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.migrations.iter().filter(|migration| migration.state == State::Pending).count()
    }

    /// The status as a JSON object: `total`, `applied`, `pending`, and `migrations` with the fields of
    /// [`MigrationStatus`].
    #[must_use]
    pub fn to_json(&self) -> Value {
        let migrations: Vec<Value> = self
            .migrations
            .iter()
            .map(|it| {
                json!({
                    "version": it.version,
                    "description": it.description,
                    "state": it.state.as_str(),
                    "applied_at": it.applied_at,
                    "duration_ms": it.duration_ms,
                })
            })
            .collect();
        json!({
            "total": self.migrations.len(),
            "applied": self.applied(),
            "pending": self.pending(),
            "migrations": migrations,
        })
    }
}

impl Target {
    /// What has been applied and what has not. Needs no right but to read, and says so of every state of the schema.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn status(&self) -> Result<Status, MigrateError> {
        let mut records = self.records().await?;
        let mut migrations = Vec::new();
        for migration in catalogue() {
            let record = records.remove(migration.name).unwrap_or_default();
            let state = if record.is_changed(&migration.checksum()) {
                State::Changed
            } else if record.counts_as_applied {
                State::Applied
            } else {
                State::Pending
            };
            let details = record.details.filter(|_| record.counts_as_applied);
            migrations.push(MigrationStatus {
                version: migration.name.to_owned(),
                description: migration.description(),
                state,
                duration_ms: details.as_ref().and_then(|details| details.duration_ms),
                applied_at: details.and_then(|details| details.applied_at),
            });
        }
        for (version, record) in records {
            migrations.push(MigrationStatus {
                description: description(&version),
                state: State::Unknown,
                duration_ms: record.details.as_ref().and_then(|details| details.duration_ms),
                applied_at: record.details.and_then(|details| details.applied_at),
                version,
            });
        }
        migrations.sort_by(|a, b| a.version.cmp(&b.version));
        Ok(Status { migrations })
    }
}
