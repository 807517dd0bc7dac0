//! What the demo shows while it works: on a terminal a few lines that are redrawn, elsewhere a line a second.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::stats::{Second, Stats};
use crate::admin::{MirrorPhase, MirrorStatus, Operations, Status};

/// Where people look. With `--json`, standard output belongs to the machine and people look at standard error.
#[derive(Clone)]
pub(super) struct Screen {
    bars: Option<MultiProgress>,
    stream: Stream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Output,
    Error,
}

impl Screen {
    pub(super) fn new(stream: Stream) -> Self {
        let (terminal, target) = match stream {
            Stream::Output => (std::io::stdout().is_terminal(), ProgressDrawTarget::stdout()),
            Stream::Error => (std::io::stderr().is_terminal(), ProgressDrawTarget::stderr()),
        };
        Self { bars: terminal.then(|| MultiProgress::with_draw_target(target)), stream }
    }

    /// A line that stays.
    pub(super) fn say(&self, line: impl AsRef<str>) {
        match &self.bars {
            Some(bars) => bars.suspend(|| self.write(line.as_ref())),
            None => self.write(line.as_ref()),
        }
    }

    /// Nobody may be reading any more: that's no reason to stop.
    fn write(&self, line: &str) {
        let _ = match self.stream {
            Stream::Output => writeln!(std::io::stdout().lock(), "{line}"),
            Stream::Error => writeln!(std::io::stderr().lock(), "{line}"),
        };
    }
}

/// What the phases tell the view, and what the view saw.
#[derive(Debug, Default)]
pub(super) struct Scene {
    facts: Mutex<Facts>,
}

/// The present state of the demo.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// What is being done.
    pub(super) doing: String,
    /// Rows that the last comparison found to differ.
    pub(super) differing: Option<u64>,
    /// The last that was known about mirroring, kept after it ended.
    pub(super) mirrored_transactions: u64,
    pub(super) rows_copied: u64,
}

impl Scene {
    pub(super) fn doing(&self, what: impl Into<String>) {
        self.change(|facts| facts.doing = what.into());
    }

    pub(super) fn differing(&self, rows: u64) {
        self.change(|facts| facts.differing = Some(rows));
    }

    /// Remembers how far mirroring came.
    pub(super) fn mirrored(&self, mirror: &MirrorStatus) {
        let copied = mirror.tables.iter().map(|table| table.rows_copied).sum();
        self.change(|facts| {
            facts.mirrored_transactions = facts.mirrored_transactions.max(mirror.transactions_applied);
            facts.rows_copied = facts.rows_copied.max(copied);
        });
    }

    pub(super) fn facts(&self) -> Facts {
        self.facts.lock().expect("nobody panics while noting a fact").clone()
    }

    fn change(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.facts.lock().expect("nobody panics while noting a fact"));
    }
}

/// The view at work; ends when dropped.
pub(super) struct View {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl View {
    pub(super) fn start(screen: Screen, scene: Arc<Scene>, stats: Arc<Stats>, operations: Arc<dyn Operations>) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let begun = Instant::now();
            let mut canvas = Canvas::new(&screen);
            let mut ticks = tokio::time::interval(Duration::from_secs(1));
            ticks.tick().await;
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = stopped.cancelled() => break,
                }
                let status = operations.status().await.ok();
                if let Some(mirror) = status.as_ref().and_then(|status| status.mirror.as_ref()) {
                    scene.mirrored(mirror);
                }
                let second = stats.second();
                canvas.draw(&Frame {
                    at: begun.elapsed(),
                    second,
                    errors: stats.errors(),
                    facts: scene.facts(),
                    status,
                });
            }
            canvas.clear();
        });
        Self { stop, task: Some(task) }
    }

    /// Takes the live lines away.
    pub(super) async fn finish(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // A view that panicked has nothing left to take away.
            let _ = task.await;
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Frame {
    at: Duration,
    second: Second,
    errors: u64,
    facts: Facts,
    status: Option<Status>,
}

impl Frame {
    fn mode(&self) -> String {
        self.status.as_ref().map_or_else(|| "starting".into(), |status| status.mode.to_string())
    }

    fn load(&self) -> String {
        let p99 = self.second.p99.as_secs_f64() * 1000.0;
        format!("{:>6} statements/s   p99 {p99:>6.1} ms   client errors {}", self.second.statements, self.errors)
    }

    fn lag(&self) -> String {
        match self.status.as_ref().and_then(|status| status.mirror.as_ref()) {
            None => "not mirroring".into(),
            Some(mirror) => match mirror.phase {
                MirrorPhase::Preparing => "creating the tables".into(),
                MirrorPhase::Copying => format!("copying, {} rows so far", grouped(self.facts.rows_copied)),
                MirrorPhase::CatchingUp | MirrorPhase::Streaming => {
                    format!("lag {:>5.2} s, {:>4} transactions", mirror.lag_seconds, mirror.lag_transactions)
                }
                MirrorPhase::Halted => {
                    format!("halted: {}", mirror.reason.as_deref().unwrap_or("no reason was given"))
                }
            },
        }
    }

    fn differing(&self) -> String {
        self.facts.differing.map_or_else(|| "–".into(), |rows| rows.to_string())
    }

    fn plain(&self) -> String {
        format!(
            "[{:>3} s] {:<11} {}   {}   rows differing {}",
            self.at.as_secs(),
            self.mode(),
            self.load(),
            self.lag(),
            self.differing()
        )
    }
}

/// Where frames are drawn.
struct Canvas {
    screen: Screen,
    lines: Vec<ProgressBar>,
}

impl Canvas {
    fn new(screen: &Screen) -> Self {
        let mut lines = Vec::new();
        if let Some(bars) = &screen.bars {
            for template in ["{spinner} {msg}", "  {msg}", "  {msg}", "  {msg}"] {
                let style = ProgressStyle::with_template(template).expect("the template is well-formed");
                let line = bars.add(ProgressBar::new_spinner().with_style(style));
                line.set_message(" ");
                lines.push(line);
            }
        }
        if let Some(first) = lines.first() {
            first.enable_steady_tick(Duration::from_millis(120));
        }
        Self { screen: screen.clone(), lines }
    }

    fn draw(&mut self, frame: &Frame) {
        if self.lines.is_empty() {
            return self.screen.say(frame.plain());
        }
        let copied = grouped(frame.facts.rows_copied);
        let mirrored = grouped(frame.facts.mirrored_transactions);
        let texts = [
            format!("mode {:<12} {}", frame.mode(), frame.facts.doing),
            format!("load         {}", frame.load()),
            format!("replication  {}", frame.lag()),
            format!("rows         {copied} copied, {mirrored} transactions replayed, {} differing", frame.differing()),
        ];
        for (line, text) in self.lines.iter().zip(texts) {
            line.set_message(text);
        }
    }

    fn clear(&mut self) {
        for line in self.lines.drain(..) {
            line.finish_and_clear();
        }
    }
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_plain_line_tells_what_is_known() {
        let facts = Facts { differing: Some(0), ..Facts::default() };
        let second = Second { statements: 1_200, p99: Duration::from_micros(2_500) };
        let frame = Frame { at: Duration::from_secs(7), second, errors: 0, facts, status: None };
        let line = frame.plain();
        for part in ["[  7 s]", "1200 statements/s", "2.5 ms", "client errors 0", "rows differing 0"] {
            assert!(line.contains(part), "{part:?} isn't in {line:?}");
        }
    }
}
