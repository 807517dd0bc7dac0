//! Every metric that Bascule exposes, in one place. A field is added here, registered with its help text in
//! [`Metrics::register`], and raised where the event happens.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Striped;

/// Counters of one Bascule process; shared by `Arc`.
#[derive(Debug, Default)]
pub struct Metrics {
    pub connections: Counter,
    pub commands: Counter<u64, Striped>,
    pub connections_refused: Counter,
    pub logins_failed: Counter,
    pub source_lost: Counter,
    /// Brought up to date when somebody looks.
    pub standing: Standing,
}

/// How things stand, as gauges.
#[derive(Debug, Default)]
pub struct Standing {
    pub sessions: Gauge,
    pub epoch: Gauge,
    /// 0 MySQL serves, 1 PostgreSQL does.
    pub serving_target: Gauge,
    pub mirroring: Gauge,
    pub transactions_applied: Gauge,
    pub lag_transactions: Gauge,
    pub lag_bytes: Gauge,
    pub lag_seconds: Gauge<f64, AtomicU64>,
    pub spool_bytes: Gauge,
    pub tables_needing_resync: Gauge,
    pub writers_bypass: Gauge,
    /// -1 before the first comparison.
    pub verified_seconds_ago: Gauge,
    pub verified_differences: Gauge,
    /// 1 for the state that a table is in.
    pub table_state: Family<TableInState, Gauge>,
    pub table_rows_copied: Family<OfTable, Gauge>,
    pub table_bytes_copied: Family<OfTable, Gauge>,
}

/// Labels of what is told of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfTable {
    /// `database.table`.
    pub table: String,
}

/// Labels of a table's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TableInState {
    /// `database.table`.
    pub table: String,
    /// As `bascule status` has it.
    pub state: &'static str,
}

impl Standing {
    fn register(&self, registry: &mut Registry) {
        let whole: [(&str, &str, &Gauge); 12] = [
            ("bascule_sessions", "Client sessions", &self.sessions),
            ("bascule_epoch", "Raised by each flip", &self.epoch),
            ("bascule_serving_target", "1 when PostgreSQL answers the clients", &self.serving_target),
            ("bascule_mirroring", "1 in mode mirror", &self.mirroring),
            ("bascule_applied_transactions", "Transactions applied by this process", &self.transactions_applied),
            ("bascule_lag_transactions", "Transactions that MySQL has and PostgreSQL hasn't", &self.lag_transactions),
            ("bascule_lag_bytes", "Bytes of spool or binary log that aren't read yet", &self.lag_bytes),
            ("bascule_spool_bytes", "Bytes of captured writes on disk", &self.spool_bytes),
            ("bascule_tables_needing_resync", "Tables that aren't mirrored any more", &self.tables_needing_resync),
            ("bascule_writers_bypass", "1 when writers bypass the proxy", &self.writers_bypass),
            ("bascule_verified_seconds_ago", "Age of the last comparison, -1 for none", &self.verified_seconds_ago),
            ("bascule_verified_differences", "Rows that it found different", &self.verified_differences),
        ];
        for (name, help, gauge) in whole {
            registry.register(name, help, gauge.clone());
        }
        let help = "Age of the oldest transaction that isn't applied, in seconds";
        registry.register("bascule_lag_seconds", help, self.lag_seconds.clone());
        registry.register("bascule_table_state", "1 for the state that a table is in", self.table_state.clone());
        registry.register("bascule_table_rows_copied", "Rows copied so far", self.table_rows_copied.clone());
        registry.register("bascule_table_bytes_copied", "Bytes of them", self.table_bytes_copied.clone());
    }
}

impl Metrics {
    /// Registers every metric under its name in the field's terms.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("bascule_connections", "Client connections accepted", self.connections.clone());
        registry.register(
            "bascule_connections_refused",
            "Client connections beyond max_connections",
            self.connections_refused.clone(),
        );
        registry.register(
            "bascule_logins_failed",
            "Logins that MySQL refused or that broke",
            self.logins_failed.clone(),
        );
        registry.register("bascule_source_lost", "Sessions whose MySQL connection broke", self.source_lost.clone());
        registry.register("bascule_commands", "Client commands seen", self.commands.clone());
        self.standing.register(registry);
    }
}
