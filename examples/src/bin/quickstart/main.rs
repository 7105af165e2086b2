//! The main job: stores a project's tasks in PostgreSQL, works on them as a pipeline does, and shows what came of it.
//!
//! ```text
//! cargo run --bin quickstart [-- FILE]
//! ```
//!
//! Without `DATABASE_URL` it starts a PostgreSQL of its own, whose data last: each run goes on where the one before
//! stopped. However a run ends, by Ctrl-C or by `kill -9`, the data are whole, since whatever belongs together is one unit
//! of work; tasks that it was working on are put back by the next run, see [`run`].

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
use taskmaster_embedded::Server;
use taskmaster_import::Import;
use taskmaster_postgres::PgStore;
use taskmaster_repository::Store;

use interrupt::Interrupt;
use run::Run;
use settings::{Arguments, Settings};
use terminal::say;

fn main() -> ExitCode {
    match quickstart(&Arguments::parse()) {
        Ok(code) => code,
        // Whoever reads the output has seen enough, as in `quickstart | head`.
        Err(error) if terminal::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The file is read before a server is started: what is wrong with it is told at once, and nothing is stored.
fn quickstart(arguments: &Arguments) -> Result<ExitCode> {
    let settings = Settings::resolve(arguments)?;
    let import = import::read(&settings)?;
    let server = settings.server()?;
    tokio::runtime::Runtime::new()?.block_on(main_job(&settings, &server, &import))
}

async fn main_job(settings: &Settings, server: &Server, import: &Import) -> Result<ExitCode> {
    let url = server.database_url();
    let migrations = taskmaster_migration::up(&url, None).await?;
    let interrupt = Interrupt::listen();
    let mut run = Run::begin(&url).await?;
    let store = PgStore::connect(&url).await?.acting_as(&run.actor())?;
    let store: &dyn Store = &*store;
    say(settings.server_in_words(server))?;
    say(format!("migrations applied: {}", migrations.len()))?;

    let Some(added) = import::store(store, import, &interrupt).await? else {
        eprintln!("nothing was imported");
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    };
    say(format!("\nImport of {}", settings.source()))?;
    say(import::in_words(import, &added))?;

    let put_back = run.put_back_abandoned(store).await?;
    say(format!("\nWork as {}, on at most {} tasks", run.name(), settings.work))?;
    say(format!("put back from runs that were killed: {put_back}"))?;
    let tally = pipeline::work(store, &run.name(), settings.work, &interrupt).await?;
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
