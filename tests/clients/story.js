// The story of story.py for node's mysql2: `node story.js HOST PORT USER PASSWORD [TLS]` prints `ok`.
const assert = require("node:assert/strict");
const mysql = require("mysql2/promise");

const [host, port, user, password, tls] = process.argv.slice(2);
const ssl = tls === "on" ? { rejectUnauthorized: false } : undefined;

async function refused(errno, work) {
  await assert.rejects(work, (error) => (assert.equal(error.errno, errno, error.message), true));
}

async function main() {
  const first = await mysql.createConnection({ host, port, user, password, ssl });
  await first.query("DROP DATABASE IF EXISTS story_mysql2");
  await first.query("CREATE DATABASE story_mysql2 CHARACTER SET utf8mb4");
  await first.end();

  const options = { host, port, user, password, ssl, database: "story_mysql2", timezone: "Z", multipleStatements: true };
  const conn = await mysql.createConnection(options);
  await conn.query(
    `CREATE TABLE thing (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE, price DECIMAL(10,2),
       ratio DOUBLE, flag TINYINT(1) NOT NULL DEFAULT 0, seen DATETIME(3), data BLOB, doc JSON, big BIGINT UNSIGNED)`,
  );
  const seen = new Date(Date.UTC(2024, 1, 29, 23, 59, 59, 123));
  const [insert] = await conn.execute(
    "INSERT INTO thing (name, price, ratio, flag, seen, data, doc, big) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ["Größe 🙂", "12.50", 0.1, true, seen, Buffer.from([0, 255, 92, 39]), '{"a": [1, 2]}', "9223372036854775807"],
  );
  assert.deepEqual([insert.insertId, insert.affectedRows], [1, 1]);
  const [several] = await conn.query("INSERT INTO thing (name) VALUES ?", [[["two"], ["three"]]]);
  assert.deepEqual([several.insertId, several.affectedRows], [2, 2]);

  for (const read of ["query", "execute"]) {
    const [rows, fields] = await conn[read]("SELECT * FROM thing WHERE id = ?", [1]);
    assert.equal(rows[0].name, "Größe 🙂");
    assert.equal(rows[0].price, "12.50");
    assert.equal(rows[0].ratio, 0.1);
    assert.equal(rows[0].flag, 1);
    assert.deepEqual(rows[0].seen, seen);
    assert.deepEqual(rows[0].data, Buffer.from([0, 255, 92, 39]));
    assert.deepEqual(rows[0].doc, { a: [1, 2] });
    assert.deepEqual(fields.map((field) => field.name).slice(0, 3), ["id", "name", "price"]);
  }
  await refused(1062, conn.query("INSERT INTO thing (name) VALUES ('TWO')"));
  await refused(1146, conn.query("SELECT * FROM nowhere"));
  await refused(1054, conn.execute("SELECT nothing FROM thing"));

  await conn.beginTransaction();
  await conn.execute("UPDATE thing SET flag = ? WHERE id = ?", [1, 2]);
  await refused(1062, conn.execute("INSERT INTO thing (id, name) VALUES (?, ?)", [1, "again"]));
  const [[inside]] = await conn.query("SELECT COUNT(*) AS n FROM thing WHERE flag");
  assert.equal(inside.n, 2);
  await conn.rollback();
  const [[after]] = await conn.query("SELECT COUNT(*) AS n FROM thing WHERE flag");
  assert.equal(after.n, 1);
  const [results] = await conn.query("SELECT 1 AS a; SELECT 'x' AS b");
  assert.deepEqual([results[0][0].a, results[1][0].b], [1, "x"]);
  await conn.changeUser({ user, password, database: "story_mysql2" });
  await conn.ping();

  const old = await mysql.createConnection({ ...options, charset: "latin1" });
  const [[latin]] = await old.query("SELECT LEFT(name, 5) AS name, @@character_set_client AS charset FROM thing WHERE id = 1");
  assert.deepEqual({ ...latin }, { name: "Größe", charset: "latin1" });
  await old.end();
  const large = Buffer.alloc(20000000, "0123456789");
  await conn.query("CREATE TABLE large (id INT PRIMARY KEY, data LONGBLOB)");
  await conn.execute("INSERT INTO large VALUES (1, ?)", [large]);
  for (const read of ["query", "execute"]) {
    const [[row]] = await conn[read]("SELECT data FROM large");
    assert.ok(row.data.equals(large), "20 MB");
  }
  const other = await mysql.createConnection(options);
  conn.connection.on("error", () => {});
  await other.query(`KILL ${conn.threadId}`);
  await assert.rejects(conn.query("SELECT 1"));
  const again = await mysql.createConnection(options);
  await again.query("DROP DATABASE story_mysql2");
  await again.end();
  await other.end();
  console.log("ok");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
