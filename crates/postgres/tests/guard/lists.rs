//! The guard's lists of statements, on a server.

use std::collections::{BTreeMap, BTreeSet};

use taskmaster_guard::{Guard, Policy};
use taskmaster_postgres::QueryError;
use taskmaster_repository::RepositoryError;

use crate::{
    server::{Ran, assert_unchanged, catalog, digest, functions, harmless, refusal},
    stage::{SECRETS, Stage, run},
    statements::{ATTACKS, HONEST},
};

#[tokio::test]
async fn no_attack_gets_past_query_and_each_kind_is_told_in_the_trail() {
    let stage = Stage::new().await;
    let (_app, database) = stage.login("taskmaster_app").await;
    let mut owner = stage.owner().await;
    let catalog = catalog(&mut owner).await;
    // The trail is the one thing that changes.
    let before = digest(&mut owner, &catalog).await;
    let mut refused: BTreeMap<&str, u64> = BTreeMap::new();
    for attack in ATTACKS.iter() {
        let kind = refusal(&database, &attack.policy, attack.sql).await;
        // The guard's own tests take the schema from a dump, which leaves this table out.
        let is_there = attack.sql.contains("seaql_migrations") && kind == Some("table_not_allowed");
        assert!(is_there || kind == attack.expected, "{kind:?}: {}", attack.sql);
        *refused.entry(kind.unwrap()).or_default() += 1;
    }
    let told = stage.refusals().await;
    let mut by_kind: BTreeMap<&str, u64> = BTreeMap::new();
    for log in &told {
        let values = log.new_values.as_ref().unwrap();
        *by_kind.entry(values["kind"].as_str().unwrap()).or_default() += 1;
        let statement = values["statement"].as_str().unwrap();
        assert!(!statement.contains("/etc/passwd"), "a value is told: {statement}");
    }
    // A window may have ended in between, if this machine is slow.
    for (kind, times) in refused {
        assert!((times.min(10)..=times).contains(&by_kind[kind]), "{kind}: {times}, {by_kind:?}");
    }
    run(
        &mut owner,
        "SET session_replication_role = replica; DELETE FROM audit_logs WHERE action = 'refuse'; RESET ALL",
    )
    .await
    .unwrap();
    assert_unchanged(&before, &digest(&mut owner, &catalog).await);
}

#[tokio::test]
async fn every_honest_statement_is_one_that_the_server_understands() {
    let stage = Stage::new().await;
    let mut owner = stage.owner().await;
    let catalog = catalog(&mut owner).await;
    let mut wrong = Vec::new();
    for honest in HONEST.iter() {
        let checked = Guard::default().check(honest.sql, &honest.policy, &catalog).unwrap();
        let prepare = format!("DEALLOCATE ALL; PREPARE statement AS {}", checked.text());
        if let Err(error) = run(&mut owner, &prepare).await {
            wrong.push(format!("{error}: {}", honest.sql));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), HONEST.len(), wrong.join("\n"));
}

#[tokio::test]
async fn the_rights_of_a_role_are_enough_for_what_its_policy_allows() {
    let stage = Stage::new().await;
    let mut logins = BTreeMap::new();
    for (role, policy) in
        [("readonly", Policy::readonly()), ("app", Policy::app()), ("admin", Policy::admin())]
    {
        let (login, database) = stage.login(&format!("taskmaster_{role}")).await;
        logins.insert(role, (login, database.with_policy(role, policy.clone()), policy));
    }
    let mut answered = 0;
    for honest in HONEST.iter().filter(|honest| !honest.sql.contains('$')) {
        let (_, guarded, _) = logins.values().find(|(_, _, policy)| *policy == honest.policy).unwrap();
        match guarded.query(honest.sql, &[]).await {
            Ok(_) => answered += 1,
            // A NOT NULL that the list leaves out, a row that is not there.
            Err(QueryError::Statement { sqlstate, .. }) if sqlstate.starts_with("22") => {}
            Err(QueryError::Database(
                RepositoryError::Backend { .. }
                | RepositoryError::Conflict { .. }
                | RepositoryError::Reference { .. },
            )) => {}
            Err(error) => panic!("{error}: {}", honest.sql),
        }
    }
    assert!(answered > 100, "only {answered}");
}

#[tokio::test]
async fn nothing_of_the_lists_that_a_reader_may_send_changes_anything_or_tells_a_hash() {
    let stage = Stage::new().await;
    let mut owner = stage.owner().await;
    let catalog = catalog(&mut owner).await;
    run(&mut owner, "SET statement_timeout = '10s'").await.unwrap();
    let before = digest(&mut owner, &catalog).await;
    let mut ran = 0;
    for listed in HONEST.iter().chain(ATTACKS.iter()) {
        let Ok(checked) = Guard::default().check(listed.sql, &Policy::readonly(), &catalog) else { continue };
        match harmless(&mut owner, checked.text(), checked.parameters()).await {
            Ran::Rows(rows) => {
                ran += 1;
                let shown = rows.join("\n").to_lowercase();
                assert!(SECRETS.iter().all(|secret| !shown.contains(secret)), "{}", listed.sql);
            }
            Ran::Failed(_) => {}
        }
    }
    assert!(ran > 120, "only {ran} ran");
    assert_unchanged(&before, &digest(&mut owner, &catalog).await);
}

/// What the server itself says of the functions that may be called.
#[tokio::test]
async fn of_the_functions_that_the_server_calls_volatile_only_those_of_chance_and_time_may_be_called() {
    let stage = Stage::new().await;
    let mut owner = stage.owner().await;
    let catalog = catalog(&mut owner).await;
    let all = functions(&mut owner).await;
    assert!(all.len() > 1000);
    let is_allowed = |name: &String| {
        ["", "1", "1, 2", "1, 2, 3"].iter().any(|arguments| {
            let sql = format!("SELECT {name}({arguments})");
            Guard::default().check(&sql, &Policy::admin(), &catalog).is_ok()
        })
    };
    let allowed: BTreeSet<String> = all.into_iter().filter(is_allowed).collect();
    assert!(allowed.len() > 100, "only {allowed:?}");
    let names = allowed.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let volatile = crate::stage::text(
        &mut owner,
        &format!(
            "SELECT string_agg(DISTINCT proname, ' ' ORDER BY proname) FROM pg_proc \
             WHERE provolatile = 'v' AND pronamespace = 'pg_catalog'::regnamespace AND proname IN ({names})"
        ),
    )
    .await;
    for name in volatile.split(' ') {
        let is_of_chance = ["clock_timestamp", "gen_random_uuid", "random", "timeofday"].contains(&name);
        assert!(is_of_chance, "{name} may be called: {volatile}");
    }
}
