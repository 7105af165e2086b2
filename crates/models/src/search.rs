use serde::{Deserialize, Serialize};

use crate::{FaultCode, Validation, page::check_limit};

/// A full-text search.
///
/// The text is read as people write into a search box: words must all occur, `"quoted words"` in this order, `or`
/// between alternatives, `-` before what must not occur. No other character means anything, and a text without a word finds
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchRequest {
    /// What to look for, at most 1,000 characters.
    pub text: String,
    /// How many hits at most, 1 to 1,000; 50 where none is asked for.
    pub limit: u32,
    /// How many of the best hits to leave out, at most 10,000.
    pub offset: u32,
}

impl SearchRequest {
    /// The most characters that can be looked for.
    pub const MAX_TEXT: usize = 1000;
    /// The most hits that can be left out.
    pub const MAX_OFFSET: u32 = 10_000;

    /// The 50 best hits for this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), limit: 50, offset: 0 }
    }

    /// The same with at most `limit` hits.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// The same without the `offset` best hits.
    #[must_use]
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = offset;
        self
    }

    /// Finds every fault of this request.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut validation = Validation::new("search request");
        validation.text("text", &self.text, Self::MAX_TEXT);
        check_limit(&mut validation, self.limit);
        if self.offset > Self::MAX_OFFSET {
            let message = format!("is {}, allowed are 0 to {}", self.offset, Self::MAX_OFFSET);
            validation.fault("offset", FaultCode::OutOfRange, message);
        }
        validation
    }
}

/// One hit of a search. Hits come best first; equally good ones newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchHit<T> {
    /// What was found.
    pub item: T,
    /// How well it fits: greater is better. Comparable within one search only.
    pub rank: f32,
    /// The words around the finds, each find between `**` and `**`.
    pub snippet: String,
}
