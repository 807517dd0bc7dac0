//! The simplest applier that one could write: each row of the log is a prepared statement with a commit of its own. What a
//! sink does that takes changes one by one.

use std::error::Error;
use std::time::Instant;

use bascule::binlog::{RowsEvent, Shape};
use bascule::change::{Feed as _, LoggedChange, SourceEvent};
use bascule::config::Target;
use bascule::schema::quote;
use bascule::source::binlog::BinlogFeed;
use bascule::source::inspect;
use bascule::target::{Client, Request};
use bytes::Bytes;

/// What it reached, each second.
pub(crate) struct Rates {
    pub(crate) transactions: f64,
    pub(crate) rows: f64,
}

/// Applies `count` transactions of the feed.
pub(crate) async fn apply(
    mut feed: BinlogFeed,
    mysql: &mut mysql_async::Conn,
    target: &Target,
    count: u64,
) -> Result<Rates, Box<dyn Error>> {
    let catalogue = inspect::catalogue(mysql, &["bench".to_owned()]).await?;
    let mut client = Client::connect_with(target, "row by row", &[("synchronous_commit", "on")]).await?;
    let mut rows = 0_u64;
    let begun = Instant::now();
    for _ in 0..count {
        let SourceEvent::Logged(transaction) = feed.next().await? else { return Err("a gap in the log".into()) };
        for change in &transaction.changes {
            let LoggedChange::Rows(event) = change else { return Err("something else than rows".into()) };
            let name = &event.map.table;
            let table = catalogue.base_table(&name.database, &name.table).ok_or("an unknown table")?;
            rows += write(&mut client, event, table).await?;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Rates { transactions: count as f64 / seconds, rows: rows as f64 / seconds })
}

/// Every table of the backlog has `id` as its first column and key.
async fn write(client: &mut Client, event: &RowsEvent, table: &bascule::schema::Table) -> Result<u64, Box<dyn Error>> {
    let shape = Shape::new(&event.map, table)?;
    let rows = event.rows()?;
    let name = quote::table(&table.name);
    let columns: Vec<String> = table.columns.iter().map(|column| quote::identifier(&column.name)).collect();
    for row in &rows {
        let values = |image| -> Result<Vec<Option<Bytes>>, Box<dyn Error>> {
            let cells = shape.cells(image, None)?;
            Ok(cells.iter().map(|cell| cell.as_ref().map(|cell| Bytes::copy_from_slice(cell))).collect())
        };
        let before = row.before.as_ref().map(values).transpose()?;
        let after = row.after.as_ref().map(values).transpose()?;
        let numbered = |from: usize| (0..columns.len()).map(move |at| format!("${}", at + from));
        let (sql, parameters) = match (before, after) {
            (None, Some(after)) => {
                let numbers: Vec<String> = numbered(1).collect();
                (format!("INSERT INTO {name} ({}) VALUES ({})", columns.join(", "), numbers.join(", ")), after)
            }
            (Some(before), Some(after)) => {
                let set: Vec<String> =
                    columns.iter().zip(numbered(1)).map(|(column, number)| format!("{column} = {number}")).collect();
                let key = format!("${}", columns.len() + 1);
                let parameters = [after, before.into_iter().take(1).collect()].concat();
                (format!("UPDATE {name} SET {} WHERE id = {key}", set.join(", ")), parameters)
            }
            (Some(before), None) => (format!("DELETE FROM {name} WHERE id = $1"), before.into_iter().take(1).collect()),
            (None, None) => return Err("a row without an image".into()),
        };
        client.query(&Request { sql: &sql, types: &[], parameters: &parameters, binary: false }).await?;
    }
    Ok(rows.len() as u64)
}
