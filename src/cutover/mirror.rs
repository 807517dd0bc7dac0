//! Starting to mirror: from an empty PostgreSQL to one that follows MySQL from exactly one position on.
//!
//! # Why nothing is missed and nothing is doubled
//! 1. Capturing is switched on, and every transaction that had begun before is waited for. From here each transaction
//!    that commits through the proxy is captured whole.
//! 2. Commits are held for as long as it takes to open the snapshot, with none in flight. `gtid_executed` is read
//!    before and after: if both are equal, the snapshot holds exactly the transactions of that set. If they differ,
//!    somebody writes past the proxy, and the start is refused by saying so.
//! 3. The rows of the snapshot are copied. What commits meanwhile waits in the spool.
//! 4. The applied set is stored as that position, in phase *following*, and replay begins after it: the spool's
//!    transactions inside the set are in the copy and are skipped; those outside are not in it and are applied.
//!
//! In the row lane nothing is captured and nothing waits in a spool: what commits meanwhile is in MySQL's binary log,
//! which is read from the snapshot's position on. Step 1 falls away, and step 2 has MySQL hold the writers that go past
//! the proxy, too (see [`super::lane`]).
//!
//! A crash before step 4 leaves phase *copying* in the store, and the next start begins again with empty tables.
//!
//! In the row lane nothing is captured and nothing is held: tables are copied in parts, and what commits meanwhile is in
//! MySQL's binary log (see [`super::initial`]).

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::Lane;
use crate::observe::{with_causes, without_values};
use crate::position::GtidSet;
use crate::replicate::{Barrier, snapshot};
use crate::route::Mode;
use crate::schema::{Catalogue, ddl};
use crate::source::inspect::{self, Family};
use crate::source::snapshot::{Snapshot, prepare};
use crate::sql;
use crate::sql::system::INHERITED;
use crate::store::{Facts, ImportedAccount, MirrorPhase as StoredPhase};
use crate::target::Bulk;

use super::api::{MirrorPhase, TableState};
use super::director::close;
use super::picture::TableProgress;
use super::{CutoverError, Director};

/// MySQL's error number.
const LOCK_WAIT_TIMEOUT: u16 = 1205;

impl Director {
    /// Starts mirroring in the background; the mode is already durable.
    pub(super) fn spawn_mirror(self: &Arc<Self>, begin: Begin) {
        let stop = self.fresh_mirror_token();
        let director = Arc::clone(self);
        self.parts.tasks.spawn(async move {
            let work = async {
                match begin {
                    Begin::Anew => director.begin_mirror().await?,
                    Begin::Parts => director.until_copied().await?,
                    Begin::From { facts, connections } => director.take_up(facts, connections).await?,
                }
                director.watch_doubt().await
            };
            let ended = tokio::select! {
                ended = work => ended,
                () = stop.cancelled() => return,
            };
            if let Err(error) = ended {
                let error = with_causes(&error);
                tracing::error!(error = without_values(&error), "mirroring has stopped; forwarding goes on");
                director.parts.control.stop_capturing();
                director.picture.halt(error);
            }
        });
    }

    /// Ends the present mirror's background work and gives the token of the next.
    pub(super) fn fresh_mirror_token(&self) -> CancellationToken {
        let fresh = self.parts.shutdown.child_token();
        let mut present = self.mirror.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::replace(&mut *present, fresh.clone()).cancel();
        fresh
    }

    /// The whole start, from the catalogue to following.
    pub(super) async fn begin_mirror(self: &Arc<Self>) -> Result<(), CutoverError> {
        self.picture.phase(MirrorPhase::Preparing);
        self.replicator().stop().await;
        self.parts.control.stop_capturing();
        self.forget_captured().await?;
        self.store().set_phase(StoredPhase::Copying).await?;

        if self.lane() == Lane::Binlog {
            return self.until_copied().await;
        }
        let catalogue = self.read_source().await?;
        self.lay_out(&catalogue);
        let target = self.prepare_target(&catalogue).await?;
        snapshot::create_tables(&target, &catalogue).await?;

        self.start_capturing().await?;
        let (opened, position) = self.open_snapshot(self.config().now().mirror.copy_workers).await?;
        self.picture.phase(MirrorPhase::Copying);
        self.copy(opened, &catalogue).await?;
        snapshot::finish_foreign_keys(&target, &snapshot::tables_of(&catalogue)).await?;

        let mut catalogue = catalogue;
        self.store().put_catalogue(&catalogue).await?;
        self.carry_checks(&mut catalogue).await?;
        self.carry_definitions(&mut catalogue).await?;
        self.parts.catalogue.store(Arc::new(catalogue));
        self.store().begin_following(&position).await?;
        let facts = self.store().load().await?;
        self.follow(&facts).await?;
        self.picture.phase(MirrorPhase::Streaming);
        Ok(())
    }

    /// Connects to a target that has what tables need: defaults and generated columns may need the helpers, and these the
    /// collations.
    pub(super) async fn prepare_target(&self, catalogue: &Catalogue) -> Result<Bulk, CutoverError> {
        let target = Bulk::connect(&self.config().target).await?;
        self.check_lane(catalogue, &target).await?;
        target.run(&ddl::collations().join(";\n")).await?;
        target.run(sql::HELPERS).await?;
        Ok(target)
    }

    /// Copies the rows of a snapshot, one connection to PostgreSQL for each reader, and makes keys and indexes.
    async fn copy(self: &Arc<Self>, opened: Snapshot, catalogue: &Catalogue) -> Result<(), CutoverError> {
        let mut workers = Vec::new();
        for reader in opened.readers {
            workers.push((reader, Bulk::connect(&self.config().target).await?));
        }
        let tables = snapshot::tables_of(catalogue);
        let mirror = self.config().now().mirror.clone();
        let copy = snapshot::Copy {
            workers,
            tables,
            keys: snapshot::Keys::All,
            part_bytes: mirror.copy_part_bytes,
            most_running: mirror.copy_threads_running,
            on_progress: self.on_progress(),
        };
        let (readers, copied, _) = copy.run().await?;
        tracing::info!(tables = copied.tables, rows = copied.rows, bytes = copied.bytes, "existing rows are copied");
        for reader in readers {
            reader.close().await;
        }
        Ok(())
    }

    /// Notes the progress of copies in the picture.
    pub(super) fn on_progress(self: &Arc<Self>) -> snapshot::OnProgress {
        let director = Arc::clone(self);
        Arc::new(move |progress| director.copied(&progress))
    }

    /// Follows from the stored position on. Returns when the applier has started.
    pub(super) async fn follow(&self, facts: &Facts) -> Result<(), CutoverError> {
        self.picture.phase(MirrorPhase::CatchingUp);
        self.start_applying(facts).await
    }

    /// Reads the schema and the accounts of the source, and refuses what can't be carried.
    pub(super) async fn read_source(&self) -> Result<Catalogue, CutoverError> {
        let source = self.source()?;
        let mut conn = inspect::connect(source).await?;
        let facts = inspect::server_facts(&mut conn).await?;
        if !facts.log_bin || !facts.gtids {
            return Err(CutoverError::state(
                "MySQL must run with log_bin and gtid_mode=ON: the order of commits comes from its GTIDs",
            ));
        }
        if facts.family == Family::MariaDb && self.lane() == Lane::Statements {
            return Err(CutoverError::state(
                "MariaDB is mirrored by its binary log only: proxy.toml, [mirror] source = \"binlog\"",
            ));
        }
        if facts.time_zone.eq_ignore_ascii_case("SYSTEM") && facts.system_offset_seconds != 0 {
            return Err(CutoverError::state(
                "MySQL's time zone is SYSTEM, and the system isn't in UTC: say it by name, SET PERSIST time_zone",
            ));
        }
        self.store().put_source_version(&facts.version).await?;
        let catalogue = inspect::catalogue(&mut conn, &source.databases).await?;
        let refusals: Vec<String> = snapshot::refusals(&catalogue).iter().map(ToString::to_string).collect();
        if !refusals.is_empty() {
            return Err(CutoverError::state(refusals.join("; ")));
        }
        let left_out = inspect::not_carried(&mut conn, &source.databases).await?;
        let accounts = inspect::accounts(&mut conn).await?;
        self.take_variables(&mut conn).await?;
        close(conn).await;
        let mut findings: Vec<String> = left_out
            .iter()
            .map(|item| format!("{} {}.{} isn't carried", item.kind, item.database, item.name))
            .collect();
        findings.extend(snapshot::tables_of(&catalogue).iter().flat_map(|table| crate::schema::ddl::findings(table)));
        match accounts {
            Some(rows) => {
                let imported: Vec<ImportedAccount> = rows.into_iter().filter(|row| !row.locked).map(imported).collect();
                self.store().put_accounts(&imported).await?;
                self.parts.accounts.send_replace(imported);
            }
            None => findings
                .push("the source user can't read mysql.user: accounts must be given as [[accounts]]".to_owned()),
        }
        self.picture.lock().findings = findings;
        Ok(catalogue)
    }

    /// Takes over the global variables that sessions begin with.
    async fn take_variables(&self, conn: &mut mysql_async::Conn) -> Result<(), CutoverError> {
        let values = inspect::globals(conn, &INHERITED).await?;
        self.store().put_variables(&values).await?;
        self.parts.variables.send_replace(values);
        Ok(())
    }

    /// The same before a flip: they may have changed since mirroring began.
    pub(super) async fn refresh_variables(&self) -> Result<(), CutoverError> {
        let mut conn = inspect::connect(self.source()?).await?;
        let taken = self.take_variables(&mut conn).await;
        close(conn).await;
        taken
    }

    /// Shows every table as waiting.
    pub(super) fn lay_out(&self, catalogue: &Catalogue) {
        let mut picture = self.picture.lock();
        picture.tables.clear();
        for database in catalogue.databases.values() {
            for table in database.tables.values() {
                picture.tables.insert(table.name.clone(), TableProgress::new(TableState::Waiting));
            }
        }
    }

    /// Notes how far a table's copy is.
    fn copied(&self, progress: &snapshot::Progress) {
        let mut picture = self.picture.lock();
        let entry =
            picture.tables.entry(progress.table.clone()).or_insert_with(|| TableProgress::new(TableState::Copying));
        entry.copied(progress);
    }

    /// Switches capturing on and waits for the transactions that began before.
    pub(super) async fn start_capturing(&self) -> Result<(), CutoverError> {
        if self.lane() == Lane::Binlog {
            // The log has every transaction, whenever it began.
            return Ok(());
        }
        self.parts.control.start_capturing();
        let limit = self.config().now().mirror.drain_limit;
        if tokio::time::timeout(limit, self.parts.control.generation_settled()).await.is_ok() {
            return Ok(());
        }
        self.parts.control.stop_capturing();
        let open = self.route().active_sessions();
        let connections: Vec<String> = open.iter().take(5).map(|info| info.connection_id.to_string()).collect();
        Err(CutoverError::state(format!(
            "{} transaction(s) that began before mirroring are still open after {} s (connections {}); end them and start again",
            open.len(),
            limit.as_secs(),
            connections.join(", ")
        )))
    }

    /// Opens a consistent snapshot while no commit is in flight.
    pub(super) async fn open_snapshot(&self, readers: usize) -> Result<(Snapshot, GtidSet), CutoverError> {
        self.open_while_held(readers, |_| Ok(())).await.map(|(opened, position, ())| (opened, position))
    }

    /// Opens a consistent snapshot and keeps the applier from going beyond its position.
    pub(super) async fn open_at_barrier(&self) -> Result<(Snapshot, GtidSet, Barrier), CutoverError> {
        let (opened, position, barrier) =
            self.open_while_held(1, |position| Ok(self.replicator().limit(position.clone())?)).await?;
        barrier.reached().await?;
        Ok((opened, position, barrier))
    }

    /// How long commits are held in one attempt after the other, up to the configured limit.
    ///
    /// A single long attempt can't do it: a statement that is already let through may wait for a row that another
    /// transaction has locked, and that one's COMMIT is held. Letting go for a moment resolves it, and the short first
    /// attempts keep the clients' wait short.
    pub(super) fn hold_attempts(&self) -> impl Iterator<Item = Duration> + use<> {
        let limit = self.config().now().mirror.hold_limit;
        let parts = [32, 16, 16, 8, 8, 8, 4, 4, 2, 2, 1, 1];
        parts.into_iter().map(move |part| limit / part)
    }

    /// Opens a snapshot, and does something at its position before commits go on.
    async fn open_while_held<T>(
        &self,
        readers: usize,
        and: impl Fn(&GtidSet) -> Result<T, CutoverError>,
    ) -> Result<(Snapshot, GtidSet, T), CutoverError> {
        let mut held = None;
        for limit in self.hold_attempts() {
            let prepared = prepare(self.source()?, readers).await?;
            let open = async {
                let hold = self.route().hold_commits().await;
                let mut opened = match self.lane() {
                    Lane::Statements => prepared.open().await?,
                    // Writers may go past the proxy: MySQL itself holds them, if the account may ask for it.
                    Lane::Binlog => match prepared.open_locked().await {
                        // A long statement is under way.
                        Err(error) if error.mysql_code() == Some(LOCK_WAIT_TIMEOUT) => return Ok(None),
                        opened => opened?,
                    },
                };
                let position = match (opened.position().cloned(), self.lane()) {
                    (Some(position), _) => position,
                    (None, Lane::Statements) => return Err(bypassed_during_hold()),
                    (None, Lane::Binlog) => return Ok(None),
                };
                let done = and(&position)?;
                opened.release().await;
                drop(hold);
                Ok::<_, CutoverError>(Some((opened, position, done)))
            };
            match tokio::time::timeout(limit, open).await {
                Ok(opened) => {
                    held = opened?;
                    if held.is_some() {
                        break;
                    }
                    tracing::debug!("a commit came while the snapshot was opened; once more");
                }
                Err(_) => tracing::debug!(?limit, "commits couldn't be held in time; they are let go, then once more"),
            }
        }
        let (opened, position, done) = held.ok_or_else(|| {
            CutoverError::state(format!(
                "the snapshot couldn't be opened while commits were held for {} ms: a commit takes that long, or MySQL \
                 is slow",
                self.config().now().mirror.hold_limit.as_millis()
            ))
        })?;
        // Everything that went through the proxy is recorded by now: what isn't came another way.
        if let Some(capture) = self.capture() {
            capture.executed(position.clone()).await?;
        }
        Ok((opened, position, done))
    }

    /// Stops mirroring and forgets it: phase, spool, background work.
    pub(super) async fn end_mirror(&self) -> Result<(), CutoverError> {
        drop(self.fresh_mirror_token());
        self.parts.control.stop_capturing();
        self.replicator().stop().await;
        self.store().set_phase(StoredPhase::Idle).await?;
        self.settle_on_source(Mode::Passthrough).await?;
        self.forget_captured().await?;
        self.picture.idle();
        Ok(())
    }
}

/// Where mirroring begins.
#[derive(Debug)]
pub(super) enum Begin {
    /// With a copy.
    Anew,
    /// With what is missing of a copy that an earlier process began.
    Parts,
    /// With what PostgreSQL already holds, after an earlier process of which `connections` may still be at work.
    From { facts: Facts, connections: Vec<u64> },
}

/// The start's refusal when the position moved under the hold.
fn bypassed_during_hold() -> CutoverError {
    CutoverError::state(
        "MySQL committed something while the proxy held all commits: a writer bypasses the proxy. \
         Point it at Bascule, or stop it, and start mirroring again",
    )
}

fn imported(row: inspect::AccountRow) -> ImportedAccount {
    ImportedAccount { user: row.user, host: row.host, plugin: row.plugin, authentication_string: row.authentication }
}
