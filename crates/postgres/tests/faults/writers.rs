//! Some who write all the time and keep a record of what was acknowledged to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sea_orm::sqlx;
use taskmaster_models::NewTask;
use taskmaster_postgres::{Database, PgStore};
use taskmaster_repository::{Repositories as _, RepositoryError};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    physician::{Physician, Visits},
    stage::{LIMIT, Stage},
};

/// How many write at the same time, each a connection.
pub(crate) const WRITERS: usize = 8;

/// How long one waits that was refused, as a caller would.
const PAUSE: Duration = Duration::from_millis(20);

/// What was answered to those who write.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The titles of the tasks that were said to be written.
    pub(crate) acknowledged: BTreeSet<String>,
    /// The titles of those that were not, and what was said instead.
    pub(crate) failed: BTreeMap<String, RepositoryError>,
    /// The longest time in which nothing was acknowledged to anybody.
    silence: Duration,
    /// What was told of the database's health meanwhile.
    health: Visits,
}

#[derive(Debug)]
pub(crate) struct Writers {
    tasks: JoinSet<Record>,
    done: Arc<AtomicBool>,
    acknowledged: watch::Sender<usize>,
    failed: watch::Sender<usize>,
    silence: Arc<Mutex<Silence>>,
    physician: Physician,
}

#[derive(Debug)]
struct Silence {
    since: Instant,
    longest: Duration,
}

impl Silence {
    fn ends(&mut self) {
        self.longest = self.longest.max(self.since.elapsed());
        self.since = Instant::now();
    }
}

impl Writers {
    /// Begins to write.
    pub(crate) fn begin(database: &Database) -> Self {
        let mut writers = Self {
            tasks: JoinSet::new(),
            done: Arc::default(),
            acknowledged: watch::Sender::default(),
            failed: watch::Sender::default(),
            silence: Arc::new(Mutex::new(Silence { since: Instant::now(), longest: Duration::ZERO })),
            physician: Physician::begin(database),
        };
        for writer in 0..WRITERS {
            let (store, done) = (PgStore::new(database.clone()), Arc::clone(&writers.done));
            let (acknowledged, failed) = (writers.acknowledged.clone(), writers.failed.clone());
            let silence = Arc::clone(&writers.silence);
            writers.tasks.spawn(async move {
                let mut record = Record::default();
                for number in 0.. {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    let title = format!("{writer}-{number}");
                    match store.tasks().create(&NewTask::new(&title)).await {
                        Ok(_) => {
                            silence.lock().unwrap().ends();
                            record.acknowledged.insert(title);
                            acknowledged.send_modify(|count| *count += 1);
                        }
                        Err(error) => {
                            record.failed.insert(title, error);
                            failed.send_modify(|count| *count += 1);
                            tokio::time::sleep(PAUSE).await;
                        }
                    }
                }
                record
            });
        }
        writers
    }

    /// Waits until so many more are acknowledged than now.
    pub(crate) async fn go_on(&self, more: usize) {
        self.await_more(&self.acknowledged, more, "acknowledged").await;
    }

    /// Waits until each of those who write was refused several times, if they are refused alike.
    pub(crate) async fn are_refused(&self, times: usize) {
        self.await_more(&self.failed, times * WRITERS, "refused").await;
    }

    /// Waits until whoever asks for the database's health is told that it is down.
    pub(crate) async fn await_bad_health(&self) {
        self.physician.sees_it_down().await;
    }

    /// Waits until so many are acknowledged in all, and ends.
    pub(crate) async fn finish(mut self, quota: usize) -> Record {
        let so_far = *self.acknowledged.borrow();
        self.go_on(quota.saturating_sub(so_far)).await;
        self.done.store(true, Ordering::Relaxed);
        let mut record = Record { silence: self.silence.lock().unwrap().longest, ..Record::default() };
        while let Some(one) = self.tasks.join_next().await {
            let one = one.unwrap();
            record.acknowledged.extend(one.acknowledged);
            record.failed.extend(one.failed);
        }
        record.health = self.physician.finish().await;
        record
    }

    async fn await_more(&self, count: &watch::Sender<usize>, more: usize, what: &str) {
        let mut count = count.subscribe();
        let goal = *count.borrow() + more;
        let reached = tokio::time::timeout(LIMIT, count.wait_for(|count| *count >= goal)).await.map(drop);
        let (acknowledged, failed) = (*self.acknowledged.borrow(), *self.failed.borrow());
        assert!(
            reached.is_ok(),
            "waited in vain for {more} more to be {what}: {acknowledged} acknowledged, {failed} failed"
        );
    }
}

impl Record {
    /// Checks that all that was acknowledged is there, once, and nothing that nobody wrote; and that no more of what was not
    /// acknowledged is there than `in_flight` at the moment of a fault.
    pub(crate) async fn is_kept(&self, story: &str, stage: &Stage, in_flight: usize) {
        let titles: Vec<String> = sqlx::query_scalar("SELECT title FROM tasks")
            .fetch_all(&mut stage.connect().await)
            .await
            .unwrap();
        let stored: BTreeSet<&String> = titles.iter().collect();
        let lost: Vec<_> = self.acknowledged.iter().filter(|title| !stored.contains(title)).collect();
        assert!(lost.is_empty(), "{} acknowledged writes are lost: {lost:?}", lost.len());
        assert_eq!(stored.len(), titles.len(), "something was written twice");

        let uncertain: Vec<_> = stored.iter().filter(|title| !self.acknowledged.contains(**title)).collect();
        for title in &uncertain {
            let error = self.failed.get(**title);
            assert!(error.is_some_and(RepositoryError::is_outcome_unknown), "{title} was written: {error:?}");
        }
        assert!(uncertain.len() <= in_flight, "{} were written and not acknowledged", uncertain.len());
        println!(
            "{story}: {} acknowledged, 0 lost, silent for {} ms; {}; {} failed, of which {} were written: {}",
            self.acknowledged.len(),
            self.silence.as_millis(),
            self.health,
            self.failed.len(),
            uncertain.len(),
            self.complaints().join("; "),
        );
    }

    /// Checks that whoever was not served was told what passes by itself.
    pub(crate) fn was_told_that_it_passes(&self) {
        for (title, error) in &self.failed {
            assert!(error.is_retryable(), "{title}: {error:?}");
        }
    }

    /// The different things that were said.
    fn complaints(&self) -> Vec<String> {
        let mut counted = BTreeMap::<String, usize>::new();
        for error in self.failed.values() {
            *counted.entry(error.to_string()).or_default() += 1;
        }
        counted.into_iter().map(|(text, count)| format!("{count} × {text}")).collect()
    }
}
