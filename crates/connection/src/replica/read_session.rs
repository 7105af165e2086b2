//! The writes that the reads of one handle have to see.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::primary::PrimaryWalTracker;
use crate::wal::ReadMark;

/// For how long a write of unknown outcome may still take place if the server limits no statement.
const UNLIMITED: Duration = Duration::from_mins(10);

/// What the reads of somebody need.
///
/// What counts is when a write ended, since only then somebody knows of it. It is noted at the end of each write, whatever comes
/// of it, under one lock with the number of the next question: a question that is under way then does not cover it.
#[derive(Debug, Default)]
pub(super) struct ReadSession {
    needs: Mutex<Needs>,
}

#[derive(Debug, Default)]
struct Needs {
    /// The number of the question whose answer covers all writes that ended, unless it is known.
    question: Option<u64>,
    /// What is known already.
    mark: ReadMark,
    /// Until when a write may still take place whose outcome is unknown.
    unsettled_until: Option<Instant>,
}

impl ReadSession {
    /// What a replica has to know to be read from, or nothing if only the primary will do.
    pub(super) fn need(&self, tracker: &PrimaryWalTracker) -> Option<ReadMark> {
        let mut needs = self.lock();
        if let Some(until) = needs.unsettled_until {
            if until > Instant::now() {
                return None;
            }
            needs.unsettled_until = None;
            needs.question = Some(tracker.next());
        }
        if let Some(question) = needs.question {
            let Some(mark) = tracker.answer(question) else {
                tracker.want();
                return None;
            };
            needs.question = None;
            needs.mark = needs.mark.max(mark);
        }
        Some(needs.mark)
    }

    /// Reads have to see all that is before `mark`.
    pub(super) fn see(&self, mark: ReadMark) {
        let mut needs = self.lock();
        needs.mark = needs.mark.max(mark);
    }

    /// A write has ended. If nobody knows what came of it, it may still take place until then.
    fn wrote(&self, tracker: &PrimaryWalTracker, unsettled_until: Option<Instant>) {
        let mut needs = self.lock();
        needs.question = Some(tracker.next());
        needs.unsettled_until = needs.unsettled_until.max(unsettled_until);
    }

    fn lock(&self) -> MutexGuard<'_, Needs> {
        self.needs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write that is under way. Dropped before its end, nobody knows what came of it.
#[derive(Debug)]
pub(crate) struct PendingWrite {
    session: Arc<ReadSession>,
    tracker: Arc<PrimaryWalTracker>,
    /// For how long it may take place if nobody knows its outcome.
    limit: Duration,
    is_settled: bool,
}

impl PendingWrite {
    pub(super) fn new(
        session: Arc<ReadSession>,
        tracker: Arc<PrimaryWalTracker>,
        statement_limit: Duration,
    ) -> Self {
        let limit = if statement_limit.is_zero() { UNLIMITED } else { statement_limit };
        Self { session, tracker, limit, is_settled: false }
    }

    /// It is over, and it is known whether it took place, or not.
    pub(crate) fn end(mut self, is_known: bool) {
        self.is_settled = is_known;
    }
}

impl Drop for PendingWrite {
    fn drop(&mut self) {
        let unsettled_until = (!self.is_settled).then(|| Instant::now() + self.limit);
        self.session.wrote(&self.tracker, unsettled_until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stage {
        session: Arc<ReadSession>,
        tracker: Arc<PrimaryWalTracker>,
    }

    impl Stage {
        fn set() -> Self {
            Self { session: Arc::default(), tracker: Arc::new(PrimaryWalTracker::new(Duration::ZERO)) }
        }

        fn write(&self) -> PendingWrite {
            PendingWrite::new(Arc::clone(&self.session), Arc::clone(&self.tracker), Duration::from_mins(1))
        }

        fn need(&self) -> Option<ReadMark> {
            self.session.need(&self.tracker)
        }
    }

    #[test]
    fn who_has_written_nothing_needs_nothing() {
        assert_eq!(Stage::set().need(), Some(ReadMark::default()));
    }

    #[test]
    fn a_write_is_covered_only_by_what_is_asked_after_its_end() {
        let stage = Stage::set();
        let write = stage.write();
        let question = stage.tracker.begin();
        write.end(true);
        stage.tracker.end(question.0, question.1, ReadMark::new(1, 10), 7);
        assert_eq!(stage.need(), None, "it may have been asked before the write took place");
        let question = stage.tracker.begin();
        assert_eq!(stage.need(), None, "not answered yet");
        stage.tracker.end(question.0, question.1, ReadMark::new(1, 20), 7);
        assert_eq!(stage.need(), Some(ReadMark::new(1, 20)));
    }

    #[test]
    fn a_write_that_ends_after_the_mark_was_known_makes_it_unknown_again() {
        let stage = Stage::set();
        stage.write().end(true);
        let question = stage.tracker.begin();
        stage.tracker.end(question.0, question.1, ReadMark::new(1, 10), 7);
        assert!(stage.need().is_some());
        stage.write().end(true);
        assert_eq!(stage.need(), None);
    }

    #[test]
    fn a_write_of_unknown_outcome_keeps_reads_on_the_primary_until_it_cannot_take_place_any_more() {
        let stage = Stage::set();
        let ask = || {
            let question = stage.tracker.begin();
            stage.tracker.end(question.0, question.1, ReadMark::new(1, 10), 7);
        };
        let mut write = stage.write();
        write.limit = Duration::from_nanos(1);
        drop(write);
        ask();
        assert_eq!(stage.need(), None, "it may have taken place since it was asked");
        ask();
        assert_eq!(stage.need(), Some(ReadMark::new(1, 10)));
        drop(stage.write());
        ask();
        assert_eq!(stage.need(), None, "it may still take place");
    }

    #[test]
    fn a_mark_from_elsewhere_counts_as_ones_own() {
        let stage = Stage::set();
        stage.session.see(ReadMark::new(1, 30));
        stage.session.see(ReadMark::new(1, 20));
        assert_eq!(stage.need(), Some(ReadMark::new(1, 30)));
    }
}
