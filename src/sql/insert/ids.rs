//! INSERT into a table with an AUTO_INCREMENT column, where the ids have to be known before the rows.
//!
//! MySQL gives the rows of one statement ids without gaps, whoever else inserts at the same time; clients add up from
//! the first one. PostgreSQL draws each row's id by itself, so the ids are taken first, all at once, by
//! `mysql.new_ids`. An id that the statement gives raises the counter for the rows behind it, as in MySQL.

use super::*;

impl Lowering<'_> {
    /// `mysql.new_ids` over an array of the ids that the statement gives. `total` is the number of rows when it's known.
    pub(super) fn new_ids(&self, table: &Table, given: &str, total: Option<usize>) -> Result<String, SqlError> {
        let (step, start) = self.id_steps();
        let total = if table.engine == "InnoDB" { total } else { Some(0) };
        let total = total.map_or("NULL".to_owned(), |total| total.to_string());
        let zero = self.modes.no_auto_value_on_zero;
        Ok(format!("\"mysql\".new_ids({given}, {zero}, {total}, {}, {step}, {start})", sequence(table)?))
    }

    /// The distance of generated ids, and the first.
    pub(super) fn id_steps(&self) -> (u64, u64) {
        self.context.given.id_steps.unwrap_or((1, 1))
    }

    /// Rows of VALUES with their ids.
    pub(super) fn insert_with_ids(
        &mut self,
        table: &Arc<Table>,
        rows: &Rows,
        id: usize,
    ) -> Result<WritePlan, SqlError> {
        let total = rows.cells.len();
        let Some(place) = rows.columns.iter().position(|at| *at == id) else {
            return Err(SqlError::unsupported("an INSERT without its id"));
        };
        let ty = table.columns.get(id).and_then(Type::of_column);
        let carrier = ty.map_or("int8", |ty| ty.carrier.name());
        let (array, wide) = if carrier == "numeric" { ("", "numeric") } else { ("::int8[]", "int8") };
        let given: Vec<Option<&str>> = rows
            .cells
            .iter()
            .map(|cells| match cells.get(place) {
                Some(Cell::Sql(sql) | Cell::Id(sql)) => Some(sql.as_str()),
                Some(Cell::Null | Cell::Default) | None => None,
            })
            .collect();
        let given = if given.iter().all(Option::is_none) {
            format!("array_fill(NULL::numeric, ARRAY[{total}])")
        } else {
            let items: Vec<&str> = given.iter().map(|item| item.unwrap_or("NULL")).collect();
            format!("ARRAY[{}]::numeric[]", items.join(", "))
        };
        let taken = self.new_ids(table, &given, Some(total))?;
        let mut numbered =
            Rows { columns: rows.columns.clone(), cells: rows.cells.clone(), generated: 0, explicit: 0, wanted: None };
        for (number, cells) in numbered.cells.iter_mut().enumerate() {
            if let Some(cell) = cells.get_mut(place) {
                let cast = if carrier == wide { String::new() } else { format!("::{carrier}") };
                *cell = Cell::Sql(format!("(SELECT ids FROM \"taken\")[{}]{cast}", number + 1));
            }
        }
        let sql = format!(
            "WITH \"taken\" AS MATERIALIZED (SELECT ids{array} AS ids, first FROM {taken}), \
             added AS (INSERT INTO {}{} RETURNING 1) \
             SELECT count(*), count(*), 0, 0, 0, (SELECT first FROM \"taken\"), (SELECT ids[{total}] FROM \"taken\") FROM added",
            quote::table(&table.name),
            values_sql(table, &numbered),
        );
        Ok(self.write_plan(Verb::Insert, sql, table, WriteResult::Counted { many: total > 1 }, 0))
    }
}
