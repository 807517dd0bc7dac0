//! Sets of GTIDs as sorted, disjoint, non-adjacent intervals for each source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Gtid, GtidSource, InvalidGtid, parse_number, parse_tag, parse_uuid};

/// A set of GTIDs, e.g. `gtid_executed`. Prints in MySQL's own form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct GtidSet {
    /// Closed intervals, sorted, never touching each other, never empty.
    intervals: BTreeMap<GtidSource, Vec<(u64, u64)>>,
}

impl GtidSet {
    /// True when nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// How many transactions it holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.intervals.values().flatten().map(|(low, high)| high - low + 1).sum()
    }

    /// True when `gtid` is in it.
    #[must_use]
    pub fn contains(&self, gtid: &Gtid) -> bool {
        self.intervals.get(&gtid.source).is_some_and(|list| {
            let after = list.partition_point(|&(low, _)| low <= gtid.number);
            after > 0 && list[after - 1].1 >= gtid.number
        })
    }

    /// Adds one transaction.
    pub fn insert(&mut self, gtid: &Gtid) {
        self.insert_range(&gtid.source, gtid.number, gtid.number);
    }

    /// Adds the closed range `low..=high` of `source`; an empty range changes nothing.
    pub fn insert_range(&mut self, source: &GtidSource, low: u64, high: u64) {
        if low > high {
            return;
        }
        let list = self.intervals.entry(source.clone()).or_default();
        let first = list.partition_point(|&(_, end)| end.saturating_add(1) < low);
        let last = list.partition_point(|&(start, _)| start <= high.saturating_add(1));
        let merged = list[first..last].iter().fold((low, high), |(a, b), &(c, d)| (a.min(c), b.max(d)));
        list.splice(first..last, [merged]);
    }

    /// Adds everything in `other`.
    pub fn union(&mut self, other: &Self) {
        for (source, low, high) in other.ranges() {
            self.insert_range(source, low, high);
        }
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = Self::default();
        for (source, low, high) in self.ranges() {
            let mut from = low;
            let removed = other.intervals.get(source).map(Vec::as_slice).unwrap_or_default();
            for &(start, end) in removed.iter().filter(|&&(start, end)| end >= low && start <= high) {
                if start > from {
                    left.insert_range(source, from, start - 1);
                }
                from = from.max(end.saturating_add(1));
            }
            if from <= high {
                left.insert_range(source, from, high);
            }
        }
        left
    }

    /// True when everything in `other` is here too.
    #[must_use]
    pub fn contains_all(&self, other: &Self) -> bool {
        other.minus(self).is_empty()
    }

    /// The closed ranges, ordered by source and number.
    pub fn ranges(&self) -> impl Iterator<Item = (&GtidSource, u64, u64)> {
        self.intervals.iter().flat_map(|(source, list)| list.iter().map(move |&(low, high)| (source, low, high)))
    }

    /// The last number of `source`, or 0.
    #[must_use]
    pub fn last(&self, source: &GtidSource) -> u64 {
        self.intervals.get(source).and_then(|list| list.last()).map_or(0, |&(_, high)| high)
    }
}

impl std::fmt::Display for GtidSet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (source, list)) in self.intervals.iter().enumerate() {
            if index > 0 {
                out.write_str(",")?;
            }
            write!(out, "{source}")?;
            for &(low, high) in list {
                if low == high { write!(out, ":{low}")? } else { write!(out, ":{low}-{high}")? }
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for GtidSet {
    type Err = InvalidGtid;

    /// Reads MySQL's text: `uuid[:tag]:interval[:interval]…[:tag:interval…]`, separated by commas.
    fn from_str(text: &str) -> Result<Self, InvalidGtid> {
        let mut set = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let invalid = || InvalidGtid::new(part);
            let mut fields = part.split(':').map(str::trim);
            let uuid = fields.next().and_then(parse_uuid).ok_or_else(invalid)?;
            let mut source = GtidSource { uuid, tag: String::new() };
            for field in fields {
                let (low, high) = field.split_once('-').unwrap_or((field, field));
                match (parse_number(low), parse_number(high)) {
                    (Some(low), Some(high)) => set.insert_range(&source, low, high),
                    _ => source.tag = parse_tag(field).filter(|tag| !tag.is_empty()).ok_or_else(invalid)?,
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
    fn garbage_is_refused() {
        for text in [
            "x",
            "565dd9c7:1",
            &format!("{A}:0"),
            &format!("{A}:5-x"),
            &format!("{A}:1-9223372036854775808"),
            &format!("{A}:é:1"),
        ] {
            assert!(text.parse::<GtidSet>().is_err(), "{text}");
        }
    }
}
