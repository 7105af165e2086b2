//! What roles may do with the tables, compared with what the migrations grant.

use std::collections::BTreeSet;

use super::compare::Finding;
use super::demand::{Demand, GROUPS};

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

/// What the server says about rights.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    pub(crate) roles: Vec<Role>,
    pub(crate) grants: BTreeSet<Grant>,
    pub(crate) schema: String,
    /// Who owns tables of the schema.
    pub(crate) owners: BTreeSet<String>,
    /// Who may make something in the schema, besides its owner.
    pub(crate) may_create: Vec<String>,
    /// Whether everybody may make temporary tables.
    pub(crate) anyone_temporary: bool,
    /// Functions that run with their owner's rights and that others may call, but `record_refusal` and our roles.
    pub(crate) open_functions: Vec<String>,
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
    for function in &rights.open_functions {
        wider(format!("{function}, which runs with its owner's rights, may be called: REVOKE EXECUTE"));
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
            None => findings.push(Finding::Missing(format!("there is no role {group}: run `migrate up`"))),
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
        if groups.is_empty() {
            continue;
        }
        let name = &role.name;
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
            findings.push(Finding::Wider(format!("{name}, a member of {}, owns tables", groups.join(", "))));
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
