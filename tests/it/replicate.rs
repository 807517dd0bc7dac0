//! The applier against real servers: the same writes on MySQL and, through a feed in memory, on PostgreSQL; compared
//! row by row. Differences, gaps and outages are made on purpose.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bascule::change::{
    Affected, Backlog, CapturedStatement, Doubtful, Feed, FeedError, Inexact, SourceEvent, SourceTransaction,
    StatementContext, WriteAnswer,
};
use bascule::config::{Source, Target};
use bascule::position::{Gtid, GtidSet};
use bascule::replicate::snapshot::{self as copy};
use bascule::replicate::{Planner, Refreshed, Replicator};
use bascule::sandbox::{self, Servers};
use bascule::schema::{Catalogue, TableName};
use bascule::source::{inspect, snapshot};
use bascule::sql::{self, Context, Parameter, Plan, Purpose, SqlError, Values};
use bascule::store::{MirrorPhase, Store};
use bascule::target::Bulk;
use bascule::verify::{self, TargetView};
use bytes::Bytes;
use mysql_async::prelude::Queryable as _;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;

use crate::shared_servers::settings;

const SOURCE: &str = "565dd9c7-e69f-11f1-900a-02fc00000001";
const MODE: &str = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// A lane in memory.
struct Memory {
    events: mpsc::UnboundedReceiver<SourceEvent>,
}

impl Feed for Memory {
    async fn next(&mut self) -> Result<SourceEvent, FeedError> {
        self.events.recv().await.ok_or_else(|| FeedError { message: "the end".to_owned() })
    }

    async fn ready(&mut self) -> Result<Option<SourceEvent>, FeedError> {
        Ok(self.events.try_recv().ok())
    }

    async fn acknowledge(&mut self, _applied: &GtidSet) {}

    fn backlog(&self) -> Backlog {
        Backlog::default()
    }
}

/// The rewriter, without a cache.
pub struct Rewriter;

impl Planner for Rewriter {
    fn plan(&self, statement: &CapturedStatement, catalogue: &Arc<Catalogue>) -> Result<Arc<Plan>, SqlError> {
        let context = Context {
            catalogue: Arc::clone(catalogue),
            database: statement.context.database.clone(),
            sql_mode: statement.context.sql_mode.clone(),
            collation: statement.context.collation.clone(),
            purpose: Purpose::Replay,
            parameters: bascule::sql::plan::Known::Nothing,
            given: bascule::sql::plan::Given::default(),
        };
        sql::rewrite(&statement.text, &context).map(Arc::new)
    }

    fn bind(
        &self,
        statement: &CapturedStatement,
        parameters: &[Parameter],
        catalogue: &Arc<Catalogue>,
    ) -> Result<Vec<Option<Bytes>>, SqlError> {
        let values = Values {
            client: &statement.parameters,
            catalogue,
            time_micros: statement.time_micros,
            time_zone: &statement.context.time_zone,
            first_generated_id: statement.answer.insert_id,
            id_step: statement.context.auto_increment_increment,
            last_insert_id: statement.context.last_insert_id,
            connection_id: 0,
            user: &statement.context.user,
            found_rows: 0,
            row_count: 0,
            statement: 0,
            variables: &|_| None,
            locals: &[],
            user_variables: &|_| None,
            rows: &|_| Err(SqlError { code: 1235, sqlstate: "42000", message: "a query on system tables".to_owned() }),
        };
        sql::bind(parameters, &values, &mut Vec::new())
    }
}

/// Both servers, a mirror between them, and the feed's other end.
struct Bench {
    source: Source,
    target: Target,
    mysql: mysql_async::Conn,
    context: Arc<StatementContext>,
    store: Arc<Store>,
    catalogue: Arc<ArcSwap<Catalogue>>,
    replicator: Arc<Replicator>,
    events: mpsc::UnboundedSender<SourceEvent>,
    number: u64,
}

impl Bench {
    async fn new(servers: &Servers, tables: &[&str]) -> Self {
        let database = servers.create_database().expect("a database").name;
        let (source, target) = settings(servers, &database);
        let mut mysql = inspect::connect(&source).await.expect("MySQL");
        mysql.query_drop(format!("USE {database}")).await.expect("USE");
        mysql.query_drop(format!("SET sql_mode = '{MODE}'")).await.expect("SET");
        for table in tables {
            mysql.query_drop(*table).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        }
        let read = inspect::catalogue(&mut mysql, &source.databases).await.expect("a catalogue");
        let bulk = Bulk::connect(&target).await.expect("PostgreSQL");
        copy::create_tables(&bulk, &read).await.expect("tables");
        copy::finish(&bulk, &copy::tables_of(&read)).await.expect("keys");
        bulk.run(sql::HELPERS).await.expect("helpers");
        let store = Store::new(target.clone());
        store.put_catalogue(&read).await.expect("stored");
        store.set_phase(MirrorPhase::Copying).await.expect("stored");
        store.begin_following(&GtidSet::default()).await.expect("stored");
        let catalogue = Arc::new(ArcSwap::from_pointee(read));
        let replicator = Replicator::new(target.clone(), Arc::clone(&catalogue), Arc::new(Rewriter));
        let (events, receiver) = mpsc::unbounded_channel();
        replicator.start(Memory { events: receiver }, &store.load().await.expect("facts")).await;
        let context = Arc::new(StatementContext {
            database: Some(database),
            sql_mode: MODE.to_owned(),
            time_zone: "+00:00".to_owned(),
            isolation: "REPEATABLE-READ".to_owned(),
            auto_increment_increment: 1,
            foreign_key_checks: true,
            collation: "utf8mb4_0900_ai_ci".to_owned(),
            user: "root@localhost".to_owned(),
            last_insert_id: 0,
            found_rows: false,
        });
        Self { source, target, mysql, context, store, catalogue, replicator, events, number: 0 }
    }

    /// Runs a statement on MySQL and gives it as it would be captured; None when MySQL refused it.
    async fn execute(&mut self, text: &str) -> Option<CapturedStatement> {
        self.mysql.query_drop(text).await.ok()?;
        let info = self.mysql.info().into_owned();
        let matched = info.strip_prefix("Rows matched: ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        let answer = WriteAnswer {
            affected_rows: self.mysql.affected_rows(),
            insert_id: self.mysql.last_insert_id().unwrap_or(0),
            matched_rows: matched,
            warnings: 0,
        };
        Some(CapturedStatement {
            text: text.to_owned(),
            parameters: Vec::new(),
            context: Arc::clone(&self.context),
            time_micros: 1_700_000_000_000_000,
            time_exact: true,
            answer,
        })
    }

    fn next_gtid(&mut self) -> Gtid {
        self.number += 1;
        format!("{SOURCE}:{}", self.number).parse().expect("a GTID")
    }

    /// Sends a transaction to the applier.
    fn commit(&mut self, statements: Vec<CapturedStatement>) {
        let gtid = self.next_gtid();
        self.send(SourceEvent::Transaction(SourceTransaction { gtid, statements, inexact: None }));
    }

    fn send(&self, event: SourceEvent) {
        self.events.send(event).expect("the applier runs");
    }

    /// One autocommit statement on both sides.
    async fn write(&mut self, text: &str) {
        let statement = self.execute(text).await.unwrap_or_else(|| panic!("MySQL refused {text}"));
        self.commit(vec![statement]);
    }

    fn position(&self) -> GtidSet {
        format!("{SOURCE}:1-{}", self.number).parse().expect("a set")
    }

    async fn settled(&self) {
        let limit = Duration::from_secs(60);
        let waited = tokio::time::timeout(limit, self.replicator.wait_applied(&self.position())).await;
        waited.unwrap_or_else(|_| panic!("not applied: {:?}", self.replicator.status())).expect("still applying");
    }

    fn name(&self, table: &str) -> TableName {
        TableName { database: self.target.database.clone(), table: table.to_owned() }
    }

    /// Names of the halted tables.
    fn halted(&self) -> Vec<String> {
        self.replicator.status().halted.into_keys().map(|name| name.table).collect()
    }

    /// Compares `tables`, or all that aren't halted.
    async fn assert_same(&mut self) {
        let catalogue = inspect::catalogue(&mut self.mysql, &self.source.databases).await.expect("a catalogue");
        let halted = self.replicator.status().halted;
        let tables: Vec<_> =
            copy::tables_of(&catalogue).into_iter().filter(|t| !halted.contains_key(&t.name)).collect();
        let prepared = snapshot::prepare(&self.source, 1).await.expect("a connection");
        let mut snapshot = prepared.open().await.expect("a snapshot");
        let bulk = Bulk::connect(&self.target).await.expect("PostgreSQL");
        let view = TargetView::open(bulk, &tables).await.expect("a view");
        let reader = snapshot.readers.first_mut().expect("a reader");
        let report = verify::compare(reader, &view, &tables, &()).await.expect("a comparison");
        assert!(report.is_same(), "{report:#?}");
    }
}

async fn shared() -> &'static Servers {
    tokio::task::spawn_blocking(|| sandbox::shared().expect("servers")).await.expect("no panic")
}

const SHOP: &[&str] = &[
    "create table customer(id int primary key auto_increment, name varchar(40) not null, credit int not null default 0, unique key n(name))",
    "create table purchase(id bigint primary key auto_increment, customer int not null, amount decimal(10,2), made timestamp(3) not null default current_timestamp(3), constraint fc foreign key(customer) references customer(id) on delete cascade)",
    "create table counter(k varchar(20) primary key, n int not null)",
    "create table stray(id int primary key, v int)",
];

/// MySQL counts a row once that REPLACE puts in the place of the same one.
#[tokio::test]
async fn a_row_that_replaces_itself_halts_nothing() {
    let mut bench = Bench::new(shared().await, SHOP).await;
    for text in [
        "replace into counter values('k', 1)",
        "replace into counter values('k', 1)",
        "replace into counter values('K', 1)",
        "replace into counter values('K', 1), ('x', 2)",
        "replace into counter values('x', 2), ('K', 3)",
        "replace into customer(id, name) values(1, 'a')",
        "replace into customer(id, name) values(1, 'a')",
        "replace into customer(name) values('a')",
    ] {
        bench.write(text).await;
    }
    bench.settled().await;
    let status = bench.replicator.status();
    assert!(status.halted.is_empty(), "{:#?}", status.halted);
    bench.assert_same().await;
}

#[tokio::test]
async fn random_transactions_arrive_row_by_row() {
    let given = std::env::var("REPLICATE_SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    let seed = given.unwrap_or_else(rand::random);
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut bench = Bench::new(shared().await, SHOP).await;
    for round in 0..300 {
        bench.mysql.query_drop("SET timestamp = 1700000000").await.expect("SET");
        bench.mysql.query_drop("BEGIN").await.expect("BEGIN");
        let mut statements = Vec::new();
        for _ in 0..random.gen_range(1..4) {
            let (a, b) = (random.gen_range(0..30), random.gen_range(0..1000));
            let text = match random.gen_range(0..10) {
                0 | 1 => format!("insert into customer(name, credit) values('name {b}', {a})"),
                2 => format!(
                    "insert into counter select concat(id, name), credit from customer where id = {a} order by id"
                ),
                3 => format!("insert into purchase(customer, amount) values({a}, {b}), ({a}, null)"),
                4 => format!("update customer set credit = credit + {b} where id > {a}"),
                5 => format!("update customer set credit = 5 where id = {a}"),
                6 => format!("delete from customer where id = {a}"),
                7 => format!("insert into counter values('k{a}', 1) on duplicate key update n = n + 1"),
                8 => format!("insert ignore into counter values('K{a}', {b})"),
                _ => format!("replace into counter values('k{a}', {b})"),
            };
            statements.extend(bench.execute(&text).await);
        }
        if random.gen_ratio(1, 10) {
            bench.mysql.query_drop("ROLLBACK").await.expect("ROLLBACK");
        } else {
            bench.mysql.query_drop("COMMIT").await.expect("COMMIT");
            bench.commit(statements);
        }
        if round == 150 {
            bench.write("alter table stray add w varchar(10) not null default 'x'").await;
            bench.write("insert into stray(id, v) values(1, 2)").await;
        }
    }
    bench.settled().await;
    let status = bench.replicator.status();
    assert!(status.halted.is_empty(), "seed {seed}: {:#?}", status.halted);
    assert!(status.last_error.is_none(), "seed {seed}");
    bench.assert_same().await;
    assert_eq!(bench.store.load().await.expect("facts").applied, bench.position(), "seed {seed}");
}

#[tokio::test]
async fn a_table_that_differs_is_halted_and_the_others_go_on() {
    let servers = shared().await;
    let mut bench = Bench::new(servers, SHOP).await;
    bench.write("insert into counter values('a', 1), ('b', 2)").await;
    bench.write("insert into stray values(1, 1)").await;
    bench.settled().await;
    let database = bench.target.database.clone();
    servers
        .postgres
        .execute(&database, &format!("DELETE FROM \"{database}\".counter WHERE k = 'a'"))
        .expect("sabotage");

    // One transaction with a table that differs and one that doesn't.
    bench.mysql.query_drop("BEGIN").await.expect("BEGIN");
    let mut statements = Vec::new();
    for text in ["insert into customer(name) values('x')", "update counter set n = 9", "insert into stray values(2, 2)"]
    {
        statements.push(bench.execute(text).await.expect("accepted"));
    }
    bench.mysql.query_drop("COMMIT").await.expect("COMMIT");
    bench.commit(statements);
    bench.settled().await;
    assert_eq!(bench.halted(), ["counter"]);
    let facts = bench.store.load().await.expect("facts");
    assert!(
        facts.tables.iter().any(|(table, reason)| table.table == "counter" && reason.contains("rows")),
        "{facts:?}"
    );
    bench.assert_same().await;

    // What is written from it can't be followed either; what isn't touched can.
    bench.write("insert into stray select 10, n from counter where k = 'b'").await;
    bench.write("insert into customer(name) values('y')").await;
    bench.settled().await;
    assert_eq!(bench.halted(), ["counter", "stray"]);
    bench.assert_same().await;

    // A table that is dropped needs nothing any more.
    bench.write("drop table stray").await;
    bench.settled().await;
    assert_eq!(bench.halted(), ["counter"]);
    assert!(bench.catalogue.load().table(&database, "stray").is_none());
}

#[tokio::test]
async fn what_cannot_be_exact_is_refused_and_gaps_are_told() {
    let mut bench = Bench::new(shared().await, SHOP).await;
    bench.write("insert into counter values(uuid_short() % 7, 1)").await;
    bench.settled().await;
    assert_eq!(bench.halted(), ["counter"]);

    // The referenced table takes the one that follows it along.
    let gtid = bench.next_gtid();
    let mut gtids = GtidSet::default();
    gtids.insert(&gtid);
    let statement = bench.execute("update customer set credit = 1").await.expect("accepted");
    let candidates = vec![Doubtful { statements: vec![statement], inexact: None, reason: "it broke".to_owned() }];
    bench.send(SourceEvent::InDoubt { gtids, candidates });
    bench.settled().await;
    assert_eq!(bench.halted(), ["counter", "customer", "purchase"]);

    let gtid = bench.next_gtid();
    let mut gtids = GtidSet::default();
    gtids.insert(&gtid);
    bench.send(SourceEvent::Bypassed { gtids: gtids.clone() });
    bench.settled().await;
    assert_eq!(bench.replicator.status().bypassed, gtids);
    assert_eq!(bench.store.load().await.expect("facts").bypassed, gtids);

    let inexact = Some(Inexact { reason: "a procedure".to_owned(), tables: Affected::All });
    let gtid = bench.next_gtid();
    bench.send(SourceEvent::Transaction(SourceTransaction { gtid, statements: Vec::new(), inexact }));
    bench.settled().await;
    assert_eq!(bench.halted(), ["counter", "customer", "purchase", "stray"]);
    assert!(bench.replicator.status().needs_resync());
}

#[tokio::test]
async fn a_barrier_stops_exactly_there_and_refreshed_tables_go_on() {
    let mut bench = Bench::new(shared().await, SHOP).await;
    bench.write("insert into stray values(1, 1)").await;
    let position = bench.position();
    let barrier = bench.replicator.limit(position.clone()).expect("a limit");
    bench.write("insert into stray values(2, 2)").await;
    bench.write("insert into counter values(rand(), 1)").await;
    barrier.reached().await.expect("reached");
    assert_eq!(bench.replicator.applied(), position);
    assert!(bench.replicator.limit(position.clone()).is_err(), "one at a time");
    drop(barrier);
    bench.settled().await;
    assert_eq!(bench.halted(), ["counter"]);
    assert!(bench.replicator.barrier(position).await.is_err(), "it has been passed");

    let barrier = bench.replicator.barrier(bench.position()).await.expect("a barrier");
    let counter = bench.name("counter");
    bench.store.run(&bascule::store::statement::clear_table(&counter)).await.expect("cleared");
    bench.mysql.query_drop("delete from counter").await.expect("emptied");
    barrier.reposition(bench.position(), Refreshed::Tables(vec![counter]));
    bench.write("insert into counter values('again', 1)").await;
    bench.settled().await;
    assert!(bench.halted().is_empty());
    bench.assert_same().await;
}

#[tokio::test]
async fn a_killed_postgresql_costs_time_and_nothing_else() {
    let mut servers = tokio::task::spawn_blocking(|| {
        Servers::start(&sandbox::mysql::Options::default(), &sandbox::postgres::Options::default()).expect("servers")
    })
    .await
    .expect("no panic");
    let mut bench = Bench::new(&servers, SHOP).await;
    for round in 0..6 {
        for number in 0..40 {
            bench.write(&format!("insert into counter values('r{round}n{number}', 0)")).await;
            bench.write("update counter set n = n + 1").await;
        }
        servers.postgres.kill().expect("kill -9");
        bench.write(&format!("insert into stray values({round}, 1)")).await;
        servers.postgres.restart().expect("restart");
    }
    bench.settled().await;
    assert!(bench.halted().is_empty(), "{:?}", bench.replicator.status());
    bench.assert_same().await;
    bench.replicator.stop().await;
    assert!(bench.replicator.wait_applied(&bench.position()).await.is_ok(), "the position stays known");
}
