//! The savepoints of a transaction.

/// Which savepoints there are. Each has a number of its own, greater than those of the ones around it.
#[derive(Debug, Default)]
pub(super) struct Savepoints {
    last: u32,
    /// Those that have not ended, the outermost first.
    open: Vec<u32>,
    /// The outermost that was dropped before its end.
    left: Option<u32>,
}

impl Savepoints {
    /// The number of a savepoint that is about to be made.
    pub(super) fn next(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    pub(super) fn opened(&mut self, savepoint: u32) {
        self.open.push(savepoint);
    }

    pub(super) fn is_open(&self, savepoint: u32) -> bool {
        self.open.contains(&savepoint)
    }

    /// It has ended, and with it those within it.
    pub(super) fn ended(&mut self, savepoint: u32) {
        self.open.retain(|open| *open < savepoint);
        self.left = self.left.filter(|left| *left < savepoint);
    }

    /// It was dropped before its end.
    pub(super) fn leave(&mut self, savepoint: u32) {
        if self.is_open(savepoint) {
            self.left = Some(self.left.map_or(savepoint, |left| left.min(savepoint)));
        }
    }

    /// The savepoint that is to be rolled back to before anything else is done.
    pub(super) fn left(&self) -> Option<u32> {
        self.left
    }
}
