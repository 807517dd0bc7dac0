//! What the stories against real servers can't show: replay, session settings and the PostgreSQL text itself.

use std::sync::Arc;

use super::*;
use crate::schema::{Catalogue, Database};

fn context(purpose: Purpose) -> Context {
    let database =
        Database { charset: "utf8mb4".to_owned(), collation: "utf8mb4_0900_ai_ci".to_owned(), ..Database::default() };
    let mut catalogue = Catalogue::default();
    catalogue.databases.insert("shop".to_owned(), database);
    Context {
        catalogue: Arc::new(catalogue),
        database: Some("shop".to_owned()),
        sql_mode: "STRICT_TRANS_TABLES".to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        purpose,
        parameters: crate::sql::plan::Known::Nothing,
        given: crate::sql::plan::Given::default(),
    }
}

/// Plans `text` and carries its changes out on the context's catalogue.
fn run(context: &mut Context, text: &str) -> Result<Vec<String>, SqlError> {
    let Plan::Ddl(plan) = plan(text, context)? else {
        panic!("DDL is planned as DDL");
    };
    let mut catalogue = (*context.catalogue).clone();
    for change in &plan.changes {
        catalogue.apply(change);
    }
    context.catalogue = Arc::new(catalogue);
    Ok(plan.statements.iter().map(|statement| statement.as_str().to_owned()).collect())
}

fn code(context: &mut Context, text: &str) -> u16 {
    run(context, text).map_or_else(|error| error.code, |statements| panic!("{text}: {statements:?}"))
}

#[test]
fn sysbench_prepares() {
    let mut context = context(Purpose::Serve);
    let create = "CREATE TABLE sbtest1(id INTEGER NOT NULL AUTO_INCREMENT, k INTEGER DEFAULT '0' NOT NULL, \
                  c CHAR(120) DEFAULT '' NOT NULL, pad CHAR(60) DEFAULT '' NOT NULL, PRIMARY KEY (id)) \
                  /*! ENGINE = innodb */";
    let statements = run(&mut context, create).expect("carried");
    assert!(statements.iter().any(|sql| sql.contains("varchar(120) COLLATE")), "{statements:?}");
    let statements = run(&mut context, "CREATE INDEX k_1 ON sbtest1(k)").expect("carried");
    assert_eq!(statements, [r#"CREATE INDEX "sbtest1__k_1" ON "shop"."sbtest1" ("k")"#]);
}

#[test]
fn an_unchanged_modify_emits_nothing() {
    let mut context = context(Purpose::Serve);
    run(&mut context, "CREATE TABLE t (a INT, b VARCHAR(9) NOT NULL DEFAULT 'x')").expect("carried");
    let statements =
        run(&mut context, "ALTER TABLE t MODIFY a INTEGER(11) NULL, MODIFY b varchar(9) default 'x' not null");
    assert_eq!(statements, Ok(Vec::new()));
}

#[test]
fn replay_refuses_what_the_text_does_not_determine() {
    let mut context = context(Purpose::Replay);
    run(&mut context, "CREATE TABLE p (id INT PRIMARY KEY)").expect("carried");
    assert_eq!(code(&mut context, "CREATE TABLE c (a INT REFERENCES p(id))"), 1235);
    assert_eq!(code(&mut context, "ALTER TABLE p ADD seen DATETIME DEFAULT CURRENT_TIMESTAMP"), 1235);
    assert_eq!(code(&mut context, "ALTER TABLE p ADD n INT AUTO_INCREMENT UNIQUE"), 1235);
}

#[test]
fn a_parent_may_go_first_when_foreign_keys_are_unchecked() {
    let mut context = context(Purpose::Replay);
    run(&mut context, "CREATE TABLE p (id INT PRIMARY KEY)").expect("carried");
    run(&mut context, "CREATE TABLE c (a INT, FOREIGN KEY (a) REFERENCES p(id))").expect("carried");
    let statements = run(&mut context, "DROP TABLE p").expect("carried");
    assert_eq!(statements, [r#"DROP TABLE "shop"."p" CASCADE"#]);
    let statements = run(&mut context, "CREATE TABLE p (id INT PRIMARY KEY)").expect("carried");
    let last = statements.last().map(String::as_str).unwrap_or_default();
    assert!(last.starts_with(r#"ALTER TABLE "shop"."c" ADD CONSTRAINT "c_ibfk_1""#), "{last}");
    assert!(last.ends_with("NOT VALID"), "{last}");
}

#[test]
fn a_child_may_come_first_when_foreign_keys_are_unchecked() {
    let mut context = context(Purpose::Replay);
    let statements = run(&mut context, "CREATE TABLE c (a INT, FOREIGN KEY (a) REFERENCES p(id))").expect("carried");
    assert!(statements.iter().all(|sql| !sql.contains("FOREIGN KEY")), "{statements:?}");
    let statements = run(&mut context, "CREATE TABLE p (id INT PRIMARY KEY)").expect("carried");
    assert!(statements.iter().any(|sql| sql.contains("FOREIGN KEY")), "{statements:?}");
}

#[test]
fn databases_are_schemas() {
    let mut context = context(Purpose::Serve);
    let statements = run(&mut context, "CREATE DATABASE `a b` CHARSET latin1").expect("carried");
    assert_eq!(statements, [r#"CREATE SCHEMA IF NOT EXISTS "a b""#]);
    assert_eq!(context.catalogue.database("a b").map(|found| found.collation.as_str()), Some("latin1_swedish_ci"));
    assert_eq!(code(&mut context, "CREATE DATABASE shop"), 1007);
    assert_eq!(code(&mut context, "DROP DATABASE nosuch"), 1008);
    assert_eq!(code(&mut context, "CREATE DATABASE bascule"), 1235);
    assert_eq!(code(&mut context, "CREATE DATABASE z COLLATE nope"), 1273);
    assert_eq!(code(&mut context, "CREATE DATABASE z CHARSET nope"), 1115);
    let statements = run(&mut context, "DROP SCHEMA IF EXISTS `a b`").expect("carried");
    assert_eq!(statements, [r#"DROP SCHEMA IF EXISTS "a b" CASCADE"#]);
    assert_eq!(run(&mut context, "DROP DATABASE IF EXISTS `a b`"), Ok(Vec::new()));
}

#[test]
fn without_a_default_database_tables_need_one() {
    let mut context = context(Purpose::Serve);
    context.database = None;
    assert_eq!(code(&mut context, "CREATE TABLE t (a INT)"), 1046);
    assert_eq!(code(&mut context, "DROP TABLE t"), 1046);
    assert_eq!(code(&mut context, "CREATE TABLE nosuch.t (a INT)"), 1049);
    run(&mut context, "CREATE TABLE shop.t (a INT)").expect("carried");
}

#[test]
fn truncate_numbers_from_one_again() {
    let mut context = context(Purpose::Serve);
    run(&mut context, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT=500").expect("carried");
    let statements = run(&mut context, "TRUNCATE t").expect("carried");
    assert_eq!(statements, [r#"TRUNCATE TABLE "shop"."t""#, r#"ALTER SEQUENCE "shop"."t__id__seq" RESTART WITH 1"#]);
}

#[test]
fn broken_text_never_panics() {
    let mut context = context(Purpose::Serve);
    run(&mut context, "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(10) DEFAULT 'x')").expect("carried");
    let whole = "ALTER TABLE t ADD COLUMN (b ENUM('é','y') DEFAULT 'y', c DECIMAL(5,2) DEFAULT 1e1), ADD CONSTRAINT f \
                 FOREIGN KEY (a) REFERENCES t (id) ON DELETE SET NULL, MODIFY a TEXT /*! COMMENT 'x' */ AFTER id";
    for (end, _) in whole.char_indices() {
        let _refused_or_planned = plan(&whole[..end], &context);
        let _refused_or_planned = plan(&whole[end..], &context);
        let _refused_or_planned = plan(&format!("{}({}", &whole[..end], &whole[end..]), &context);
    }
}

#[test]
fn changes_that_alter_values_are_refused_in_replay() {
    let mut context = context(Purpose::Replay);
    run(
        &mut context,
        "CREATE TABLE t (a DATETIME, b VARCHAR(9), c DOUBLE, d SET('x','y'), e VARCHAR(9) CHARSET utf8mb4)",
    )
    .expect("carried");
    for change in ["a TIMESTAMP", "b INT", "c DECIMAL(5,2)", "d SET('y','x')", "e VARCHAR(9) CHARSET latin1"] {
        assert_eq!(code(&mut context, &format!("ALTER TABLE t MODIFY {change}")), 1235, "{change}");
    }
}

#[test]
fn a_new_parent_may_take_the_old_ones_name() {
    let mut context = context(Purpose::Replay);
    run(&mut context, "CREATE TABLE p (id INT PRIMARY KEY)").expect("carried");
    run(&mut context, "CREATE TABLE c (a INT, FOREIGN KEY (a) REFERENCES p(id))").expect("carried");
    run(&mut context, "CREATE TABLE fresh LIKE p").expect("carried");
    run(&mut context, "DROP TABLE p").expect("carried");
    let statements = run(&mut context, "RENAME TABLE fresh TO p").expect("carried");
    assert!(statements.iter().any(|sql| sql.contains("ADD CONSTRAINT \"c_ibfk_1\"")), "{statements:?}");
    let statements = run(&mut context, "ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES later(id)").expect("carried");
    assert!(statements.iter().all(|sql| !sql.contains("FOREIGN KEY")), "{statements:?}");
}
