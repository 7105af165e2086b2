//! What the server says of its `pg_hba.conf`, its roles and its grants.

use anyhow::{Context as _, Result, bail};
use ipnetwork::ip_mask_to_prefix;
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, QueryResult, RuntimeErr, Statement, TryGetableMany};
use taskmaster_postgres::Database;

use super::compare::Finding;
use super::hba::{Address, Rule};
use super::network::host_bits_gone;
use super::rights::{Grant, Rights, Role};

/// From this version on the lines have an order of their own, since they may be in several files.
const HAS_RULE_NUMBER: i32 = 160_000;

/// What `pg_hba.conf` says.
pub(crate) struct HbaFile {
    pub(crate) rules: Vec<Rule>,
    pub(crate) findings: Vec<Finding>,
}

/// The rows of a query, over a connection that is made and encrypted as those of the store are.
async fn rows(database: &Database, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    database.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await
}

/// The rows of a query as tuples.
async fn tuples<T: TryGetableMany>(database: &Database, sql: &str) -> Result<Vec<T>, DbErr> {
    let rows = rows(database, sql).await?;
    rows.iter().map(QueryResult::try_get_many_by_index).collect()
}

/// The one row of a query.
async fn tuple<T: TryGetableMany>(database: &Database, sql: &str) -> Result<T> {
    tuples(database, sql).await?.pop().context("the server has not answered")
}

fn lacks_right(error: &DbErr) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("42501"))
}

/// Reads the lines as the server parses them, in the order in which it tries them.
pub(crate) async fn hba_file(database: &Database) -> Result<HbaFile> {
    let (version, user): (i32, String) =
        tuple(database, "SELECT current_setting('server_version_num')::int, current_user::text").await?;
    let columns = "line_number, type, database::text[], user_name::text[], address, netmask, auth_method, \
                   options::text[], error";
    let sql = if version >= HAS_RULE_NUMBER {
        format!(
            "SELECT {columns}, nullif(file_name, current_setting('hba_file')) AS other_file \
               FROM pg_catalog.pg_hba_file_rules ORDER BY rule_number, file_name, line_number"
        )
    } else {
        format!("SELECT {columns}, NULL AS other_file FROM pg_catalog.pg_hba_file_rules ORDER BY line_number")
    };
    let rows = match rows(database, &sql).await {
        Err(error) if lacks_right(&error) => {
            let name = user.replace('"', "\"\"");
            let (here,): (String,) = tuple(database, "SELECT quote_ident(current_database())").await?;
            bail!(
                "{user} may not read the server's pg_hba.conf: connect as a superuser, or let one run \
                 GRANT SELECT ON pg_hba_file_rules TO \"{name}\"; GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO \"{name}\"; \
                 in database {here}"
            );
        }
        rows => rows.context("cannot read pg_hba_file_rules")?,
    };
    let mut file = HbaFile { rules: Vec::new(), findings: Vec::new() };
    for row in &rows {
        let line = line_of(row)?;
        if let Some(error) = row.try_get::<Option<String>>("", "error")? {
            file.findings.push(Finding::Fault(format!("line {line}: {error}")));
        } else {
            file.rules.push(rule(row, line)?);
        }
    }
    if !file.findings.is_empty() {
        let text = "while lines are faulty, the server goes by what it read before, which nobody can see";
        file.findings.push(Finding::Fault(text.to_owned()));
    }
    // Only some may ask this, and the rest can do without.
    let stale = "SELECT (pg_catalog.pg_stat_file(current_setting('hba_file'))).modification > date_trunc('second', pg_catalog.pg_conf_load_time())";
    if let Ok((true,)) = tuple(database, stale).await {
        let text = "pg_hba.conf has changed since the server read it: SELECT pg_reload_conf()";
        file.findings.push(Finding::Fault(text.to_owned()));
    }
    Ok(file)
}

fn line_of(row: &QueryResult) -> Result<String> {
    let number: i32 = row.try_get("", "line_number")?;
    Ok(match row.try_get::<Option<String>>("", "other_file")? {
        Some(file) => format!("{number} of {file}"),
        None => number.to_string(),
    })
}

fn rule(row: &QueryResult, line: String) -> Result<Rule> {
    let texts = |column| row.try_get::<Option<Vec<String>>>("", column).map(Option::unwrap_or_default);
    Ok(Rule {
        line,
        kind: row.try_get("", "type")?,
        databases: texts("database")?,
        users: texts("user_name")?,
        address: address(
            row.try_get("", "address")?,
            row.try_get::<Option<String>>("", "netmask")?.as_deref(),
        ),
        method: row.try_get("", "auth_method")?,
        options: texts("options")?,
    })
}

fn address(address: Option<String>, netmask: Option<&str>) -> Address {
    let Some(address) = address else { return Address::None };
    match (address.as_str(), address.parse(), netmask.map(str::parse)) {
        ("all", ..) => Address::All,
        ("samehost", ..) => Address::SameHost,
        (_, Ok(ip), Some(Ok(mask))) => match ip_mask_to_prefix(mask) {
            Ok(prefix) => Address::Network(host_bits_gone(ip, prefix)),
            // A mask with holes, which no network is.
            Err(_) => Address::Other(format!("{ip} with mask {mask}")),
        },
        _ => Address::Other(address),
    }
}

/// What is the server's own, and would make the lines useless.
pub(crate) async fn settings(database: &Database, needs_tls: bool) -> Result<Vec<Finding>> {
    let (tls, passwords): (bool, String) =
        tuple(database, "SELECT current_setting('ssl')::bool, current_setting('password_encryption')")
            .await?;
    let mut findings = Vec::new();
    if needs_tls && !tls {
        findings.push(Finding::Missing(
            "the server has no TLS: set ssl, ssl_cert_file and ssl_key_file".to_owned(),
        ));
    }
    if passwords != "scram-sha-256" {
        findings.push(Finding::Wider(format!(
            "passwords are stored by password_encryption = {passwords}: set it to scram-sha-256, and set them anew"
        )));
    }
    Ok(findings)
}

/// Reads all roles of the cluster, and the grants in the session's schema.
pub(crate) async fn rights(database: &Database) -> Result<Rights> {
    let roles: Vec<(String, bool, Vec<String>, Vec<String>)> = tuples(
        database,
        "WITH RECURSIVE member AS ( \
             SELECT m.member, m.roleid FROM pg_catalog.pg_auth_members m \
             UNION SELECT member.member, m.roleid FROM member JOIN pg_catalog.pg_auth_members m ON m.member = member.roleid) \
         SELECT r.rolname::text AS name, r.rolcanlogin AS can_login, \
                array_remove(ARRAY[CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, \
                    CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END, \
                    CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END], NULL) AS attributes, \
                array(SELECT DISTINCT g.rolname::text FROM member JOIN pg_catalog.pg_roles g ON g.oid = member.roleid \
                       WHERE member.member = r.oid ORDER BY 1) AS member_of \
           FROM pg_catalog.pg_roles r ORDER BY 1",
    )
    .await?;
    let (schema, may_create, may_use, anyone_temporary): (String, Vec<String>, Vec<String>, bool) = tuples(
        database,
        "SELECT n.nspname::text, \
                array(SELECT CASE g.grantee WHEN 0 THEN 'everybody' ELSE pg_catalog.pg_get_userbyid(g.grantee)::text END \
                        FROM aclexplode(n.nspacl) g WHERE g.privilege_type = 'CREATE' AND g.grantee <> n.nspowner ORDER BY 1), \
                array(SELECT r.rolname::text FROM pg_catalog.pg_roles r WHERE has_schema_privilege(r.oid, n.oid, 'USAGE')), \
                EXISTS (SELECT FROM pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) g \
                         WHERE d.datname = current_database() AND g.grantee = 0 AND g.privilege_type = 'TEMPORARY') \
           FROM pg_catalog.pg_namespace n WHERE n.nspname = current_schema()",
    )
    .await?
    .pop()
    .context("no schema of the search_path exists: name one with --schema")?;
    let open_functions: Vec<(String, String)> = tuples(
        database,
        "SELECT p.oid::regprocedure::text, CASE g.grantee WHEN 0 THEN 'everybody' ELSE pg_catalog.pg_get_userbyid(g.grantee)::text END \
           FROM pg_catalog.pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g \
          WHERE p.pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
            AND p.prosecdef AND g.grantee <> p.proowner ORDER BY 1, 2",
    )
    .await?;
    let grants: Vec<(String, String, String, String)> = tuples(
        database,
        "SELECT c.relname::text, coalesce(a.attname::text, ''), \
                CASE g.grantee WHEN 0 THEN 'everybody' ELSE pg_catalog.pg_get_userbyid(g.grantee)::text END, \
                unnest(CASE WHEN g.is_grantable THEN ARRAY[g.privilege_type, g.privilege_type || ' WITH GRANT OPTION'] \
                       ELSE ARRAY[g.privilege_type] END) \
           FROM pg_catalog.pg_class c LEFT JOIN LATERAL ( \
                SELECT NULL::name AS attname, c.relacl AS acl UNION ALL \
                SELECT a.attname, a.attacl FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped) a ON true, \
                aclexplode(a.acl) g \
          WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
            AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S') AND g.grantee <> c.relowner",
    )
    .await?;
    let owners: Vec<(String,)> = tuples(
        database,
        "SELECT pg_catalog.pg_get_userbyid(o.owner)::text FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL ( \
                SELECT n.nspowner AS owner \
                UNION SELECT datdba FROM pg_catalog.pg_database WHERE datname = current_database() \
                UNION SELECT relowner FROM pg_catalog.pg_class WHERE relnamespace = n.oid \
                UNION SELECT proowner FROM pg_catalog.pg_proc WHERE pronamespace = n.oid) o \
          WHERE n.nspname = current_schema()",
    )
    .await?;
    let role = |(name, can_login, attributes, member_of)| Role {
        name,
        can_login,
        attributes,
        member_of: Vec::into_iter(member_of).collect(),
    };
    Ok(Rights {
        roles: roles.into_iter().map(role).collect(),
        grants: grants
            .into_iter()
            .map(|(table, column, to, verb)| Grant { table, column, to, verb })
            .collect(),
        schema,
        owners: owners.into_iter().map(|(owner,)| owner).collect(),
        may_create,
        may_use,
        anyone_temporary,
        open_functions,
    })
}

#[cfg(test)]
mod tests {
    use ipnetwork::IpNetwork;

    use super::*;

    #[test]
    fn addresses_are_read_as_the_server_writes_them() {
        let of = |text: &str, mask: Option<&str>| address(Some(text.to_owned()), mask);
        let network = |text: &str| Address::Network(text.parse::<IpNetwork>().unwrap());
        assert_eq!(address(None, None), Address::None);
        assert_eq!(of("all", None), Address::All);
        assert_eq!(of("samehost", None), Address::SameHost);
        assert_eq!(of("10.1.2.3", Some("255.0.0.0")), network("10.0.0.0/8"));
        assert_eq!(of("0.0.0.0", Some("0.0.0.0")), network("0.0.0.0/0"));
        assert_eq!(of("::1", Some("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), network("::1/128"));
        assert_eq!(of(".example.com", None), Address::Other(".example.com".to_owned()));
        assert_eq!(
            of("10.0.0.0", Some("255.0.255.0")),
            Address::Other("10.0.0.0 with mask 255.0.255.0".to_owned())
        );
    }
}
