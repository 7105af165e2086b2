//! Keyset pages: a page starts after the last row of the one before, so rows that are inserted or deleted meanwhile
//! shift nothing, and a late page costs no more than the first.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc, serde::ts_microseconds};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{FaultCode, Validation, ValidationError, clock};

/// Which page of a query's rows is wanted, and in which order.
///
/// ```
/// use taskmaster_models::{PageRequest, TaskSort};
///
/// let ten_most_urgent = PageRequest::new(TaskSort::Priority).limit(10);
/// let oldest_first = PageRequest::new(TaskSort::CreatedAt).ascending();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest<S> {
    /// The key that orders the rows; rows with equal keys are ordered by id.
    pub sort: S,
    /// Descending (the default: newest, largest first) or ascending.
    pub direction: Direction,
    /// How many rows at most, 1 to [`PageRequest::MAX_LIMIT`].
    pub limit: u32,
    /// Where the page starts: [`Page::next`] of the page before, or `None` for the first page.
    pub after: Option<Cursor>,
}

/// Some rows of a query, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page starts; `None` when there was none at the time of the query.
    pub next: Option<Cursor>,
}

/// A place in a query's rows. Opaque: take it from [`Page::next`] and hand it back with the same filter and order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

/// Whether keys ascend or descend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Small, early or first in the alphabet comes first.
    Ascending,
    /// Large, late or last in the alphabet comes first.
    #[default]
    Descending,
}

/// The keys by which a noun's rows can be ordered.
pub trait Sort: Copy {
    /// The name of the noun and of this order, which a cursor remembers: no other query takes it.
    fn name(self) -> &'static str;

    /// The kind of key that rows have in this order.
    fn kind(self) -> KeyKind;
}

/// The kind of a [`SortKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// [`SortKey::Time`]
    Time,
    /// [`SortKey::Number`]
    Number,
    /// [`SortKey::Text`]
    Text,
}

/// The key of one row in some order. Texts compare by code point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SortKey {
    /// A time.
    #[serde(rename = "t", with = "ts_microseconds")]
    Time(DateTime<Utc>),
    /// A whole number.
    #[serde(rename = "n")]
    Number(i32),
    /// A text.
    #[serde(rename = "s")]
    Text(String),
}

impl SortKey {
    fn kind(&self) -> KeyKind {
        match self {
            Self::Time(_) => KeyKind::Time,
            Self::Number(_) => KeyKind::Number,
            Self::Text(_) => KeyKind::Text,
        }
    }
}

/// What a cursor says, before it is made opaque.
#[derive(Serialize, Deserialize)]
struct Position {
    sort: String,
    direction: Direction,
    key: SortKey,
    id: Uuid,
}

impl<S> PageRequest<S> {
    /// The number of rows where none is asked for.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// The most rows that one page may have.
    pub const MAX_LIMIT: u32 = 1000;

    /// The first page in this order, descending, of [`PageRequest::DEFAULT_LIMIT`] rows.
    pub const fn new(sort: S) -> Self {
        Self { sort, direction: Direction::Descending, limit: Self::DEFAULT_LIMIT, after: None }
    }

    /// The same with the direction turned to ascending.
    #[must_use]
    pub fn ascending(mut self) -> Self {
        self.direction = Direction::Ascending;
        self
    }

    /// The same with at most `limit` rows.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// The same, starting where another page ended. `None` is the first page.
    #[must_use]
    pub fn after(mut self, cursor: Option<Cursor>) -> Self {
        self.after = cursor;
        self
    }
}

impl<S: Default> Default for PageRequest<S> {
    fn default() -> Self {
        Self::new(S::default())
    }
}

impl<S: Sort> PageRequest<S> {
    /// Checks the limit and reads the cursor: the key and id after which the page starts.
    ///
    /// # Errors
    ///
    /// When the limit is 0 or too large, or the cursor is damaged or of another order.
    pub fn position(&self) -> Result<Option<(SortKey, Uuid)>, ValidationError> {
        let mut validation = Validation::new("page request");
        check_limit(&mut validation, self.limit);
        let position = self.after.as_ref().map(Cursor::decode);
        if let Some(position) = &position
            && !position.as_ref().is_some_and(|position| self.fits(position))
        {
            let message = "is damaged or belongs to a query with another order: start at the first page";
            validation.fault("after", FaultCode::BadCursor, message);
        }
        validation.into_result()?;
        Ok(position.flatten().map(|position| (position.key, position.id)))
    }

    fn fits(&self, position: &Position) -> bool {
        position.sort == self.sort.name()
            && position.direction == self.direction
            && position.key.kind() == self.sort.kind()
            && match &position.key {
                SortKey::Time(time) => (clock::earliest()..=clock::latest()).contains(time),
                SortKey::Number(_) => true,
                SortKey::Text(text) => !text.contains('\0'),
            }
    }

    /// Makes the page from one row more than the limit, if there were so many. `key_of` tells a row's key and id.
    pub fn page<T>(&self, mut rows: Vec<T>, key_of: impl FnOnce(&T) -> (SortKey, Uuid)) -> Page<T> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| {
            let (key, id) = key_of(last);
            let sort = self.sort.name().to_owned();
            Cursor::encode(&Position { sort, direction: self.direction, key, id })
        });
        Page { items: rows, next }
    }
}

pub(crate) fn check_limit(validation: &mut Validation, limit: u32) {
    let max = PageRequest::<()>::MAX_LIMIT;
    if !(1..=max).contains(&limit) {
        let message = format!("is {limit}, allowed are 1 to {max}");
        validation.fault("limit", FaultCode::OutOfRange, message);
    }
}

impl Cursor {
    fn encode(position: &Position) -> Self {
        Self(URL_SAFE_NO_PAD.encode(serde_json::json!(position).to_string()))
    }

    fn decode(&self) -> Option<Position> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&self.0).ok()?).ok()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Cursor {
    type Err = std::convert::Infallible;

    /// Takes any text; the query that uses it says whether it is a cursor.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::TaskSort;

    fn request_after(key: SortKey, sort: TaskSort) -> PageRequest<TaskSort> {
        let request = PageRequest::new(sort).limit(1);
        let page = request.page(vec![1, 2], |_| (key, Uuid::nil()));
        request.after(page.next)
    }

    #[test]
    fn the_extra_row_makes_a_cursor_and_is_not_shown() {
        let request = PageRequest::new(TaskSort::Priority).limit(2);
        let key_of = |n: &i32| (SortKey::Number(*n), Uuid::nil());
        let page = request.page(vec![9, 8, 7], key_of);
        assert_eq!(page.items, [9, 8]);
        let position = request.clone().after(page.next).position().unwrap();
        assert_eq!(position, Some((SortKey::Number(8), Uuid::nil())));
        assert_eq!(request.page(vec![9, 8], key_of).next, None);
    }

    #[test]
    fn a_cursor_of_another_order_or_direction_is_refused() {
        let request = request_after(SortKey::Number(8), TaskSort::Priority);
        assert!(request.clone().ascending().position().is_err());
        assert!(PageRequest { sort: TaskSort::CreatedAt, ..request }.position().is_err());
        let wrong_kind = request_after(SortKey::Text("x".to_owned()), TaskSort::Priority);
        assert!(wrong_kind.position().is_err());
    }

    #[test]
    fn limits_are_1_to_1000() {
        let at = |limit| PageRequest::new(TaskSort::Title).limit(limit).position();
        assert!(at(0).is_err());
        assert!(at(1).is_ok());
        assert!(at(1000).is_ok());
        assert_eq!(at(1001).unwrap_err().faults[0].field, "limit");
    }

    proptest! {
        #[test]
        fn any_text_as_a_cursor_is_refused_without_a_panic(text in ".*") {
            let cursor = text.parse::<Cursor>().unwrap();
            let request = PageRequest::new(TaskSort::Title).after(Some(cursor));
            prop_assert!(request.position().is_err());
        }

        #[test]
        fn a_title_survives_in_a_cursor(title in "[^\0]*") {
            let request = request_after(SortKey::Text(title.clone()), TaskSort::Title);
            prop_assert_eq!(request.position().unwrap(), Some((SortKey::Text(title), Uuid::nil())));
        }

        #[test]
        fn a_time_survives_in_a_cursor(micros in -62_135_596_800_000_000_i64..=253_402_300_799_999_999) {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            let request = request_after(SortKey::Time(time), TaskSort::CreatedAt);
            prop_assert_eq!(request.position().unwrap(), Some((SortKey::Time(time), Uuid::nil())));
        }
    }
}
