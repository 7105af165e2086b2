//! One server, by name and port.

use std::{fmt, net::IpAddr};

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// A host name, an IP address, or the directory of a Unix socket, which begins with `/`.
    pub name: String,
    /// The TCP port, or the number in the socket's name.
    pub port: u16,
}

impl Host {
    /// Returns `true` if this is the directory of a Unix socket.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.name.starts_with('/')
    }

    /// Returns `true` if nothing that is sent there leaves this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
        self.is_socket()
            || self.name.eq_ignore_ascii_case("localhost")
            || self.name.parse().is_ok_and(is_loopback)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        match name {
            socket if socket.starts_with('/') => write!(f, "{socket}/.s.PGSQL.{port}"),
            address if address.contains(':') => write!(f, "[{address}]:{port}"),
            name => write!(f, "{name}:{port}"),
        }
    }
}

/// Returns `name` quoted as an SQL identifier, safe wherever an identifier may stand.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_identifier_whatever_is_in_it() {
        assert_eq!(quote_identifier("tenant_a"), "\"tenant_a\"");
        assert_eq!(quote_identifier("a\", public"), "\"a\"\", public\"");
    }

    #[test]
    fn only_this_machine_is_local() {
        let is_local = |name: &str| Host { name: name.to_owned(), port: 5432 }.is_local();
        for name in ["/tmp", "localhost", "LocalHost", "127.0.0.2", "::1", "::ffff:127.0.0.1"] {
            assert!(is_local(name), "{name}");
        }
        for name in ["db.example.com", "10.0.0.1", "localhost.example.com", "::2"] {
            assert!(!is_local(name), "{name}");
        }
    }
}
