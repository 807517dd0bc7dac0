//! The first copy in the row lane: in parts, each read at its own moment, gone on with after whatever breaks it off. The
//! argument why it's exact is docs/decisions/0003-copy.md; in short:
//!
//! 1. *From*: definitions are read, then a position, then definitions again. They're the same, so everything that
//!    happens to these tables from then on is in the log behind *from*, with its definitions.
//! 2. The parts are copied; each is noted with its rows. A start that finds the notes copies what is missing.
//! 3. *Until*: when the last part has been read, a position is taken that holds everything that any part can have seen.
//! 4. The log is applied from *from* to *until*, and there as *make it so* ([`crate::store::Window`]): then each table is
//!    what MySQL had at *until*. The applier stands there until all keys are made. A proof or a flip isn't possible before.
//! 5. Tables that can't be made equal that way are halted until then and copied as a whole at a position of their own:
//!    those without a key, those whose definition changed on the way, and those whose rows follow others by a foreign key
//!    on servers that don't log such changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::Lane;
use crate::observe::without_values;
use crate::position::GtidSet;
use crate::replicate::{COPIED_LATER, FOLLOWED_ORIGIN, REDEFINED, snapshot};
use crate::schema::{Catalogue, ReferentialAction, Table, TableName, quote};
use crate::source::inspect;
use crate::source::settled::{settled_position, visible_position};
use crate::source::snapshot::Reader;
use crate::store::{Copied, Facts, MirrorPhase as StoredPhase, TableStage, statement};
use crate::target::Bulk;

use super::api::{MirrorPhase, TableState};
use super::director::close;
use super::mirror::Begin;
use super::picture::TableProgress;
use super::{CutoverError, Director};

/// The name under which PostgreSQL knows the connections that copy.
const PURPOSE: &str = "bascule copy";
/// How often definitions are read before it's given up that they stand still for a moment.
const LOOKS: usize = 10;
/// How often tables that change their definitions again and again are copied.
const RECOPIES: usize = 8;

impl Director {
    /// Begins with empty tables.
    async fn begin_parts(self: &Arc<Self>) -> Result<Catalogue, CutoverError> {
        Bulk::connect(&self.config().target).await?.end_others(PURPOSE).await?;
        self.store().set_phase(StoredPhase::Copying).await?;
        let (catalogue, from) = self.definitions_and_position().await?;
        self.lay_out(&catalogue);
        let target = self.prepare_target(&catalogue).await?;
        snapshot::create_tables(&target, &catalogue).await?;
        let cascades_logged = self.logs_cascades().await?;
        for table in snapshot::tables_of(&catalogue) {
            if why_later(&table, cascades_logged).is_some() {
                snapshot::finish(&target, &[Arc::new(Table { foreign_keys: Vec::new(), ..Table::clone(&table) })])
                    .await?;
                self.store().run(&statement::copied_table(&table.name, TableStage::Later)).await?;
            }
        }
        self.store().put_catalogue(&catalogue).await?;
        self.store().begin_copying(&from).await?;
        Ok(catalogue)
    }

    /// Copies what is missing and follows, begun again as often as a server goes away.
    pub(super) async fn until_copied(self: &Arc<Self>) -> Result<(), CutoverError> {
        loop {
            let ended = match self.where_it_broke_off().await {
                Ok(Begin::Parts) => self.go_on_with_parts().await,
                Ok(Begin::From { facts, connections }) => self.take_up(facts, connections).await,
                Ok(Begin::Anew) => match self.begin_parts().await {
                    Ok(catalogue) => self.copy_parts(catalogue).await,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match ended {
                Err(error) if error.is_outage() => self.wait_out(&error).await,
                Ok(()) if self.picture.lock().phase != Some(MirrorPhase::Streaming) => {}
                ended => return ended,
            }
        }
    }

    /// Where a halted mirror begins again when the operator asks for it: a start that broke off is gone on with, and one
    /// that had come to its end begins anew.
    pub(super) async fn begin_again(&self) -> Result<Begin, CutoverError> {
        if self.lane() == Lane::Statements {
            return Ok(Begin::Anew);
        }
        Ok(match self.where_it_broke_off().await? {
            Begin::From { facts, .. }
                if facts.window.is_none() && !facts.tables.iter().any(|(_, why)| is_left(why)) =>
            {
                Begin::Anew
            }
            begin => begin,
        })
    }

    /// What the store says of the copy: nothing, that parts are missing, or that it's followed.
    async fn where_it_broke_off(&self) -> Result<Begin, CutoverError> {
        let facts = self.store().load().await?;
        Ok(match facts.phase {
            StoredPhase::Copying if self.store().load_copied().await?.from.is_some() => Begin::Parts,
            StoredPhase::Copying | StoredPhase::Idle => Begin::Anew,
            StoredPhase::Following => Begin::From { facts, connections: Vec::new() },
        })
    }

    /// Goes on with a copy that an earlier process, or an earlier attempt, began.
    pub(super) async fn go_on_with_parts(self: &Arc<Self>) -> Result<(), CutoverError> {
        if let Some(from) = self.store().load_copied().await?.from {
            self.check_log(from).await?;
        }
        self.picture.phase(MirrorPhase::Preparing);
        self.replicator().stop().await;
        let catalogue = self.store().load_catalogue().await?;
        self.lay_out(&catalogue);
        let target = self.prepare_target(&catalogue).await?;
        target.end_others(PURPOSE).await?;
        self.copy_parts(catalogue).await
    }

    /// Definitions and a position such that nothing changed the former around the latter.
    async fn definitions_and_position(&self) -> Result<(Catalogue, GtidSet), CutoverError> {
        let source = self.source()?;
        for _ in 0..LOOKS {
            let catalogue = self.read_source().await?;
            let mut conn = inspect::connect(source).await?;
            let position = visible_position(source, &mut conn).await;
            let again = inspect::catalogue(&mut conn, &source.databases).await;
            close(conn).await;
            let position = position?;
            if same_definitions(&catalogue, &again?) {
                return Ok((catalogue, position));
            }
        }
        Err(CutoverError::state("definitions of tables are changed all the time: start again when that's over"))
    }

    /// A position that holds everything that anybody has seen by now.
    async fn settled(&self) -> Result<GtidSet, CutoverError> {
        let mut conn = inspect::connect(self.source()?).await?;
        let settled = settled_position(&mut conn).await;
        close(conn).await;
        Ok(settled?)
    }

    /// Whether the log has rows that a foreign key changed: servers from 9.6 on write them.
    async fn logs_cascades(&self) -> Result<bool, CutoverError> {
        let mut reader = Reader::connect(self.source()?).await?;
        let sql = "SHOW GLOBAL VARIABLES LIKE 'innodb_native_foreign_keys'";
        let row = reader.first("reading how foreign keys are carried out", sql).await?;
        reader.close().await;
        let value = row.and_then(|row| row.into_iter().nth(1).flatten());
        Ok(value.is_some_and(|value| value.eq_ignore_ascii_case(b"OFF")))
    }

    /// Copies what is missing, then follows.
    async fn copy_parts(self: &Arc<Self>, mut catalogue: Catalogue) -> Result<(), CutoverError> {
        self.picture.phase(MirrorPhase::Copying);
        let copied = self.store().load_copied().await?;
        let stages = |wanted: TableStage| -> BTreeSet<TableName> {
            copied.tables.iter().filter(|(_, stage)| *stage == wanted).map(|(table, _)| table.clone()).collect()
        };
        let mut later = stages(TableStage::Later);
        let mut tables = snapshot::tables_of(&catalogue);
        tables.retain(|table| !later.contains(&table.name));
        later.extend(self.copy_tables(tables, &copied, stages(TableStage::Keyed)).await?);

        let until = self.settled().await?;
        self.carry_checks(&mut catalogue).await?;
        self.carry_definitions(&mut catalogue).await?;
        let cascades_logged = self.logs_cascades().await?;
        let reason = |name: &TableName| {
            let table = catalogue.base_table(&name.database, &name.table);
            let why = table.and_then(|table| why_later(table, cascades_logged));
            (name.clone(), why.map_or(REDEFINED.to_owned(), |why| format!("{COPIED_LATER}: {why}")))
        };
        let later: Vec<_> = later.iter().map(reason).collect();
        self.parts.catalogue.store(Arc::new(catalogue));
        self.store().follow_copied(&until, &later).await?;
        let facts = self.store().load().await?;
        self.follow_parts(&facts).await?;
        self.picture.phase(MirrorPhase::Streaming);
        Ok(())
    }

    /// Copies the parts that are missing; the tables that had to be left.
    async fn copy_tables(
        self: &Arc<Self>,
        tables: Vec<Arc<Table>>,
        copied: &Copied,
        keyed: BTreeSet<TableName>,
    ) -> Result<snapshot::Left, CutoverError> {
        let mut workers = Vec::new();
        let mirror = self.config().now().mirror.clone();
        for _ in 0..mirror.copy_workers {
            workers.push((
                Reader::connect(self.source()?).await?,
                Bulk::connect_for(&self.config().target, PURPOSE).await?,
            ));
        }
        let keys = snapshot::Keys::MayStand { chunks: copied.chunks.clone(), keyed };
        let copy = snapshot::Copy {
            workers,
            tables,
            keys,
            part_bytes: mirror.copy_part_bytes,
            most_running: mirror.copy_threads_running,
            on_progress: self.on_progress(),
        };
        let (readers, copied, left) = copy.run().await?;
        tracing::info!(tables = copied.tables, rows = copied.rows, bytes = copied.bytes, "existing rows are copied");
        for reader in readers {
            reader.close().await;
        }
        Ok(left)
    }

    /// Follows from where the copy began; at the window's end everything gets its keys, and what couldn't be copied in
    /// parts is copied.
    pub(super) async fn follow_parts(self: &Arc<Self>, facts: &Facts) -> Result<(), CutoverError> {
        if let Some(window) = &facts.window {
            // Definitions that change behind it find tables that have all their keys.
            Bulk::connect(&self.config().target).await?.end_others(PURPOSE).await?;
            let barrier = self.replicator().limit(window.until.clone())?;
            self.follow(facts).await?;
            barrier.reached().await?;
            self.finish_keys(&window.tables).await?;
            self.store().forget_copied().await?;
            drop(barrier);
        } else {
            self.follow(facts).await?;
        }
        if self.lane() == Lane::Binlog {
            self.recopy_left().await?;
        }
        self.show_followed();
        Ok(())
    }

    /// Shows every table that PostgreSQL has as mirrored; those that are halted are shown so by the applier's word.
    fn show_followed(&self) {
        let catalogue = self.parts.catalogue.load_full();
        let mut picture = self.picture.lock();
        picture.tables.retain(|name, _| catalogue.base_table(&name.database, &name.table).is_some());
        for table in snapshot::tables_of(&catalogue) {
            let entry =
                picture.tables.entry(table.name.clone()).or_insert_with(|| TableProgress::new(TableState::Mirrored));
            entry.state = TableState::Mirrored;
        }
    }

    /// Makes all keys of tables that were copied in parts. The applier stands.
    async fn finish_keys(&self, copied: &BTreeSet<TableName>) -> Result<(), CutoverError> {
        let target = Bulk::connect_for(&self.config().target, PURPOSE).await?;
        let whole = self.store().load_copied().await?.tables;
        let whole: BTreeSet<TableName> =
            whole.into_iter().filter(|(_, stage)| *stage == TableStage::Whole).map(|(table, _)| table).collect();
        let halted = self.replicator().status().halted;
        let catalogue = self.parts.catalogue.load_full();
        let mut tables = snapshot::tables_of(&catalogue);
        for table in tables.iter().filter(|table| copied.contains(&table.name) && !whole.contains(&table.name)) {
            if halted.contains_key(&table.name) {
                // Its rows are of no moment, and are replaced before anybody uses them.
                target.run(&format!("TRUNCATE {}", quote::table(&table.name))).await?;
            }
            snapshot::finish_keys(&target, table).await?;
        }
        // Whoever copies a halted table again adds the foreign keys that touch it.
        let touches = |table: &Table| {
            halted.contains_key(&table.name)
                || table.foreign_keys.iter().any(|key| halted.contains_key(&key.references))
        };
        tables.retain(|table| !touches(table));
        Ok(snapshot::finish_foreign_keys(&target, &tables).await?)
    }

    /// Copies the tables that were left for later, until none is left, and with them those that follow them. One that
    /// can't be copied stays halted, and the others go on.
    async fn recopy_left(self: &Arc<Self>) -> Result<(), CutoverError> {
        let mut hopeless: BTreeSet<TableName> = BTreeSet::new();
        for _ in 0..RECOPIES {
            let mut halted = self.replicator().status().halted;
            halted.retain(|table, _| !hopeless.contains(table));
            if !halted.values().any(|reason| is_left(reason)) {
                return Ok(());
            }
            halted.retain(|_, reason| is_left(reason) || reason.starts_with(FOLLOWED_ORIGIN));
            let left: Vec<TableName> = halted.into_keys().collect();
            let turn = Arc::clone(&self.turn).lock_owned().await;
            if let Err(error) = self.recopy(&left).await {
                tracing::warn!(
                    error = without_values(&error),
                    "tables can't be copied together: they are copied one by one"
                );
                for table in &left {
                    if let Err(error) = self.recopy(std::slice::from_ref(table)).await {
                        tracing::error!(%table, error = without_values(&error), "a table can't be copied: it needs a resync");
                        hopeless.insert(table.clone());
                    }
                }
            }
            drop(turn);
            self.wait_followed(&left).await;
        }
        Ok(())
    }

    /// A halted table's state: one that is left for later waits, until everything follows.
    pub(super) fn shown_state(phase: Option<MirrorPhase>, reason: &str) -> TableState {
        if is_left(reason) && phase == Some(MirrorPhase::CatchingUp) {
            TableState::Waiting
        } else {
            TableState::NeedsResync
        }
    }
}

/// Whether a table with this reason is copied again by whoever ends the first copy.
pub(super) fn is_left(reason: &str) -> bool {
    [COPIED_LATER, REDEFINED].iter().any(|known| reason.starts_with(known))
}

/// Why a table can't be copied in parts, if it can't.
fn why_later(table: &Table, cascades_logged: bool) -> Option<&'static str> {
    if !table.row_key().is_some_and(crate::schema::Key::is_whole) {
        return Some("it has no key that tells its rows apart");
    }
    let follows = |action| match action {
        ReferentialAction::Cascade | ReferentialAction::SetNull | ReferentialAction::SetDefault => true,
        ReferentialAction::NoAction | ReferentialAction::Restrict => false,
    };
    let cascades = table.foreign_keys.iter().any(|key| follows(key.on_delete) || follows(key.on_update));
    (cascades && !cascades_logged).then_some("its rows follow a foreign key, which this MySQL doesn't log")
}

/// Whether two readings of the source's definitions say the same, but for counters.
pub(super) fn same_definitions(one: &Catalogue, other: &Catalogue) -> bool {
    let tables = |catalogue: &Catalogue| -> Vec<Table> {
        let tables = snapshot::tables_of(catalogue);
        tables.iter().map(|table| Table { auto_increment: None, ..Table::clone(table) }).collect()
    };
    tables(one) == tables(other)
}
