//! Asking both servers. Nothing is changed: no table, no setting and no state of Bascule.

use mysql_async::Conn;

use super::probe::{Probe, count_query, example_query, probes};
use super::{Data, Found, Inventory, Scanned, Settings};
use crate::config::{Config, Lane};
use crate::convert;
use crate::observe::with_causes;
use crate::schema::Table;
use crate::source::{self, SourceError, inspect};
use crate::target;

/// Whether rows are read as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Settings and definitions.
    Schema,
    /// Every row of every table, once, by MySQL itself.
    Rows,
}

/// Called before each table that is scanned, with its number and how many there are; must not block.
pub type OnScan<'a> = &'a (dyn Fn(&str, usize, usize) + Sync);

/// Why an assessment couldn't be made.
#[derive(Debug, thiserror::Error)]
pub enum AssessError {
    #[error("the configuration has no [source]: there's nothing to move")]
    NoSource,
    #[error("the rows of {table} couldn't be scanned")]
    Scan {
        table: String,
        #[source]
        source: SourceError,
    },
}

/// Asks both servers. One that can't be asked is part of the answer.
///
/// # Errors
/// [`AssessError`].
pub async fn look(config: &Config, scan: Scan, on_scan: OnScan<'_>) -> Result<Inventory, AssessError> {
    let settings = Settings::of(config);
    let origin = config.source.as_ref().ok_or(AssessError::NoSource)?;
    let mut conn = inspect::connect(origin).await;
    let survey = match &mut conn {
        Ok(conn) => inspect::survey(conn, &origin.databases).await,
        Err(_) => Err(SourceError::Unexpected { action: "connecting", what: String::new() }),
    };
    let mut lane_problems = Vec::new();
    if let (Ok(conn), Ok(_), Lane::Binlog) = (&mut conn, &survey, config.mirror.source) {
        lane_problems = source::binlog::problems(conn).await.unwrap_or_else(|error| vec![with_causes(&error)]);
    }
    let (survey, data) = match (conn, survey) {
        (Ok(mut conn), Ok(survey)) => {
            let data = match scan {
                Scan::Schema => None,
                Scan::Rows => Some(rows(&mut conn, &convert::tables_of(&survey.catalogue), on_scan).await?),
            };
            close(conn).await;
            (Ok(survey), data)
        }
        (Err(error), _) | (Ok(_), Err(error)) => (Err(with_causes(&error)), None),
    };
    let target = target::survey(&config.target).await.map_err(|error| with_causes(&error));
    let rehearsed = match (&survey, &target) {
        (Ok(source), Ok(target)) if target.may_create_schemas && !target.read_only => {
            let script = convert::script(source, convert::Triggers::Made);
            convert::rehearse(&config.target, &script).await.map_err(|error| with_causes(&error))
        }
        _ => Ok(Vec::new()),
    };
    Ok(Inventory { settings, source: survey, target, rehearsed, lane_problems, data })
}

async fn rows(conn: &mut Conn, tables: &[std::sync::Arc<Table>], on_scan: OnScan<'_>) -> Result<Data, AssessError> {
    let mut data = Data::default();
    for (at, table) in tables.iter().enumerate() {
        on_scan(&table.name.to_string(), at, tables.len());
        let failed = |source| AssessError::Scan { table: table.name.to_string(), source };
        let (rows, found) = scan(conn, table).await.map_err(failed)?;
        data.scanned.push(Scanned { table: table.name.to_string(), rows });
        data.found.extend(found.into_iter().map(|found| (table.name.clone(), found)));
    }
    Ok(data)
}

async fn scan(conn: &mut Conn, table: &Table) -> Result<(u64, Vec<Found>), SourceError> {
    let asked: Vec<Probe> = probes(table);
    inspect::without_limit(conn).await?;
    let mut counts = inspect::counts(conn, &count_query(table, &asked)).await?.into_iter();
    let rows = counts.next().unwrap_or(0);
    let mut found = Vec::new();
    for (probe, rows) in asked.into_iter().zip(counts).filter(|(_, rows)| *rows > 0) {
        let example = match example_query(table, &probe) {
            Some(query) => inspect::example(conn, &query).await?.map(|key| key.join(", ")),
            None => None,
        };
        found.push(Found { probe, rows, example });
    }
    Ok((rows, found))
}

async fn close(conn: Conn) {
    if let Err(error) = conn.disconnect().await {
        tracing::debug!(%error, "closing the connection of an assessment");
    }
}
