"""One short story for each Python driver: what an application does with a MySQL server, told the same way to MySQL and
to Bascule. `story.py DRIVER HOST PORT USER PASSWORD [TLS]` prints nothing but `ok` when everything was as MySQL has it; TLS is
`on` or `off`."""

import datetime
import decimal
import ssl
import sys

DRIVER, HOST, PORT, USER, PASSWORD = sys.argv[1:6]
TLS = sys.argv[6:7] == ["on"]
NAME = "story_" + DRIVER.replace("-", "_")


def connect(database=None, **more):
    where = {"host": HOST, "port": int(PORT), "user": USER}
    if DRIVER == "pymysql":
        import pymysql

        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        tls = {"ssl": anybody} if TLS else {"ssl_disabled": True}
        more = {"charset": "utf8mb4", **tls, **more}
        return pymysql, pymysql.connect(password=PASSWORD, database=database, **where, **more)
    if DRIVER == "mysqlclient":
        import MySQLdb

        named = {"database": database} if database else {}
        more = {"charset": "utf8mb4", "ssl_mode": "REQUIRED" if TLS else "DISABLED", **more}
        return MySQLdb, MySQLdb.connect(password=PASSWORD, **named, **where, **more)
    if DRIVER == "connector-python":
        import mysql.connector

        more = {"charset": "utf8mb4", "ssl_disabled": not TLS, **more}
        return mysql.connector, mysql.connector.connect(
            password=PASSWORD, database=database, use_pure=True, **where, **more
        )
    raise SystemExit("unknown driver " + DRIVER)


def same(found, expected, what):
    assert found == expected, "%s: %r instead of %r" % (what, found, expected)


def refused(errors, code, work):
    try:
        work()
    except errors.Error as error:
        same(getattr(error, "errno", error.args[0]), code, "error number of %s" % error)
        return
    raise AssertionError("no error %d" % code)


def main():
    errors, conn = connect()
    cur = conn.cursor()
    cur.execute("DROP DATABASE IF EXISTS " + NAME)
    cur.execute("CREATE DATABASE %s CHARACTER SET utf8mb4" % NAME)
    conn.close()

    errors, conn = connect(NAME)
    cur = conn.cursor()
    cur.execute(
        """CREATE TABLE thing (
             id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE,
             price DECIMAL(10,2), ratio DOUBLE, flag TINYINT(1) NOT NULL DEFAULT 0, born DATE, seen DATETIME(3),
             lasts TIME, data BLOB, kind ENUM('a','b') DEFAULT 'a', doc JSON, big BIGINT UNSIGNED)"""
    )
    row = (
        "Größe 🙂", decimal.Decimal("12.50"), 0.1, True, datetime.date(2024, 2, 29),
        datetime.datetime(2024, 2, 29, 23, 59, 59, 123000), datetime.timedelta(hours=30, minutes=1), b"\x00\xff\\'",
        "b", '{"a": [1, 2]}', 9223372036854775807,
    )
    insert = (
        "INSERT INTO thing (name, price, ratio, flag, born, seen, lasts, data, kind, doc, big)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    )
    cur.execute(insert, row)
    same(cur.lastrowid, 1, "insert id")
    same(cur.rowcount, 1, "affected rows")
    cur.executemany("INSERT INTO thing (name) VALUES (%s)", [("two",), ("three",)])
    same(cur.rowcount, 2, "affected rows of several")
    conn.commit()

    cur.execute("SELECT name, price, ratio, flag, born, seen, lasts, data, kind, big FROM thing WHERE id = %s", (1,))
    found = cur.fetchone()
    same(tuple(found), row[:3] + (1,) + row[4:9] + (row[10],), "the row")
    same([column[0] for column in cur.description][:3], ["name", "price", "ratio"], "titles")
    cur.execute("SELECT COUNT(*), SUM(flag), AVG(ratio), MAX(name) FROM thing WHERE name <> 'TWO'")
    same(tuple(cur.fetchone()), (2, decimal.Decimal(1), 0.1, "three"), "aggregates")
    cur.execute("SELECT * FROM thing WHERE id > 100")
    same(list(cur.fetchall()), [], "no rows")

    refused(errors, 1062, lambda: cur.execute("INSERT INTO thing (name) VALUES ('TWO')"))
    refused(errors, 1146, lambda: cur.execute("SELECT * FROM nowhere"))
    refused(errors, 1054, lambda: cur.execute("SELECT nothing FROM thing"))
    refused(errors, 1064, lambda: cur.execute("SELEC 1"))
    refused(errors, 1048, lambda: cur.execute("INSERT INTO thing (name) VALUES (NULL)"))

    cur.execute("UPDATE thing SET flag = 1 WHERE id = 2")
    cur.execute("DELETE FROM thing WHERE id = 3")
    refused(errors, 1062, lambda: cur.execute("INSERT INTO thing (id, name) VALUES (1, 'again')"))
    cur.execute("SELECT COUNT(*) FROM thing WHERE flag")
    same(cur.fetchone()[0], 2, "the transaction goes on after an error")
    conn.rollback()
    cur.execute("SELECT COUNT(*) FROM thing")
    same(cur.fetchone()[0], 3, "rolled back")

    if DRIVER == "connector-python":
        prepared = conn.cursor(prepared=True)
        prepared.execute("SELECT id, name, price FROM thing WHERE id = %s AND flag = %s", (1, 1))
        same(prepared.fetchone(), (1, row[0], row[1]), "a prepared query")
        prepared.execute("INSERT INTO thing (name, price) VALUES (%s, %s)", ("four", decimal.Decimal("0.01")))
        same(prepared.rowcount, 1, "a prepared write")
        prepared.close()
    conn.ping()
    conn.close()

    errors, conn = connect(NAME)
    cur = conn.cursor()
    cur.execute("SELECT DATABASE(), @@autocommit, @@character_set_client")
    same(tuple(cur.fetchone()), (NAME, 0, "utf8mb4"), "the new session")
    large_and_lost(errors, conn)
    print("ok")


def large_and_lost(errors, conn):
    """Another charset, a value of 20 MB, and a connection that somebody ends."""
    cur = conn.cursor()
    _, old = connect(NAME, charset="latin1")
    latin = old.cursor()
    latin.execute("SELECT name, @@character_set_client FROM thing WHERE name LIKE %s", ("%%ö%%".replace("%%", "%"),))
    found = latin.fetchone()
    same((found[0][:5], found[1]), ("Größe", "latin1"), "latin1")
    old.close()

    large = b"0123456789" * 2000000
    cur.execute("CREATE TABLE large (id INT PRIMARY KEY, data LONGBLOB)")
    cur.execute("INSERT INTO large VALUES (1, %s)", (large,))
    conn.commit()
    cur.execute("SELECT data FROM large")
    same(bytes(cur.fetchone()[0]) == large, True, "20 MB")
    conn.commit()

    cur.execute("SELECT CONNECTION_ID()")
    number = cur.fetchone()[0]
    _, other = connect(NAME)
    other.cursor().execute("KILL %d" % number)
    try:
        cur.execute("SELECT 1")
    except errors.Error as error:
        code = getattr(error, "errno", error.args[0])
        assert code in (2006, 2013, 2026, 2055, 4031, 1053, 1927, 1317), "killed: %s" % error
    else:
        raise AssertionError("a killed connection answers")
    _, again = connect(NAME)
    again.cursor().execute("DROP DATABASE " + NAME)
    again.close()
    other.close()


main()
