//! The main job: stores a project's tasks in PostgreSQL, works on them as a pipeline does, and shows what came of it.
//!
//! ```text
//! cargo run --bin quickstart [-- FILE]
//! ```
//!
//! Without a database that is named it starts a PostgreSQL of its own, whose data last: each run goes on where the one
//! before stopped. However a run ends, by Ctrl-C or by `kill -9`, the data are whole, since whatever belongs together
//! is one unit of work; tasks that it was working on are put back by the next run, see [`run`].

mod agent;
mod import;
mod interrupt;
mod pipeline;
mod report;
mod run;
mod settings;
mod showcase;
mod terminal;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use taskmaster_cli::{Located, show_log};
use taskmaster_import::Import;
use taskmaster_migration::{Target, unlimited};
use taskmaster_postgres::{PgStore, config::DatabaseConfig};
use taskmaster_repository::Store;

use interrupt::Interrupt;
use run::Run;
use settings::Arguments;
use terminal::say;

fn main() -> ExitCode {
    show_log("");
    match quickstart(&Arguments::parse()) {
        Ok(code) => code,
        // The reader of the output has seen enough, as in `quickstart | head`.
        Err(error) if terminal::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the file before a server is started: what is wrong with it is reported at once, and nothing is stored.
fn quickstart(arguments: &Arguments) -> Result<ExitCode> {
    let import = import::read(arguments)?;
    let located = arguments.locate()?;
    tokio::runtime::Runtime::new()?.block_on(main_job(arguments, &located, &import))
}

async fn main_job(arguments: &Arguments, located: &Located, import: &Import) -> Result<ExitCode> {
    let config = &located.config;
    located.announce();
    let target = Target::connect_with(DatabaseConfig { timeouts: unlimited(), ..config.clone() }).await?;
    let migrations = target.up(None).await?;
    target.close().await;
    let interrupt = Interrupt::listen();
    let run = Run::begin(config).await?;
    let store = PgStore::connect_with(config.clone()).await?.acting_as(&run.actor())?;
    let store: &dyn Store = &*store;
    say(format!("migrations applied: {}", migrations.len()))?;

    let Some(added) = import::store(store, import, &interrupt).await? else {
        eprintln!("nothing was imported");
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    };
    say(format!("\nImport of {}", arguments.source()))?;
    say(import::in_words(import, &added))?;

    let put_back = run.put_back_abandoned(store).await?;
    say(format!("\nWork as {}, on at most {} tasks", run.name(), arguments.work))?;
    say(format!("put back from runs that were killed: {put_back}"))?;
    let tally = pipeline::work(store, &run.name(), arguments.work, &interrupt).await?;
    say(format!("worked on: {tally}"))?;
    if interrupt.is_pressed() {
        let count = run.put_back_own(store).await?;
        say(format!("put back: {count}; the next run goes on from here"))?;
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    }
    // A run that was killed a moment before this one began may have been taken for alive.
    run.put_back_abandoned(store).await?;

    report::print(store).await?;
    Ok(ExitCode::SUCCESS)
}
