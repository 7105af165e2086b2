//! What is asked for: who is to get in, from where, and how.

use anyhow::{Result, bail};
use ipnetwork::IpNetwork;
use taskmaster_postgres::config::{DatabaseConfig, Host, SslMode};

use super::network::{covers, everything, loopback, simplified};

/// The roles that the migrations make.
pub(crate) const GROUPS: [&str; 3] = ["taskmaster_readonly", "taskmaster_app", "taskmaster_admin"];

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) database: String,
    /// The schema, if it is not the user's own choice.
    pub(crate) schema: Option<String>,
    /// Users to log in, each with the role that he is to be a member of.
    pub(crate) logins: Vec<(String, String)>,
    /// The role that migrates, if it is to get in, too.
    pub(crate) owner: Option<String>,
    pub(crate) networks: Vec<IpNetwork>,
    /// Whether the program itself connects over the loopback.
    pub(crate) loopback: bool,
    /// Whether a connection over a network must be encrypted.
    pub(crate) tls: bool,
    /// Whether it must bring a certificate, too.
    pub(crate) client_certificate: bool,
}

impl Demand {
    /// What the configuration asks for. `logins` are as `readonly=ann`; one of app takes the place of the configured user.
    pub(crate) fn new(
        config: &DatabaseConfig,
        logins: &[String],
        owner: Option<String>,
        everybody: bool,
    ) -> Result<Self> {
        let networks = simplified(&config.allowed_networks);
        for all in everything() {
            if !everybody && covers(&networks, all) {
                bail!(
                    "the allowed networks are {all}, which is everybody: name in DB_ALLOWED_IPS the networks of those who connect, \
                     such as 10.20.0.0/16 or 192.0.2.7/32; if everybody is meant, say --everybody, too"
                );
            }
        }
        let is_remote = |host: &Host| !host.is_local();
        if networks.is_empty() && config.hosts.iter().any(is_remote) {
            bail!(
                "no network is allowed, but the server is at {}: name in DB_ALLOWED_IPS the networks from which it is reached",
                config.hosts.iter().map(|host| host.name.as_str()).collect::<Vec<_>>().join(", ")
            );
        }
        let mut asked = Vec::new();
        // Who checks is an administrator, and not the user of the application.
        if !logins.iter().any(|login| login.starts_with("app=")) {
            asked.push((config.user.clone(), "taskmaster_app".to_owned()));
        }
        for login in logins {
            let role = login.split_once('=').map(|(role, name)| (format!("taskmaster_{role}"), name));
            match role {
                Some((role, name)) if GROUPS.contains(&role.as_str()) && !name.is_empty() => {
                    asked.retain(|(known, _)| known != name);
                    asked.push((name.to_owned(), role));
                }
                _ => bail!("--login {login}: write readonly=NAME, app=NAME or admin=NAME"),
            }
        }
        if let Some(owner) = &owner {
            asked.retain(|(name, _)| name != owner);
        }
        Ok(Self {
            database: config.database.clone(),
            schema: config.schema.clone(),
            logins: asked,
            owner,
            networks,
            loopback: config.hosts.iter().any(|host| host.is_local() && !host.is_socket()),
            tls: config.tls.mode != Some(SslMode::Disable),
            client_certificate: config.tls.client.is_some(),
        })
    }

    /// The networks from which these users must be let in, and whether by TLS.
    pub(crate) fn needed(&self) -> Vec<(IpNetwork, bool)> {
        let own = loopback().into_iter().filter(|_| self.loopback).map(|network| (network, false));
        own.chain(self.networks.iter().map(|network| (*network, self.needs_tls(*network)))).collect()
    }

    /// The networks from which anybody may be let in: a machine may speak to itself.
    pub(crate) fn allowed(&self) -> Vec<IpNetwork> {
        simplified(&[&self.networks[..], &loopback()].concat())
    }

    /// Whether connections from this network must be encrypted: what stays on the machine need not be.
    pub(crate) fn needs_tls(&self, network: IpNetwork) -> bool {
        self.tls && !covers(&loopback(), network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(host: &str, networks: &[&str]) -> DatabaseConfig {
        let mut config = DatabaseConfig::new(host, "tasks", "svc");
        config.allowed_networks = networks.iter().map(|it| it.parse().unwrap()).collect();
        config
    }

    #[test]
    fn everybody_must_be_said_twice() {
        for networks in [&["0.0.0.0/0"][..], &["10.0.0.0/8", "::/0"], &["0.0.0.0/1", "128.0.0.0/1"]] {
            let config = config("db.example.com", networks);
            let error = Demand::new(&config, &[], None, false).unwrap_err().to_string();
            assert!(error.contains("/0, which is everybody") && error.contains("--everybody"), "{error}");
            assert!(Demand::new(&config, &[], None, true).is_ok());
        }
    }

    #[test]
    fn a_server_elsewhere_needs_networks_and_one_here_does_not() {
        let error = Demand::new(&config("db.example.com", &[]), &[], None, false).unwrap_err().to_string();
        assert!(error.contains("db.example.com") && error.contains("DB_ALLOWED_IPS"), "{error}");
        let here = Demand::new(&config("localhost", &[]), &[], None, false).unwrap();
        assert_eq!(here.needed(), loopback().map(|network| (network, false)));
        assert!(Demand::new(&config("/run/postgresql", &[]), &[], None, false).unwrap().needed().is_empty());
    }

    #[test]
    fn a_login_has_one_of_the_roles() {
        let config = config("localhost", &[]);
        let logins = ["readonly=ann".to_owned(), "admin=svc".to_owned()];
        let demand = Demand::new(&config, &logins, None, false).unwrap();
        let expected = [("ann", "taskmaster_readonly"), ("svc", "taskmaster_admin")];
        assert_eq!(demand.logins, expected.map(|(name, role)| (name.to_owned(), role.to_owned())));
        for wrong in ["ann", "readonly=", "owner=ann"] {
            assert!(Demand::new(&config, &[wrong.to_owned()], None, false).is_err(), "{wrong}");
        }
    }
}
