//! DDL against the real MySQL: each statement of the stories in `tests/golden/ddl` runs on MySQL and through the
//! planner; errors must be equal, warnings of IF EXISTS too, and afterwards the planned catalogue must be what MySQL's
//! own information_schema says. The planned statements run on PostgreSQL, and at the end of a story every table there
//! must look as if it had been created in its last form.

use std::sync::Arc;
use std::time::Duration;

use bascule::config::{Secret, Source};
use bascule::sandbox::{self, Servers};
use bascule::schema::{Catalogue, ColumnDefault, KeyOptions, Table, TableName, ddl};
use bascule::source::inspect;
use bascule::sql::plan::{Context, DdlPlan, Plan, Purpose, SqlError};
use mysql_async::prelude::Queryable as _;

const SQL_MODE: &str = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
                        ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// One story under way.
struct Story {
    servers: &'static Servers,
    database: String,
    mysql: mysql_async::Conn,
    postgres: tokio_postgres::Client,
    catalogue: Catalogue,
    failures: Vec<String>,
}

impl Story {
    async fn new() -> Self {
        let (servers, database) = tokio::task::spawn_blocking(|| {
            let servers: &'static Servers = sandbox::shared().expect("servers");
            (servers, servers.create_database().expect("a database").name)
        })
        .await
        .expect("no panic");
        let source = Source {
            host: "127.0.0.1".to_owned(),
            port: servers.mysql.port(),
            user: "root".to_owned(),
            password: Secret::default(),
            databases: vec![database.clone()],
            tls: bascule::config::Tls::Off,
            tls_certificate: None,
            connect_timeout: Duration::from_secs(20),
        };
        let mut mysql = inspect::connect(&source).await.expect("MySQL");
        mysql.query_drop(format!("USE {database}")).await.expect("USE");
        mysql.query_drop(format!("SET sql_mode = '{SQL_MODE}'")).await.expect("sql_mode");
        let catalogue = inspect::catalogue(&mut mysql, std::slice::from_ref(&database)).await.expect("a catalogue");
        let postgres = connect(servers, &database).await;
        let mut preparation = ddl::collations();
        preparation.push(ddl::schema(&database));
        // Values of columns that get a narrower type pass the helpers.
        preparation.push(bascule::sql::HELPERS.to_owned());
        postgres.batch_execute(&preparation.join(";\n")).await.expect("schemas");
        Self { servers, database, mysql, postgres, catalogue, failures: Vec::new() }
    }

    fn plan(&self, statement: &str) -> Result<DdlPlan, SqlError> {
        let context = Context {
            catalogue: Arc::new(self.catalogue.clone()),
            database: Some(self.database.clone()),
            sql_mode: SQL_MODE.to_owned(),
            collation: "utf8mb4_0900_ai_ci".to_owned(),
            purpose: Purpose::Serve,
            parameters: bascule::sql::plan::Known::Nothing,
            given: bascule::sql::plan::Given::default(),
        };
        match bascule::sql::ddl::plan(statement, &context)? {
            Plan::Ddl(plan) => Ok(plan),
            other => panic!("DDL is planned as DDL, not {other:?}"),
        }
    }

    async fn step(&mut self, statement: &str, refused: bool) {
        let planned = self.plan(statement);
        let executed = self.mysql.query_drop(statement).await;
        match (planned, executed) {
            (Ok(plan), Ok(())) if refused => self.fail(statement, &format!("should be refused: {plan:?}")),
            (Ok(plan), Ok(())) => self.carried(statement, plan).await,
            (Err(error), Ok(())) if refused && error.code == 1235 => {}
            (Err(error), Ok(())) => self.fail(statement, &format!("MySQL accepts it, the planner says {error:?}")),
            (Ok(_), Err(error)) => self.fail(statement, &format!("the planner accepts it, MySQL says {error}")),
            (Err(planned), Err(mysql_async::Error::Server(server))) => {
                let same = planned.code == server.code
                    && planned.message == server.message
                    && planned.sqlstate == server.state;
                if !same {
                    let told = format!("MySQL: {} {} {}", server.code, server.state, server.message);
                    self.fail(statement, &format!("{told}\n  planner: {planned:?}"));
                }
            }
            (Err(_), Err(error)) => panic!("{statement}: {error}"),
        }
        self.compare_catalogue(statement).await;
    }

    async fn carried(&mut self, statement: &str, plan: DdlPlan) {
        let mut warnings: Vec<(String, u16, String)> = self.mysql.query("SHOW WARNINGS").await.expect("warnings");
        // Defaults that MySQL rounds are rounded; its notes on them aren't repeated.
        warnings.retain(|(level, code, _)| level != "Note" || !matches!(code, 1265 | 1292));
        let planned: Vec<(String, u16, String)> =
            plan.notes.iter().map(|notice| (notice.level.to_owned(), notice.code, notice.message.clone())).collect();
        if warnings != planned {
            self.fail(statement, &format!("MySQL warns {warnings:?}, the planner {planned:?}"));
        }
        let mut batch = vec!["BEGIN"];
        batch.extend(plan.statements.iter().map(bascule::sql::TargetSql::as_str));
        batch.push("COMMIT");
        if let Err(error) = self.postgres.batch_execute(&batch.join(";\n")).await {
            self.postgres.batch_execute("ROLLBACK").await.expect("a rollback");
            self.fail(statement, &format!("PostgreSQL: {error:?}\n{}", batch.join(";\n")));
        }
        for change in &plan.changes {
            self.catalogue.apply(change);
        }
    }

    /// The planned catalogue must be MySQL's. It goes on with MySQL's, so that each failure is told once.
    async fn compare_catalogue(&mut self, statement: &str) {
        let databases = std::slice::from_ref(&self.database);
        let real = inspect::catalogue(&mut self.mysql, databases).await.expect("a catalogue");
        let empty = bascule::schema::Database::default();
        let planned = self.catalogue.databases.get(&self.database).unwrap_or(&empty).clone();
        let actual = real.databases.get(&self.database).unwrap_or(&empty).clone();
        let names: std::collections::BTreeSet<_> = planned.tables.keys().chain(actual.tables.keys()).cloned().collect();
        for name in names.iter().filter(|name| !is_refused(name)) {
            let (planned, actual) = (planned.tables.get(name), actual.tables.get(name));
            let (planned, actual) = (planned.map(|table| normal(table)), actual.map(|table| normal(table)));
            if planned != actual {
                self.fail(statement, &format!("table {name}:\n  planned {planned:?}\n  MySQL's {actual:?}"));
            }
        }
        self.catalogue = Catalogue { version: self.catalogue.version + 1, ..real };
    }

    /// Every table on PostgreSQL must look like one that was created in its last form.
    async fn compare_shape(&mut self) {
        let servers = self.servers;
        let fresh = tokio::task::spawn_blocking(move || servers.create_database().expect("a database").name)
            .await
            .expect("no panic");
        let other = connect(self.servers, &fresh).await;
        let mut statements = ddl::collations();
        statements.push(ddl::schema(&self.database));
        let tables: Vec<Arc<Table>> =
            self.catalogue.databases.values().flat_map(|found| found.tables.values()).cloned().collect();
        let mut foreign_keys = Vec::new();
        let mut names: Vec<TableName> = Vec::new();
        for table in tables {
            if is_refused(&table.name.table) {
                continue;
            }
            // Definitions with expressions are the rewrite's work; the copy of a schema refuses them.
            let Ok(text) = ddl::table(&table) else { continue };
            names.push(table.name.clone());
            statements.extend([text.create, text.keys, text.indexes].into_iter().flatten());
            foreign_keys.extend(text.foreign_keys);
        }
        statements.extend(foreign_keys);
        other.batch_execute(&statements.join(";\n")).await.expect("the tables in their last form");
        for name in names {
            let (altered, created) = (shape(&self.postgres, &name).await, shape(&other, &name).await);
            if altered != created {
                let only = |left: &[String], right: &[String]| {
                    left.iter().filter(|line| !right.contains(line)).cloned().collect::<Vec<_>>().join("\n    ")
                };
                let text = format!(
                    "on PostgreSQL:\n    {}\n  instead of:\n    {}",
                    only(&altered, &created),
                    only(&created, &altered)
                );
                self.fail(&name.table, &text);
            }
        }
    }

    fn fail(&mut self, statement: &str, what: &str) {
        self.failures.push(format!("{statement}\n  {what}"));
    }
}

/// Tables that MySQL has and the planner refuses are called so.
fn is_refused(table: &str) -> bool {
    table.starts_with("refused")
}

async fn connect(servers: &Servers, database: &str) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(&servers.postgres.url(database), tokio_postgres::NoTls).await.expect("PostgreSQL");
    tokio::spawn(connection);
    client
}

/// What information_schema can't tell is left out: the state after DROP DEFAULT, and the next AUTO_INCREMENT value
/// that InnoDB has no reason to keep for an empty table. Foreign keys come in the order of their names, and the text
/// of binary defaults isn't known to the inspection. What only SHOW CREATE TABLE shows is left out as well: whether a
/// collation was written, the options of keys and tables, and CHECK constraints. PostgreSQL's texts of expressions are
/// made by the rewrite alone.
fn normal(table: &Table) -> Table {
    let mut table = table.clone();
    for column in &mut table.columns {
        if column.default == ColumnDefault::None && column.nullable {
            column.default = ColumnDefault::Null;
        }
        column.explicit_collation = false;
        column.default_sql.clear();
        if let Some(generated) = &mut column.generated {
            generated.sql.clear();
        }
    }
    for key in &mut table.keys {
        key.options = KeyOptions::default();
    }
    table.options.clear();
    table.checks.clear();
    table.foreign_keys.sort_by(|left, right| left.name.cmp(&right.name));
    table
}

/// A table's columns, constraints, indexes and sequences as PostgreSQL describes them.
async fn shape(client: &tokio_postgres::Client, name: &TableName) -> Vec<String> {
    const QUERY: &str = "
        SELECT 'column ' || concat_ws(' ', attname, format_type(atttypid, atttypmod), attcollation::regcollation,
               CASE WHEN attnotnull THEN 'not null' END, attidentity::text, pg_get_expr(d.adbin, d.adrelid),
               pg_get_serial_sequence(attrelid::regclass::text, attname), col_description(attrelid, attnum))
          FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
        UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid)
          FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype <> 'n'
            AND (contype <> 'c' OR conname LIKE '\\_my\\_%')
        UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = $1::text::regclass
        UNION ALL SELECT 'comment ' || coalesce(obj_description($1::text::regclass), '')
        ORDER BY 1";
    let rows = client.query(QUERY, &[&bascule::schema::quote::table(name)]).await;
    match rows {
        Ok(rows) => rows.into_iter().map(|row| row.get(0)).collect(),
        Err(error) => vec![format!("{error:?}")],
    }
}

/// Statements end with `;` at the end of a line; `-- refused` marks those that MySQL accepts and the planner refuses.
fn statements(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let (mut statement, mut refused) = (String::new(), false);
    for line in text.lines() {
        if line.starts_with("--") {
            refused = line == "-- refused";
            continue;
        }
        statement.push_str(line);
        match line.trim_end().strip_suffix(';') {
            Some(_) => {
                let whole = statement.trim_end().trim_end_matches(';').to_owned();
                found.push((whole, refused));
                statement.clear();
                refused = false;
            }
            None => statement.push('\n'),
        }
    }
    found
}

async fn tell(text: &str) {
    let mut story = Story::new().await;
    for (statement, refused) in statements(text) {
        story.step(&statement, refused).await;
    }
    story.compare_shape().await;
    assert!(story.failures.is_empty(), "{} failures:\n{}", story.failures.len(), story.failures.join("\n\n"));
}

#[tokio::test]
async fn types_are_mysqls() {
    tell(include_str!("../golden/ddl/types.sql")).await;
}

#[tokio::test]
async fn defaults_are_mysqls() {
    tell(include_str!("../golden/ddl/defaults.sql")).await;
}

#[tokio::test]
async fn keys_are_mysqls() {
    tell(include_str!("../golden/ddl/keys.sql")).await;
}

#[tokio::test]
async fn foreign_keys_are_mysqls() {
    tell(include_str!("../golden/ddl/foreign_keys.sql")).await;
}

#[tokio::test]
async fn alterations_are_mysqls() {
    tell(include_str!("../golden/ddl/alter.sql")).await;
}

#[tokio::test]
async fn orm_migrations_are_carried() {
    tell(include_str!("../golden/ddl/orms.sql")).await;
}
