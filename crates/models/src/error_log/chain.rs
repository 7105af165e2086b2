//! From Rust's errors to error logs.

use std::{
    error::Error,
    fmt::{self, Write as _},
    iter::successors,
};

use serde_json::Value;

use super::{ErrorType, NewErrorLog};
use crate::validation::is_blank;

/// How many characters of an error's own words are kept.
const MAX_WORDS: usize = 1_000_000;

impl NewErrorLog {
    /// How many sources of an error are kept.
    pub const MAX_SOURCES: usize = 50;

    /// This error, with what it says as the message and what its sources say as `context.sources`, an array of texts.
    ///
    /// What comes of it is valid, whatever the error is like: of endless words the first 1,000,000 characters are kept, of
    /// an endless chain the first [`MAX_SOURCES`](Self::MAX_SOURCES) sources, in place of NUL stands U+FFFD, and where the
    /// error says nothing stands its type's name.
    ///
    /// ```
    /// use taskmaster_models::{ErrorType, NewErrorLog};
    ///
    /// let error = "seven".parse::<u8>().unwrap_err();
    /// let new = NewErrorLog::from_error(&error, ErrorType::Validation);
    /// assert_eq!(new.error_message, "invalid digit found in string");
    /// ```
    pub fn from_error(error: &(dyn Error + '_), error_type: ErrorType) -> Self {
        let said = words_of(error);
        let message = if is_blank(&said) { format!("{error_type} error without a message") } else { said };
        let mut new = Self::new(error_type, message);
        let chain = successors(error.source(), source_of);
        let sources: Vec<_> =
            chain.take(Self::MAX_SOURCES).map(|source| Value::from(words_of(source))).collect();
        if !sources.is_empty() {
            new.context.insert("sources".to_owned(), sources.into());
        }
        new
    }
}

fn source_of<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    (**error).source()
}

fn words_of(error: &(dyn Error + '_)) -> String {
    let mut words = Words { text: String::new(), left: MAX_WORDS };
    // It fails where there is no room left, and where the error cannot say what it is; what it has said so far counts.
    let _ = write!(words, "{error}");
    words.text
}

/// A text that takes so many characters and no more.
struct Words {
    text: String,
    left: usize,
}

impl fmt::Write for Words {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for c in more.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(if c == '\0' { char::REPLACEMENT_CHARACTER } else { c });
        }
        Ok(())
    }
}
