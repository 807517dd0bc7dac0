//! `story DRIVER HOST PORT USER PASSWORD TLS` prints `ok` when everything was as MySQL has it.

use std::error::Error;

type Told = Result<(), Box<dyn Error + Send + Sync>>;

/// Where to.
struct Place {
    host: String,
    port: u16,
    user: String,
    password: String,
    tls: bool,
}

const LARGE: usize = 20_000_000;

fn same<T: PartialEq + std::fmt::Debug>(got: T, wanted: T, what: &str) -> Told {
    if got == wanted { Ok(()) } else { Err(format!("{what}: {got:?} instead of {wanted:?}").into()) }
}

#[tokio::main]
async fn main() -> Told {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [driver, host, port, user, password, tls] = &arguments[..] else {
        return Err("story DRIVER HOST PORT USER PASSWORD TLS".into());
    };
    let (user, password) = (user.clone(), password.clone());
    let place = Place { host: host.clone(), port: port.parse()?, user, password, tls: tls == "on" };
    match &driver[..] {
        "mysql_async" => of_mysql_async(&place).await?,
        "sqlx" => of_sqlx(&place).await?,
        driver => return Err(format!("what is {driver}?").into()),
    }
    println!("ok");
    Ok(())
}

async fn of_mysql_async(place: &Place) -> Told {
    use mysql_async::prelude::Queryable;
    use mysql_async::{Conn, OptsBuilder, SslOpts, TxOpts};
    let ssl = SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true);
    let options = OptsBuilder::default()
        .ip_or_hostname(place.host.clone())
        .tcp_port(place.port)
        .user(Some(place.user.clone()))
        .pass(Some(place.password.clone()))
        .prefer_socket(false)
        .ssl_opts(place.tls.then_some(ssl));
    let mut conn = Conn::new(options.clone()).await?;
    conn.query_drop("DROP DATABASE IF EXISTS story_mysql_async").await?;
    conn.query_drop("CREATE DATABASE story_mysql_async CHARACTER SET utf8mb4").await?;
    conn.query_drop("USE story_mysql_async").await?;
    conn.query_drop("CREATE TABLE thing (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) UNIQUE, data LONGBLOB)")
        .await?;
    conn.exec_drop("INSERT INTO thing (name) VALUES (?)", ("Größe 🙂",)).await?;
    same(conn.last_insert_id(), Some(1), "the id")?;
    let row: Option<(i32, String)> = conn.exec_first("SELECT id, name FROM thing WHERE id = ?", (1,)).await?;
    same(row, Some((1, "Größe 🙂".to_owned())), "the row")?;
    conn.query_drop("SET NAMES latin1").await?;
    let bytes: Option<Vec<u8>> = conn.query_first("SELECT LEFT(name, 5) FROM thing").await?;
    same(bytes.as_deref(), Some(&b"Gr\xf6\xdfe"[..]), "latin1")?;
    conn.query_drop("SET NAMES utf8mb4").await?;
    let mut transaction = conn.start_transaction(TxOpts::default()).await?;
    transaction.exec_drop("INSERT INTO thing (name) VALUES (?)", ("two",)).await?;
    let refused = transaction.exec_drop("INSERT INTO thing (name) VALUES (?)", ("two",)).await;
    match refused {
        Err(mysql_async::Error::Server(error)) => same(error.code, 1062, "a duplicate")?,
        other => return Err(format!("{other:?} instead of a duplicate").into()),
    }
    transaction.rollback().await?;
    let count: Option<i64> = conn.query_first("SELECT COUNT(*) FROM thing").await?;
    same(count, Some(1), "rolled back")?;
    let large = vec![b'x'; LARGE];
    conn.exec_drop("UPDATE thing SET data = ? WHERE id = 1", (&large,)).await?;
    let back: Option<Vec<u8>> = conn.query_first("SELECT data FROM thing").await?;
    same(back == Some(large), true, "20 MB")?;
    let mut killer = Conn::new(options.clone()).await?;
    killer.query_drop(format!("KILL {}", conn.id())).await?;
    same(conn.query_drop("DO 1").await.is_err(), true, "killed")?;
    let mut again = Conn::new(options).await?;
    again.query_drop("DROP DATABASE story_mysql_async").await?;
    again.disconnect().await?;
    killer.disconnect().await?;
    Ok(())
}

async fn of_sqlx(place: &Place) -> Told {
    use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
    use sqlx::{ConnectOptions, Connection, Executor};
    let options = MySqlConnectOptions::new()
        .host(&place.host)
        .port(place.port)
        .username(&place.user)
        .password(&place.password)
        .ssl_mode(if place.tls { MySqlSslMode::Required } else { MySqlSslMode::Disabled });
    let mut conn: MySqlConnection = options.connect().await?;
    conn.execute("DROP DATABASE IF EXISTS story_sqlx").await?;
    conn.execute("CREATE DATABASE story_sqlx CHARACTER SET utf8mb4").await?;
    conn.execute("USE story_sqlx").await?;
    conn.execute("CREATE TABLE thing (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) UNIQUE, data LONGBLOB)")
        .await?;
    let done = sqlx::query("INSERT INTO thing (name) VALUES (?)").bind("Größe 🙂").execute(&mut conn).await?;
    same(done.last_insert_id(), 1, "the id")?;
    let row: (i32, String) =
        sqlx::query_as("SELECT id, name FROM thing WHERE id = ?").bind(1).fetch_one(&mut conn).await?;
    same(row, (1, "Größe 🙂".to_owned()), "the row")?;
    let mut transaction = conn.begin().await?;
    sqlx::query("INSERT INTO thing (name) VALUES (?)").bind("two").execute(&mut *transaction).await?;
    let refused = sqlx::query("INSERT INTO thing (name) VALUES (?)").bind("two").execute(&mut *transaction).await;
    let code = refused
        .err()
        .and_then(|error| error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned())));
    same(code.as_deref(), Some("23000"), "a duplicate")?;
    transaction.rollback().await?;
    let count: (i64,) = sqlx::query_as("SELECT COUNT(*) FROM thing").fetch_one(&mut conn).await?;
    same(count, (1,), "rolled back")?;
    let large = vec![b'x'; LARGE];
    sqlx::query("UPDATE thing SET data = ? WHERE id = 1").bind(&large).execute(&mut conn).await?;
    let back: (Vec<u8>,) = sqlx::query_as("SELECT data FROM thing").fetch_one(&mut conn).await?;
    same(back.0 == large, true, "20 MB")?;
    let id: (u64,) = sqlx::query_as("SELECT CONNECTION_ID()").fetch_one(&mut conn).await?;
    let mut killer: MySqlConnection = options.connect().await?;
    killer.execute(&*format!("KILL {}", id.0)).await?;
    same(conn.execute("DO 1").await.is_err(), true, "killed")?;
    let mut again: MySqlConnection = options.connect().await?;
    again.execute("DROP DATABASE story_sqlx").await?;
    again.close().await?;
    killer.close().await?;
    Ok(())
}
