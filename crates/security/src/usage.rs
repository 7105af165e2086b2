//! Counts the uses of keys in the process, so that a key that is used all the time is no row that is written all the time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use taskmaster_models::ApiKeyId;

/// Uses of one key that are to be written down together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// The key.
    pub id: ApiKeyId,
    /// How many uses.
    pub count: u64,
    /// When the last of them was.
    pub last_used_at: DateTime<Utc>,
}

/// The uses that are not written down yet. Reads no clock: times come with the uses.
///
/// Each use that is noted is handed out exactly once, by [`note`](Self::note) or by [`drain`](Self::drain). What could not be written
/// is [put back](Self::put_back); who waits for the write [holds](Self::hold) it meanwhile.
#[derive(Debug)]
pub struct UsageLedger {
    interval: TimeDelta,
    keys: Mutex<HashMap<ApiKeyId, Entry>>,
}

#[derive(Debug)]
struct Entry {
    unwritten: u64,
    last_used_at: DateTime<Utc>,
    /// The time of the use that was last handed out; `None` before the first.
    handed_out_at: Option<DateTime<Utc>>,
}

impl Default for UsageLedger {
    /// Writes at most once a minute.
    fn default() -> Self {
        Self::new(TimeDelta::seconds(60))
    }
}

impl UsageLedger {
    /// A ledger that hands out the uses of one key at most once in this interval.
    #[must_use]
    pub fn new(interval: TimeDelta) -> Self {
        Self { interval, keys: Mutex::default() }
    }

    /// Counts one use. Returns the uses of this key that are to be written down now, if it is time: at the first use, and then
    /// at the first use after each interval. A use more than an interval before the last that was handed out is handed out, too: one
    /// of both clocks is wrong, and the right one should not have to reach the other.
    #[must_use = "what is returned must be written down or put back"]
    pub fn note(&self, id: ApiKeyId, at: DateTime<Utc>) -> Option<KeyUsage> {
        let mut keys = self.lock();
        let entry = Self::add(&mut keys, KeyUsage { id, count: 1, last_used_at: at });
        let due = entry
            .handed_out_at
            .is_none_or(|before| at - before >= self.interval || before - at > self.interval);
        due.then(|| entry.hand_out(id, at))
    }

    /// Counts uses without handing any out: of a failed write, or such as are not to be written down now.
    pub fn put_back(&self, usage: KeyUsage) {
        Self::add(&mut self.lock(), usage);
    }

    /// Uses that were handed out, for as long as they are being written down.
    #[must_use]
    pub fn hold(&self, usage: Vec<KeyUsage>) -> HeldUsage<'_> {
        HeldUsage { ledger: self, usage }
    }

    /// All uses that are not written down yet, by id.
    #[must_use = "what is returned must be written down or put back"]
    pub fn drain(&self) -> Vec<KeyUsage> {
        let mut keys = self.lock();
        let unwritten = keys.iter_mut().filter(|(_, entry)| entry.unwritten > 0);
        let mut all: Vec<_> = unwritten.map(|(id, entry)| entry.hand_out(*id, entry.last_used_at)).collect();
        all.sort_unstable_by_key(|usage| usage.id);
        all
    }

    fn add(keys: &mut HashMap<ApiKeyId, Entry>, usage: KeyUsage) -> &mut Entry {
        let KeyUsage { id, count, last_used_at } = usage;
        let entry = keys.entry(id).or_insert(Entry { unwritten: 0, last_used_at, handed_out_at: None });
        entry.unwritten = entry.unwritten.saturating_add(count);
        entry.last_used_at = entry.last_used_at.max(last_used_at);
        entry
    }

    /// A panic leaves nothing half done: no call can panic between two changes.
    fn lock(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Entry>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn hand_out(&mut self, id: ApiKeyId, at: DateTime<Utc>) -> KeyUsage {
        self.handed_out_at = Some(at);
        KeyUsage { id, count: std::mem::take(&mut self.unwritten), last_used_at: self.last_used_at }
    }
}

/// Uses that are being written down. When it is dropped, those that were not are put back: so it is also when the call that writes them
/// fails or is given up.
#[derive(Debug)]
pub struct HeldUsage<'a> {
    ledger: &'a UsageLedger,
    usage: Vec<KeyUsage>,
}

impl HeldUsage<'_> {
    /// The uses that are to be written down.
    #[must_use]
    pub fn usage(&self) -> &[KeyUsage] {
        &self.usage
    }

    /// Forgets the uses, but for those of these keys, which are still to be written down.
    pub fn written_but_for(&mut self, skipped: &[ApiKeyId]) {
        self.usage.retain(|usage| skipped.contains(&usage.id));
    }
}

impl Drop for HeldUsage<'_> {
    fn drop(&mut self) {
        for usage in &self.usage {
            self.ledger.put_back(*usage);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_first_use_is_written_at_once_and_then_one_write_an_interval() {
        let ledger = UsageLedger::default();
        let id = ApiKeyId::new();
        let usage = |count, seconds| Some(KeyUsage { id, count, last_used_at: at(seconds) });
        assert_eq!(ledger.note(id, at(0)), usage(1, 0));
        assert_eq!(ledger.note(id, at(1)), None);
        assert_eq!(ledger.note(id, at(59)), None);
        assert_eq!(ledger.note(id, at(60)), usage(3, 60));
        assert_eq!(ledger.note(id, at(61)), None);
        assert_eq!(ledger.drain(), [usage(1, 61).unwrap()]);
        assert_eq!(ledger.drain(), []);
        assert_eq!(ledger.note(id, at(120)), None, "the drain was a write, too");
        assert_eq!(ledger.note(id, at(121)), usage(2, 121));
    }

    #[test]
    fn the_last_use_never_goes_back() {
        let ledger = UsageLedger::default();
        let id = ApiKeyId::new();
        assert!(ledger.note(id, at(60)).is_some());
        assert_eq!(ledger.note(id, at(10)), None);
        assert_eq!(ledger.drain(), [KeyUsage { id, count: 1, last_used_at: at(60) }]);
    }

    #[test]
    fn what_was_put_back_is_handed_out_again() {
        let ledger = UsageLedger::default();
        let id = ApiKeyId::new();
        let failed = ledger.note(id, at(0)).unwrap();
        ledger.put_back(failed);
        assert_eq!(ledger.note(id, at(1)), None, "a database that is down is not asked at each use");
        assert_eq!(ledger.note(id, at(60)), Some(KeyUsage { id, count: 3, last_used_at: at(60) }));
    }

    #[test]
    fn what_was_held_and_not_written_is_put_back() {
        let ledger = UsageLedger::default();
        let [one, other] = [ApiKeyId::new(), ApiKeyId::new()];
        let uses = || [one, other].map(|id| KeyUsage { id, count: 2, last_used_at: at(5) }).to_vec();
        drop(ledger.hold(uses()));
        let mut held = ledger.hold(ledger.drain());
        assert_eq!(held.usage().len(), 2);
        held.written_but_for(&[other]);
        assert_eq!((held.usage(), ledger.drain().len()), (&uses()[1..], 0));
        drop(held);
        assert_eq!(ledger.drain(), uses()[1..]);
        ledger.hold(uses()).written_but_for(&[]);
        assert_eq!(ledger.drain(), []);
    }

    #[test]
    fn a_wrong_clock_delays_no_write_of_the_right_one() {
        let ledger = UsageLedger::default();
        let id = ApiKeyId::new();
        let years = 10 * 365 * 86_400;
        assert!(ledger.note(id, at(0)).is_some());
        assert!(ledger.note(id, at(years)).is_some());
        assert!(ledger.note(id, at(1)).is_some());
        assert!(ledger.note(id, at(60)).is_none(), "the time of the last write went back");
        assert!(ledger.note(id, at(61)).is_some());
        assert!(ledger.note(id, at(1)).is_none(), "a clock that is behind by a little");
        assert!(ledger.note(id, at(-years)).is_some());
        assert!(ledger.note(id, at(2)).is_some());
        assert!(ledger.note(id, at(3)).is_none());
    }

    #[test]
    fn threads_lose_no_use_and_write_once_an_interval() {
        let ledger = Arc::new(UsageLedger::default());
        let id = ApiKeyId::new();
        let work = || {
            let ledger = Arc::clone(&ledger);
            thread::spawn(move || {
                (0..10_000).filter_map(|n| ledger.note(id, at(n / 100))).collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..8).map(|_| work()).collect();
        let mut written: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert!(written.len() <= 2, "the uses lie within 100 s: {written:?}");
        written.extend(ledger.drain());
        assert_eq!(written.iter().map(|usage| usage.count).sum::<u64>(), 80_000);
    }

    proptest! {
        #[test]
        fn every_use_is_handed_out_once(uses in proptest::collection::vec((0..3_usize, -200..200_i64, any::<bool>()), 0..200)) {
            let ledger = UsageLedger::default();
            let ids = [ApiKeyId::new(), ApiKeyId::new(), ApiKeyId::new()];
            let mut written = 0;
            for (key, seconds, fails) in &uses {
                if let Some(usage) = ledger.note(ids[*key], at(*seconds)) {
                    if *fails { ledger.put_back(usage) } else { written += usage.count }
                }
            }
            written += ledger.drain().iter().map(|usage| usage.count).sum::<u64>();
            prop_assert_eq!(written, uses.len() as u64);
        }
    }
}
