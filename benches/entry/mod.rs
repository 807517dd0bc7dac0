//! All that is measured of one way to MySQL.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::contestants::Contestant;
use super::load::{self, Connection, Work};

/// A load, and over how many connections.
pub(crate) type Load = (Work, u64);

/// The loads, in the order of the table. The first ones only read.
pub(crate) const LOADS: [Load; 5] =
    [(Work::PointSelect, 1), (Work::PointSelect, 8), (Work::PointSelect, 64), (Work::Large, 4), (Work::ReadWrite, 8)];
/// Loads that don't write.
pub(crate) const READING: usize = 4;
/// Sessions that are open and silent.
pub(crate) const IDLE: u32 = 5_000;
/// Sessions that work at once, and what each asks.
pub(crate) const CROWD: (usize, usize) = (1_000, 20);

/// Sums over all rounds of one load.
pub(crate) struct Figures {
    pub(crate) statements: u64,
    seconds: f64,
    cpu_micros: Option<f64>,
    latencies: Histogram<u64>,
}

impl Figures {
    fn new() -> Self {
        Self { statements: 0, seconds: 0.0, cpu_micros: None, latencies: load::histogram() }
    }

    #[expect(clippy::cast_precision_loss, reason = "statements of a bench are far below 2^52")]
    pub(crate) fn per_second(&self) -> f64 {
        self.statements as f64 / self.seconds.max(f64::EPSILON)
    }

    #[expect(clippy::cast_precision_loss, reason = "statements of a bench are far below 2^52")]
    pub(crate) fn cpu_per_statement(&self) -> Option<f64> {
        Some(self.cpu_micros? / self.statements.max(1) as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "latencies of a bench are far below 2^52 ns")]
    pub(crate) fn latency_micros(&self, quantile: f64) -> f64 {
        self.latencies.value_at_quantile(quantile) as f64 / 1_000.0
    }

    fn json(&self) -> Value {
        json!({
            "statements_per_second": round(self.per_second()),
            "p50_us": round(self.latency_micros(0.5)),
            "p99_us": round(self.latency_micros(0.99)),
            "proxy_cpu_us_per_statement": self.cpu_per_statement().map(round),
        })
    }
}

/// One way.
pub(crate) struct Entry {
    pub(crate) contestant: Contestant,
    pub(crate) loads: Vec<(Load, Figures)>,
    pub(crate) idle_kib: Option<f64>,
    pub(crate) crowd: load::Crowd,
    /// Growth of the proxy's memory, at its most, while it passed a million rows on.
    pub(crate) million_kib: Option<f64>,
    /// Queries a second of sysbench, as text and prepared: the rounds.
    pub(crate) sysbench: [Vec<f64>; 2],
}

impl Entry {
    pub(crate) fn new(contestant: Contestant) -> Self {
        let loads = LOADS.into_iter().map(|load| (load, Figures::new())).collect();
        let sysbench = [Vec::new(), Vec::new()];
        Self { contestant, loads, idle_kib: None, crowd: load::Crowd::default(), million_kib: None, sysbench }
    }

    /// One load for a while.
    pub(crate) fn round(&mut self, index: usize, length: Duration) -> Result<(), String> {
        let name = self.contestant.name;
        let Some(((work, connections), figures)) = self.loads.get_mut(index) else { return Ok(()) };
        let before = self.contestant.cpu_micros();
        let outcome = load::drive(self.contestant.port, *work, *connections, length)
            .map_err(|error| format!("{} through {name}: {error}", work.name()))?;
        let after = self.contestant.cpu_micros();
        figures.statements += outcome.statements;
        figures.seconds += outcome.seconds;
        figures.latencies.add(&outcome.latencies).map_err(|error| error.to_string())?;
        if let (Some(before), Some(after)) = (before, after) {
            *figures.cpu_micros.get_or_insert(0.0) += after - before;
        }
        Ok(())
    }

    /// What sessions cost that are open and silent. Each has asked once, so that buffers that stay would be seen.
    pub(crate) fn idle(&mut self) -> Result<(), String> {
        let Some(before) = self.contestant.resident_kib() else { return Ok(()) };
        let ask = load::query("SELECT c FROM sbtest WHERE id=7");
        let open = |_| -> std::io::Result<Connection> {
            let mut connection = Connection::open(self.contestant.port)?;
            connection.command(&ask)?;
            Ok(connection)
        };
        let sessions: Vec<Connection> = (0..IDLE)
            .map(open)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{IDLE} idle sessions through {}: {error}", self.contestant.name))?;
        let after = self.contestant.resident_kib().unwrap_or(before);
        drop(sessions);
        self.idle_kib = Some((after - before).max(0.0) / f64::from(IDLE));
        Ok(())
    }

    pub(crate) fn crowd(&mut self) {
        self.crowd = load::crowd(self.contestant.port, CROWD.0, CROWD.1);
    }

    /// A million rows in one answer.
    pub(crate) fn million(&mut self) -> Result<(), String> {
        let failed = |error| format!("a million rows through {}: {error}", self.contestant.name);
        let mut connection = Connection::open(self.contestant.port).map_err(failed)?;
        let Some(before) = self.contestant.forget_peak().and_then(|()| self.contestant.resident_kib()) else {
            return Ok(());
        };
        connection.command(&load::query(load::MILLION)).map_err(failed)?;
        self.million_kib = self.contestant.peak_kib().map(|peak| (peak - before).max(0.0));
        Ok(())
    }

    pub(crate) fn of(&self, load: Load) -> Option<&Figures> {
        self.loads.iter().find(|(known, _)| *known == load).map(|(_, figures)| figures)
    }

    /// The median round of sysbench.
    pub(crate) fn sysbench(&self, prepared: usize) -> Option<f64> {
        let mut rounds = self.sysbench.get(prepared)?.clone();
        rounds.sort_by(f64::total_cmp);
        rounds.get(rounds.len() / 2).copied()
    }

    pub(crate) fn json(&self) -> Value {
        let name = |(work, connections): Load| format!("{}_{connections}", work.name());
        let mut object: Map<String, Value> =
            self.loads.iter().map(|(load, figures)| (name(*load), figures.json())).collect();
        object.insert("idle_session_kib".into(), json!(self.idle_kib.map(round)));
        object.insert("crowd_failures".into(), json!(self.crowd.failures));
        object.insert("crowd_p99_ms".into(), json!(self.crowd.p99_millis.map(round)));
        object.insert("million_rows_kib".into(), json!(self.million_kib.map(round)));
        object.insert("sysbench_text".into(), json!(self.sysbench(0).map(round)));
        object.insert("sysbench_prepared".into(), json!(self.sysbench(1).map(round)));
        Value::Object(object)
    }
}

pub(crate) fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
