//! What roles may do with the tables, compared with what the migrations grant.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::Finding;
use super::demand::{Demand, GROUPS};
use super::hba::Login;

/// What is granted: to readonly, app and admin. S is SELECT, I INSERT, U UPDATE and D DELETE; in lower case, of the columns of
/// [`PARTS`].
const RIGHTS: [(&str, [&str; 3]); 20] = [
    ("tasks", ["S", "SIUD", "SIUD"]),
    ("task_contexts", ["S", "SIUD", "SIUD"]),
    ("task_dependencies", ["S", "SID", "SID"]),
    ("workflow_states", ["S", "SIUD", "SIUD"]),
    ("error_logs", ["S", "SIUD", "SIUD"]),
    ("api_keys", ["s", "SIUD", "SIUD"]),
    ("api_key_rate_windows", ["S", "SIUD", "SIUD"]),
    ("performance_metrics", ["S", "SI", "SIuD"]),
    ("audit_logs", ["S", "S", "SD"]),
    ("audit_seals", ["S", "S", "SIu"]),
    ("audit_seal_rows", ["S", "S", "SID"]),
    ("schema_migrations", ["S", "S", "S"]),
    ("seaql_migrations", ["S", "S", "S"]),
    ("active_tasks", ["S", "S", "S"]),
    ("task_summary", ["S", "S", "S"]),
    ("recent_activity", ["S", "S", "S"]),
    ("critical_errors", ["S", "S", "S"]),
    ("error_summary", ["S", "S", "S"]),
    ("active_api_keys", ["S", "S", "S"]),
    ("api_key_usage_summary", ["S", "S", "S"]),
];

/// The columns of a right on some of a table's.
const PARTS: [(&str, &[&str]); 3] = [
    (
        "api_keys",
        &[
            "id",
            "name",
            "service",
            "key_prefix",
            "permissions",
            "environment",
            "is_active",
            "expires_at",
            "last_used_at",
            "usage_count",
            "rate_limit",
            "created_by",
            "created_at",
            "updated_at",
            "metadata",
            "version",
            "pepper_version",
            "previous_key_prefix",
            "previous_pepper_version",
            "previous_expires_at",
        ],
    ),
    ("performance_metrics", &["id"]),
    ("audit_seals", &["pruned_at"]),
];

/// What runs with the owner's rights and is meant to be called by the groups.
const FOR_GROUPS: [&str; 1] = ["record_refusal(uuid,jsonb)"];

/// PostgreSQL's own roles whose members read or write the tables without any grant, the first three by way of the server's files.
const POWERS: [&str; 5] = [
    "pg_execute_server_program",
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_read_all_data",
    "pg_write_all_data",
];

/// A right that somebody has, as the server lists it. `column` is empty for the whole table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) to: String,
    pub(crate) verb: String,
}

/// A role of the cluster, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) can_login: bool,
    /// What it has besides its grants, such as `SUPERUSER`.
    pub(crate) attributes: Vec<String>,
    /// The roles that it is a member of, directly or not.
    pub(crate) member_of: BTreeSet<String>,
}

impl Role {
    /// Returns `true` if it may become a superuser, or the server itself: in PostgreSQL before 16 who makes roles may
    /// join each.
    fn is_mighty(&self) -> bool {
        self.attributes.iter().any(|it| it == "SUPERUSER" || it == "CREATEROLE")
            || POWERS[..3].contains(&self.name.as_str())
    }
}

/// What the server says about rights.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    pub(crate) roles: Vec<Role>,
    pub(crate) grants: BTreeSet<Grant>,
    pub(crate) schema: String,
    /// Who owns the database, the schema, or a table or function of it.
    pub(crate) owners: BTreeSet<String>,
    /// Who may make something in the schema, besides its owner.
    pub(crate) may_create: Vec<String>,
    /// Which of the groups may use the schema.
    pub(crate) may_use: Vec<String>,
    /// Is `true` if everybody may make temporary tables.
    pub(crate) anyone_temporary: bool,
    /// Functions that run with their owner's rights, each with somebody else who may call it.
    pub(crate) open_functions: Vec<(String, String)>,
}

impl Rights {
    /// Who may log in.
    pub(crate) fn logins(&self) -> Vec<Login> {
        let mighty: BTreeSet<&str> =
            self.roles.iter().filter(|role| role.is_mighty()).map(|role| role.name.as_str()).collect();
        let login = |role: &Role| Login {
            name: role.name.clone(),
            roles: role.member_of.clone(),
            may_replicate: role.attributes.iter().any(|it| it == "SUPERUSER" || it == "REPLICATION"),
            reaches_all: role.is_mighty() || role.member_of.iter().any(|it| mighty.contains(it.as_str())),
        };
        self.roles.iter().filter(|role| role.can_login).map(login).collect()
    }

    /// Who is a member of each of these roles.
    pub(crate) fn members<'a>(&'a self, groups: &[&'a str]) -> BTreeMap<&'a str, Vec<&'a str>> {
        let of = |group: &'a str| {
            let members = self.roles.iter().filter(|role| role.member_of.contains(group));
            (group, members.map(|role| role.name.as_str()).collect())
        };
        groups.iter().copied().map(of).collect()
    }
}

/// Compares them with what is asked for.
pub(crate) fn compare(demand: &Demand, rights: &Rights) -> Vec<Finding> {
    let mut findings = Vec::new();
    compare_grants(rights, &mut findings);
    compare_roles(demand, rights, &mut findings);
    let mut wider = |text: String| findings.push(Finding::Wider(text));
    for who in &rights.may_create {
        wider(format!("{who} may make objects in schema {}: REVOKE CREATE ON SCHEMA", rights.schema));
    }
    if rights.anyone_temporary {
        wider("everybody may make temporary tables: REVOKE TEMPORARY ON DATABASE".to_owned());
    }
    for (function, who) in &rights.open_functions {
        if !(FOR_GROUPS.contains(&function.as_str()) && GROUPS.contains(&who.as_str())) {
            wider(format!(
                "{function}, which runs with its owner's rights, may be called by {who}: REVOKE EXECUTE"
            ));
        }
    }
    for group in GROUPS.iter().filter(|group| !rights.may_use.iter().any(|able| able == *group)) {
        let schema = &rights.schema;
        findings
            .push(Finding::Missing(format!("{group} may not use schema {schema}: GRANT USAGE ON SCHEMA")));
    }
    findings
}

fn expected() -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    for (table, rights) in RIGHTS {
        for (to, letters) in GROUPS.into_iter().zip(rights) {
            for letter in letters.chars() {
                let verb = match letter.to_ascii_uppercase() {
                    'S' => "SELECT",
                    'I' => "INSERT",
                    'U' => "UPDATE",
                    _ => "DELETE",
                };
                let whole = [""].as_slice();
                let parts =
                    PARTS.iter().find(|(name, _)| *name == table).map_or(whole, |(_, columns)| columns);
                for column in if letter.is_ascii_uppercase() { whole } else { parts } {
                    grants.insert(Grant {
                        table: table.to_owned(),
                        column: (*column).to_owned(),
                        to: to.to_owned(),
                        verb: verb.to_owned(),
                    });
                }
            }
        }
    }
    grants
}

fn compare_grants(rights: &Rights, findings: &mut Vec<Finding>) {
    let expected = expected();
    let on = |Grant { table, column, .. }: &Grant| match column.as_str() {
        "" => table.clone(),
        column => format!("{table} ({column})"),
    };
    for grant in rights.grants.difference(&expected) {
        findings.push(Finding::Wider(format!("{} has {} on {}", grant.to, grant.verb, on(grant))));
    }
    for grant in expected.difference(&rights.grants) {
        findings.push(Finding::Missing(format!("{} has no {} on {}", grant.to, grant.verb, on(grant))));
    }
}

fn compare_roles(demand: &Demand, rights: &Rights, findings: &mut Vec<Finding>) {
    for group in GROUPS {
        match rights.roles.iter().find(|role| role.name == group) {
            None => findings.push(Finding::Missing(format!("there is no role {group}: run `migrate grant`"))),
            Some(role) => {
                let can_login = role.can_login.then(|| "LOGIN".to_owned());
                for attribute in role.attributes.iter().chain(&can_login) {
                    findings.push(Finding::Wider(format!("{group} has {attribute}")));
                }
                for other in &role.member_of {
                    findings.push(Finding::Wider(format!("{group} is a member of {other}")));
                }
            }
        }
    }
    for role in rights.roles.iter().filter(|role| !GROUPS.contains(&role.name.as_str())) {
        let groups: Vec<&str> = GROUPS.into_iter().filter(|group| role.member_of.contains(*group)).collect();
        let name = &role.name;
        if groups.is_empty() {
            // Who is asked for as the owner may become the one who owns; who owns is told of where he gets in.
            let is_owner = demand.owner.as_ref() == Some(name);
            let reaches = |other: &&String| {
                POWERS.contains(&other.as_str()) || (rights.owners.contains(*other) && !is_owner)
            };
            for other in role.member_of.iter().filter(reaches).filter(|_| role.can_login) {
                findings.push(Finding::Wider(format!(
                    "{name}, a member of none of the roles, is one of {other}"
                )));
            }
            continue;
        }
        for attribute in &role.attributes {
            findings
                .push(Finding::Wider(format!("{name}, a member of {}, has {attribute}", groups.join(", "))));
        }
        for other in role.member_of.iter().filter(|other| !GROUPS.contains(&other.as_str())) {
            findings.push(Finding::Wider(format!(
                "{name}, a member of {}, is one of {other}",
                groups.join(", ")
            )));
        }
        if rights.owners.contains(name) {
            findings.push(Finding::Wider(format!("{name}, a member of {}, is an owner", groups.join(", "))));
        }
        if let Some((_, asked)) = demand.logins.iter().find(|(login, _)| login == name) {
            for group in groups.iter().filter(|group| *group != asked) {
                findings.push(Finding::Wider(format!("{name} is a member of {group}, asked for is {asked}")));
            }
        }
    }
    for (name, group) in &demand.logins {
        match rights.roles.iter().find(|role| role.name == *name) {
            None => findings.push(Finding::Missing(format!("there is no user {name}"))),
            Some(role) => {
                if !role.member_of.contains(group) {
                    findings.push(Finding::Missing(format!("{name} is no member of {group}")));
                }
                if !role.can_login {
                    findings.push(Finding::Missing(format!("{name} may not log in")));
                }
            }
        }
    }
}
