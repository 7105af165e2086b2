//! Shows the audit trail: who changed what, a seal, an anchor that is kept elsewhere, and a verification that finds what was
//! tampered with.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use taskmaster_examples::throwaway_store;
use taskmaster_models::{
    Actor, AuditAnchor, AuditLog, AuditLogFilter, AuditedEntity, NewTask, PageRequest, TaskPatch, TaskStatus,
};
use taskmaster_repository::{Repositories, Store};

#[tokio::main]
async fn main() -> Result<()> {
    let (server, store) = throwaway_store().await?;

    // Whoever acts is named once for each store; every write carries the name.
    let ada = Actor { ip_address: Some(Ipv4Addr::new(192, 0, 2, 7).into()), ..Actor::user("ada") };
    let (ada, bot) = (store.acting_as(&ada)?, store.acting_as(&Actor::user("ci-bot"))?);
    let task = ada.tasks().create(&NewTask::new("Log in with a passkey")).await?;
    let patch = TaskPatch { priority: Some(8), ..TaskPatch::default() };
    ada.tasks().update(task.id, &patch).await?;
    bot.tasks().update_status(task.id, TaskStatus::InProgress, json!({ "build": 7 })).await?;

    // The history of one task, from the beginning.
    let oldest_first = PageRequest::default().ascending();
    let history =
        store.audit_logs().entity_history(AuditedEntity::Task, task.id.as_uuid(), &oldest_first).await?;
    for log in &history.items {
        println!("{}", told(log));
    }
    let of_bot = store.audit_logs().count(&AuditLogFilter::user("ci-bot")).await?;
    println!("ci-bot made {of_bot} changes");

    // A job seals what is new, every minute or so, and keeps the anchor where nobody who can change the database can change it.
    let seal = store.audit_logs().seal().await?.context("there is something to seal")?;
    let kept: String = seal.anchor().to_string();
    println!("seal {} holds {} rows", seal.number, seal.row_count);

    // An auditor reads what was kept, and verifies the whole trail against it.
    let anchor: AuditAnchor = kept.parse()?;
    let verification = store.audit_logs().verify(Some(anchor)).await?;
    println!("intact: {}, {} rows compared", verification.is_intact(), verification.rows);

    // Whoever owns the database can change a row all the same. The verification says which.
    let mut owner = PgConnection::connect(&server.database_url()).await?;
    sqlx::raw_sql(
        "SET session_replication_role = replica; UPDATE audit_logs SET user_id = 'eve' WHERE action = 'create' \
         AND entity_type = 'task'",
    )
    .execute(&mut owner)
    .await?;
    let verification = store.audit_logs().verify(Some(anchor)).await?;
    ensure!(!verification.is_intact(), "tampering was not found");
    for finding in &verification.findings {
        println!("found: {finding}");
    }
    Ok(())
}

/// A change in a line: who, what, and which fields.
fn told(log: &AuditLog) -> String {
    let who = log.user_id.as_deref().unwrap_or("somebody");
    let mut fields: Vec<_> =
        log.new_values.iter().flat_map(|values| values.keys()).map(String::as_str).collect();
    if log.old_values.is_none() {
        fields = vec!["all fields"];
    }
    fields.retain(|field| !matches!(*field, "version" | "updated_at"));
    format!("{who}: {} {} ({})", log.action, log.entity_type, fields.join(", "))
}
