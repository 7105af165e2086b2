use super::*;
use crate::access::plan;

fn demand() -> Demand {
    Demand {
        database: "tasks".to_owned(),
        schema: None,
        logins: vec![("svc".to_owned(), "taskmaster_app".to_owned())],
        owner: Some("own".to_owned()),
        networks: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
        loopback: false,
        tls: true,
        client_certificate: false,
    }
}

/// Lines of `pg_hba.conf` as words: kind, databases, users, address if it has one, method, options.
fn rules(lines: &[&str]) -> Vec<Rule> {
    let words = |text: &str| text.split(',').map(|word| word.replace('"', "")).collect::<Vec<_>>();
    let rule = |(number, line): (usize, &&str)| {
        let mut rest = line.split_whitespace();
        let mut next = || rest.next().unwrap_or_default();
        let (kind, databases, users) = (next().to_owned(), words(next()), words(next()));
        let address = match (kind.as_str(), ()) {
            ("local", ()) => Address::None,
            _ => match next() {
                "all" => Address::All,
                "samehost" => Address::SameHost,
                word => word.parse().map_or_else(|_| Address::Other(word.to_owned()), Address::Network),
            },
        };
        let method = next().to_owned();
        let options = rest.map(str::to_owned).collect();
        Rule { line: (number + 1).to_string(), kind, databases, users, address, method, options }
    };
    lines.iter().enumerate().map(rule).collect()
}

fn login(name: &str, roles: &[&str]) -> Login {
    Login {
        name: name.to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        may_replicate: name == "postgres",
        reaches_all: name == "postgres",
    }
}

fn logins() -> Vec<Login> {
    vec![login("svc", &["taskmaster_app"]), login("own", &[]), login("postgres", &[])]
}

/// What is found when these lines come before those of the plan, and those after it.
fn around(demand: &Demand, before: &[&str], after: &[&str]) -> Vec<String> {
    let planned = plan::lines(demand);
    let lines: Vec<&str> = before
        .iter()
        .copied()
        .chain(planned.iter().map(String::as_str))
        .chain(after.iter().copied())
        .collect();
    compare(demand, &rules(&lines), &logins()).iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_planned_is_as_asked() {
    let plain = Demand { tls: false, ..demand() };
    let certified = Demand { client_certificate: true, ..demand() };
    let here = Demand { loopback: true, networks: Vec::new(), owner: None, ..demand() };
    let everybody = Demand { networks: everything().to_vec(), ..demand() };
    for demand in [demand(), plain, certified, here, everybody] {
        assert_eq!(
            around(&demand, &[], &["local all postgres peer", "host all all 127.0.0.1/32 scram-sha-256"]),
            [""; 0]
        );
    }
}

#[test]
fn the_first_line_that_fits_decides() {
    // Behind the plan's own it is about nobody of ours; before it, about all.
    let open = "host all svc 0.0.0.0/0 trust";
    let after = around(&demand(), &[], &[open]);
    assert_eq!(after, [""; 0]);
    let before = around(&demand(), &[open], &[]);
    assert!(
        before.iter().any(|it| it.starts_with("wider    line 1 asks for no password (trust): svc")),
        "{before:?}"
    );
    assert!(
        before.iter().any(|it| it.contains("line 1 lets in from 10.0.0.0/8 without TLS: svc")),
        "{before:?}"
    );
    assert!(
        before
            .iter()
            .any(|it| it
                .contains("line 1 lets in from addresses of 0.0.0.0/0 that are not in the networks: svc")),
        "{before:?}"
    );
    let rejected = around(&demand(), &["host tasks all all reject"], &[]);
    assert!(
        rejected.iter().any(|it| it.starts_with("missing  members of taskmaster_admin, ")
            && it.contains("line 1 rejects them")),
        "{rejected:?}"
    );
}

#[test]
fn a_network_is_compared_by_the_addresses_that_are_left_of_it() {
    let found = |lines: &[&str]| around(&demand(), &[], lines);
    // Of another user, who is asked for by nobody.
    assert_eq!(found(&["hostssl all postgres 10.1.0.0/16 scram-sha-256"]), [""; 0]);
    assert_eq!(found(&["hostssl all postgres 10.0.0.0/7 scram-sha-256"]).len(), 1);
    let rest = ["hostssl all postgres 11.0.0.0/8 reject", "hostssl all postgres 10.0.0.0/7 scram-sha-256"];
    assert_eq!(found(&rest), [""; 0], "what is left is asked for");
    let half = ["hostssl all postgres 11.0.0.0/9 reject", "hostssl all postgres 10.0.0.0/7 scram-sha-256"];
    assert_eq!(found(&half).len(), 1);
    let halves =
        ["hostssl all postgres 11.0.0.0/9 reject", "hostssl all postgres 11.128.0.0/9 reject", rest[1]];
    assert_eq!(found(&halves), [""; 0]);
    assert_eq!(found(&["hostssl all postgres all scram-sha-256"]).len(), 1, "of both kinds of addresses");
    assert_eq!(found(&["host all postgres samehost scram-sha-256"]), [""; 0]);
    let other = found(&["hostssl all postgres .example.com scram-sha-256"]);
    assert!(other[0].contains(".example.com, which only the server can compare"), "{other:?}");
}

#[test]
fn each_weaker_method_is_named() {
    for (line, expected) in [
        ("local all postgres trust", "asks for no password (trust)"),
        ("local all postgres md5", "takes md5 in place"),
        ("hostssl all postgres 10.0.0.0/8 password", "takes password in place"),
        ("hostssl all postgres 10.0.0.0/8 ident", "takes ident in place"),
        ("host all postgres 127.0.0.1/32 trust", "asks for no password (trust)"),
        ("host all postgres 10.0.0.0/8 cert", "takes cert in place"),
        ("host all postgres 10.0.0.0/8 scram-sha-256", "without TLS"),
        ("hostnossl all postgres 10.0.0.0/8 scram-sha-256", "without TLS"),
        ("hostnogssenc all postgres 10.0.0.0/8 scram-sha-256", "without TLS"),
    ] {
        let found = around(&demand(), &[], &[line]);
        assert!(
            found.iter().any(|it| it.contains(expected) && it.ends_with(": postgres")),
            "{line}: {found:?}"
        );
    }
    for line in [
        "local all postgres peer",
        "hostssl all postgres 10.0.0.0/8 cert",
        "hostssl all postgres 10.0.0.0/8 scram-sha-256",
        "host other svc all trust",
        "host all nobody all trust",
        "hostssl sameuser,samerole svc all trust",
    ] {
        assert_eq!(around(&demand(), &[], &[line]), [""; 0], "{line}");
    }
}

#[test]
fn a_client_certificate_that_nobody_asks_for_is_missed() {
    let demand = Demand { client_certificate: true, ..demand() };
    let found = around(&demand, &[], &["hostssl all postgres 10.0.0.0/8 scram-sha-256"]);
    assert_eq!(found, ["wider    line 5 lets in from 10.0.0.0/8 without a client's certificate: postgres"]);
    let line = "hostssl all postgres 10.0.0.0/8 scram-sha-256 clientcert=verify-full";
    assert_eq!(around(&demand, &[], &[line]), [""; 0]);
}

#[test]
fn whoever_may_replicate_could_take_all_of_it() {
    let line = "host replication all 0.0.0.0/0 scram-sha-256";
    let found = around(&demand(), &[], &[line]);
    assert!(!found.is_empty() && found.iter().all(|it| it.ends_with(": postgres")), "{found:?}");
    assert_eq!(around(&demand(), &[], &["host replication svc all trust"]), [""; 0], "svc may not replicate");
    assert_eq!(around(&demand(), &[], &["host all,replication svc all reject"]), [""; 0]);
}

#[test]
fn whoever_reaches_this_database_from_another_one_is_looked_at_for_each() {
    for line in [
        "host other postgres all trust",
        "local postgres all trust",
        "hostssl sameuser postgres 0.0.0.0/0 scram-sha-256",
        "hostssl samerole,/^o postgres 11.0.0.0/8 scram-sha-256",
    ] {
        let found = around(&demand(), &[], &[line]);
        assert!(!found.is_empty() && found.iter().all(|it| it.ends_with(": postgres")), "{line}: {found:?}");
    }
    // What is rejected by its name is not let in by `all`, and what has no name is.
    let open = "host all postgres 11.0.0.0/8 scram-sha-256";
    assert_eq!(around(&demand(), &[], &["host all postgres all reject", open]), [""; 0]);
    assert!(!around(&demand(), &[], &["host tasks,other postgres all reject", open]).is_empty());
    let named = ["host other postgres all reject", "host other postgres 11.0.0.0/8 trust"];
    assert_eq!(around(&demand(), &[], &named), [""; 0]);
    assert_eq!(
        around(&demand(), &[], &["host other own all trust"]),
        [""; 0],
        "of the others each one's database"
    );
}

#[test]
fn names_that_only_the_server_can_look_up_are_told() {
    let found = around(&demand(), &[], &["local all postgres peer map=admins"]);
    assert_eq!(
        found,
        ["wider    line 5 lets in under other names: pg_ident.conf says which (admins): postgres"]
    );
}

#[test]
fn members_of_a_role_and_regular_expressions_are_taken_for_what_they_may_be() {
    let found = around(&demand(), &["hostssl /^t +taskmaster_app 11.0.0.0/8 scram-sha-256"], &[]);
    assert_eq!(
        found,
        [
            "wider    line 1 lets in from addresses of 11.0.0.0/8 that are not in the networks: members of taskmaster_app, svc"
        ]
    );
    // What may not fit protects from nothing.
    let lines = ["host /^t postgres all reject", "host tasks postgres 11.0.0.0/8 scram-sha-256"];
    assert_eq!(around(&demand(), &[], &lines).len(), 1);
}

#[test]
fn without_any_line_everybody_who_is_asked_for_is_missing() {
    let found = compare(&demand(), &[], &logins());
    let expected = "members of taskmaster_admin, members of taskmaster_app, members of taskmaster_readonly, own, svc are not let in \
                    over the socket: no line is about them";
    assert!(found.contains(&Finding::Missing(expected.to_owned())), "{found:?}");
    assert_eq!(found.len(), 3, "the socket and two networks: {found:?}");
}
