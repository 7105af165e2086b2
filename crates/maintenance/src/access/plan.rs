//! What to write into `pg_hba.conf`, and what to run once.

use std::fmt::Write as _;

use super::demand::{Demand, GROUPS};

/// The lines and statements, ready to be copied.
pub(crate) fn plan(demand: &Demand) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "# pg_hba.conf, before all other lines: the first one that fits decides. Then SELECT pg_reload_conf().\n\
         # TYPE     DATABASE  USER  ADDRESS  METHOD\n"
    );
    for line in lines(demand) {
        let _ = writeln!(text, "{line}");
    }
    let _ = write!(text, "\n-- SQL, once, as a superuser, in database {}\n", identifier(&demand.database));
    for statement in statements(demand) {
        let _ = writeln!(text, "{statement}");
    }
    text
}

/// The lines of `pg_hba.conf`, in order.
pub(crate) fn lines(demand: &Demand) -> Vec<String> {
    let database = token(&demand.database);
    let mut users: Vec<String> = GROUPS.iter().map(|group| format!("+{group}")).collect();
    users.extend(demand.owner.as_deref().map(token));
    let users = users.join(",");
    let certificate = if demand.client_certificate { " clientcert=verify-full" } else { "" };
    let mut lines = vec![format!("local      {database}  {users}  scram-sha-256")];
    for (network, tls) in demand.needed() {
        let line = if tls {
            format!("hostssl    {database}  {users}  {network}  scram-sha-256{certificate}")
        } else {
            format!("host       {database}  {users}  {network}  scram-sha-256")
        };
        lines.push(line);
    }
    lines.push(format!("host       {database}  {users}  all  reject"));
    lines
}

/// The statements that make who logs in, and take from everybody what nobody needs.
fn statements(demand: &Demand) -> Vec<String> {
    let database = identifier(&demand.database);
    let schema = identifier(demand.schema.as_deref().unwrap_or("public"));
    let mut statements = vec![
        format!("REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC;"),
        format!("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;"),
        "SET password_encryption = 'scram-sha-256';".to_owned(),
    ];
    for (name, role) in &demand.logins {
        let name = identifier(name);
        statements.push(format!("CREATE ROLE {name} LOGIN;"));
        statements.push(format!("GRANT {role} TO {name};"));
        if role == "taskmaster_readonly" {
            statements.push(format!("ALTER ROLE {name} SET default_transaction_read_only = on;"));
        }
        statements.push(format!("\\password {name}"));
    }
    statements
}

/// A name in `pg_hba.conf`. In quotes no word is a keyword, and no sign is special.
fn token(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand() -> Demand {
        Demand {
            database: "tasks".to_owned(),
            schema: None,
            logins: vec![("svc".to_owned(), "taskmaster_app".to_owned())],
            owner: None,
            networks: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            loopback: false,
            tls: true,
            client_certificate: false,
        }
    }

    const USERS: &str = "+taskmaster_readonly,+taskmaster_app,+taskmaster_admin";

    #[test]
    fn members_get_in_from_the_networks_with_tls_and_from_nowhere_else() {
        assert_eq!(
            lines(&demand()),
            [
                format!("local      \"tasks\"  {USERS}  scram-sha-256"),
                format!("hostssl    \"tasks\"  {USERS}  10.0.0.0/8  scram-sha-256"),
                format!("hostssl    \"tasks\"  {USERS}  fd00::/8  scram-sha-256"),
                format!("host       \"tasks\"  {USERS}  all  reject"),
            ]
        );
    }

    #[test]
    fn a_client_certificate_is_asked_for_when_the_client_has_one() {
        let demand = Demand { client_certificate: true, owner: Some("own er".to_owned()), ..demand() };
        assert_eq!(
            lines(&demand)[1],
            format!(
                "hostssl    \"tasks\"  {USERS},\"own er\"  10.0.0.0/8  scram-sha-256 clientcert=verify-full"
            )
        );
    }

    #[test]
    fn without_tls_the_lines_ask_for_none_and_a_machine_may_speak_to_itself() {
        let plain = lines(&Demand { tls: false, ..demand() });
        assert!(plain[1].starts_with("host  ") && !plain.concat().contains("ssl"), "{plain:?}");
        let loopback = lines(&Demand { loopback: true, networks: Vec::new(), ..demand() });
        assert_eq!(loopback[1], format!("host       \"tasks\"  {USERS}  127.0.0.0/8  scram-sha-256"));
        assert_eq!(loopback[2], format!("host       \"tasks\"  {USERS}  ::1/128  scram-sha-256"));
    }

    #[test]
    fn a_user_is_made_without_a_password_in_the_text() {
        let text = plan(&Demand {
            schema: Some("ten\"ant".to_owned()),
            logins: vec![("o\"x".to_owned(), "taskmaster_readonly".to_owned())],
            ..demand()
        });
        assert!(
            text.contains("\nREVOKE CREATE ON SCHEMA \"ten\"\"ant\" FROM PUBLIC;\n"),
            "whoever makes functions there is found by others' statements: {text}"
        );
        assert!(
            text.contains("CREATE ROLE \"o\"\"x\" LOGIN;\nGRANT taskmaster_readonly TO \"o\"\"x\";\n"),
            "{text}"
        );
        assert!(text.contains("default_transaction_read_only = on;\n\\password \"o\"\"x\"\n"), "{text}");
    }
}
