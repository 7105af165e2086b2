//! Shows error logs: any error goes in with its sources, errors of one cause form a group, and a group that comes back after
//! it was resolved says so.

use std::{error::Error, fmt, io};

use anyhow::{Context, Result, ensure};
use taskmaster_examples::throwaway_store;
use taskmaster_models::{
    ErrorGroup, ErrorLogFilter, ErrorType, NewErrorLog, NewTask, PageRequest, Resolution, SearchRequest,
    Severity, TaskId,
};
use taskmaster_repository::Store;

/// What the program under watch fails with: an error that has a source, which has one, too.
#[derive(Debug)]
struct ChargeError {
    order: u32,
    source: io::Error,
}

impl fmt::Display for ChargeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot charge order {}", self.order)
    }
}

impl Error for ChargeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

#[derive(Debug)]
struct BankError(io::Error);

impl fmt::Display for BankError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bank hangs up")
    }
}

impl Error for BankError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Charges an order; it never works.
fn charge(order: u32) -> Result<(), ChargeError> {
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    Err(ChargeError { order, source: io::Error::other(BankError(refused)) })
}

/// Tries to charge an order, and logs why it did not work.
async fn try_to_charge(store: &dyn Store, task_id: TaskId, order: u32) -> Result<NewErrorLog> {
    let error = charge(order).expect_err("it never works");
    let new = NewErrorLog {
        error_code: Some("BANK".to_owned()),
        task_id: Some(task_id),
        ..NewErrorLog::from_error(&error, ErrorType::ExternalApi)
    };
    store.error_logs().create(&new).await?;
    Ok(new)
}

fn told(group: &ErrorGroup) -> String {
    format!("{} times, {} unresolved", group.count, group.unresolved)
}

#[tokio::main]
async fn main() -> Result<()> {
    let (_server, store) = throwaway_store().await?;
    let store: &dyn Store = &store;
    let task = store.tasks().create(&NewTask::new("Charge orders")).await?;

    // The message of an error is what it says itself; what its sources say is kept beside it.
    let mut last = NewErrorLog::new(ErrorType::Configuration, "no address of the bank, the default is taken");
    last.severity = Severity::Warn;
    store.error_logs().create(&last).await?;
    for order in 7..=9 {
        last = try_to_charge(store, task.id, order).await?;
    }
    let sources = last.context["sources"].as_array().context("it has sources")?;
    let sources: Vec<_> = sources.iter().filter_map(|source| source.as_str()).collect();
    println!("logged:    {}; {}", last.error_message, sources.join("; "));

    // The numbers of the orders differ, the cause is one: three errors, one group.
    let critical = ErrorLogFilter::critical();
    let groups = store.error_logs().groups(&critical, 10).await?;
    ensure!(groups.len() == 1, "there is one kind of critical error");
    println!("groups:    {} ({}, {} task)", groups[0].message, told(&groups[0]), groups[0].tasks);
    let errors = store.error_logs().critical_errors(&PageRequest::default()).await?.items;
    let title = errors[0].task_title.as_deref().unwrap_or_default();
    println!("critical:  {}, of the task {title:?}", errors.len());

    // Somebody deals with it, for all of the group at once.
    let fingerprint = last.fingerprint();
    let resolution = Resolution::new("the bank had a new address", "ada");
    let resolved = store.error_logs().resolve_group(&fingerprint, &resolution).await?;
    let group = store.error_logs().group(&fingerprint).await?.context("it is there")?;
    println!("resolved:  {resolved} by ada, regressed: {}", group.regressed);

    // Or so it seemed.
    try_to_charge(store, task.id, 12).await?;
    let group = store.error_logs().group(&fingerprint).await?.context("it is there")?;
    println!("came back: {}, regressed: {}", told(&group), group.regressed);
    let hits = store.error_logs().search(&SearchRequest::new("charge 12")).await?;
    println!("found:     {}", hits[0].snippet);
    let numbers = store.error_logs().statistics(&ErrorLogFilter::default()).await?;
    println!(
        "numbers:   {} errors in {} groups, {} resolved",
        numbers.total, numbers.groups, numbers.resolved
    );

    // What cannot be stored is refused by name, before anything is sent.
    let bad =
        NewErrorLog { stack_trace: Some("x".repeat(5_000_000)), ..NewErrorLog::new(ErrorType::General, " ") };
    let refused = store.error_logs().create(&bad).await;
    println!("refused:   {}", refused.expect_err("it has two faults"));
    Ok(())
}
