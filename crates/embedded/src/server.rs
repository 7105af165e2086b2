use std::env::{self, VarError};
use std::fmt;

use crate::{EmbeddedError, EmbeddedPostgres, Settings};

/// The server that a program works on.
pub enum Server {
    /// One that the user has named by its URL. It is neither started nor stopped.
    Given(String),
    /// One of ours, which runs for as long as this value lives.
    Embedded(EmbeddedPostgres),
}

impl Server {
    /// Finds the server to work on: `given`, which is what a command line says; else `DATABASE_URL`; else the cluster of
    /// `settings`, attached to or started. An empty URL counts as none. A URL is taken as it is, without connecting, and
    /// `settings` is not called then: who names a server need not have a place for data.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::UrlNotUtf8`]; when no URL is given, those of `settings` and of [`EmbeddedPostgres::start`].
    pub fn locate(
        given: Option<&str>,
        settings: impl FnOnce() -> Result<Settings, EmbeddedError>,
    ) -> Result<Self, EmbeddedError> {
        if let Some(url) = given.filter(|url| !url.is_empty()) {
            return Ok(Self::Given(url.to_owned()));
        }
        match database_url_variable()? {
            Some(url) => Ok(Self::Given(url)),
            None => EmbeddedPostgres::start(settings()?).map(Self::Embedded),
        }
    }

    /// The URL to connect to. It may hold a password, so it is not for logs.
    #[must_use]
    pub fn database_url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Embedded(postgres) => postgres.database_url(),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.debug_tuple("Given").finish_non_exhaustive(),
            Self::Embedded(postgres) => f.debug_tuple("Embedded").field(postgres).finish(),
        }
    }
}

/// `DATABASE_URL`, unless it is empty.
pub(crate) fn database_url_variable() -> Result<Option<String>, EmbeddedError> {
    match env::var("DATABASE_URL") {
        Ok(url) => Ok(Some(url).filter(|url| !url.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(EmbeddedError::UrlNotUtf8),
    }
}
