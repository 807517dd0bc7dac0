//! MySQL's errors that are raised before PostgreSQL is asked, in MySQL's words.

use super::plan::SqlError;
use crate::schema::{Column, ColumnType};

impl SqlError {
    pub(super) fn new(code: u16, sqlstate: &'static str, message: String) -> Self {
        Self { code, sqlstate, message }
    }

    /// 1235: a construct without a rewrite, by name.
    pub(crate) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::new(1235, "42000", format!("This version of MySQL doesn't yet support '{what}'"))
    }

    /// What depends on the very literal can't be planned for a text that others share; its own text can.
    pub(super) fn shared(what: &str) -> Self {
        Self::unsupported(format_args!("{what} in a text that is shared"))
    }

    /// 1442.
    pub(super) fn used_by_trigger(table: &str) -> Self {
        let text = format!(
            "Can't update table '{table}' in stored function/trigger because it is already used by statement which \
             invoked this stored function/trigger."
        );
        Self::new(1442, "HY000", text)
    }

    /// 1064, with the text that follows the place of the error.
    pub(super) fn syntax(near: &str, line: u64) -> Self {
        let near: String = near.chars().take(80).collect();
        Self::new(
            1064,
            "42000",
            format!(
                "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version \
                 for the right syntax to use near '{near}' at line {line}"
            ),
        )
    }

    /// 1436: a statement that nests deeper than MySQL's own stack bears.
    pub(super) fn too_deep() -> Self {
        let text = "Thread stack overrun:  1008912 bytes used of a 1048576 byte stack, and 40000 bytes needed.  \
                    Use 'mysqld --thread_stack=#' to specify a bigger stack.";
        Self::new(1436, "HY000", text.to_owned())
    }

    /// 1046.
    pub(super) fn no_database() -> Self {
        Self::new(1046, "3D000", "No database selected".to_owned())
    }

    /// 1049.
    pub(super) fn unknown_database(name: &str) -> Self {
        Self::new(1049, "42000", format!("Unknown database '{name}'"))
    }

    /// 1146.
    pub(super) fn no_table(database: &str, table: &str) -> Self {
        Self::new(1146, "42S02", format!("Table '{database}.{table}' doesn't exist"))
    }

    /// 1054; `clause` is MySQL's word for the place: `field list`, `where clause`, …
    pub(super) fn unknown_column(name: &str, clause: &str) -> Self {
        Self::new(1054, "42S22", format!("Unknown column '{name}' in '{clause}'"))
    }

    /// 1052.
    pub(super) fn ambiguous(name: &str, clause: &str) -> Self {
        Self::new(1052, "23000", format!("Column '{name}' in {clause} is ambiguous"))
    }

    /// 1140 and 1055: a column that differs within a group. [`SqlError::numbered`] adds the number of its expression.
    pub(super) fn not_grouped(column: &str, clause: &str, whole: bool) -> Self {
        let list = if clause == "order clause" { "ORDER BY clause" } else { "SELECT list" };
        let mode = "this is incompatible with sql_mode=only_full_group_by";
        if whole {
            let text = format!(
                "In aggregated query without GROUP BY, expression of {list} contains nonaggregated column '{column}'; {mode}"
            );
            return Self::new(1140, "42000", text);
        }
        let text = format!(
            "Expression of {list} is not in GROUP BY clause and contains nonaggregated column '{column}' which is not \
             functionally dependent on columns in GROUP BY clause; {mode}"
        );
        Self::new(1055, "42000", text)
    }

    /// Says which expression of its list breaks ONLY_FULL_GROUP_BY.
    pub(super) fn numbered(self, number: usize) -> Self {
        match self.code {
            1055 | 1140 => {
                Self { message: self.message.replacen("xpression of", &format!("xpression #{number} of"), 1), ..self }
            }
            _other => self,
        }
    }

    /// 1582.
    pub(super) fn argument_count(function: &str) -> Self {
        Self::new(1582, "42000", format!("Incorrect parameter count in the call to native function '{function}'"))
    }

    /// 1093.
    pub(super) fn target_read(table: &str) -> Self {
        Self::new(1093, "HY000", format!("You can't specify target table '{table}' for update in FROM clause"))
    }

    /// 1136.
    pub(super) fn value_count(row: usize) -> Self {
        Self::new(1136, "21S01", format!("Column count doesn't match value count at row {row}"))
    }

    /// 1110.
    pub(super) fn column_twice(name: &str) -> Self {
        Self::new(1110, "42000", format!("Column '{name}' specified twice"))
    }

    /// 1364.
    pub(super) fn no_default(column: &str) -> Self {
        Self::new(1364, "HY000", format!("Field '{column}' doesn't have a default value"))
    }

    /// 1048, for geometry 3673.
    pub(super) fn null_column(column: &Column) -> Self {
        let code = if matches!(column.column_type, ColumnType::Geometry { .. }) { 3673 } else { 1048 };
        Self::new(code, "23000", format!("Column '{}' cannot be null", column.name))
    }

    /// 1241.
    pub(super) fn operand_columns(expected: usize) -> Self {
        Self::new(1241, "21000", format!("Operand should contain {expected} column(s)"))
    }

    /// 1222.
    pub(super) fn union_columns() -> Self {
        Self::new(1222, "21000", "The used SELECT statements have a different number of columns".to_owned())
    }

    /// 1353.
    pub(super) fn name_count() -> Self {
        let text = "In definition of view, derived table or common table expression, SELECT list and column names \
                    list have different column counts";
        Self::new(1353, "HY000", text.to_owned())
    }

    /// 1111.
    pub(super) fn misplaced_aggregate() -> Self {
        Self::new(1111, "HY000", "Invalid use of group function".to_owned())
    }

    /// 1066.
    pub(super) fn alias_twice(alias: &str) -> Self {
        Self::new(1066, "42000", format!("Not unique table/alias: '{alias}'"))
    }

    /// 1439.
    pub(super) fn display_width(column: &str, most: u32) -> Self {
        Self::new(1439, "42000", format!("Display width out of range for column '{column}' (max = {most})"))
    }

    /// 1074.
    pub(super) fn too_long(column: &str, most: u32) -> Self {
        let text = format!("Column length too big for column '{column}' (max = {most}); use BLOB or TEXT instead");
        Self::new(1074, "42000", text)
    }
}
