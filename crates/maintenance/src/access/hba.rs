//! Lines of `pg_hba.conf` as the server reads them, and whom they fit.

use std::collections::BTreeSet;

use ipnetwork::IpNetwork;

use super::network::{contains, loopback};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Its number, with the file if that is another one.
    pub(crate) line: String,
    pub(crate) kind: String,
    pub(crate) databases: Vec<String>,
    pub(crate) users: Vec<String>,
    pub(crate) address: Address,
    pub(crate) method: String,
    pub(crate) options: Vec<String>,
}

/// From where a line lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Over the socket.
    None,
    All,
    Network(IpNetwork),
    /// The server's own addresses.
    SameHost,
    /// What only the server knows: `samenet`, or a host's name.
    Other(String),
}

/// How somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Socket,
    Tls,
    Plain,
    /// Encrypted by Kerberos.
    Gss,
}

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal<'a> {
    Database(&'a str),
    /// A database that no line names.
    Unnamed,
    /// The stream of all changes in the cluster.
    Replication,
}

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) name: String,
    /// The roles that he is a member of, directly or not.
    pub(crate) roles: BTreeSet<String>,
    pub(crate) may_replicate: bool,
    /// Whether it reaches this database from every other one, as a superuser does over the server's files.
    pub(crate) reaches_all: bool,
}

/// Whether a line fits. A regular expression may or may not: the server alone knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    No,
    Maybe,
    Yes,
}

impl Rule {
    pub(crate) fn rejects(&self) -> bool {
        self.method == "reject"
    }

    /// Whether the line is about this attempt, wherever it comes from.
    pub(crate) fn fit(&self, login: &Login, goal: Goal<'_>, transport: Transport) -> Fit {
        if !self.fits_transport(transport) {
            return Fit::No;
        }
        let best = |fits: &mut dyn Iterator<Item = Fit>| fits.max().unwrap_or(Fit::No);
        let user = best(&mut self.users.iter().map(|word| fit_user(word, login)));
        let database = best(&mut self.databases.iter().map(|word| fit_database(word, login, goal)));
        user.min(database)
    }

    /// Whether the line is about a connection from this network, which no line's or demand's network divides.
    pub(crate) fn fits_address(&self, network: IpNetwork) -> Fit {
        let fits = match &self.address {
            Address::None => false,
            Address::All => true,
            Address::Network(own) => contains(*own, network),
            Address::SameHost => loopback().iter().any(|own| contains(*own, network)),
            Address::Other(_) => return Fit::Maybe,
        };
        if fits { Fit::Yes } else { Fit::No }
    }

    fn fits_transport(&self, transport: Transport) -> bool {
        use Transport::{Gss, Plain, Socket, Tls};
        match self.kind.as_str() {
            "local" => transport == Socket,
            "host" => transport != Socket,
            "hostssl" => transport == Tls,
            "hostnossl" => matches!(transport, Plain | Gss),
            "hostgssenc" => transport == Gss,
            "hostnogssenc" => matches!(transport, Tls | Plain),
            // A kind that is new here fits whatever comes.
            _ => true,
        }
    }
}

fn fit_user(word: &str, login: &Login) -> Fit {
    let fits = match word.strip_prefix('+') {
        Some(role) => login.name == role || login.roles.contains(role),
        None if word.starts_with('/') => return Fit::Maybe,
        None => word == "all" || word == login.name,
    };
    if fits { Fit::Yes } else { Fit::No }
}

fn fit_database(word: &str, login: &Login, goal: Goal<'_>) -> Fit {
    let fits = match (word, goal) {
        ("replication", goal) => goal == Goal::Replication,
        (_, Goal::Replication) => false,
        ("all", _) => true,
        ("sameuser" | "samerole" | "samegroup", Goal::Unnamed) => return Fit::Maybe,
        ("sameuser", Goal::Database(database)) => login.name == database,
        ("samerole" | "samegroup", Goal::Database(database)) => {
            login.name == database || login.roles.contains(database)
        }
        (word, _) if word.starts_with('/') => return Fit::Maybe,
        (word, Goal::Database(database)) => word == database,
        (_, Goal::Unnamed) => false,
    };
    if fits { Fit::Yes } else { Fit::No }
}
