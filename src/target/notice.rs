//! What PostgreSQL raised beside a result: the conditions that our helper functions raise for MySQL's clients.
//!
//! A helper gives MySQL's number in the SQLSTATE, as `M` and four digits, and MySQL's text as the message. Every other
//! notice is PostgreSQL's own and is dropped here.

use crate::wire::condition::{Condition, Level};

use super::error::ServerError;

/// Conditions kept of one flight; MySQL keeps as many (`max_error_count`).
const KEPT: usize = 1024;

/// The conditions of one flight, in the order in which they were raised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raised {
    pub kept: Vec<Condition>,
    /// How many came after the list was full.
    pub beyond: u64,
    /// The last value of LAST_INSERT_ID(expr); a negative one is its two's complement, as in MySQL.
    pub last_insert_id: Option<u64>,
}

/// SQLSTATE with which a helper tells the value of LAST_INSERT_ID(expr).
const INSERT_ID_STATE: &str = "MLIID";

impl Raised {
    /// Takes a notice if one of our helpers raised it.
    pub(super) fn take(&mut self, notice: ServerError) {
        if notice.sqlstate == INSERT_ID_STATE {
            let whole = notice.message.split('.').next().unwrap_or_default();
            let id = whole.parse::<u64>().or_else(|_| whole.parse::<i64>().map(i64::cast_unsigned));
            self.last_insert_id = id.ok().or(self.last_insert_id);
            return;
        }
        let Some(code) = mysql_code(&notice.sqlstate) else { return };
        if self.kept.len() >= KEPT {
            self.beyond += 1;
            return;
        }
        let level = match notice.severity.as_str() {
            "WARNING" if notice.detail.as_deref() == Some("Error") => Level::Error,
            "WARNING" => Level::Warning,
            _note => Level::Note,
        };
        self.kept.push(Condition { level, code, message: notice.message });
    }
}

/// MySQL's number in a SQLSTATE of our helpers.
#[must_use]
pub fn mysql_code(sqlstate: &str) -> Option<u16> {
    let digits = sqlstate.strip_prefix('M')?;
    (digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(severity: &str, sqlstate: &str) -> ServerError {
        ServerError {
            severity: severity.to_owned(),
            sqlstate: sqlstate.to_owned(),
            message: "m".to_owned(),
            ..ServerError::default()
        }
    }

    #[test]
    fn only_conditions_of_helpers_are_kept() {
        let mut raised = Raised::default();
        for (severity, sqlstate) in
            [("WARNING", "01000"), ("WARNING", "M1292"), ("NOTICE", "M1265"), ("NOTICE", "42710"), ("WARNING", "M12x2")]
        {
            raised.take(notice(severity, sqlstate));
        }
        assert_eq!(raised.kept, [Condition::warning(1292, "m"), Condition::note(1265, "m")]);
    }

    #[test]
    fn the_list_is_bounded_and_the_rest_is_counted() {
        let mut raised = Raised::default();
        for _ in 0..KEPT + 3 {
            raised.take(notice("WARNING", "M1365"));
        }
        assert_eq!((raised.kept.len(), raised.beyond), (KEPT, 3));
    }
}
