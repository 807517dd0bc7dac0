//! The story of the demo, in order: forward, mirror, prove, flip, prove again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::Opts;

use super::checks;
use super::load::Load;
use super::product::Product;
use super::stats::Stats;
use super::summary::{Check, PAUSE_LIMIT, Summary};
use super::view::{Scene, Screen, View, grouped};
use super::{DemoError, Pace};
use crate::admin::{
    MirrorPhase, OperationError, Operations, Refusal, Rehearsal, TableState, VerifyRequest, VerifySummary,
};
use crate::config::Config;
use crate::route::Mode;

/// How long the first copy and the catching up may take.
const FOLLOW_LIMIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(100);
/// After the gate opened, those who waited get their answers.
const AFTERMATH: Duration = Duration::from_millis(1_000);
const SERVED: &str = "PostgreSQL serves the same connections";
const FLIP_ATTEMPTS: u32 = 3;
const FLIP_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Everything the story needs.
pub(super) struct Stage<'a> {
    pub(super) screen: &'a Screen,
    pub(super) product: &'a Product,
    pub(super) config: &'a Config,
    /// Clients, through Bascule.
    pub(super) through: Opts,
    /// MySQL itself, as root.
    pub(super) mysql: Opts,
    /// All money of the shop before the load.
    pub(super) money: String,
    pub(super) pace: Pace,
}

/// Plays it to the end. Errors are those that make going on pointless; whatever can be judged becomes a check.
pub(super) async fn play(stage: Stage<'_>) -> Result<Summary, DemoError> {
    let stats = Arc::new(Stats::new());
    let scene = Arc::new(Scene::default());
    let operations = Arc::clone(&stage.product.operations);
    let begun = Instant::now();
    scene.doing("MySQL serves; nothing is captured");
    let load = Load::start(stage.through.clone(), &stats, stage.money.clone()).await?;
    let view = View::start(stage.screen.clone(), Arc::clone(&scene), Arc::clone(&stats), Arc::clone(&operations));
    let act = Act { stage: &stage, stats: &stats, scene: &scene, operations: &*operations };
    stage.screen.say(format!("{} clients are at work, forwarded to MySQL.", Load::clients()));
    tokio::time::sleep(stage.pace.passthrough).await;

    act.mirror().await?;
    tokio::time::sleep(stage.pace.mirror).await;
    let proof = act.verify().await?;
    let mut checks = vec![identical(&proof)];

    let gate_pause_ms = act.flip().await?;
    let executed = checks::executed_on_mysql(stage.mysql.clone()).await?;
    let on_mysql = stats.totals().statements;
    tokio::time::sleep(stage.pace.postgres).await;

    scene.doing("finishing");
    let told = load.finish().await?;
    let load_seconds = begun.elapsed().as_secs_f64();
    let totals = stats.totals();
    view.finish().await;
    checks.push(quiet(&stage, &executed).await?);
    checks.extend(checks::shop(stage.through.clone(), &told, &stage.money).await?);
    checks.push(checks::postgres_holds(stage.config, told.len()).await);
    let facts = scene.facts();
    let mut summary = Summary {
        statements_on_postgres: totals.statements.saturating_sub(on_mysql),
        load: totals,
        clients: Load::clients(),
        load_seconds,
        rows_copied: facts.rows_copied,
        mirrored_transactions: facts.mirrored_transactions,
        tables_compared: proof.tables,
        rows_compared: proof.rows,
        differences: proof.differences,
        gate_pause_ms,
        checks,
    };
    let felt = under_load(&summary);
    summary.checks.splice(0..0, felt);
    Ok(summary)
}

/// What the clients themselves can judge.
fn under_load(summary: &Summary) -> [Check; 4] {
    let load = &summary.load;
    let pause = summary.pause_ms();
    let limit = PAUSE_LIMIT.as_millis();
    let served = Check::new(
        "served_by_postgres",
        "the same connections wrote on PostgreSQL after the flip",
        summary.statements_on_postgres > 0,
    );
    let errors = Check::new("no_client_errors", "no client saw an error", load.errors == 0);
    let invariants =
        Check::new("invariants_under_load", "readers found every invariant unbroken at any time", load.violations == 0);
    let short = Check::new("pause", format!("the flip held nobody longer than {limit} ms"), load.flip <= PAUSE_LIMIT);
    [
        errors.detail(|| format!("{} errors", load.errors)),
        invariants.detail(|| format!("{} times broken", load.violations)),
        short.detail(|| format!("{pause:.0} ms")),
        served,
    ]
}

fn identical(proof: &VerifySummary) -> Check {
    let claim = format!("all {} rows were the same on both sides before the flip", grouped(proof.rows));
    let held = proof.differences == 0 && proof.skipped.is_empty() && proof.rows > 0;
    Check::new("rows_identical", claim, held).detail(|| {
        let tables = proof.differing.iter().map(|table| format!("{} differs in {} rows", table.table, table.differing));
        let lines: Vec<String> = tables.chain(proof.skipped.iter().cloned()).collect();
        format!("{} differ; {}", proof.differences, lines.join("; "))
    })
}

/// MySQL executed nothing after the flip.
async fn quiet(stage: &Stage<'_>, executed: &str) -> Result<Check, DemoError> {
    let now = checks::executed_on_mysql(stage.mysql.clone()).await?;
    let check = Check::new("mysql_quiet", "nothing was written to MySQL after the flip", now == executed);
    Ok(check.detail(|| format!("its executed set was {executed} and is {now}")))
}

struct Act<'a> {
    stage: &'a Stage<'a>,
    stats: &'a Stats,
    scene: &'a Scene,
    operations: &'a dyn Operations,
}

impl Act<'_> {
    /// Begins to mirror and waits until PostgreSQL follows.
    async fn mirror(&self) -> Result<(), DemoError> {
        let begun = Instant::now();
        self.scene.doing("copying what is there, capturing what is written");
        self.operations.set_mode(Mode::Mirror).await.map_err(DemoError::operation("start to mirror"))?;
        loop {
            let status = self.operations.status().await.map_err(DemoError::operation("ask for the status"))?;
            if let Some(mirror) = &status.mirror {
                self.scene.mirrored(mirror);
                if mirror.phase == MirrorPhase::Halted {
                    return Err(DemoError::Mirror(mirror.reason.clone().unwrap_or_else(|| "it halted".into())));
                }
                let stuck = mirror.tables.iter().find(|table| match table.state {
                    TableState::NeedsResync | TableState::Refused => true,
                    TableState::Waiting | TableState::Copying | TableState::Mirrored => false,
                });
                if let Some(table) = stuck {
                    let reason = table.reason.as_deref().unwrap_or("no reason was given");
                    return Err(DemoError::Mirror(format!("{}: {reason}", table.name)));
                }
                if mirror.phase == MirrorPhase::Streaming {
                    break;
                }
            }
            if begun.elapsed() > FOLLOW_LIMIT {
                return Err(DemoError::Mirror(format!("it didn't follow within {} s", FOLLOW_LIMIT.as_secs())));
            }
            tokio::time::sleep(POLL).await;
        }
        self.scene.doing("MySQL serves; PostgreSQL follows");
        self.stage.screen.say(format!(
            "PostgreSQL follows: {} rows copied in {:.1} s, under load.",
            grouped(self.scene.facts().rows_copied),
            begun.elapsed().as_secs_f64()
        ));
        Ok(())
    }

    /// Compares both sides while the load goes on.
    async fn verify(&self) -> Result<VerifySummary, DemoError> {
        let begun = Instant::now();
        self.scene.doing("comparing both sides, under load");
        let proof = self
            .operations
            .verify(VerifyRequest::default())
            .await
            .map_err(DemoError::operation("compare both sides"))?;
        self.scene.differing(proof.differences);
        self.stage.screen.say(format!(
            "Compared {} rows of {} tables in {:.1} s, under load: {} differ.",
            grouped(proof.rows),
            proof.tables,
            begun.elapsed().as_secs_f64(),
            grouped(proof.differences)
        ));
        Ok(proof)
    }

    /// Flips. An attempt that was given up leaves everybody on MySQL, so it may be repeated, as an operator would.
    async fn flip(&self) -> Result<f64, DemoError> {
        self.scene.doing("flipping");
        if let Ok(status) = self.operations.status().await
            && let Some(mirror) = &status.mirror
        {
            self.scene.mirrored(mirror);
        }
        let mut attempt = 1;
        loop {
            self.stats.flip_begins();
            let answer = self.operations.cutover(Rehearsal::Perform).await;
            let why = match answer {
                Ok(report) if report.performed => {
                    self.scene.doing(SERVED);
                    self.stage.screen.say(format!(
                        "Flipped: PostgreSQL serves. New transactions waited up to {:.0} ms at the gate.",
                        report.pause_ms
                    ));
                    tokio::time::sleep(AFTERMATH).await;
                    self.stats.flip_ends();
                    return Ok(report.pause_ms);
                }
                Ok(report) => {
                    let blockers =
                        report.blockers.iter().map(|blocker| format!("{}: {}", blocker.subject, blocker.reason));
                    let reasons: Vec<String> = report.abandoned.iter().cloned().chain(blockers).collect();
                    reasons.join("; ")
                }
                Err(OperationError { refusal: Refusal::Busy | Refusal::Failed, message, .. }) => message,
                Err(error) => return Err(DemoError::operation("flip")(error)),
            };
            self.stats.flip_ends();
            if attempt == FLIP_ATTEMPTS {
                return Err(DemoError::Flip(why));
            }
            self.stage.screen.say(format!("Not flipped, MySQL goes on: {why}. Trying again."));
            tokio::time::sleep(FLIP_RETRY_DELAY).await;
            attempt += 1;
        }
    }
}
