//! The primary's position in its write-ahead log.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::AtomicBool},
    time::Duration,
};

use sea_orm::{DbErr, QueryResult};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use crate::{
    error::{Error, ErrorKind, Result},
    operation::{Access, Operation},
    pool::{Pool, WeakPool},
    statement::Query,
    wal::ReadMark,
};

/// The call that asks the primary.
const OPERATION: Operation = Operation::new("database.read_mark", Access::ReadPrimary);

/// `pg_current_wal_insert_lsn` is behind the commit record of all that was acknowledged, also with `synchronous_commit` off, for
/// which the positions of what is written to a file or a disk would be too early.
const ASK: &str = "\
    SELECT ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int AS timeline, \
           (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8 AS lsn, \
           current_setting('wal_block_size')::int8 AS page, \
           pg_size_bytes(current_setting('wal_segment_size')) AS segment, \
           (SELECT system_identifier FROM pg_control_system()) AS cluster";

/// The primary is asked no more often than this.
const SELDOM_ENOUGH: Duration = Duration::from_millis(5);

/// How long to wait after it could not be asked.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// How long the primary may take.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// For how long a replica is as fit as it was seen to be if it may be behind as far as it likes.
const UNLIMITED: Duration = Duration::from_secs(10);

/// How far the primary is, asked time and again.
///
/// Each question has a number. What ended before a question was put is covered by its answer, so who has written keeps the
/// number of the next question, and needs to know nothing of those of others.
#[derive(Debug)]
pub(super) struct PrimaryWalTracker {
    known: Mutex<Known>,
    wanted: Notify,
    /// How far a replica may be behind, if that is limited.
    max_lag: Option<Duration>,
}

#[derive(Debug, Default)]
struct Known {
    /// The number of the question that was put last.
    asked: u64,
    /// The highest number of a question that was answered.
    answered: u64,
    mark: ReadMark,
    /// Which cluster the primary is of.
    cluster: Option<i64>,
    /// Where the primary was when, as long ago as a replica may be behind. What has reached one of these is no further behind.
    trail: VecDeque<(Instant, ReadMark)>,
}

impl PrimaryWalTracker {
    /// A tracker for replicas that may be so far behind; zero is as far as they like.
    pub(super) fn new(max_lag: Duration) -> Self {
        let max_lag = Some(max_lag).filter(|max_lag| !max_lag.is_zero());
        Self { known: Mutex::default(), wanted: Notify::new(), max_lag }
    }

    /// The number of a question that is not put yet.
    pub(super) fn next(&self) -> u64 {
        self.lock().asked + 1
    }

    /// What covers all that ended before the question of this number was put, if that is known.
    pub(super) fn answer(&self, number: u64) -> Option<ReadMark> {
        let known = self.lock();
        (known.answered >= number).then_some(known.mark)
    }

    /// Has the primary asked soon.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Returns `true` if this is the primary's cluster. It is not as long as the primary's is unknown.
    pub(super) fn is_of(&self, cluster: i64) -> bool {
        self.lock().cluster == Some(cluster)
    }

    /// Until when a replica that has come as far as `position` is not too far behind, if that is so now.
    pub(super) fn fresh_until(&self, position: ReadMark) -> Option<Instant> {
        let Some(max_lag) = self.max_lag else { return Some(Instant::now() + UNLIMITED) };
        let known = self.lock();
        let (at, _) = known.trail.iter().rev().find(|(_, mark)| position.has_reached(*mark))?;
        Some(*at + max_lag).filter(|until| *until > Instant::now())
    }

    /// Asks the primary, and returns a mark that covers all that ended before.
    pub(super) async fn ask(&self, primary: &Pool) -> Result<ReadMark> {
        let asked = async {
            let mut connection = primary.acquire(OPERATION).await?;
            // Only now: whoever writes while this waits for a connection must not take it for asked.
            let (number, at) = self.begin();
            let query = Query::unprepared(OPERATION, ASK);
            let row = connection.execute_autocommit(query, &AtomicBool::default()).await?.into_first();
            let row = row.ok_or_else(|| Error::new(ErrorKind::Driver, "no answer", "no row"))?;
            let (mark, cluster) = read(&row)?;
            Ok(self.end(number, at, mark, cluster))
        };
        timeout(ASK_TIMEOUT, asked).await.map_err(Error::timeout)?
    }

    /// A question is put: its number, and when.
    pub(super) fn begin(&self) -> (u64, Instant) {
        let mut known = self.lock();
        known.asked += 1;
        (known.asked, Instant::now())
    }

    /// It was answered.
    pub(super) fn end(&self, number: u64, at: Instant, mark: ReadMark, cluster: i64) -> ReadMark {
        let mut known = self.lock();
        known.answered = known.answered.max(number);
        known.mark = known.mark.max(mark);
        known.cluster = Some(cluster);
        let mark = known.mark;
        if let Some(max_lag) = self.max_lag {
            known.trail.retain(|(at, _)| at.elapsed() < max_lag);
            // A few will do.
            if known.trail.back().is_none_or(|(last, _)| at.saturating_duration_since(*last) >= max_lag / 16)
            {
                known.trail.push_back((at, mark));
            }
        }
        mark
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(row: &QueryResult) -> std::result::Result<(ReadMark, i64), DbErr> {
    let [lsn, page, segment] = ["lsn", "page", "segment"].map(|column| row.try_get::<i64>("", column));
    let timeline: i32 = row.try_get("", "timeline")?;
    let (lsn, page, segment) = (lsn?.unsigned_abs(), page?.unsigned_abs(), segment?.unsigned_abs());
    let mark = ReadMark::of_next_record(timeline.unsigned_abs(), lsn, page, segment);
    Ok((mark, row.try_get("", "cluster")?))
}

/// Begins to ask the primary, as often as somebody wants to know it and as the lag of replicas has to be known.
pub(super) fn watch(tracker: &Arc<PrimaryWalTracker>, primary: &Pool) {
    let interval = tracker.max_lag.map_or(UNLIMITED, |max_lag| (max_lag / 8).min(Duration::from_secs(1)));
    tokio::spawn(run(Arc::downgrade(tracker), primary.downgrade(), interval.max(SELDOM_ENOUGH)));
}

async fn run(tracker: Weak<PrimaryWalTracker>, primary: WeakPool, interval: Duration) {
    loop {
        let Some(known) = tracker.upgrade() else { return };
        let Some(pool) = primary.upgrade() else { return };
        if pool.is_closing() {
            return;
        }
        let pause = match known.ask(&pool).await {
            Ok(_) => SELDOM_ENOUGH,
            Err(error) => {
                tracing::debug!(%error, "the primary could not be asked how far it is");
                AFTER_FAILURE
            }
        };
        drop(pool);
        tokio::time::sleep(pause).await;
        // It is kept alive for no longer than the interval.
        let _ = timeout(interval, known.wanted.notified()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lsn: u64) -> ReadMark {
        ReadMark::new(1, lsn)
    }

    #[test]
    fn an_answer_covers_what_ended_before_its_question_and_nothing_else() {
        let tracker = PrimaryWalTracker::new(Duration::ZERO);
        let before = tracker.next();
        let (first, begun) = tracker.begin();
        let meanwhile = tracker.next();
        assert_eq!(tracker.answer(before), None, "asked is not answered");
        tracker.end(first, begun, at(10), 7);
        assert_eq!(tracker.answer(before), Some(at(10)));
        assert_eq!(tracker.answer(meanwhile), None);
    }

    #[test]
    fn answers_may_overtake_each_other() {
        let tracker = PrimaryWalTracker::new(Duration::ZERO);
        let (first, begun) = tracker.begin();
        let between = tracker.next();
        let (second, begun_later) = tracker.begin();
        tracker.end(second, begun_later, at(20), 7);
        assert_eq!(tracker.end(first, begun, at(10), 7), at(20));
        assert_eq!(tracker.answer(between), Some(at(20)));
    }

    #[test]
    fn a_replica_is_as_fresh_as_the_latest_place_that_it_has_reached() {
        let max_lag = Duration::from_secs(100);
        let tracker = PrimaryWalTracker::new(max_lag);
        assert_eq!(tracker.fresh_until(at(99)), None, "nothing is known of the primary");
        let Some(early) = Instant::now().checked_sub(Duration::from_secs(50)) else { return };
        let (number, now) = tracker.begin();
        tracker.end(number, early, at(10), 7);
        let (number, _) = tracker.begin();
        tracker.end(number, now, at(20), 7);
        assert_eq!(tracker.fresh_until(at(9)), None);
        assert_eq!(tracker.fresh_until(at(10)), Some(early + max_lag));
        assert_eq!(tracker.fresh_until(at(20)), Some(now + max_lag));
        assert!(PrimaryWalTracker::new(Duration::ZERO).fresh_until(at(0)).is_some(), "zero is no limit");
    }
}
