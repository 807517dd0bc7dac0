//! Everything that hinders a flip, found all at once and told by name, before anybody is held.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::replicate::ApplyState;
use crate::route::Mode;

use super::Director;
use super::api::{BlockerReport, MirrorPhase};
use super::picture::LeftBehind;

impl Director {
    /// Reasons that make a flip wrong now. Cheap, but for one question to MySQL; asked again in the pause.
    pub(super) async fn red(&self) -> Vec<BlockerReport> {
        let mut red = Vec::new();
        if self.route().mode() != Mode::Mirror {
            red.push(blocker("mode", format!("the mode is {}", self.route().mode()), "bascule mode mirror"));
            return red;
        }
        self.mirror_blockers(&mut red);
        self.left_behind_blockers(&mut red);
        self.session_blockers(&mut red).await;
        red
    }

    fn mirror_blockers(&self, red: &mut Vec<BlockerReport>) {
        let (phase, reason) = {
            let picture = self.picture.lock();
            (picture.phase, picture.reason.clone())
        };
        if phase != Some(MirrorPhase::Streaming) {
            let unfinished = match phase {
                Some(MirrorPhase::CatchingUp) => "it's still catching up with MySQL",
                Some(_) | None => "existing rows are still being copied",
            };
            let detail = reason.unwrap_or_else(|| unfinished.to_owned());
            red.push(blocker("mirror", detail, "bascule status --watch"));
            return;
        }
        if let Some(reason) = self.parts.capture.as_ref().and_then(|capture| capture.stopped()) {
            red.push(blocker("capture", format!("writes were lost to the mirror: {reason}"), "bascule resync"));
        }
        let status = self.replicator().status();
        for (table, reason) in &status.halted {
            red.push(blocker(
                &table.to_string(),
                format!("needs a resync: {reason}"),
                &format!("bascule resync --table {table}"),
            ));
        }
        if !status.bypassed.is_empty() {
            let text = format!("writers bypassed the proxy: {}", status.bypassed);
            red.push(blocker("mirror", text, "point every writer at Bascule, then: bascule resync"));
        }
        if let Some(reason) = &status.lost {
            red.push(blocker("mirror", format!("transactions were lost: {reason}"), "bascule resync"));
        }
        if let Some(trouble) = self.log_trouble() {
            red.push(blocker("mirror", trouble, "bascule status"));
        }
        if !status.undecided.is_empty() {
            let text = format!("prepared by XA and not decided: {}", status.undecided);
            red.push(blocker("XA", text, "XA RECOVER on MySQL, then XA COMMIT or XA ROLLBACK"));
        }
        match status.state {
            ApplyState::Running | ApplyState::Paused => {}
            ApplyState::Stopped | ApplyState::Retrying | ApplyState::Failed => {
                let error = status.last_error.as_deref().unwrap_or("no error was told");
                red.push(blocker("mirror", format!("replay is {}: {error}", status.state.name()), "bascule status"));
            }
        }
    }

    /// What changes or refuses rows in MySQL and wouldn't in PostgreSQL.
    fn left_behind_blockers(&self, red: &mut Vec<BlockerReport>) {
        let config = self.config().now();
        let allowed = &config.cutover.leave_behind;
        for LeftBehind { kind, name, reason } in
            self.picture.lock().left_behind.iter().filter(|left| !allowed.contains(&left.kind))
        {
            let hint = format!("drop it, or allow it in proxy.toml: [cutover] leave_behind = [\"{kind}\"]");
            red.push(blocker(&format!("{kind} {name}"), reason.clone(), &hint));
        }
    }
}

fn blocker(subject: &str, reason: String, hint: &str) -> BlockerReport {
    BlockerReport { subject: subject.to_owned(), reason, hint: Some(hint.to_owned()) }
}

/// Commands per second, measured between looks that are at least a second apart.
#[derive(Debug)]
pub(super) struct Rate {
    last: Mutex<(Instant, u64)>,
    /// Thousandths of a command per second.
    value: AtomicU64,
}

impl Default for Rate {
    fn default() -> Self {
        Self { last: Mutex::new((Instant::now(), 0)), value: AtomicU64::new(0) }
    }
}

impl Rate {
    /// The rate, given the count now.
    pub(super) fn look(&self, count: u64) -> f64 {
        if let Ok(mut last) = self.last.try_lock() {
            let seconds = last.0.elapsed().as_secs_f64();
            if seconds >= 1.0 {
                let rate = count.saturating_sub(last.1) as f64 / seconds;
                self.value.store((rate * 1000.0) as u64, Ordering::Relaxed);
                *last = (Instant::now(), count);
            }
        }
        self.value.load(Ordering::Relaxed) as f64 / 1000.0
    }
}
