//! Limits and values: what golden files can't show.

use std::sync::Arc;

use super::*;
use crate::schema::Catalogue;
use crate::value::Value;

fn context() -> Context {
    let mut catalogue = Catalogue::default();
    let mut context = Context {
        catalogue: Arc::new(catalogue.clone()),
        database: Some("d".to_owned()),
        sql_mode: "STRICT_TRANS_TABLES".to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        purpose: Purpose::Serve,
        parameters: crate::sql::plan::Known::Nothing,
        given: super::plan::Given::default(),
    };
    for text in [
        "CREATE DATABASE d",
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n TINYINT UNSIGNED, v VARCHAR(3) NOT NULL, d DECIMAL(5,2), \
         e ENUM('a','b'), at DATETIME, ts TIMESTAMP NULL, j JSON)",
    ] {
        let Ok(Plan::Ddl(plan)) = rewrite(text, &context) else { panic!("{text}") };
        plan.changes.iter().for_each(|change| catalogue.apply(change));
        context.catalogue = Arc::new(catalogue.clone());
    }
    context
}

/// The bound values of a statement.
fn bound(text: &str, client: &[Value], context: &Context) -> Result<Vec<Option<String>>, SqlError> {
    let parameters = match rewrite(text, context)? {
        Plan::Query(plan) => plan.parameters,
        Plan::Write(plan) => plan.parameters,
        other => panic!("{other:?}"),
    };
    let values = Values {
        client,
        catalogue: &context.catalogue,
        time_micros: 1_700_000_000_123_456,
        time_zone: "+02:00",
        first_generated_id: 70,
        id_step: 10,
        last_insert_id: 3,
        connection_id: 9,
        user: "u@h",
        found_rows: 0,
        row_count: 0,
        statement: 0,
        variables: &|_| None,
        locals: &[],
        user_variables: &|_| None,
        rows: &|_| Ok(Vec::new()),
    };
    let bound = bind(&parameters, &values, &mut Vec::new())?;
    Ok(bound.into_iter().map(|value| value.map(|value| String::from_utf8_lossy(&value).into_owned())).collect())
}

fn one(column: &str, value: Value) -> Result<Option<String>, SqlError> {
    let text = format!("UPDATE t SET {column} = ?");
    bound(&text, &[value], &context()).map(|values| values.into_iter().next().flatten())
}

fn error(column: &str, value: Value) -> (u16, String) {
    let error = one(column, value).expect_err("refused");
    (error.code, error.message)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn values_are_stored_as_mysql_stores_them() {
    let stored = |column, value| one(column, value).expect("stored").expect("not null");
    assert_eq!(stored("n", text("5.7")), "6");
    assert_eq!(stored("n", Value::Double(2.5)), "2");
    assert_eq!(stored("d", text("1.005")), "1.01");
    assert_eq!(stored("v", text("abc  ")), "abc");
    assert_eq!(stored("e", text("B")), "b");
    assert_eq!(stored("e", Value::Int(1)), "a");
    assert_eq!(stored("at", text("2024-1-5 1:2:3.6")), "2024-01-05 01:02:04");
    assert_eq!(stored("ts", text("2024-01-01 00:00:00")), "2023-12-31 22:00:00+00");
    assert_eq!(one("n", Value::Null), Ok(None));
}

#[test]
fn values_that_do_not_fit_are_mysqls_errors() {
    assert_eq!(error("n", text("abc")), (1366, "Incorrect integer value: 'abc' for column 'n' at row 1".to_owned()));
    assert_eq!(error("n", text("x")), (1366, "Incorrect integer value: 'x' for column 'n' at row 1".to_owned()));
    assert_eq!(error("n", text("")), (1366, "Incorrect integer value: '' for column 'n' at row 1".to_owned()));
    assert_eq!(error("n", text("5abc")), (1265, "Data truncated for column 'n' at row 1".to_owned()));
    assert_eq!(error("n", Value::Int(-1)), (1264, "Out of range value for column 'n' at row 1".to_owned()));
    assert_eq!(error("v", text("abcd")), (1406, "Data too long for column 'v' at row 1".to_owned()));
    assert_eq!(error("v", Value::Null), (1048, "Column 'v' cannot be null".to_owned()));
    assert_eq!(error("d", text("1000")), (1264, "Out of range value for column 'd' at row 1".to_owned()));
    assert_eq!(error("e", text("c")), (1265, "Data truncated for column 'e' at row 1".to_owned()));
    assert_eq!(
        error("at", text("2020-02-31")),
        (1292, "Incorrect datetime value: '2020-02-31' for column 'at' at row 1".to_owned())
    );
    assert_eq!(error("j", text("{")).0, 3140);
}

#[test]
fn whole_floating_point_numbers_meet_integers_as_integers() {
    let known = |value: f64| Context { parameters: crate::sql::plan::Known::of(&[Value::Double(value)]), ..context() };
    let sql = |value: f64| match rewrite("SELECT id FROM t WHERE id = ?", &known(value)) {
        Ok(Plan::Query(plan)) => plan.sql.as_str().to_owned(),
        other => panic!("{other:?}"),
    };
    assert!(!sql(5.0).contains("float8"), "an index serves it: {}", sql(5.0));
    assert!(sql(5.5).contains("float8"), "{}", sql(5.5));
    assert_eq!(
        bound("SELECT id FROM t WHERE id = ?", &[Value::Double(5.0)], &known(5.0)),
        Ok(vec![Some("5".to_owned())])
    );
}

#[test]
fn comparisons_take_the_columns_type() {
    let context = context();
    assert_eq!(bound("SELECT id FROM t WHERE id = ?", &[text("5")], &context), Ok(vec![Some("5".to_owned())]));
    let refused = bound("SELECT id FROM t WHERE id = ?", &[text("5.5")], &context).expect_err("refused");
    assert_eq!(refused.code, 1235);
    assert_eq!(bound("SELECT id FROM t WHERE id = ?", &[text("abc")], &context), Ok(vec![Some("0".to_owned())]));
    assert_eq!(
        bound("SELECT id FROM t WHERE ts > ?", &[text("2024-01-01")], &context),
        Ok(vec![Some("2023-12-31 22:00:00+00".to_owned())])
    );
    assert_eq!(bound("SELECT NOW(3) FROM t", &[], &context), Ok(vec![Some("2023-11-15 00:13:20.123000".to_owned())]));
}

#[test]
fn replayed_rows_take_mysqls_ids() {
    let context = Context { purpose: Purpose::Replay, ..context() };
    let ids = |text: &str, client: &[Value]| {
        bound(text, client, &context).map(|values| values.into_iter().flatten().collect::<Vec<_>>())
    };
    assert_eq!(
        ids("INSERT INTO t (v) VALUES ('a'), ('b')", &[]),
        Ok(["a", "70", "b", "80"].map(str::to_owned).to_vec())
    );
    let two = "INSERT INTO t (id, v) VALUES (?, 'a'), (?, 'b')";
    assert_eq!(ids(two, &[Value::Null, Value::Int(0)]), Ok(["70", "a", "80", "b"].map(str::to_owned).to_vec()));
    assert_eq!(ids(two, &[Value::Int(4), Value::Int(5)]), Ok(["4", "a", "5", "b"].map(str::to_owned).to_vec()));
    assert_eq!(ids(two, &[Value::Int(4), Value::Null]).expect_err("mixed").code, 1235);
    let mixed = rewrite("INSERT INTO t (id, v) VALUES (7, 'a'), (NULL, 'b'), (NULL, 'c')", &context);
    assert_eq!(mixed.expect_err("mixed").code, 1235);
}

#[test]
fn deep_and_long_statements_end_in_an_answer() {
    let context = context();
    let nested = format!("SELECT {}1{}", "(".repeat(60), ")".repeat(60));
    assert!(rewrite(&nested, &context).is_ok());
    let superfluous = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(rewrite(&superfluous, &context).is_ok());
    let as_deep_as_mysql = format!("SELECT {}1{}", "ABS(".repeat(2_009), ")".repeat(2_009));
    assert!(rewrite(&as_deep_as_mysql, &context).is_ok());
    let too_deep = format!("SELECT {}1{}", "ABS(".repeat(2_011), ")".repeat(2_011));
    assert_eq!(rewrite(&too_deep, &context).expect_err("too deep").code, 1436);
    let too_deep = format!("SELECT {}1{}", "ABS(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(rewrite(&too_deep, &context).expect_err("too deep").code, 1436);
    let queries = format!("SELECT {}1{}", "(SELECT ".repeat(100), ")".repeat(100));
    assert_eq!(rewrite(&queries, &context).expect_err("too many").code, 1473);
    let long = format!("SELECT id FROM t WHERE {}", vec!["id = 1"; 2_000].join(" OR "));
    assert!(rewrite(&long, &context).is_ok());
    let longer = format!("SELECT id FROM t WHERE {}", vec!["id = 1"; 20_000].join(" OR "));
    assert!(rewrite(&longer, &context).is_ok());
    let too_long = format!("SELECT {}", vec!["1"; 20_000].join(" + "));
    assert_eq!(rewrite(&too_long, &context).expect_err("too long").code, 1436);
    // Whatever the answer, there is one.
    for prefix in ["NOT ", "- ", "!", "~", "BINARY ", "CASE WHEN "] {
        let _ = rewrite(&format!("SELECT {}1", prefix.repeat(3_000)), &context);
    }
}

#[test]
fn plans_are_found_again() {
    let (cache, context) = (Cache::new(16, 1 << 20), context());
    let first = cache.plan("SELECT 1", &context).expect("planned");
    assert!(Arc::ptr_eq(&first, &cache.plan("SELECT 1", &context).expect("planned")));
    let other = Context { sql_mode: String::new(), ..context };
    assert!(!Arc::ptr_eq(&first, &cache.plan("SELECT 1", &other).expect("planned")));
}
