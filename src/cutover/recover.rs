//! The start: who serves, and where mirroring goes on.
//!
//! With PostgreSQL up, its word counts (except for an epoch that the local note declares void). With PostgreSQL down,
//! Bascule forwards to MySQL if the note says that MySQL served last, and takes up the mirror when PostgreSQL is
//! back; in every other case it refuses to start, since forwarding to the wrong side would split the data.

use std::sync::Arc;
use std::time::Duration;

use crate::capture::Recovery;
use crate::config::Lane;
use crate::observe::{with_causes, without_values};
use crate::position::GtidSet;
use crate::replicate::snapshot;
use crate::route::Mode;
use crate::schema::ddl;
use crate::source::inspect;
use crate::sql;
use crate::store::{Facts, MirrorPhase as StoredPhase, StoreError};
use crate::target::Bulk;

use super::api::{MirrorPhase, TableState};
use super::director::close;
use super::marker::Note;
use super::mirror::Begin;
use super::{CutoverError, Director};

/// How long a start waits for PostgreSQL before it looks at the local note.
const STORE_PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts to reach a server that is away.
pub(super) const RETRY: Duration = Duration::from_millis(500);
/// How long connections of an earlier process may linger on MySQL.
const LINGER: Duration = Duration::from_secs(30);

/// What a start found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Everything is as the store says.
    Known,
    /// PostgreSQL is down; MySQL serves as noted, and the mirror is taken up later.
    SourceOnly,
}

impl Director {
    /// Decides who serves and sets the route accordingly. Clients may be let in when this returns.
    ///
    /// # Errors
    /// When it can't be known who serves, or another Bascule drives the same target.
    pub async fn start(self: &Arc<Self>, recovery: Option<Recovery>) -> Result<Start, CutoverError> {
        if self.config().source.is_none() {
            self.start_without_source().await?;
            return Ok(Start::Known);
        }
        let recovery = recovery.unwrap_or_default();
        match self.facts_in_time().await {
            Ok(facts) => {
                self.start_from(facts, recovery).await?;
                Ok(Start::Known)
            }
            Err(CutoverError::Store(StoreError::Connect(error))) => {
                let why = error.to_string();
                self.start_from_note(&why, recovery)?;
                Ok(Start::SourceOnly)
            }
            Err(error) => Err(error),
        }
    }

    /// The version that clients must see: MySQL's own, or what it was when mirroring began.
    pub async fn source_version(&self) -> Option<String> {
        let asked = async {
            let mut conn = inspect::connect(self.source().ok()?).await.ok()?;
            let facts = inspect::server_facts(&mut conn).await.ok();
            close(conn).await;
            Some(facts?.version)
        };
        match tokio::time::timeout(STORE_PATIENCE, asked).await {
            Ok(Some(version)) => Some(version),
            Ok(None) | Err(_) => self.store().source_version().await.ok().flatten(),
        }
    }

    /// PostgreSQL is all there is.
    async fn start_without_source(&self) -> Result<(), CutoverError> {
        let facts = self.store().load().await?;
        let target = Bulk::connect(&self.config().target).await?;
        for statement in ddl::collations() {
            target.run(&statement).await?;
        }
        target.run(sql::HELPERS).await?;
        if facts.mode != Mode::Postgres {
            self.store().set_mode(Mode::Postgres, facts.epoch).await?;
        }
        self.load_shared().await?;
        self.parts.control.set_mode(Mode::Postgres, facts.epoch);
        Ok(())
    }

    /// Gives everybody the stored catalogue, accounts and variables.
    async fn load_shared(&self) -> Result<(), CutoverError> {
        self.parts.catalogue.store(Arc::new(self.store().load_catalogue().await?));
        self.parts.accounts.send_replace(self.store().load_accounts().await?);
        self.parts.variables.send_replace(self.store().load_variables().await?);
        Ok(())
    }

    /// The stored facts, waiting a little for PostgreSQL to come up.
    async fn facts_in_time(&self) -> Result<Facts, CutoverError> {
        let deadline = tokio::time::Instant::now() + STORE_PATIENCE;
        loop {
            match self.store().load().await {
                Err(StoreError::Connect(_)) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(RETRY).await
                }
                loaded => return self.without_void(loaded?).await,
            }
        }
    }

    /// Takes back a flip that was declared void.
    async fn without_void(&self, mut facts: Facts) -> Result<Facts, CutoverError> {
        let Some(note) = self.marker().read()? else { return Ok(facts) };
        if facts.mode == Mode::Postgres && note.void_epoch == Some(facts.epoch) {
            tracing::warn!(epoch = facts.epoch, "the flip of this epoch was declared void: MySQL goes on serving");
            self.store().set_mode(Mode::Passthrough, facts.epoch).await?;
            self.store().set_phase(StoredPhase::Idle).await?;
            facts = self.store().load().await?;
        }
        Ok(facts)
    }

    /// PostgreSQL told who serves.
    async fn start_from(self: &Arc<Self>, facts: Facts, recovery: Recovery) -> Result<(), CutoverError> {
        self.load_shared().await?;
        self.parts.control.set_mode(facts.mode, facts.epoch);
        match facts.mode {
            Mode::Postgres => {
                self.marker().note_target(facts.epoch)?;
                self.stop_capture("PostgreSQL serves");
            }
            Mode::Passthrough => {
                self.marker().note_source(facts.mode, facts.epoch)?;
                self.stop_capture("nothing is mirrored");
            }
            Mode::Mirror => {
                self.marker().note_source(facts.mode, facts.epoch)?;
                self.resume(facts, recovery);
            }
        }
        Ok(())
    }

    /// PostgreSQL is down; the note decides.
    fn start_from_note(self: &Arc<Self>, why: &str, recovery: Recovery) -> Result<(), CutoverError> {
        let unknown = |what: &str| {
            CutoverError::state(format!("PostgreSQL can't be reached ({why}), and {what}: it isn't known who serves"))
        };
        let note: Note = self.marker().read()?.ok_or_else(|| unknown("there is no local note of the mode"))?;
        if note.flipping {
            return Err(unknown("a flip was being decided when Bascule ended"));
        }
        match note.mode {
            Mode::Postgres => Err(unknown("PostgreSQL served last")),
            Mode::Passthrough | Mode::Mirror => {
                tracing::warn!(mode = %note.mode, "PostgreSQL can't be reached; MySQL serves as it did before");
                self.parts.control.set_mode(note.mode, note.epoch);
                if note.mode == Mode::Mirror {
                    self.capture_again();
                    self.picture.halt(format!("PostgreSQL can't be reached: {why}"));
                }
                self.spawn_take_up(recovery);
                Ok(())
            }
        }
    }

    /// Waits for PostgreSQL, then goes on as a start with PostgreSQL would have.
    fn spawn_take_up(self: &Arc<Self>, recovery: Recovery) {
        let director = Arc::clone(self);
        self.parts.tasks.spawn(async move {
            let facts = loop {
                match director.store().load().await {
                    Ok(facts) => break facts,
                    Err(error) => tracing::debug!(%error, "PostgreSQL is still away"),
                }
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => {}
                    () = director.parts.shutdown.cancelled() => return,
                }
            };
            let taken_up = match director.without_void(facts).await {
                Ok(facts) if facts.mode == Mode::Postgres => {
                    Err(CutoverError::state("the store says that PostgreSQL serves, while MySQL is being served"))
                }
                Ok(facts) => director.start_from(facts, recovery).await,
                Err(error) => Err(error),
            };
            if let Err(error) = taken_up {
                let error = with_causes(&error);
                tracing::error!(error = without_values(&error), "the mirror can't be taken up; forwarding goes on");
                director.picture.halt(error);
            }
        });
    }

    /// Mirroring goes on where it was.
    fn resume(self: &Arc<Self>, facts: Facts, recovery: Recovery) {
        match facts.phase {
            StoredPhase::Copying if self.lane() == Lane::Binlog => self.spawn_mirror(Begin::Parts),
            StoredPhase::Idle | StoredPhase::Copying => self.spawn_mirror(Begin::Anew),
            // What makes the copied tables equal is in the log alone.
            StoredPhase::Following if facts.window.is_some() && self.lane() == Lane::Statements => {
                self.spawn_mirror(Begin::Anew);
            }
            StoredPhase::Following => {
                if let Some(reason) = recovery.stopped {
                    tracing::error!(
                        reason = without_values(&reason),
                        "writes were lost to the mirror: every table needs a resync"
                    );
                    self.picture.halt(format!("resync needed: {reason}"));
                    return;
                }
                if !self.route().capturing() {
                    self.capture_again();
                }
                self.spawn_mirror(Begin::From { facts, connections: recovery.connections });
            }
        }
    }

    /// Settles what the earlier process left open, follows, and copies the tables in doubt again. Until that's done the
    /// mirror is catching up: tables may be found in doubt that nobody knows of yet.
    pub(super) async fn take_up(self: &Arc<Self>, facts: Facts, connections: Vec<u64>) -> Result<(), CutoverError> {
        self.picture.phase(MirrorPhase::CatchingUp);
        let executed = loop {
            match self.settle(&connections).await {
                Err(error) if error.is_outage() => self.wait_out(&error).await,
                executed => break executed?,
            }
        };
        for table in snapshot::tables_of(&self.parts.catalogue.load_full()) {
            self.table_state(&table.name, TableState::Mirrored, None);
        }
        self.follow_parts(&facts).await?;
        self.replicator().wait_applied(&executed).await?;
        self.repair_doubtful().await?;
        self.picture.phase(MirrorPhase::Streaming);
        Ok(())
    }

    /// The position up to which everything is known, once the earlier process' connections are gone.
    async fn settle(&self, connections: &[u64]) -> Result<GtidSet, CutoverError> {
        self.wait_until_gone(connections).await?;
        self.settled_position(connections.to_vec()).await
    }

    /// Waits until connections of an earlier process are gone from MySQL: their last commits have happened or never
    /// will.
    async fn wait_until_gone(&self, connections: &[u64]) -> Result<(), CutoverError> {
        if connections.is_empty() {
            return Ok(());
        }
        let deadline = tokio::time::Instant::now() + LINGER;
        loop {
            let mut conn = inspect::connect(self.source()?).await?;
            let live = inspect::live_connections(&mut conn).await;
            close(conn).await;
            let live: Vec<u64> = live?.into_iter().map(|connection| connection.id).collect();
            let own: Vec<u64> = self.route().sessions().into_iter().map(|session| session.connection_id).collect();
            if !is_any_left(connections, &live, &own) {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                return Err(CutoverError::state("connections of an earlier Bascule are still at work on MySQL"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// MySQL's executed set, read while nothing that commits is in flight through this process.
    pub(super) async fn quiet_position(&self) -> Result<GtidSet, CutoverError> {
        for limit in self.hold_attempts() {
            let mut conn = inspect::connect(self.source()?).await?;
            let read = async {
                let hold = self.route().hold_commits().await;
                let position = inspect::gtid_executed(&mut conn).await;
                drop(hold);
                position
            };
            let position = tokio::time::timeout(limit, read).await;
            close(conn).await;
            if let Ok(position) = position {
                return Ok(position?);
            }
        }
        Err(CutoverError::state("commits in flight didn't end in time"))
    }
}

/// True while a connection of the earlier process lives. A MySQL that was restarted counts its connections anew: one that
/// this process' clients have is none of those, since a number is given once in a server's life.
fn is_any_left(earlier: &[u64], live: &[u64], own: &[u64]) -> bool {
    live.iter().any(|id| earlier.contains(id) && !own.contains(id))
}

#[cfg(test)]
mod tests {
    use super::is_any_left;

    #[test]
    fn clients_of_a_restarted_mysql_are_not_taken_for_those_before() {
        assert!(is_any_left(&[7, 8], &[3, 8], &[3]));
        assert!(!is_any_left(&[7, 8], &[3, 8], &[3, 8]));
        assert!(!is_any_left(&[7, 8], &[3, 9], &[]));
    }
}
