//! One thing that an operator should know, and how much it weighs.

use serde::Serialize;

/// How much a finding weighs. The order is that of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The migration can't begin or can't end with it.
    Blocker,
    /// It's carried, and something is different on PostgreSQL, or only goes with care.
    Bends,
    /// Carried exactly; good to know.
    Note,
}

impl Level {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 3] = [Self::Blocker, Self::Bends, Self::Note];

    /// The word of reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Bends => "bends",
            Self::Note => "note",
        }
    }
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable: scripts may look for it.
    pub id: &'static str,
    pub level: Level,
    /// What it's about: a setting, `database.table`, `database.table.column`, an account.
    pub subject: String,
    /// What was found.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// The statement or setting that mends it, or what to do.
    pub fix: String,
    /// Of a scan of rows: how many hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Of a scan of rows: the key of one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

impl Finding {
    fn new(level: Level, id: &'static str, subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            id,
            level,
            subject: subject.into(),
            what: what.into(),
            why: String::new(),
            fix: String::new(),
            rows: None,
            example: None,
        }
    }

    pub(super) fn blocker(id: &'static str, subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Level::Blocker, id, subject, what)
    }

    pub(super) fn bends(id: &'static str, subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Level::Bends, id, subject, what)
    }

    pub(super) fn note(id: &'static str, subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Level::Note, id, subject, what)
    }

    pub(super) fn why(self, why: impl Into<String>) -> Self {
        Self { why: why.into(), ..self }
    }

    /// Says the same of MariaDB, whose settings, grants and collations have other names.
    pub(super) fn in_words_of_mariadb(&mut self) {
        const WORDS: [(&str, &str); 5] = [
            ("GRANT SHOW_ROUTINE ON *.*", "GRANT SELECT ON mysql.proc"),
            ("SHOW_ROUTINE", "SELECT on mysql.proc"),
            ("mysql.user", "mysql.global_priv"),
            ("caching_sha2_password", "mysql_native_password"),
            ("MySQL", "MariaDB"),
        ];
        // What mends a column there can't be a collation that only the other family has.
        self.fix = self.fix.replace("utf8mb4_0900_ai_ci", "utf8mb4_unicode_520_ci");
        for text in [&mut self.subject, &mut self.what, &mut self.why, &mut self.fix] {
            for (theirs, ours) in WORDS {
                if text.contains(theirs) {
                    *text = text.replace(theirs, ours);
                }
            }
        }
        if self.fix.contains("SET PERSIST ") {
            self.fix = self.fix.replace("SET PERSIST ", "SET GLOBAL ") + "; and the same in the server's configuration";
        }
    }

    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: fix.into(), ..self }
    }
}
