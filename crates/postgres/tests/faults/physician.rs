//! Somebody who asks for the database's health all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use taskmaster_postgres::Database;
use tokio::{sync::watch, task::JoinHandle};

use crate::stage::LIMIT;

/// How long one waits before one asks again.
const PAUSE: Duration = Duration::from_millis(20);

/// How much later than the deadline an answer may be noticed where the processors have other things to do.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Physician {
    database: Database,
    done: Arc<AtomicBool>,
    visits: JoinHandle<Visits>,
    /// How often it was down.
    down: watch::Sender<usize>,
}

/// What was answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Visits {
    up: usize,
    down: usize,
    longest: Duration,
}

impl Physician {
    pub(crate) fn begin(database: &Database) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let down = watch::Sender::default();
        let (asked, until, seen) = (database.clone(), Arc::clone(&done), down.clone());
        let visits = tokio::spawn(async move {
            let mut visits = Visits::default();
            while !until.load(Ordering::Relaxed) {
                visits.ask(&asked).await;
                seen.send_replace(visits.down);
                tokio::time::sleep(PAUSE).await;
            }
            visits
        });
        Self { database: database.clone(), done, visits, down }
    }

    /// Waits until the database is told to be down.
    pub(crate) async fn sees_it_down(&self) {
        let mut down = self.down.subscribe();
        let before = *down.borrow();
        let seen = tokio::time::timeout(LIMIT, down.wait_for(|down| *down > before)).await.map(drop);
        assert!(seen.is_ok(), "it is broken, and told to be up");
    }

    /// Ends, once the database is said to be up.
    pub(crate) async fn finish(self) -> Visits {
        self.done.store(true, Ordering::Relaxed);
        let visits = self.visits.await.unwrap();
        let begin = Instant::now();
        while !self.database.health().await.is_up() {
            assert!(begin.elapsed() < LIMIT, "it works again, and is said to be down");
        }
        visits
    }
}

impl Visits {
    async fn ask(&mut self, database: &Database) {
        let begin = Instant::now();
        let deadline = database.config().health_deadline;
        let answer = tokio::time::timeout(deadline + GRACE, database.health()).await;
        let health = answer.expect("health is told within its deadline");
        self.longest = self.longest.max(begin.elapsed());
        if health.is_up() {
            self.up += 1;
        } else {
            assert!(!health.reasons.is_empty(), "{health:?}");
            self.down += 1;
        }
    }
}

impl std::fmt::Display for Visits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { up, down, longest } = self;
        write!(f, "health {up} times up, {down} times down, told in {} ms at most", longest.as_millis())
    }
}
