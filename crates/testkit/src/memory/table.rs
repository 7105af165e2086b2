use std::{collections::BTreeMap, sync::Arc};

/// The rows of one table, with a log of what was there before each write, so that writes can be undone and merged.
#[derive(Debug)]
pub(super) struct Table<K, R> {
    rows: BTreeMap<K, Arc<R>>,
    log: Vec<(K, Option<Arc<R>>)>,
    /// Where in the log the write began that goes on now, or that was the last.
    begun: usize,
}

/// A row before and after one write.
#[derive(Debug)]
pub(super) struct Change<R> {
    pub(super) before: Option<Arc<R>>,
    pub(super) after: Option<Arc<R>>,
}

impl<K, R> Default for Table<K, R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), log: Vec::new(), begun: 0 }
    }
}

impl<K: Ord + Copy, R> Table<K, R> {
    pub(super) fn get(&self, id: K) -> Option<&R> {
        self.rows.get(&id).map(Arc::as_ref)
    }

    pub(super) fn contains(&self, id: K) -> bool {
        self.rows.contains_key(&id)
    }

    /// All rows, in the order of their ids.
    pub(super) fn rows(&self) -> impl Iterator<Item = &R> {
        self.rows.values().map(Arc::as_ref)
    }

    /// All rows with their ids, in this order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (K, &R)> {
        self.rows.iter().map(|(id, row)| (*id, row.as_ref()))
    }

    /// Puts a row in the place of the one with this id, if there is one.
    pub(super) fn put(&mut self, id: K, row: R) {
        self.set(id, Some(Arc::new(row)));
    }

    /// Puts a row there unless the id is taken. Returns whether it did.
    pub(super) fn insert(&mut self, id: K, row: R) -> bool {
        let free = !self.contains(id);
        if free {
            self.put(id, row);
        }
        free
    }

    /// Removes a row. Returns whether it was there.
    pub(super) fn remove(&mut self, id: K) -> bool {
        let there = self.contains(id);
        if there {
            self.set(id, None);
        }
        there
    }

    fn set(&mut self, id: K, row: Option<Arc<R>>) {
        let before = match row {
            Some(row) => self.rows.insert(id, row),
            None => self.rows.remove(&id),
        };
        self.log.push((id, before));
    }

    /// A copy that shares the rows and has written nothing yet.
    pub(super) fn fork(&self) -> Self {
        Self { rows: self.rows.clone(), log: Vec::new(), begun: 0 }
    }

    /// What was there before and after each step of the write that goes on now, first one first.
    pub(super) fn changes(&self) -> Vec<Change<R>> {
        let mut later = BTreeMap::new();
        let mut changes: Vec<_> = self.log[self.begun..]
            .iter()
            .rev()
            .map(|(id, before)| {
                let after = later.insert(*id, before.clone()).unwrap_or_else(|| self.rows.get(id).cloned());
                Change { before: before.clone(), after }
            })
            .collect();
        changes.reverse();
        changes
    }

    /// The ids that were written since the log began.
    pub(super) fn written(&self) -> impl Iterator<Item = K> {
        self.log.iter().map(|(id, _)| *id)
    }

    /// Does here what a fork has done. Returns whether that is possible: not when a row that the fork has written is
    /// another one here than at the time of the fork.
    pub(super) fn merge(&mut self, fork: &Self) -> bool {
        let mut forked = BTreeMap::new();
        for (id, before) in &fork.log {
            forked.entry(*id).or_insert(before);
        }
        for (id, before) in forked {
            let untouched = match (self.rows.get(&id), before) {
                (Some(here), Some(before)) => Arc::ptr_eq(here, before),
                (here, before) => here.is_none() && before.is_none(),
            };
            if !untouched {
                return false;
            }
            let row = fork.rows.get(&id).cloned();
            if row.is_some() || before.is_some() {
                self.set(id, row);
            }
        }
        true
    }
}

/// What a write does with every table, whatever its rows are.
pub(super) trait Logged {
    /// Begins a write.
    fn begin(&mut self);

    /// Undoes the write that was begun last, its last step first.
    fn undo(&mut self);

    /// Makes the writes so far lasting.
    fn forget_log(&mut self);
}

impl<K: Ord, R> Logged for Table<K, R> {
    fn begin(&mut self) {
        self.begun = self.log.len();
    }

    fn undo(&mut self) {
        for (id, before) in self.log.drain(self.begun..).rev() {
            match before {
                Some(row) => self.rows.insert(id, row),
                None => self.rows.remove(&id),
            };
        }
    }

    fn forget_log(&mut self) {
        self.log.clear();
        self.begun = 0;
    }
}
