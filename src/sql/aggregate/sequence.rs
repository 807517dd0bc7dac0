//! In which order rows come to window functions, and leave them.
//!
//! MySQL computes the windows of a query one behind the other, in the order in which they are written: it sorts the
//! rows for each (once for those that want the same order), stably, and leaves them so. The first finds the rows as
//! the table gives them, by its primary key or in the order of insertion; when no window sorts and the query has one
//! table, ORDER BY is done before them. ROW_NUMBER(), LAG(), LEAD(), NTILE() and frames of ROWS show that order where
//! the window itself doesn't fix it, so it is written out as more sort keys; what is the same for all peers isn't
//! touched. PostgreSQL computes the windows in an order of its own, hence the ORDER BY behind several of them.

use sqlparser::ast::WindowFrameUnits;

use super::super::scope::Spot;
use super::window::Window;
use super::*;
use crate::schema::quote;

/// How rows are sorted when windows of a query look at them.
#[derive(Clone, Debug, Default)]
pub(in crate::sql) struct Sequence {
    /// Before the first window, once one was met; empty when it isn't known.
    base: Option<Vec<String>>,
    /// The windows that sort, or show how the rows lie: when each comes, and what it sorts by.
    sorts: Vec<(usize, Vec<String>)>,
    /// A function showed the order that no window made.
    bare: bool,
}

/// The parts of a window that say which rows a function sees.
#[derive(Debug)]
pub(super) struct Sight {
    /// PARTITION BY's and ORDER BY's keys.
    pub(super) keys: Vec<String>,
    /// How many of the keys are ORDER BY's.
    pub(super) own: usize,
    /// The frame as text.
    pub(super) frame: Option<String>,
}

impl Sequence {
    /// Nothing but rows of the table as they lie there were looked at.
    pub(in crate::sql) fn is_bare(&self) -> bool {
        self.bare && self.sorts.iter().all(|(_, keys)| keys.is_empty())
    }

    /// The order of the rows before any window, from here on.
    pub(in crate::sql) fn begin(&mut self, keys: Vec<String>) {
        self.base = Some(keys);
        self.sorts.clear();
    }

    /// The same, with the rows sorted before.
    pub(in crate::sql) fn begin_behind(&mut self, mut keys: Vec<String>) {
        keys.extend(self.base.take().unwrap_or_default());
        self.begin(keys);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.base.is_some()
    }

    /// When a window that has no name comes.
    pub(super) fn next(&self, named: usize) -> usize {
        named + self.sorts.len()
    }

    /// What ORDER BY a query with these windows has, when its own says nothing: `None` where PostgreSQL does it so.
    pub(in crate::sql) fn end(&self) -> Option<Vec<String>> {
        let mut sorted: Vec<&(usize, Vec<String>)> = self.sorts.iter().filter(|(_, keys)| !keys.is_empty()).collect();
        sorted.sort_by_key(|(at, _)| *at);
        let (first, last) = (sorted.first()?, sorted.last()?);
        let several = self.sorts.iter().any(|(_, keys)| *keys != first.1);
        several.then(|| self.behind(&last.1, last.0))
    }

    /// How rows come out of windows that sort them.
    pub(in crate::sql) fn sorted(&self) -> Option<Vec<String>> {
        let last = self.sorts.iter().filter(|(_, keys)| !keys.is_empty()).max_by_key(|(at, _)| *at)?;
        Some(self.behind(&last.1, last.0))
    }

    /// Keys and, for what they leave open, the order that was before: that of the windows done before `at`.
    fn behind(&self, keys: &[String], at: usize) -> Vec<String> {
        let mut all = keys.to_vec();
        let mut before: Vec<&(usize, Vec<String>)> = self.sorts.iter().filter(|(other, _)| *other < at).collect();
        before.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let rest = before.iter().flat_map(|(_, keys)| keys).chain(self.base.iter().flatten()).cloned();
        sort_ties(&mut all, rest.collect());
        all
    }

    /// The keys and frame that a function's window has in PostgreSQL.
    pub(super) fn seen(&mut self, function: &str, window: &Window<'_>, sight: Sight) -> (Vec<String>, Option<String>) {
        let Sight { keys, own, frame } = sight;
        // A window that sorts as an earlier one does is computed with it.
        let same = self.sorts.iter().find(|(_, known)| !keys.is_empty() && *known == keys).map(|(at, _)| *at);
        let at = same.unwrap_or(window.rank);
        let rows = window.frame.is_some_and(|frame| frame.units == WindowFrameUnits::Rows);
        let numbering = matches!(function, "ROW_NUMBER" | "NTILE" | "LAG" | "LEAD");
        let picking = matches!(function, "FIRST_VALUE" | "LAST_VALUE" | "NTH_VALUE");
        // The last digits of a variance show in which order its values came.
        let varying = ["STD", "VAR"].iter().any(|kind| function.starts_with(kind));
        let open = (picking || varying) && own == 0 && window.frame.is_none();
        let shows =
            numbering || open || (rows && !matches!(function, "RANK" | "DENSE_RANK" | "CUME_DIST" | "PERCENT_RANK"));
        self.bare |= shows && keys.is_empty();
        let behind = self.behind(&keys, at);
        if same.is_none() && (shows || !keys.is_empty()) {
            self.sorts.push((at, keys.clone()));
        }
        if !shows {
            return (keys, frame);
        }
        let whole = || "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING".to_owned();
        (behind, if open { Some(whole()) } else { frame })
    }
}

/// Adds keys that decide what the others leave open.
pub(in crate::sql) fn sort_ties(keys: &mut Vec<String>, ties: Vec<String>) {
    let name = |key: &str| key.split(" NULLS ").next().unwrap_or_default().trim_end_matches(" DESC").to_owned();
    for key in ties {
        if keys.iter().all(|known| name(known) != name(&key)) {
            keys.push(key);
        }
    }
}

impl Lowering<'_> {
    /// The order in which a query without windows has its rows, as far as it's known: of one table, by its primary
    /// key or as they were inserted; of its groups, as their first rows come.
    pub(in crate::sql) fn table_order(&mut self, place: Place<'_>) -> Result<Vec<String>, SqlError> {
        let scope = place.scope;
        if let Some(grouping) = place.grouping.filter(|grouping| grouping.rollup) {
            let mut keys = Vec::new();
            for item in &grouping.items {
                let key = self.sort_key(&item.value)?;
                keys.extend([format!("grouping({})", item.sql), format!("{key} NULLS FIRST")]);
            }
            return Ok(keys);
        }
        let [relation] = scope.relations.as_slice() else { return Ok(Vec::new()) };
        let Some(table) = relation.table.as_ref().filter(|table| table.merge.is_none()) else { return Ok(Vec::new()) };
        let mut keys = Vec::new();
        for part in table.primary_key().map(|key| key.parts.as_slice()).unwrap_or_default() {
            let named = part.column.as_ref().and_then(|name| relation.columns.iter().position(|own| own.name == *name));
            let Some(column) = named.and_then(|column| scope.column(Spot { relation: 0, column })) else {
                return Ok(Vec::new());
            };
            if place.grouping.is_some() && column.ty.class != Class::Integer {
                return Ok(Vec::new());
            }
            let towards = if part.descending { " DESC" } else { "" };
            keys.push(format!("{}{towards}", self.sort_key(&column.expression())?));
        }
        if keys.is_empty() {
            keys.push(format!("{}.ctid", quote::identifier(&relation.alias)));
        }
        Ok(match (place.grouping, keys.as_slice()) {
            (None, _) => keys,
            (Some(_), [key]) => vec![format!("min({})", key.trim_end_matches(" DESC"))],
            (Some(_), _several) => Vec::new(),
        })
    }
}
