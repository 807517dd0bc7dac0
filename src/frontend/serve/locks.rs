//! GET_LOCK and its family: locks with names, shared by all sessions that Bascule serves.
//!
//! All clients of a database that PostgreSQL serves come through one Bascule, so that the locks live here: a session
//! that waits holds no connection to PostgreSQL, the holder is known by its connection id, and a deadlock is found
//! when it arises. A session's locks end with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::error::MysqlError;
use super::query::text_of;
use super::session::Session;
use crate::sql::plan::{LockFunction, ParameterSource};
use crate::value::Value;

/// Characters of a lock's name.
const NAME_LIMIT: usize = 64;
/// Locks that one session may hold.
const LOCK_LIMIT: usize = 10_000;

/// A lock that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    owner: u64,
    times: u64,
}

#[derive(Debug, Default)]
struct Table {
    held: HashMap<String, Held>,
    /// For which lock a session waits.
    waiting: HashMap<u64, String>,
}

/// All locks.
#[derive(Debug, Default)]
pub(super) struct Locks {
    table: Mutex<Table>,
    freed: Notify,
}

/// The outcome of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    Taken,
    Busy,
    /// Waiting would never end.
    Deadlock,
}

impl Table {
    fn attempt(&mut self, name: &str, owner: u64) -> Attempt {
        match self.held.get_mut(name) {
            Some(held) if held.owner == owner => {
                held.times += 1;
                Attempt::Taken
            }
            Some(held) => {
                let holder = held.owner;
                if self.waits_for(holder, owner) { Attempt::Deadlock } else { Attempt::Busy }
            }
            None => {
                self.held.insert(name.to_owned(), Held { owner, times: 1 });
                Attempt::Taken
            }
        }
    }

    /// Whether `session` waits, through others, for a lock of `owner`.
    fn waits_for(&self, session: u64, owner: u64) -> bool {
        let mut at = session;
        for _ in 0..=self.waiting.len() {
            if at == owner {
                return true;
            }
            let next = self.waiting.get(&at).and_then(|name| self.held.get(name));
            match next {
                Some(held) => at = held.owner,
                None => return false,
            }
        }
        false
    }
}

impl Locks {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a lock; false when it didn't become free in time.
    async fn get(&self, name: &str, owner: u64, limit: Duration) -> Result<bool, MysqlError> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            // Registered before the look, so that no release is missed between both.
            let freed = self.freed.notified();
            let attempt = {
                let mut table = self.table();
                if table.held.values().filter(|held| held.owner == owner).count() >= LOCK_LIMIT {
                    return Err(MysqlError::new(1041, "HY000", "Out of memory."));
                }
                let attempt = table.attempt(name, owner);
                if attempt == Attempt::Busy {
                    table.waiting.insert(owner, name.to_owned());
                } else {
                    table.waiting.remove(&owner);
                }
                attempt
            };
            match attempt {
                Attempt::Taken => return Ok(true),
                Attempt::Deadlock => {
                    let text = "Deadlock found when trying to get user-level lock; try rolling back transaction/releasing locks and restarting lock acquisition.";
                    return Err(MysqlError::new(3058, "HY000", text));
                }
                Attempt::Busy => {}
            }
            if tokio::time::timeout_at(deadline, freed).await.is_err() {
                self.table().waiting.remove(&owner);
                return Ok(false);
            }
        }
    }

    /// A session gives up waiting.
    fn stop_waiting(&self, owner: u64) {
        self.table().waiting.remove(&owner);
    }

    /// 1 when released, 0 when another session holds it, NULL when nobody does.
    fn release(&self, name: &str, owner: u64) -> Value {
        let mut table = self.table();
        let Some(held) = table.held.get_mut(name) else { return Value::Null };
        if held.owner != owner {
            return Value::Int(0);
        }
        held.times -= 1;
        if held.times == 0 {
            table.held.remove(name);
            self.freed.notify_waiters();
        }
        Value::Int(1)
    }

    /// Ends all locks of a session; how often they had been taken.
    pub(super) fn release_all(&self, owner: u64) -> u64 {
        let mut table = self.table();
        let times = table.held.values().filter(|held| held.owner == owner).map(|held| held.times).sum();
        if times > 0 {
            table.held.retain(|_, held| held.owner != owner);
            self.freed.notify_waiters();
        }
        times
    }

    fn owner(&self, name: &str) -> Option<u64> {
        self.table().held.get(name).map(|held| held.owner)
    }
}

impl Session {
    /// The value of a source; lock functions act when they are evaluated.
    pub(super) async fn evaluate_source(
        &mut self,
        source: &ParameterSource,
        values: &[Value],
    ) -> Result<Value, MysqlError> {
        let ParameterSource::Lock { function, arguments } = source else { return self.value_of(source, values) };
        let given = arguments.iter().map(|argument| self.value_of(argument, values));
        let given: Vec<Value> = given.collect::<Result<_, _>>()?;
        let serving = std::sync::Arc::clone(&self.serving);
        let owner = self.state.connection_id;
        if *function == LockFunction::ReleaseAll {
            return Ok(Value::UInt(serving.locks.release_all(owner)));
        }
        let name = lock_name(given.first().unwrap_or(&Value::Null))?;
        Ok(match function {
            LockFunction::Get => {
                let limit = timeout(given.get(1).unwrap_or(&Value::Null))?;
                let kill = self.peer.kill.clone();
                let taken = tokio::select! {
                    taken = serving.locks.get(&name, owner, limit) => taken?,
                    () = self.peer.interrupt.notified() => {
                        serving.locks.stop_waiting(owner);
                        return Err(MysqlError::interrupted());
                    }
                    () = kill.cancelled() => {
                        serving.locks.stop_waiting(owner);
                        return Err(MysqlError::interrupted());
                    }
                };
                Value::Int(i64::from(taken))
            }
            LockFunction::Release => serving.locks.release(&name, owner),
            LockFunction::IsFree => Value::Int(i64::from(serving.locks.owner(&name).is_none())),
            LockFunction::IsUsed => serving.locks.owner(&name).map_or(Value::Null, Value::UInt),
            LockFunction::ReleaseAll => Value::Null,
        })
    }
}

/// A lock's name; case doesn't matter.
fn lock_name(value: &Value) -> Result<String, MysqlError> {
    let name = text_of(value);
    let shown = name.clone().unwrap_or_else(|| "NULL".to_owned());
    if shown.chars().count() > NAME_LIMIT {
        let text = format!("User-level lock name '{shown}' should not exceed 64 characters.");
        return Err(MysqlError::new(4163, "42000", text));
    }
    let wrong = format!(
        "Incorrect user-level lock name '{shown}'. The name is empty, NULL, or can not be expressed in the current character-set."
    );
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| MysqlError::new(3057, "42000", wrong))?;
    Ok(name.to_lowercase())
}

/// Seconds to wait; a negative number and NULL mean as long as it takes.
fn timeout(value: &Value) -> Result<Duration, MysqlError> {
    const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);
    let seconds: f64 = match value {
        Value::Null => return Ok(FOREVER),
        Value::Int(_) | Value::UInt(_) | Value::Decimal(_) | Value::Double(_) | Value::Float(_) => {
            text_of(value).and_then(|text| text.parse().ok()).unwrap_or(0.0)
        }
        _ => return Err(MysqlError::unsupported("GET_LOCK with a timeout that isn't a number")),
    };
    if seconds < 0.0 {
        return Ok(FOREVER);
    }
    Ok(Duration::try_from_secs_f64(seconds.round()).unwrap_or(FOREVER).min(FOREVER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn locks_count_and_end_with_their_session() {
        let locks = Locks::default();
        assert!(locks.get("a", 1, Duration::ZERO).await.expect("free"));
        assert!(locks.get("a", 1, Duration::ZERO).await.expect("own"));
        assert!(!locks.get("a", 2, Duration::ZERO).await.expect("busy"));
        assert_eq!(locks.release("a", 2), Value::Int(0));
        assert_eq!(locks.release("a", 1), Value::Int(1));
        assert_eq!(locks.owner("a"), Some(1));
        assert_eq!(locks.release_all(1), 1);
        assert_eq!(locks.release("a", 1), Value::Null);
        assert!(locks.get("a", 2, Duration::ZERO).await.expect("free again"));
    }

    #[tokio::test]
    async fn waiting_in_a_circle_is_refused() {
        let locks = std::sync::Arc::new(Locks::default());
        let second = Duration::from_secs(5);
        assert!(locks.get("a", 1, second).await.expect("free"));
        assert!(locks.get("b", 2, second).await.expect("free"));
        let first = std::sync::Arc::clone(&locks);
        let (waited, refused) = tokio::join!(async move { first.get("b", 1, second).await }, async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let refused = locks.get("a", 2, second).await;
            locks.release_all(2);
            refused
        });
        assert_eq!(refused.map_err(|error| error.code), Err(3058));
        assert_eq!(waited.ok(), Some(true));
    }
}
