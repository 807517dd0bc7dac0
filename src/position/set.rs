//! Sets of GTIDs as sorted, disjoint, non-adjacent intervals for each source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Gtid, GtidSource, InvalidGtid, mariadb, parse_number, parse_tag, parse_uuid};

/// A set of GTIDs, e.g. `gtid_executed` or `gtid_binlog_pos`. Prints in the server's own form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct GtidSet {
    sources: BTreeMap<GtidSource, Numbers>,
}

/// The numbers of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Numbers {
    /// Closed intervals, sorted, never touching each other, never empty.
    intervals: Vec<(u64, u64)>,
    /// Who gave the last number in a domain of MariaDB. Two that agree on the number and not on this have histories that
    /// went apart.
    server: u32,
}

impl Numbers {
    fn last(&self) -> u64 {
        self.intervals.last().map_or(0, |&(_, high)| high)
    }

    fn insert(&mut self, low: u64, high: u64, server: u32) {
        if high >= self.last() {
            self.server = server;
        }
        let list = &mut self.intervals;
        let first = list.partition_point(|&(_, end)| end.saturating_add(1) < low);
        let last = list.partition_point(|&(start, _)| start <= high.saturating_add(1));
        let merged = list[first..last].iter().fold((low, high), |(a, b), &(c, d)| (a.min(c), b.max(d)));
        list.splice(first..last, [merged]);
    }

    fn contains(&self, number: u64, server: u32) -> bool {
        let after = self.intervals.partition_point(|&(low, _)| low <= number);
        let inside = after > 0 && self.intervals[after - 1].1 >= number;
        inside && (number != self.last() || server == self.server)
    }
}

impl GtidSet {
    /// True when nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// How many transactions it holds; for MariaDB, how many numbers.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges().map(|(_, low, high)| high - low + 1).sum()
    }

    /// True when `gtid` is in it.
    #[must_use]
    pub fn contains(&self, gtid: &Gtid) -> bool {
        self.sources.get(&gtid.source).is_some_and(|numbers| numbers.contains(gtid.number, gtid.server))
    }

    /// Adds one transaction.
    pub fn insert(&mut self, gtid: &Gtid) {
        self.add(&gtid.source, (gtid.number, gtid.number), gtid.server);
    }

    /// Adds one transaction and, in a domain of MariaDB, everything before it.
    pub fn advance(&mut self, gtid: &Gtid) {
        self.add(&gtid.source, (first(&gtid.source, gtid.number), gtid.number), gtid.server);
    }

    /// Adds `other` and, in domains of MariaDB, everything before what is in it.
    pub fn advance_to(&mut self, other: &Self) {
        for (source, numbers) in &other.sources {
            for &(low, high) in &numbers.intervals {
                self.add(source, (first(source, low), high), numbers.server);
            }
        }
    }

    /// Adds the closed range `low..=high` of `source`; an empty range changes nothing.
    pub fn insert_range(&mut self, source: &GtidSource, low: u64, high: u64) {
        self.add(source, (low, high), 0);
    }

    fn add(&mut self, source: &GtidSource, (low, high): (u64, u64), server: u32) {
        if low <= high {
            self.sources.entry(source.clone()).or_default().insert(low, high, server);
        }
    }

    /// Adds everything in `other`.
    pub fn union(&mut self, other: &Self) {
        for (source, numbers) in &other.sources {
            for &range in &numbers.intervals {
                self.add(source, range, numbers.server);
            }
        }
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = Self::default();
        for (source, numbers) in &self.sources {
            let theirs = other.sources.get(source);
            let removed = theirs.map(|theirs| theirs.intervals.as_slice()).unwrap_or_default();
            // The last number of both, given by two servers, is two transactions.
            let apart = theirs.filter(|theirs| theirs.last() == numbers.last() && theirs.server != numbers.server);
            for &(low, high) in &numbers.intervals {
                let mut from = low;
                for &(start, end) in removed.iter().filter(|&&(start, end)| end >= low && start <= high) {
                    if start > from {
                        left.add(source, (from, start - 1), numbers.server);
                    }
                    from = from.max(end.saturating_add(1));
                }
                if apart.is_some_and(|theirs| high == theirs.last()) {
                    from = from.min(high);
                }
                left.add(source, (from, high), numbers.server);
            }
        }
        left
    }

    /// A position without what is still open in it. In a domain of MariaDB a position has no holes and stays as it is.
    #[must_use]
    pub fn without(&self, open: &Self) -> Self {
        let servers = open.sources.iter().filter(|(source, _)| matches!(source, GtidSource::Server { .. }));
        self.minus(&Self { sources: servers.map(|(source, numbers)| (source.clone(), numbers.clone())).collect() })
    }

    /// True when everything in `other` is here too.
    #[must_use]
    pub fn contains_all(&self, other: &Self) -> bool {
        other.minus(self).is_empty()
    }

    /// The closed ranges, ordered by source and number.
    pub fn ranges(&self) -> impl Iterator<Item = (&GtidSource, u64, u64)> {
        let ranges = |(source, numbers): (_, &'_ Numbers)| (source, numbers.intervals.clone());
        let ranges = self.sources.iter().map(ranges);
        ranges.flat_map(|(source, list)| list.into_iter().map(move |(low, high)| (source, low, high)))
    }

    /// The last number of `source`, or 0.
    #[must_use]
    pub fn last(&self, source: &GtidSource) -> u64 {
        self.sources.get(source).map_or(0, Numbers::last)
    }

    /// The last transaction of each source, of which MariaDB's positions consist.
    pub fn lasts(&self) -> impl Iterator<Item = Gtid> {
        let last = |(source, numbers): (&GtidSource, &Numbers)| Gtid {
            source: source.clone(),
            number: numbers.last(),
            server: numbers.server,
        };
        self.sources.iter().map(last)
    }
}

/// Where the transactions begin that a position holds with one of this number.
const fn first(source: &GtidSource, number: u64) -> u64 {
    match source {
        GtidSource::Server { .. } => number,
        GtidSource::Domain(_) => 1,
    }
}

impl std::fmt::Display for GtidSet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (source, numbers)) in self.sources.iter().enumerate() {
            if index > 0 {
                out.write_str(",")?;
            }
            match source {
                GtidSource::Server { .. } => write!(out, "{source}")?,
                GtidSource::Domain(domain) => {
                    domain_intervals(out, *domain, numbers)?;
                    continue;
                }
            }
            for &(low, high) in &numbers.intervals {
                if low == high { write!(out, ":{low}")? } else { write!(out, ":{low}-{high}")? }
            }
        }
        Ok(())
    }
}

fn domain_intervals(out: &mut std::fmt::Formatter<'_>, domain: u32, numbers: &Numbers) -> std::fmt::Result {
    for (index, &(low, high)) in numbers.intervals.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        match low {
            1 => write!(out, "{comma}{domain}-{}-{high}", numbers.server)?,
            _ => write!(out, "{comma}{domain}-{}-{low}..{high}", numbers.server)?,
        }
    }
    Ok(())
}

impl std::str::FromStr for GtidSet {
    type Err = InvalidGtid;

    /// Reads MySQL's text, `uuid[:tag]:interval[:interval]…[:tag:interval…]`, and MariaDB's, `domain-server-number`,
    /// separated by commas.
    fn from_str(text: &str) -> Result<Self, InvalidGtid> {
        let mut set = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if let Some((gtid, low)) = mariadb::parse(part) {
                let low = if part.contains("..") { low } else { 1 };
                set.add(&gtid.source, (low, gtid.number), gtid.server);
                continue;
            }
            let invalid = || InvalidGtid::new(part);
            let mut fields = part.split(':').map(str::trim);
            let uuid = fields.next().and_then(parse_uuid).ok_or_else(invalid)?;
            let mut source = GtidSource::Server { uuid, tag: String::new() };
            for field in fields {
                let (low, high) = field.split_once('-').unwrap_or((field, field));
                match (parse_number(low), parse_number(high)) {
                    (Some(low), Some(high)) => set.insert_range(&source, low, high),
                    _ => {
                        let tag = parse_tag(field).filter(|tag| !tag.is_empty()).ok_or_else(invalid)?;
                        source = GtidSource::Server { uuid, tag };
                    }
                }
            }
        }
        Ok(set)
    }
}

impl From<GtidSet> for String {
    fn from(set: GtidSet) -> Self {
        set.to_string()
    }
}

impl TryFrom<String> for GtidSet {
    type Error = InvalidGtid;

    fn try_from(text: String) -> Result<Self, InvalidGtid> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "565dd9c7-e69f-11f1-900a-02fc00000001";
    const B: &str = "665dd9c7-e69f-11f1-900a-02fc00000001";

    fn set(text: &str) -> GtidSet {
        text.parse().expect(text)
    }

    #[test]
    fn mysql_text_is_read_and_printed_in_canonical_form() {
        for (given, printed) in [
            (String::new(), String::new()),
            (format!("{A}:1-5"), format!("{A}:1-5")),
            (format!("{A}:1-5:6"), format!("{A}:1-6")),
            (format!("{A}:9:1-5,\n{B}:3"), format!("{A}:1-5:9,{B}:3")),
            (format!("{A}:1-2:blue:1-3"), format!("{A}:1-2,{A}:blue:1-3")),
        ] {
            assert_eq!(set(&given).to_string(), printed);
            assert_eq!(set(&printed), set(&given));
        }
    }

    #[test]
    fn arithmetic_agrees_with_a_set_of_numbers() {
        let of = |bits: u32| {
            let mut set = GtidSet::default();
            (1..=6)
                .filter(|n| bits & (1 << n) != 0)
                .for_each(|n| set.insert(&format!("{A}:{n}").parse().expect("gtid")));
            set
        };
        for x in (0..128u32).step_by(2) {
            for y in (0..128u32).step_by(2) {
                let mut both = of(x);
                both.union(&of(y));
                assert_eq!(both, of(x | y));
                assert_eq!(of(x).minus(&of(y)), of(x & !y));
                assert_eq!(of(x).contains_all(&of(y)), y & !x == 0);
                assert_eq!(of(x).count(), u64::from(x.count_ones()));
            }
        }
    }

    #[test]
    fn a_position_of_mariadb_is_everything_up_to_it_in_each_domain() {
        for (given, printed) in [
            ("0-1-57", "0-1-57"),
            (" 0-1-57,\n7-2-3", "0-1-57,7-2-3"),
            ("7-2-3,0-1-57", "0-1-57,7-2-3"),
            ("0-1-5,0-2-9", "0-2-9"),
            ("0-1-9,0-2-5", "0-1-9"),
            ("0-1-4..9", "0-1-4..9"),
            ("4294967295-4294967295-9223372036854775806", "4294967295-4294967295-9223372036854775806"),
        ] {
            assert_eq!(set(given).to_string(), printed);
            assert_eq!(set(printed), set(given));
        }
        let mut position = set("0-1-57");
        assert!(position.contains(&"0-9-12".parse().expect("gtid")), "whoever gave it");
        // Numbers may be left out, and another server goes on.
        let next: Gtid = "0-2-60".parse().expect("gtid");
        assert!(!position.contains(&next));
        position.advance(&next);
        position.advance(&"3-1-1".parse().expect("gtid"));
        assert_eq!(position.to_string(), "0-2-60,3-1-1");
        assert!(position.contains_all(&set("0-1-57")) && position.contains_all(&set("0-1-59")));
        assert_eq!(position.minus(&set("0-1-57")).to_string(), "0-2-58..60,3-1-1");
        assert_eq!(set("0-1-57").minus(&position), GtidSet::default());
        assert_eq!(position.minus(&set("0-1-57")).count(), 4);
        assert_eq!(position.lasts().map(|gtid| gtid.to_string()).collect::<Vec<_>>(), ["0-2-60", "3-1-1"]);
    }

    #[test]
    fn histories_of_mariadb_that_went_apart_at_the_last_number_are_told() {
        let (ours, theirs) = (set("0-1-57"), set("0-2-57"));
        assert!(!ours.contains(&"0-2-57".parse().expect("gtid")));
        assert!(!ours.contains_all(&theirs) && !theirs.contains_all(&ours));
        assert_eq!(theirs.minus(&ours).to_string(), "0-2-57..57");
        assert_ne!(ours, theirs);
    }

    #[test]
    fn what_is_open_makes_a_hole_in_mysqls_positions_only() {
        let open = |text: &str| {
            let mut open = GtidSet::default();
            open.insert(&text.parse().expect("gtid"));
            open
        };
        assert_eq!(set(&format!("{A}:1-5")).without(&open(&format!("{A}:3"))).to_string(), format!("{A}:1-2:4-5"));
        assert_eq!(set("0-1-5").without(&open("0-1-3")).to_string(), "0-1-5");
        let mut reached = set("0-1-5");
        reached.advance_to(&open("0-1-9"));
        assert_eq!(reached.to_string(), "0-1-9");
    }

    #[test]
    fn garbage_is_refused() {
        for text in [
            "x",
            "565dd9c7:1",
            &format!("{A}:0"),
            &format!("{A}:5-x"),
            &format!("{A}:1-9223372036854775808"),
            &format!("{A}:é:1"),
            "0-1-0",
            "0-1",
            "0--1",
            "-1-2-3",
            "0-4294967296-1",
            "0-1-9..4",
            "0-1-2-3",
        ] {
            assert!(text.parse::<GtidSet>().is_err(), "{text}");
        }
    }
}
