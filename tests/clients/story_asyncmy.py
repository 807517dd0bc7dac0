"""The story of story.py for asyncmy: `story_asyncmy.py HOST PORT USER PASSWORD [TLS]` prints `ok`."""

import asyncio
import ssl
import sys

import asyncmy
from asyncmy import errors

HOST, PORT, USER, PASSWORD = sys.argv[1:5]
TLS = sys.argv[5:6] == ["on"]


def connect(**more):
    tls = None
    if TLS:
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    more = {"charset": "utf8mb4", **more}
    return asyncmy.connect(host=HOST, port=int(PORT), user=USER, password=PASSWORD, ssl=tls, **more)


async def one(conn, sql, *args):
    async with conn.cursor() as cur:
        await cur.execute(sql, args or None)
        return await cur.fetchone()


def same(found, expected, what):
    assert found == expected, "%s: %r instead of %r" % (what, found, expected)


async def main():
    conn = await connect()
    await one(conn, "DROP DATABASE IF EXISTS story_asyncmy")
    await one(conn, "CREATE DATABASE story_asyncmy CHARACTER SET utf8mb4")
    await conn.select_db("story_asyncmy")
    await one(conn, "CREATE TABLE thing (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) UNIQUE, data LONGBLOB)")
    await one(conn, "INSERT INTO thing (name) VALUES (%s)", "Größe 🙂")
    await conn.commit()
    same(await one(conn, "SELECT id, name FROM thing WHERE id = %s", 1), (1, "Größe 🙂"), "the row")
    await one(conn, "INSERT INTO thing (name) VALUES (%s)", "two")
    try:
        await one(conn, "INSERT INTO thing (name) VALUES (%s)", "two")
        raise AssertionError("no duplicate")
    except errors.IntegrityError as error:
        same(error.args[0], 1062, "a duplicate")
    await conn.rollback()
    same(await one(conn, "SELECT COUNT(*) FROM thing"), (1,), "rolled back")
    old = await connect(db="story_asyncmy", charset="latin1")
    same(await one(old, "SELECT LEFT(name, 5) FROM thing"), ("Größe",), "latin1")
    old.close()
    large = b"0123456789" * 2000000
    await one(conn, "UPDATE thing SET data = %s", large)
    await conn.commit()
    # asyncmy doesn't read rows of 16 MB and more, from MySQL neither.
    same(await one(conn, "SELECT LENGTH(data) FROM thing"), (20000000,), "20 MB")
    same((await one(conn, "SELECT LEFT(data, 15000000) FROM thing"))[0] == large[:15000000], True, "15 MB back")
    await conn.commit()
    (number,) = await one(conn, "SELECT CONNECTION_ID()")
    other = await connect()
    await one(other, "KILL %d" % number)
    try:
        await one(conn, "SELECT 1")
        raise AssertionError("a killed connection answers")
    except (errors.OperationalError, errors.InterfaceError):
        pass
    again = await connect()
    await one(again, "DROP DATABASE story_asyncmy")
    again.close()
    other.close()
    print("ok")


asyncio.run(main())
