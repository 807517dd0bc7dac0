//! What hinders a flip of each session: what its own answers told, corrected by what MySQL says of it when it's asked.
//!
//! MySQL's word is the last one on locks, user variables and statements of PREPARE: it sees what a routine did, and it knows
//! what has ended. On temporary tables it has no word, so what may be one stays one.

use std::time::Duration;

use super::Director;
use super::api::BlockerReport;
use super::director::close;
use crate::route::{Blocker, Hindrance, ServingSide, SessionInfo, some_of};
use crate::source::inspect::{self, Holding, Holdings};

/// How long MySQL may take to say it.
const PATIENCE: Duration = Duration::from_secs(3);

impl Director {
    /// Every client session, with what MySQL says of it.
    pub(super) async fn known_sessions(&self) -> Vec<SessionInfo> {
        let told = self.told_holdings().await;
        let mut sessions = self.route().sessions();
        for session in sessions.iter_mut().filter(|session| session.autocommit.is_some()) {
            match &told {
                Some(Holdings::Told(found)) => correct(session, found.get(&session.connection_id)),
                Some(Holdings::Untold(reason)) => session.not_asked = Some(reason.clone()),
                None => {}
            }
        }
        sessions
    }

    /// `None` when MySQL doesn't serve.
    async fn told_holdings(&self) -> Option<Holdings> {
        let source = self.source().ok().filter(|_| self.route().serving() == ServingSide::Source)?;
        let asking = async {
            let mut conn = inspect::connect(source).await?;
            let told = inspect::holdings(&mut conn).await;
            close(conn).await;
            told
        };
        let told = tokio::time::timeout(PATIENCE, asking).await;
        Some(match told {
            Ok(Ok(told)) => told,
            Ok(Err(error)) => Holdings::Untold(error.to_string()),
            Err(_) => Holdings::Untold("it didn't answer in time".to_owned()),
        })
    }

    /// Sessions whose state lives in MySQL only.
    pub(super) async fn session_blockers(&self, red: &mut Vec<BlockerReport>) {
        let mut untold = None;
        for session in self.known_sessions().await {
            let subject =
                format!("session of {} from {} (connection {})", session.user, session.client, session.connection_id);
            red.extend(session.blockers.iter().map(|found| BlockerReport {
                subject: subject.clone(),
                reason: found.sentence(),
                hint: Some(found.ends.clone()),
            }));
            untold = untold.or(session.not_asked);
        }
        let Some(reason) = untold else { return };
        let takers = self.lock_takers().await;
        if !takers.is_empty() {
            red.push(BlockerReport {
                subject: "sessions".to_owned(),
                reason: format!(
                    "some may hold locks that routines took ({}): MySQL doesn't tell who holds locks, since {reason}",
                    takers.join(", ")
                ),
                hint: Some("GRANT SELECT ON performance_schema.* to Bascule's account, or switch it on".to_owned()),
            });
        }
    }

    async fn lock_takers(&self) -> Vec<String> {
        let Ok(source) = self.source() else { return Vec::new() };
        let asking = async {
            let mut conn = inspect::connect(source).await?;
            let found = inspect::lock_takers(&mut conn).await;
            close(conn).await;
            found
        };
        tokio::time::timeout(PATIENCE, asking).await.ok().and_then(Result::ok).unwrap_or_default()
    }
}

/// Corrects what is known of a session by what MySQL says that its connection holds.
fn correct(session: &mut SessionInfo, held: Option<&Holding>) {
    let nothing = Holding::default();
    let held = held.unwrap_or(&nothing);
    let open = if session.tables_locked { &[][..] } else { &held.tables };
    let told: [(Blocker, Option<String>); 5] = [
        (Blocker::NamedLocks, some_of(&held.named_locks, "'", "'")),
        (Blocker::GlobalLocks, held.global_locks.then(|| "a lock on all tables or on the instance".to_owned())),
        (Blocker::Handler, some_of(open, "", "")),
        (Blocker::UserVariables, some_of(&held.variables, "@", "")),
        (Blocker::TextPrepared, some_of(&held.prepared, "", "")),
    ];
    for (blocker, why) in told {
        let known = session.blockers.iter().position(|known| known.what == blocker);
        match (known, why) {
            (Some(at), Some(why)) => {
                if let Some(known) = session.blockers.get_mut(at) {
                    *known = Hindrance::certain(blocker, why);
                }
            }
            (None, Some(why)) => session.blockers.push(Hindrance::certain(blocker, why)),
            (Some(at), None) => drop(session.blockers.remove(at)),
            (None, None) => {}
        }
    }
    for known in session.blockers.iter_mut().filter(|known| known.what == Blocker::Routine) {
        known.why = "it may have left a temporary table, of which MySQL doesn't tell".to_owned();
    }
    session.named_locks.clone_from(&held.named_locks);
    session.user_variables.clone_from(&held.variables);
    session.text_prepared.clone_from(&held.prepared);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mysqls_word_is_the_last_one_but_on_temporary_tables() {
        let mut session = SessionInfo {
            blockers: vec![
                Hindrance::possible(Blocker::NamedLocks, "GET_LOCK was called"),
                Hindrance::certain(Blocker::TemporaryTables, "d.t"),
                Hindrance::possible(Blocker::Routine, "CALL"),
            ],
            ..SessionInfo::default()
        };
        let held = Holding { variables: vec!["a".to_owned()], ..Holding::default() };
        correct(&mut session, Some(&held));
        let known: Vec<(Blocker, bool)> = session.blockers.iter().map(|known| (known.what, known.certain)).collect();
        let expected = [(Blocker::TemporaryTables, true), (Blocker::Routine, false), (Blocker::UserVariables, true)];
        assert_eq!(known, expected);
        assert_eq!(session.blockers.last().map(|known| known.why.as_str()), Some("@a"));
        correct(&mut session, None);
        assert!(session.user_variables.is_empty());
        assert!(!session.blockers.iter().any(|known| known.what == Blocker::UserVariables));
    }
}
