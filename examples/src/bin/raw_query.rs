//! Shows raw statements: who may send which, what comes back, and what is told of those that are refused.

use anyhow::Result;
use taskmaster_examples::throwaway_store;
use taskmaster_guard::{Columns, Policy, PolicySet, TableRule};
use taskmaster_models::{AuditAction, AuditLogFilter, NewTask, PageRequest};
use taskmaster_postgres::{Param, QueryError, RawStatements};
use taskmaster_repository::Repositories;

#[tokio::main]
async fn main() -> Result<()> {
    let (_server, store) = throwaway_store().await?;
    for (title, priority) in [("Log in with a passkey", 8), ("Print receipts", 3), ("Send reminders", 5)] {
        store.tasks().create(&NewTask { priority, ..NewTask::new(title) }).await?;
    }
    let raw = RawStatements::new(store.database().clone());

    // A user without a policy sends nothing. The ready-made policies need not be written: ada reads all but secrets.
    let mut policies = PolicySet::default();
    policies.users.insert("ada".to_owned(), "readonly".to_owned());
    policies.users.insert("triage".to_owned(), "triage".to_owned());
    policies.policies.insert("triage".to_owned(), triage());
    let ada = raw.as_user("ada", None, &policies)?;
    let triage = raw.as_user("triage", None, &policies)?;

    let urgent = "SELECT title, priority FROM tasks WHERE priority >= $1 ORDER BY priority DESC";
    for row in &ada.query(urgent, &[5.into()]).await? {
        println!("urgent: {} ({})", row.get::<String>("title")?, row.get::<i32>("priority")?);
    }
    let numbers = ada.query("SELECT status, count(*) AS tasks FROM tasks GROUP BY status", &[]).await?;
    println!("as JSON: {}", serde_json::to_string(&numbers.to_json()?)?);

    let later: [Param; 2] = [1.into(), "Print receipts".into()];
    let changed = triage.query("UPDATE tasks SET priority = $1 WHERE title = $2", &later).await?;
    println!("changed: {} row", changed.rows_affected());

    for (who, sql) in [
        (&ada, "UPDATE tasks SET priority = 9 WHERE id IS NOT NULL"),
        (&ada, "SELECT name, key_hash FROM api_keys"),
        (&ada, "SELECT 1; DROP TABLE tasks"),
        (&triage, "UPDATE tasks SET priority = 0"),
        (&triage, "SELECT pg_sleep(3600)"),
    ] {
        match who.query(sql, &[]).await {
            Err(QueryError::Refused(refusal)) => println!("refused: {refusal}"),
            other => anyhow::bail!("{sql} was not refused: {other:?}"),
        }
    }

    let refusals = AuditLogFilter { action: Some(AuditAction::Refuse), ..AuditLogFilter::default() };
    let trail = store.audit_logs().find_by(&refusals, &PageRequest::default().ascending()).await?;
    for log in trail.items {
        let (user, told) = (log.user_id.unwrap_or_default(), log.new_values.unwrap_or_default());
        println!("trail: {user}: {} ({})", told["statement"], told["kind"]);
    }
    Ok(())
}

/// May look at tasks and say how urgent they are.
fn triage() -> Policy {
    let rule = TableRule {
        select: Some(Columns::All),
        update: Some(Columns::Only(["priority".to_owned()].into())),
        ..TableRule::default()
    };
    Policy { tables: [("tasks".to_owned(), rule)].into(), ..Policy::default() }
}
