//! The load: several clients and one auditor, running until they're told to stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::Opts;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::DemoError;
use super::actions::{Order, Worker};
use super::client::Client;
use super::stats::Stats;

const CLIENTS: u32 = 8;
const SEED: u64 = 0x5EED;
const AUDIT_INTERVAL: Duration = Duration::from_millis(250);

/// All money of the shop, in one statement and so at one moment.
pub(super) const MONEY: &str =
    "SELECT (SELECT SUM(balance) FROM customers) + (SELECT SUM(amount) FROM payments) AS money";

/// Clients at work.
pub(super) struct Load {
    stop: CancellationToken,
    workers: Vec<JoinHandle<BTreeMap<u64, Order>>>,
    auditor: JoinHandle<()>,
}

impl Load {
    /// Connects all clients, then lets them begin. `money` is what the auditor must find at any moment.
    pub(super) async fn start(opts: Opts, stats: &Arc<Stats>, money: String) -> Result<Self, DemoError> {
        let stop = CancellationToken::new();
        let connect = || Client::connect(opts.clone(), Arc::clone(stats), stop.clone());
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(connect().await.map_err(DemoError::mysql("connect a client through Bascule"))?);
        }
        let auditor = connect().await.map_err(DemoError::mysql("connect the auditor through Bascule"))?;
        let auditor = tokio::spawn(audit(auditor, money, stop.clone()));
        let workers = clients.into_iter().zip(1..).map(|(client, number)| {
            let random = StdRng::seed_from_u64(SEED + u64::from(number));
            tokio::spawn(work(client, Worker::new(number, random), stop.clone()))
        });
        let workers = workers.collect();
        Ok(Self { stop, workers, auditor })
    }

    /// The number of connections.
    pub(super) const fn clients() -> u32 {
        CLIENTS + 1
    }

    /// Lets every client finish its action; returns the orders that they were told are committed.
    pub(super) async fn finish(mut self) -> Result<BTreeMap<u64, Order>, DemoError> {
        self.stop.cancel();
        let mut orders = BTreeMap::new();
        for worker in self.workers.drain(..) {
            orders.extend(worker.await.map_err(|_| DemoError::ClientDied)?);
        }
        (&mut self.auditor).await.map_err(|_| DemoError::ClientDied)?;
        Ok(orders)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn work(mut client: Client, mut worker: Worker, stop: CancellationToken) -> BTreeMap<u64, Order> {
    while !stop.is_cancelled() {
        let action = worker.next();
        let mut attempt = 1;
        while let Err(error) = worker.act(&mut client, action).await {
            if client.recover(action.name(), attempt, &error).await.is_none() {
                break;
            }
            attempt += 1;
        }
        let pause = Duration::from_millis(worker.think_millis());
        // What is decided between two actions can be dropped; an action in progress never is.
        let _stopped = tokio::time::timeout(pause, stop.cancelled()).await;
    }
    client.close().await;
    worker.into_orders()
}

async fn audit(mut client: Client, money: String, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match client.rows::<Option<String>>(MONEY).await {
            Ok(found) if found.first() == Some(&Some(money.clone())) => {}
            Ok(found) => {
                client.stats().violation(format!("all money together was {money} and reads as {found:?}"));
            }
            Err(error) => {
                let _counted = client.recover("audit", 1, &error).await;
            }
        }
        let _stopped = tokio::time::timeout(AUDIT_INTERVAL, stop.cancelled()).await;
    }
    client.close().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{checks, make_shop, opts, schema};
    use crate::sandbox::{Servers, mysql, postgres};

    /// The load is the demo's measure, so it's held against MySQL alone first: what breaks here isn't Bascule's.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_load_holds_its_own_invariants_on_mysql() {
        let servers =
            tokio::task::spawn_blocking(|| Servers::start(&mysql::Options::default(), &postgres::Options::default()));
        let servers = servers.await.expect("no panic").expect("servers start");
        let root = opts(servers.mysql.port(), "root", None, None);
        let (rows, money) = make_shop(&root).await.expect("a shop");
        assert!(rows > 30_000, "{rows} rows");
        let through = opts(servers.mysql.port(), schema::USER, Some(schema::PASSWORD), Some(schema::DATABASE));
        let stats = Arc::new(Stats::new());
        let load = Load::start(through.clone(), &stats, money.clone()).await.expect("a load");
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        while stats.totals().statements < 3_000 {
            ticks.tick().await;
        }
        let told = load.finish().await.expect("the clients end");
        let totals = stats.totals();
        assert_eq!((totals.errors, totals.violations), (0, 0), "{:?}", totals.examples);
        let checks = checks::shop(through, &told, &money).await.expect("the checks can be asked");
        assert!(checks.iter().all(|check| check.held), "{checks:?}");
        assert!(told.len() > 20 && told.values().any(|order| order.paid), "{} orders", told.len());
    }
}
