//! BEGIN, COMMIT, ROLLBACK, autocommit and isolation, as MySQL has them.

use super::backend::{Effect, Failure, Phase, Statement};
use super::error::MysqlError;
use super::result::Sink;
use super::session::Session;
use crate::wire::StatusFlags;

/// SET TRANSACTION without SESSION: for the next transaction only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NextTransaction {
    pub(super) isolation: Option<String>,
    pub(super) read_only: Option<bool>,
}

impl Session {
    /// The status flags of the next packet.
    pub(super) fn status(&self) -> StatusFlags {
        let mut status = StatusFlags(0);
        if self.autocommit() {
            status = status.with(StatusFlags::AUTOCOMMIT);
        }
        if self.backend.in_transaction() && !self.hides_transaction() {
            status = status.with(StatusFlags::IN_TRANS);
            if self.read_only {
                status = status.with(StatusFlags::IN_TRANS_READONLY);
            }
        }
        if self.state.variables.derived(&self.serving.defaults).no_backslash_escapes {
            status = status.with(StatusFlags::NO_BACKSLASH_ESCAPES);
        }
        if self.out_parameters {
            status = status.with(StatusFlags::PS_OUT_PARAMS);
        }
        if self.more_results { status.with(StatusFlags::MORE_RESULTS_EXISTS) } else { status }
    }

    pub(super) fn autocommit(&self) -> bool {
        self.state.variables.derived(&self.serving.defaults).autocommit
    }

    /// BEGIN commits what is open and announces a transaction.
    pub(super) async fn begin(&mut self, read_only: Option<bool>, snapshot: bool) -> Result<(), Failure> {
        self.unlock_tables().await?;
        self.commit_open().await?;
        self.announce(read_only, snapshot);
        if snapshot {
            // The snapshot is taken now, not with the first query.
            let statement =
                Statement { sql: "SELECT 1".into(), types: Vec::new(), parameters: Vec::new(), effect: Effect::Read };
            self.perform(&statement, &mut Sink::Nothing).await?;
        }
        Ok(())
    }

    /// Under autocommit = 0 a statement that touches data begins a transaction.
    pub(super) fn begin_if_needed(&mut self) {
        if !self.backend.in_transaction() && !self.autocommit() {
            self.announce(None, false);
        }
    }

    /// A transaction that no BEGIN of the client's announced.
    pub(super) fn begin_alone(&mut self) {
        self.announce(None, false);
    }

    /// Commits it.
    pub(super) async fn commit_alone(&mut self) -> Result<(), Failure> {
        let grip = self.grip();
        self.backend.commit(grip.call()).await
    }

    fn announce(&mut self, read_only: Option<bool>, snapshot: bool) {
        let next = std::mem::take(&mut self.next_transaction);
        let variables = &self.state.variables;
        let defaults = &self.serving.defaults;
        let read_only =
            read_only.or(next.read_only).unwrap_or_else(|| variables.is_on(defaults, "transaction_read_only"));
        let isolation = next.isolation.unwrap_or_else(|| variables.text(defaults, "transaction_isolation").to_owned());
        let level = match isolation.as_str() {
            "SERIALIZABLE" => "SERIALIZABLE",
            "REPEATABLE-READ" if read_only || snapshot => "REPEATABLE READ",
            // MySQL's writes see the latest committed rows and never fail for it; only READ COMMITTED does the same.
            _ => "READ COMMITTED",
        };
        // See `temporary`.
        let access = if read_only && self.temporary.is_empty() { "READ ONLY" } else { "READ WRITE" };
        self.characteristics = Some(NextTransaction { isolation: Some(isolation.clone()), read_only: Some(read_only) });
        self.read_only = read_only;
        self.backend.announce(format!("BEGIN ISOLATION LEVEL {level} {access}"));
    }

    /// COMMIT [AND CHAIN]: true when the session ends with it.
    pub(super) async fn commit(&mut self, chain: Option<bool>, release: Option<bool>) -> Result<bool, Failure> {
        let (chain, release) = self.ending(chain, release);
        let characteristics = self.characteristics.take();
        if !self.hides_transaction() {
            self.commit_open().await?;
        }
        self.chain(chain, characteristics);
        self.relock_tables().await?;
        Ok(release)
    }

    /// ROLLBACK [AND CHAIN]: true when the session ends with it.
    pub(super) async fn rollback(&mut self, chain: Option<bool>, release: Option<bool>) -> Result<bool, Failure> {
        self.check_no_branch()?;
        let (chain, release) = self.ending(chain, release);
        let characteristics = self.characteristics.take();
        if !self.hides_transaction() {
            self.backend.rollback_quietly().await;
        }
        self.warn_of_temporary();
        self.temporary.settle();
        self.chain(chain, characteristics);
        self.relock_tables().await?;
        Ok(release)
    }

    /// What isn't said of AND CHAIN and RELEASE is `completion_type`'s.
    fn ending(&self, chain: Option<bool>, release: Option<bool>) -> (bool, bool) {
        let kind = self.state.variables.text(&self.serving.defaults, "completion_type");
        match (chain, release) {
            (None, None) => (kind == "CHAIN", kind == "RELEASE"),
            (chain, release) => {
                let chain = chain.unwrap_or(kind == "CHAIN" && release != Some(true));
                (chain, release.unwrap_or(kind == "RELEASE" && !chain))
            }
        }
    }

    /// The next transaction has the characteristics of the last one.
    fn chain(&mut self, chain: bool, characteristics: Option<NextTransaction>) {
        if chain && !self.hides_transaction() {
            if let Some(same) = characteristics {
                self.next_transaction = same;
            }
            self.announce(None, false);
        }
    }

    /// Commits what is open, as DDL, BEGIN and SET autocommit = 1 do.
    pub(super) async fn commit_open(&mut self) -> Result<(), Failure> {
        self.check_no_branch()?;
        self.temporary.settle();
        if !self.backend.in_transaction() {
            return Ok(());
        }
        let grip = self.grip();
        self.backend.commit(grip.call()).await
    }

    /// SAVEPOINT: outside a transaction it's accepted and vanishes, as in MySQL.
    pub(super) async fn savepoint(&mut self, name: &str) -> Result<(), Failure> {
        self.check_branch()?;
        self.begin_if_needed();
        if !self.backend.in_transaction() {
            return Ok(());
        }
        let grip = self.grip();
        self.backend.savepoint(grip.call(), name).await
    }

    pub(super) async fn rollback_to(&mut self, name: &str) -> Result<(), Failure> {
        self.check_branch()?;
        let grip = self.grip();
        self.backend.rollback_to(grip.call(), name).await?;
        self.warn_of_temporary();
        Ok(())
    }

    pub(super) async fn release(&mut self, name: &str) -> Result<(), Failure> {
        self.check_branch()?;
        let grip = self.grip();
        self.backend.release(grip.call(), name).await
    }

    /// SET TRANSACTION.
    pub(super) fn set_transaction(
        &mut self,
        session: bool,
        isolation: Option<String>,
        read_only: Option<bool>,
    ) -> Result<(), Failure> {
        let isolation = isolation.map(|level| level.to_ascii_uppercase().replace(' ', "-"));
        if session {
            if let Some(level) = isolation {
                self.state.variables.set("transaction_isolation", Some(level));
            }
            if let Some(read_only) = read_only {
                let value = if read_only { "ON" } else { "OFF" };
                self.state.variables.set("transaction_read_only", Some(value.to_owned()));
            }
            return Ok(());
        }
        if self.backend.phase != Phase::None {
            return Err(MysqlError::characteristics_in_transaction().into());
        }
        let next = &mut self.next_transaction;
        next.isolation = isolation.or(next.isolation.take());
        next.read_only = read_only.or(next.read_only);
        Ok(())
    }
}
