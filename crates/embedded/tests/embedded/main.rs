//! The tests of this package, in one program because they run it again in other processes and as other users.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its own functions")]

mod install;
mod lifetime;
mod locate;
mod machine;
mod modes;
mod process;
mod sql;
mod test_database;
mod test_pooler;
mod test_server;
mod users;

use std::panic;

use process::{say, wait_for_word};
use taskmaster_embedded::{EmbeddedPostgres, Server, Settings};

/// What the other processes of these tests do.
#[test]
fn plays_its_role() {
    let Some(role) = process::role() else { return };
    let words: Vec<_> = role.split_whitespace().collect();
    let settings = |words: &[&str]| match words {
        [dir] => Settings::durable(*dir),
        _ => Settings::throwaway(),
    };
    match words[0] {
        "hold" => {
            let postgres = EmbeddedPostgres::start(settings(&words[1..])).unwrap();
            say(postgres.database_url());
            wait_for_word();
        }
        "panic" => {
            let postgres = EmbeddedPostgres::start(settings(&words[1..])).unwrap();
            say(postgres.database_url());
            // The test's output is for what goes wrong.
            panic::set_hook(Box::new(|_| {}));
            panic!("as asked");
        }
        "visit" => {
            for _ in 0..10 {
                let postgres = EmbeddedPostgres::start(settings(&words[1..])).unwrap();
                sql::ask(&postgres.database_url(), "SELECT 'served'");
            }
            say("done");
        }
        "locate" => match Server::locate(None, || Ok(settings(&words[1..]))) {
            Ok(server) => say(format!("{server:?} {}", server.database_url())),
            Err(error) => say(error.to_string()),
        },
        "data-dir" => match Settings::default_data_dir() {
            Ok(dir) => say(dir.display().to_string()),
            Err(error) => say(error.to_string()),
        },
        "install" => install::install(words[1]),
        "follow" => install::follow(),
        "hold-database" => test_database::hold(),
        "hold-server" => test_server::hold(),
        "hold-pooler" => test_pooler::hold(),
        "get-stuck" => test_database::get_stuck(),
        other => panic!("there is no role {other}"),
    }
}
