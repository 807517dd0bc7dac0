//! What each statement asks of the session's variables, read from their texts once after each change instead of once
//! in each statement.
//!
//! Why it can't be stale: it lives inside the variables, and whatever changes one of them drops it. The defaults that
//! it is read from don't change while a session lives: SET GLOBAL is for later sessions.

use std::sync::Arc;
use std::time::Duration;

use super::settings::Settings;
use super::variables::{Defaults, Overrides};
use crate::sql::{BlockMode, Locale};

/// Seconds of `wait_timeout` unless it's set.
const WAIT_TIMEOUT: u64 = 28_800;

/// Values of variables in the form in which they're used.
#[derive(Clone, Debug)]
pub(super) struct Derived {
    pub(super) sql_mode: String,
    /// `collation_connection`.
    pub(super) collation: String,
    pub(super) time_zone: String,
    pub(super) autocommit: bool,
    pub(super) foreign_key_checks: bool,
    pub(super) no_backslash_escapes: bool,
    pub(super) wait_timeout: Duration,
    /// Where `SET timestamp` stopped the clock, in microseconds.
    pub(super) stopped_clock: Option<i64>,
    /// The distance of generated ids and the first one, when the session wants other ids than every one from 1.
    pub(super) id_steps: Option<(u64, u64)>,
    /// `div_precision_increment` when it isn't the default.
    pub(super) division: Option<u8>,
    pub(super) select_limit: Option<u64>,
    /// `block_encryption_mode` when it isn't the default.
    pub(super) block_mode: Option<BlockMode>,
    /// `collation_server` when the session set it.
    pub(super) server_collation: Option<String>,
    /// `default_week_format` when it isn't 0.
    pub(super) week_format: Option<u8>,
    /// `windowing_use_high_precision` is off.
    pub(super) moving_sums: bool,
    /// `use_invisible_indexes` of `optimizer_switch`.
    pub(super) invisible_indexes: bool,
    /// `lc_time_names` when it isn't English.
    pub(super) time_names: Option<Locale>,
    /// Where the variable says what may be written and where it's seen to (see [`Settings::of`]), each for strict writes and for everything else.
    settings: [Arc<Settings>; 4],
}

impl Derived {
    pub(super) fn of(variables: &Overrides, defaults: &Defaults) -> Self {
        let sql_mode = variables.text(defaults, "sql_mode");
        let own = |name: &str| variables.own(name).and_then(|text| text.parse::<u64>().ok());
        let seconds = variables.own("timestamp").and_then(|text| text.parse::<f64>().ok());
        let settings = |own_access, strict| Arc::new(Settings::of(variables, defaults, own_access, strict));
        Self {
            sql_mode: sql_mode.to_owned(),
            collation: variables.text(defaults, "collation_connection").to_owned(),
            time_zone: variables.text(defaults, "time_zone").to_owned(),
            autocommit: variables.is_on(defaults, "autocommit"),
            foreign_key_checks: variables.is_on(defaults, "foreign_key_checks"),
            no_backslash_escapes: sql_mode.contains("NO_BACKSLASH_ESCAPES"),
            wait_timeout: Duration::from_secs(variables.text(defaults, "wait_timeout").parse().unwrap_or(WAIT_TIMEOUT)),
            stopped_clock: seconds.filter(|seconds| *seconds > 0.0).map(|seconds| (seconds * 1e6).round() as i64),
            id_steps: id_steps(variables, defaults),
            division: own("div_precision_increment")
                .filter(|digits| *digits != 4)
                .and_then(|digits| u8::try_from(digits).ok()),
            block_mode: variables
                .own("block_encryption_mode")
                .and_then(BlockMode::parse)
                .filter(|mode| *mode != BlockMode::default()),
            server_collation: variables.own("collation_server").map(str::to_owned),
            week_format: own("default_week_format").filter(|mode| *mode != 0).and_then(|mode| u8::try_from(mode).ok()),
            moving_sums: !variables.is_on(defaults, "windowing_use_high_precision"),
            invisible_indexes: variables
                .own("optimizer_switch")
                .is_some_and(|switches| switches.contains("use_invisible_indexes=on")),
            time_names: variables.own("lc_time_names").and_then(Locale::find).filter(|locale| locale.name != "en_US"),
            select_limit: own("sql_select_limit").filter(|limit| *limit != u64::MAX),
            settings: [settings(false, false), settings(false, true), settings(true, false), settings(true, true)],
        }
    }

    /// True when no variable but `sql_mode` and the collation changes what plans look like.
    pub(super) const fn plans_as_usual(&self) -> bool {
        self.id_steps.is_none()
            && self.block_mode.is_none()
            && self.week_format.is_none()
            && !self.moving_sums
            && self.division.is_none()
            && self.select_limit.is_none()
            && self.time_names.is_none()
            && !self.invisible_indexes
            && self.foreign_key_checks
    }

    /// What PostgreSQL must know.
    pub(super) fn settings(&self, own_access: bool, strict: bool) -> Arc<Settings> {
        let [outside, outside_strict, inside, inside_strict] = &self.settings;
        Arc::clone(match (own_access, strict) {
            (false, false) => outside,
            (false, true) => outside_strict,
            (true, false) => inside,
            (true, true) => inside_strict,
        })
    }
}

fn id_steps(variables: &Overrides, defaults: &Defaults) -> Option<(u64, u64)> {
    let number = |name| variables.text(defaults, name).parse::<u64>().unwrap_or(1).max(1);
    let (step, start) = (number("auto_increment_increment"), number("auto_increment_offset"));
    // MySQL ignores an offset beyond the increment.
    (step > 1).then_some((step, if start > step { 1 } else { start }))
}
