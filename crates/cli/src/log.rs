//! Log lines on a terminal.

use std::io;

use tracing_subscriber::EnvFilter;

/// Shows log lines on standard error, as plain sentences: all warnings, and what `filter` adds, such as
/// `taskmaster_migration=info`. The variable `RUST_LOG` replaces both. A program calls it first.
pub fn show_log(filter: &str) {
    let usual =
        || EnvFilter::new(if filter.is_empty() { "warn".to_owned() } else { format!("warn,{filter}") });
    let shown = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("RUST_LOG").unwrap_or_else(|_| usual()))
        .with_writer(io::stderr)
        .with_target(false)
        .with_level(false)
        .without_time();
    // A subscriber that is there already shows them.
    let _ = shown.try_init();
}
