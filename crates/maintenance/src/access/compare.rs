//! What the lines of `pg_hba.conf` let in, compared with what is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ipnetwork::IpNetwork;

use super::demand::{Demand, GROUPS};
use super::hba::{Address, Fit, Goal, Login, Rule, Transport};
use super::network::{contains, covers, everything, loopback};

/// What is not as asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Finding {
    /// More is allowed.
    Wider(String),
    /// Less is allowed.
    Missing(String),
    /// The server cannot read it.
    Fault(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wider(text) => write!(f, "wider    {text}"),
            Self::Missing(text) => write!(f, "missing  {text}"),
            Self::Fault(text) => write!(f, "fault    {text}"),
        }
    }
}

/// Compares the lines, in the server's order, for these users and for whoever will be a member of a role.
pub(crate) fn compare(demand: &Demand, rules: &[Rule], logins: &[Login]) -> Vec<Finding> {
    let members = GROUPS.iter().map(|group| Login {
        name: format!("members of {group}"),
        roles: BTreeSet::from([(*group).to_owned()]),
        may_replicate: false,
        reaches_all: false,
    });
    let mut wider: BTreeMap<(usize, String), BTreeSet<&str>> = BTreeMap::new();
    let mut missing: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let members: Vec<Login> = members.collect();
    let (cells, needed) = (cells(demand, rules), demand.needed());
    // What is a keyword or a regular expression is the name of no database here, and does no harm as one.
    let named: BTreeSet<&str> = rules.iter().flat_map(|rule| &rule.databases).map(String::as_str).collect();
    for login in members.iter().chain(logins) {
        let is_asked = members.contains(login)
            || demand.owner.as_ref() == Some(&login.name)
            || demand.logins.iter().any(|(name, _)| *name == login.name);
        let mut goals = vec![Goal::Database(&demand.database)];
        if login.may_replicate {
            goals.push(Goal::Replication);
        }
        if login.reaches_all {
            let others = named.iter().copied().filter(|name| *name != demand.database);
            goals.extend(others.map(Goal::Database).chain([Goal::Unnamed]));
        }
        for goal in goals.iter().copied() {
            for transport in [Transport::Socket, Transport::Tls, Transport::Plain, Transport::Gss] {
                // The socket has no addresses: one of them stands for it.
                let from: &[Option<IpNetwork>] =
                    if transport == Transport::Socket { &[None] } else { &cells };
                for network in from {
                    let decision = decide(rules, login, goal, transport, *network);
                    for (at, why) in admitted(demand, rules, &decision.admitting, transport, *network) {
                        wider.entry((at, why)).or_default().insert(&login.name);
                    }
                    let is_needed = match network {
                        None => true,
                        Some(network) => needed.iter().any(|(whole, tls)| {
                            contains(*whole, *network)
                                && transport == if *tls { Transport::Tls } else { Transport::Plain }
                        }),
                    };
                    if is_asked && is_needed && goal == goals[0] && decision.admitting.is_empty() {
                        let by = decision.rejecting.map_or_else(
                            || "no line is about them".to_owned(),
                            |at| format!("line {} rejects them", rules[at].line),
                        );
                        let place =
                            network.map_or_else(|| "over the socket".to_owned(), |it| format!("from {it}"));
                        missing
                            .entry(format!("are not let in {place}: {by}"))
                            .or_default()
                            .insert(&login.name);
                    }
                }
            }
        }
    }
    let list = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
    let wider = wider
        .iter()
        .map(|((at, why), names)| Finding::Wider(format!("line {} {why}: {}", rules[*at].line, list(names))));
    let missing = missing.iter().map(|(what, names)| Finding::Missing(format!("{} {what}", list(names))));
    wider.chain(missing).collect()
}

/// What becomes of an attempt.
struct Decision {
    /// The lines that let it in, or may.
    admitting: Vec<usize>,
    /// The line that surely rejects what none of those lets in.
    rejecting: Option<usize>,
}

/// The first line that surely fits decides; before it, each that may fit, too.
fn decide(
    rules: &[Rule],
    login: &Login,
    goal: Goal<'_>,
    transport: Transport,
    network: Option<IpNetwork>,
) -> Decision {
    let mut decision = Decision { admitting: Vec::new(), rejecting: None };
    for (at, rule) in rules.iter().enumerate() {
        let address = match network {
            None if rule.address == Address::None => Fit::Yes,
            None => Fit::No,
            Some(network) => rule.fits_address(network),
        };
        let fit = rule.fit(login, goal, transport).min(address);
        if fit == Fit::No {
            continue;
        }
        if !rule.rejects() {
            decision.admitting.push(at);
        }
        if fit == Fit::Yes {
            decision.rejecting = rule.rejects().then_some(at);
            break;
        }
    }
    decision
}

/// What is wider about each line that lets this in.
fn admitted(
    demand: &Demand,
    rules: &[Rule],
    admitting: &[usize],
    transport: Transport,
    network: Option<IpNetwork>,
) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in admitting {
        let rule = &rules[*at];
        let mut add = |why: String| found.push((*at, why));
        if let Address::Other(name) = &rule.address {
            add(format!("lets in from {name}, which only the server can compare with the networks"));
            continue;
        }
        if let Some(network) = network {
            let is_allowed = covers(&demand.allowed(), network);
            if !is_allowed {
                add(format!("lets in from addresses of {} that are not in the networks", address(rule)));
                continue;
            }
            if demand.needs_tls(network) {
                if transport == Transport::Plain {
                    add(format!("lets in from {network} without TLS"));
                }
                let certified = rule.method == "cert"
                    || rule.options.iter().any(|option| option == "clientcert=verify-full");
                if demand.client_certificate && transport == Transport::Tls && !certified {
                    add(format!("lets in from {network} without a client's certificate"));
                }
            }
        }
        if let Some(map) = rule.options.iter().find_map(|option| option.strip_prefix("map=")) {
            add(format!("lets in under other names: pg_ident.conf says which ({map})"));
        }
        let is_good = match rule.method.as_str() {
            "scram-sha-256" => true,
            "cert" => transport == Transport::Tls,
            "peer" => transport == Transport::Socket,
            _ => false,
        };
        if !is_good {
            add(match rule.method.as_str() {
                "trust" => "asks for no password (trust)".to_owned(),
                method => format!("takes {method} in place of scram-sha-256"),
            });
        }
    }
    found
}

fn address(rule: &Rule) -> String {
    match &rule.address {
        Address::None => "the socket".to_owned(),
        Address::All => "all".to_owned(),
        Address::Network(network) => network.to_string(),
        Address::SameHost => "samehost".to_owned(),
        Address::Other(name) => name.clone(),
    }
}

/// The networks that lines and demand name. Each stands for those of its addresses that are in no smaller one; one that has
/// none of its own is left out. So every line fits all of what a network stands for, or nothing of it.
fn cells(demand: &Demand, rules: &[Rule]) -> Vec<Option<IpNetwork>> {
    let mut all: Vec<IpNetwork> =
        everything().into_iter().chain(loopback()).chain(demand.allowed()).collect();
    all.extend(rules.iter().filter_map(|rule| match rule.address {
        Address::Network(network) => Some(network),
        _ => None,
    }));
    all.sort();
    all.dedup();
    let has_own = |network: &IpNetwork| {
        let smaller: Vec<IpNetwork> =
            all.iter().copied().filter(|it| it != network && contains(*network, *it)).collect();
        !covers(&smaller, *network)
    };
    all.iter().filter(|network| has_own(network)).copied().map(Some).collect()
}

#[cfg(test)]
mod tests;
