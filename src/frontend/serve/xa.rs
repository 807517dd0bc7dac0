//! XA: a transaction that another program decides about. PostgreSQL's prepared transactions are MySQL's: they belong to
//! no session, survive restarts of everything, and hold their locks until somebody decides.
//!
//! # The states, as MySQL has them
//! XA START makes a branch ACTIVE, XA END IDLE, XA PREPARE hands it over. While a session has a branch, everything that
//! would commit is refused with 1399, and so is work between XA END and the decision. A branch whose transaction
//! PostgreSQL has undone (a deadlock) can only be rolled back: statements don't go on outside it.

use super::backend::Failure;
use super::error::{Aftermath, MysqlError, from_target};
use super::query::Execution;
use super::session::Session;
use crate::schema::quote;
use crate::sql::plan::{Xa, Xid};
use crate::sql::show;
use crate::target::TargetError;

/// The branch of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Branch {
    #[default]
    None,
    /// After XA START.
    Active(Xid),
    /// After XA END.
    Idle(Xid),
    /// After XA PREPARE, with `xa_detach_on_prepare = OFF`.
    Prepared(Xid),
}

/// 1397.
fn unknown() -> MysqlError {
    MysqlError::new(1397, "XAE04", "XAER_NOTA: Unknown XID")
}

/// 1399; two blanks, as in MySQL.
fn wrong_state(state: &str) -> MysqlError {
    let text = format!("XAER_RMFAIL: The command cannot be executed when global transaction is in the  {state} state");
    MysqlError::new(1399, "XAE07", text)
}

/// 1402.
fn rolled_back() -> MysqlError {
    MysqlError::new(1402, "XA100", "XA_RBROLLBACK: Transaction branch was rolled back")
}

/// 1440.
fn exists() -> MysqlError {
    MysqlError::new(1440, "XAE08", "XAER_DUPID: The XID already exists")
}

impl Session {
    pub(super) async fn xa(&mut self, command: &Xa, execution: Execution<'_>) -> Result<bool, Failure> {
        match command {
            Xa::Start { xid, resume } => self.xa_start(xid, *resume).await?,
            Xa::End(xid) => self.xa_end(xid)?,
            Xa::Prepare(xid) => self.xa_prepare(xid).await?,
            Xa::Commit { xid, one_phase } => self.xa_commit(xid, *one_phase).await?,
            Xa::Rollback(xid) => self.xa_rollback(xid).await?,
            Xa::Recover { convert } => {
                self.xa_recover(*convert, execution).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The state's name, and whether the branch can only be rolled back.
    fn branch_state(&self) -> (&'static str, bool) {
        let lost = !self.backend.in_transaction();
        match self.branch {
            Branch::None => ("NON-EXISTING", false),
            Branch::Active(_) | Branch::Idle(_) if lost => ("ROLLBACK ONLY", true),
            Branch::Active(_) => ("ACTIVE", false),
            Branch::Idle(_) => ("IDLE", false),
            Branch::Prepared(_) => ("PREPARED", false),
        }
    }

    /// 1399 for what commits or rolls back by itself.
    pub(super) fn check_no_branch(&self) -> Result<(), MysqlError> {
        if self.branch == Branch::None { Ok(()) } else { Err(wrong_state(self.branch_state().0)) }
    }

    /// 1399 and 1402 for what works with tables.
    pub(super) fn check_branch(&self) -> Result<(), MysqlError> {
        match (&self.branch, self.branch_state()) {
            (Branch::None, _) => Ok(()),
            (_, (_, true)) => Err(rolled_back()),
            (Branch::Active(_), _) => Ok(()),
            (Branch::Idle(_) | Branch::Prepared(_), (state, _)) => Err(wrong_state(state)),
        }
    }

    async fn xa_start(&mut self, xid: &Xid, resume: bool) -> Result<(), Failure> {
        if resume && self.branch == Branch::Idle(xid.clone()) {
            self.branch = Branch::Active(xid.clone());
            return Ok(());
        }
        self.check_no_branch()?;
        if resume {
            return Err(MysqlError::new(1398, "XAE05", "XAER_INVAL: Invalid arguments (or unsupported command)").into());
        }
        if self.backend.in_transaction() {
            let text = "XAER_OUTSIDE: Some work is done outside global transaction";
            return Err(MysqlError::new(1400, "XAE09", text).into());
        }
        if self.prepared_branches().await?.contains(xid) {
            return Err(exists().into());
        }
        self.begin_alone();
        self.branch = Branch::Active(xid.clone());
        Ok(())
    }

    fn xa_end(&mut self, xid: &Xid) -> Result<(), Failure> {
        match &self.branch {
            Branch::Active(own) if own != xid => Err(unknown().into()),
            Branch::Active(own) => {
                self.branch = Branch::Idle(own.clone());
                if self.branch_state().1 { Err(rolled_back().into()) } else { Ok(()) }
            }
            Branch::None | Branch::Idle(_) | Branch::Prepared(_) => Err(wrong_state(self.branch_state().0).into()),
        }
    }

    async fn xa_prepare(&mut self, xid: &Xid) -> Result<(), Failure> {
        match &self.branch {
            Branch::Idle(own) if own != xid => return Err(unknown().into()),
            Branch::Idle(_) if self.branch_state().1 => return Err(rolled_back().into()),
            Branch::Idle(_) => {}
            Branch::None | Branch::Active(_) | Branch::Prepared(_) => {
                return Err(wrong_state(self.branch_state().0).into());
            }
        }
        self.temporary.settle();
        let grip = self.grip();
        let prepared = self.backend.hand_over(grip.call(), &quote::literal(&xid.gid())).await;
        prepared.map_err(|error| self.xa_failure(&error))?;
        let detached = self.state.variables.is_on(&self.serving.defaults, "xa_detach_on_prepare");
        self.branch = if detached { Branch::None } else { Branch::Prepared(xid.clone()) };
        Ok(())
    }

    async fn xa_commit(&mut self, xid: &Xid, one_phase: bool) -> Result<(), Failure> {
        match &self.branch {
            Branch::Idle(own) if own == xid && one_phase => {
                if self.branch_state().1 {
                    return Err(rolled_back().into());
                }
                self.branch = Branch::None;
                return self.commit_open().await;
            }
            Branch::Prepared(own) if own == xid && !one_phase => {}
            Branch::None => {}
            Branch::Active(_) | Branch::Idle(_) | Branch::Prepared(_) => {
                return Err(wrong_state(self.branch_state().0).into());
            }
        }
        self.decide("COMMIT", xid).await
    }

    async fn xa_rollback(&mut self, xid: &Xid) -> Result<(), Failure> {
        match &self.branch {
            Branch::Idle(own) if own == xid => {
                self.branch = Branch::None;
                self.backend.rollback_quietly().await;
                self.warn_of_temporary();
                self.temporary.settle();
                return Ok(());
            }
            Branch::Prepared(own) if own == xid => {}
            Branch::None => {}
            Branch::Active(_) | Branch::Idle(_) | Branch::Prepared(_) => {
                return Err(wrong_state(self.branch_state().0).into());
            }
        }
        self.decide("ROLLBACK", xid).await
    }

    /// COMMIT PREPARED or ROLLBACK PREPARED.
    async fn decide(&mut self, verb: &str, xid: &Xid) -> Result<(), Failure> {
        let sql = format!("{verb} PREPARED {}", quote::literal(&xid.gid()));
        let grip = self.grip();
        let decided = self.backend.outside(grip.call(), &sql).await;
        decided.map_err(|error| self.xa_failure(&error))?;
        self.branch = Branch::None;
        Ok(())
    }

    async fn xa_recover(&mut self, convert: bool, execution: Execution<'_>) -> Result<(), Failure> {
        let mut rows = Vec::new();
        for xid in self.prepared_branches().await? {
            let data = [xid.global.as_slice(), &xid.branch].concat();
            let shown = if convert {
                data.iter().fold("0x".to_owned(), |shown, byte| format!("{shown}{byte:02X}"))
            } else {
                let refused = |_| MysqlError::unsupported("XA RECOVER of bytes that aren't text: use CONVERT XID");
                String::from_utf8(data).map_err(refused)?
            };
            let lengths = [xid.global.len(), xid.branch.len()].map(|length| Some(length.to_string()));
            rows.push([vec![Some(xid.format.to_string())], lengths.to_vec(), vec![Some(shown)]].concat());
        }
        self.answer(&show::recover_columns(), &rows, execution)
    }

    /// Those that wait for a decision, in the order in which they were prepared.
    async fn prepared_branches(&mut self) -> Result<Vec<Xid>, Failure> {
        let sql = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared, gid";
        let rows = self.ask(sql).await?;
        Ok(rows.iter().filter_map(|row| Xid::from_gid(row.text(0)?)).collect())
    }

    fn xa_failure(&self, error: &TargetError) -> Failure {
        let told = match error.server().map(|server| server.sqlstate.as_str()) {
            Some("42704") => unknown(),
            Some("42710") => exists(),
            // PostgreSQL has it off unless told otherwise.
            Some("55000") => MysqlError::unsupported("XA PREPARE while max_prepared_transactions is 0 in PostgreSQL"),
            Some(_) | None => {
                let grip = self.grip();
                let (told, aftermath) = from_target(error, grip.call().about);
                return Failure { error: told, ends_connection: aftermath == Aftermath::Connection, unbound: false };
            }
        };
        told.into()
    }
}
