//! What may be behind a value that differs: a class that tells an operator where to look. It's a guess from the two
//! values, never a proof, and the first that fits is told.

use serde::{Deserialize, Serialize};

use crate::schema::ColumnType;
use crate::schema::types::{is_character, is_integer};

/// The class of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// PostgreSQL hasn't got the row.
    MissingRow,
    /// MySQL hasn't got the row.
    ExtraRow,
    /// One side is NULL.
    Null,
    /// A zero date, or one with a zero in it.
    ZeroDate,
    /// Moments that are whole quarters of an hour apart, fourteen hours at most.
    TimeZone,
    /// One text is the other's beginning.
    Truncated,
    /// Texts that are the same but for trailing blanks.
    TrailingBlanks,
    /// Texts that are the same but for upper and lower case.
    LetterCase,
    /// Text that was read in another character set.
    Charset,
    /// Numbers or moments that are nearly the same.
    Rounded,
    /// Another value: a write that one side hasn't got.
    OtherValue,
}

impl Cause {
    /// For an operator.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::MissingRow => "PostgreSQL hasn't got the row",
            Self::ExtraRow => "MySQL hasn't got the row",
            Self::Null => "one side is NULL",
            Self::ZeroDate => "a zero date",
            Self::TimeZone => "another time zone",
            Self::Truncated => "cut off",
            Self::TrailingBlanks => "trailing blanks",
            Self::LetterCase => "upper and lower case",
            Self::Charset => "read in another character set",
            Self::Rounded => "rounded",
            Self::OtherValue => "another value",
        }
    }
}

/// The class of two canonical values of a column that differ; NULL is `None`.
pub(super) fn of_values(column_type: &ColumnType, source: Option<&[u8]>, target: Option<&[u8]>) -> Cause {
    let (Some(source), Some(target)) = (source, target) else { return Cause::Null };
    let texts = (String::from_utf8_lossy(source), String::from_utf8_lossy(target));
    let (left, right) = (texts.0.as_ref(), texts.1.as_ref());
    match column_type {
        ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => of_moments(left, right),
        ColumnType::Float { .. } | ColumnType::Double { .. } | ColumnType::Decimal { .. } => of_numbers(left, right),
        column_type if is_integer(column_type) => Cause::OtherValue,
        column_type if is_character(column_type) => of_texts(left, right),
        _other if begins(source, target) => Cause::Truncated,
        _other => Cause::OtherValue,
    }
}

fn begins<T: PartialEq>(left: &[T], right: &[T]) -> bool {
    left.starts_with(right) || right.starts_with(left)
}

fn of_texts(left: &str, right: &str) -> Cause {
    if left.trim_end_matches(' ') == right.trim_end_matches(' ') {
        Cause::TrailingBlanks
    } else if begins(left.as_bytes(), right.as_bytes()) {
        Cause::Truncated
    } else if left.to_lowercase() == right.to_lowercase() {
        Cause::LetterCase
    } else if is_misread(left, right) || is_misread(right, left) {
        Cause::Charset
    } else {
        Cause::OtherValue
    }
}

/// Whether `shown` is what becomes of `text` when its UTF-8 is read byte by byte, or when its letters beyond ASCII have
/// got lost.
fn is_misread(text: &str, shown: &str) -> bool {
    let byte_by_byte = || text.bytes().map(char::from).eq(shown.chars());
    let lost = |(letter, other): (char, char)| {
        letter == other || (!letter.is_ascii() && matches!(other, '?' | char::REPLACEMENT_CHARACTER))
    };
    let replaced = || text.chars().count() == shown.chars().count() && text.chars().zip(shown.chars()).all(lost);
    !text.is_ascii() && (byte_by_byte() || replaced())
}

fn of_numbers(left: &str, right: &str) -> Cause {
    let (Ok(left), Ok(right)) = (left.parse::<f64>(), right.parse::<f64>()) else { return Cause::OtherValue };
    // Six digits are what a float shows; a decimal that lost places differs by less than half of its last one.
    let near = (left - right).abs() <= left.abs().max(right.abs()) * 1e-5
        || (left - right).abs() <= 0.5 && left.trunc() == right.trunc();
    if near { Cause::Rounded } else { Cause::OtherValue }
}

fn of_moments(left: &str, right: &str) -> Cause {
    let zero = |text: &str| {
        text.starts_with("0000-")
            || text.get(4..).is_some_and(|rest| rest.starts_with("-00") || rest.get(3..6) == Some("-00"))
    };
    if zero(left) || zero(right) {
        return Cause::ZeroDate;
    }
    let read = |text: &str| text.replace(' ', "T").parse::<jiff::civil::DateTime>().ok();
    let (Some(left), Some(right)) = (read(left), read(right)) else { return Cause::OtherValue };
    let apart = left.duration_since(right).abs();
    let quarter = 15 * 60;
    if apart.as_secs() == 0 {
        Cause::Rounded
    } else if apart.subsec_nanos() == 0 && apart.as_secs() % quarter == 0 && apart.as_secs() <= 14 * 3600 {
        Cause::TimeZone
    } else {
        Cause::OtherValue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_tell_their_class() {
        let text = ColumnType::VarChar { length: 20 };
        let moment = ColumnType::DateTime { fraction: 6 };
        let number = ColumnType::Double { unsigned: false };
        let cases = [
            (&text, "a", "a  ", Cause::TrailingBlanks),
            (&text, "abcdef", "abc", Cause::Truncated),
            (&text, "Abc", "aBC", Cause::LetterCase),
            (&text, "é", "Ã©", Cause::Charset),
            (&text, "Grün", "Gr?n", Cause::Charset),
            (&text, "abc", "abd", Cause::OtherValue),
            (&moment, "0000-00-00 00:00:00", "2024-01-01 00:00:00", Cause::ZeroDate),
            (&moment, "2024-05-00 00:00:00", "2024-05-01 00:00:00", Cause::ZeroDate),
            (&moment, "2024-05-01 10:00:00", "2024-05-01 12:00:00", Cause::TimeZone),
            (&moment, "2024-05-01 10:00:00.5", "2024-05-01 10:00:00", Cause::Rounded),
            (&moment, "2024-05-01 10:00:00", "2024-05-03 10:00:00", Cause::OtherValue),
            (&number, "3.4028234663852886e38", "3.40282e38", Cause::Rounded),
            (&number, "1", "2", Cause::OtherValue),
        ];
        for (column_type, source, target, cause) in cases {
            let found = of_values(column_type, Some(source.as_bytes()), Some(target.as_bytes()));
            assert_eq!(found, cause, "{source} {target}");
        }
        assert_eq!(of_values(&text, None, Some(b"a")), Cause::Null);
    }
}
