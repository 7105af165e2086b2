//! Positions in the primary's write-ahead log.

use std::{fmt, str::FromStr};

use tokio::time::Instant;

/// How far reads have to be: a place in the write-ahead log of the primary. A replica that has replayed that much knows all that
/// was written before.
///
/// As text it is a timeline and a position, both hexadecimal, such as `1-16B3748`: fit for a header, a cookie or a URL. It tells
/// nothing of what was written. One that somebody has made up does no more than send that session's reads to the primary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadMark {
    /// It grows by each failover. First, so that of two marks the greater one is of the later timeline.
    timeline: u32,
    lsn: u64,
}

/// A text is no [`ReadMark`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a read mark is a timeline and a position, both hexadecimal, such as 1-16B3748")]
pub struct ReadMarkError;

impl ReadMark {
    pub(crate) fn new(timeline: u32, lsn: u64) -> Self {
        Self { timeline, lsn }
    }

    /// The place that is told as where the next record begins. If that is behind the header of a page on which there is nothing
    /// else, the last record ended before the header, and a replica that has replayed it says so: without the difference it
    /// would seem to be behind for as long as nothing is written.
    pub(crate) fn of_next_record(timeline: u32, lsn: u64, page: u64, segment: u64) -> Self {
        const SHORT_HEADER: u64 = 24;
        const LONG_HEADER: u64 = 40;
        let header = if lsn.checked_rem(segment) == Some(LONG_HEADER) {
            LONG_HEADER
        } else if lsn.checked_rem(page) == Some(SHORT_HEADER) {
            SHORT_HEADER
        } else {
            0
        };
        Self { timeline, lsn: lsn - header }
    }

    /// Returns `true` if who is here knows all that was written before `mark`.
    ///
    /// The position alone would not do: a server that has not followed a failover may be further in a log that nobody writes any
    /// more. Of a mark from before a failover what was kept lies before the place where the new timeline begins, so who is at
    /// its position in a later timeline has it, too.
    pub(crate) fn has_reached(self, mark: Self) -> bool {
        self.timeline >= mark.timeline && self.lsn >= mark.lsn
    }
}

/// The replay of a standby, as it was seen on one connection. Nothing follows from it for another connection: behind a
/// name may be several servers, and a restarted one may have gone back in time, but no connection survives that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplayState {
    pub(crate) position: ReadMark,
    pub(crate) fresh_until: Instant,
}

impl fmt::Display for ReadMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}-{:X}", self.timeline, self.lsn)
    }
}

impl FromStr for ReadMark {
    type Err = ReadMarkError;

    fn from_str(text: &str) -> Result<Self, ReadMarkError> {
        let (timeline, lsn) = text.split_once('-').ok_or(ReadMarkError)?;
        // Rust would take a sign, too.
        if !timeline.bytes().chain(lsn.bytes()).all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ReadMarkError);
        }
        let timeline = u32::from_str_radix(timeline, 16).map_err(|_| ReadMarkError)?;
        let lsn = u64::from_str_radix(lsn, 16).map_err(|_| ReadMarkError)?;
        Ok(Self { timeline, lsn })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_its_way_through_text() {
        for mark in [ReadMark::default(), ReadMark::new(1, 0x16B_3748), ReadMark::new(u32::MAX, u64::MAX)] {
            assert_eq!(mark.to_string().parse(), Ok(mark));
        }
        for text in ["", "-", "1", "1-", "-1", "+1-2", "1-2-3", "1-10000000000000000", "1 -2", "1-x"] {
            assert_eq!(text.parse::<ReadMark>(), Err(ReadMarkError), "{text:?}");
        }
    }

    #[test]
    fn a_mark_is_reached_at_its_position_in_its_timeline_or_a_later_one() {
        let mark = ReadMark::new(2, 500);
        assert!(ReadMark::new(2, 500).has_reached(mark) && ReadMark::new(3, 501).has_reached(mark));
        assert!(!ReadMark::new(2, 499).has_reached(mark));
        assert!(!ReadMark::new(3, 499).has_reached(mark), "what was kept of it may not be replayed yet");
        assert!(!ReadMark::new(1, 900).has_reached(mark), "this log is not the one that goes on");
    }

    #[test]
    fn a_place_behind_an_empty_pages_header_is_that_before_it() {
        let (page, segment) = (8192, 16 << 20);
        let lsn = |lsn| ReadMark::of_next_record(1, lsn, page, segment).lsn;
        assert_eq!(lsn(3 * page + 24), 3 * page);
        assert_eq!(lsn(2 * segment + 40), 2 * segment);
        // On a page within a segment something ends there.
        assert_eq!(lsn(3 * page + 40), 3 * page + 40);
        assert_eq!(lsn(3 * page + 48), 3 * page + 48);
    }
}
