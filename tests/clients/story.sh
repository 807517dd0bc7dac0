#!/bin/bash
# The story of story.py for a command-line client: `story.sh CLIENT HOST PORT USER PASSWORD [TLS]` prints `ok`.
set -eu
client=$1
host=$2 port=$3 user=$4 password=$5
case "$($client --version)-${6:-off}" in
  *MariaDB*-on) tls="--ssl --skip-ssl-verify-server-cert" ;;
  *MariaDB*) tls=--skip-ssl ;;
  *-on) tls=--ssl-mode=REQUIRED ;;
  *) tls="--ssl-mode=DISABLED --get-server-public-key" ;;
esac
ask() { MYSQL_PWD=$password $client -h"$host" -P"$port" -u"$user" $tls --default-character-set=utf8mb4 "$@"; }
same() { [ "$1" = "$2" ] || { printf '%s: <%s> instead of <%s>\n' "$3" "$1" "$2" >&2; exit 1; }; }
ask -e "DROP DATABASE IF EXISTS story_cli; CREATE DATABASE story_cli CHARACTER SET utf8mb4"
ask story_cli -e "CREATE TABLE thing (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE,
  price DECIMAL(10,2), seen DATETIME(3)); INSERT INTO thing (name, price, seen) VALUES ('Größe 🙂', 12.5,
  '2024-02-29 23:59:59.123'), ('two', NULL, NULL)"
same "$(ask story_cli -N -e 'SELECT * FROM thing ORDER BY id')" \
  "$(printf '1\tGröße 🙂\t12.50\t2024-02-29 23:59:59.123\n2\ttwo\tNULL\tNULL')" rows
same "$(ask story_cli -N -e 'BEGIN; DELETE FROM thing; ROLLBACK; SELECT COUNT(*) FROM thing')" 2 "rolled back"
same "$(ask story_cli -e "INSERT INTO thing (name) VALUES ('TWO')" 2>&1 | grep -o 'ERROR 1062 (23000).*')" \
  "ERROR 1062 (23000) at line 1: Duplicate entry 'TWO' for key 'thing.name'" "a duplicate"
same "$(ask story_cli -N -e 'PREPARE s FROM "SELECT name FROM thing WHERE id = ?"; SET @i = 2; EXECUTE s USING @i')" two \
  "a prepared query"
same "$(ask story_cli --table -e 'SELECT id FROM thing WHERE id = 2' | tr '\n' ' ')" \
  "+----+ | id | +----+ |  2 | +----+ " "a table"
same "$(ask story_cli -N --default-character-set=latin1 -e 'SELECT LEFT(name, 5) FROM thing WHERE id = 1' | od -An -tx1 | tr -d ' \n')" \
  4772f6df650a latin1
same "$(ask story_cli -N --max-allowed-packet=64M -e "SELECT REPEAT('0123456789', 2000000)" | wc -c)" 20000001 "20 MB"
same "$(ask story_cli -N -e 'KILL CONNECTION_ID()' 2>&1 | grep -oE 'ERROR (1317|1053|2013|1927)' | wc -l)" 1 "killed"
ask -e "DROP DATABASE story_cli"
echo ok
